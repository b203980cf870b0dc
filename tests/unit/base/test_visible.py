"""What a terminal or a report shows is what the characters are."""

import csv
import io

import pytest

from suite.base.visible import CsvLines, say, visible, visible_lines


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, µs, 中文 – „“ é", "plain, µs, 中文 – „“ é"),
        ("a\tb\nc", "a\tb\nc"),
        ("\x1b[2J\x1b]0;title\x07red\x1b[0m", "red"),
        ("\x1b]8;;http://x\x1b\\link", "link"),
        ("pass\rfail", "passfail"),
        ("\x9b31mx\x00\x7f", "31mx"),
        ("evil\u202etxt.exe", "evil<U+202E>txt.exe"),
        ("a\u200bb\ufeffc\u2066d\u00ade", "a<U+200B>b<U+FEFF>c<U+2066>d<U+00AD>e"),
        ("one\u2028two", "one<U+2028>two"),
        ("tag\U000e0041", "tag<U+E0041>"),
        ("half\ud800", "half<U+D800>"),
    ],
)
def test_what_is_shown(text, shown):
    assert visible(text) == shown


def test_a_report_keeps_its_line_ends():
    assert visible_lines(b"a\x1b[1m\r\nb\r\n") == b"a\r\nb\r\n"
    assert visible_lines("a\u202e\nb".encode()) == b"a<U+202E>\nb"


def test_every_command_prints_through_it(capsys):
    say("a\u202eb\x1b[1m", end="!")
    assert capsys.readouterr().out == "a<U+202E>b!"


@pytest.mark.parametrize("text", ["a\rb", "a\nb", "a\r\nb", "\r", 'a"b', "a,b", "", "é，"])
def test_a_cell_stays_a_cell_whatever_ends_a_line_for_its_reader(text):
    lines = CsvLines()
    writer = csv.writer(lines, lineterminator=CsvLines.END)
    writer.writerows([["one", "two"], [text, "2"]])
    assert list(csv.reader(io.StringIO(lines.text, newline=""))) == [["one", "two"], [text, "2"]]
    bare = lines.text.replace('""', "").split('"')[::2]
    assert "\r" not in "".join(bare), "a carriage return stands in quotation marks alone"
    assert lines.text.endswith(",2\n")
