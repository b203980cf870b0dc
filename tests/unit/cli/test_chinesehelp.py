"""``--help`` in Chinese: nothing of any command's help lacks it, nothing of the table is stale, every line fits."""

from __future__ import annotations

import re

import click
import pytest

from suite.base.language import Language, choose
from suite.base.visible import columns
from suite.cli import chinesehelp
from suite.cli.command import HELP_WIDTH
from suite.cli.main import main, program
from tests.factories.languages import HAN

COMMAND_LINE = re.compile(r"((bash|zsh|fish) +)?suite( |$)")
STATUSES = re.compile(r" {4}\d")
"""A line of the table of exit statuses, which is never broken."""
NAMES = re.compile(
    r"(?<![\w-])--[a-z][a-z-]+|`[^`]+`|\$?[A-Z][A-Z_]+\b|[\w*.-]+/[\w<>*./-]*|\d[\d,.]*|\{\w+\}|[\w.*-]+\.(?:json|html|tar|pem|txt|yaml)",
    re.ASCII,
)
"""What reads alike in both languages: options, command lines, names of arguments and variables, paths, numbers."""
TRANSLATED = {"LLM", "ID", "OPTIONS", "COMMAND", "ARGS"}
"""Capitals that are a word in the other language."""


def helps(command, context):
    """The help of a command and of all below it, by its words."""
    yield context.command_path, command.get_help(context)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            yield from helps(inner, inner.context_class(inner, info_name=name, parent=context))


def walked(columns_of_terminal, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns_of_terminal))
    choose(Language.ZH)
    try:
        group = program()
        return dict(
            helps(group, group.context_class(group, info_name="suite", **group.context_settings))
        )
    finally:
        choose(Language.EN)


@pytest.fixture
def asked(monkeypatch):
    """Every text that all helps ask the Chinese of, with what they got."""
    texts = {}
    spoken = chinesehelp.spoken
    monkeypatch.setattr(chinesehelp, "spoken", lambda text: texts.setdefault(text, spoken(text)))
    walked(200, monkeypatch)
    return texts


def test_every_text_has_chinese(asked):
    lacking = [
        text for text, zh in asked.items() if text and text == zh and not COMMAND_LINE.match(text)
    ]
    assert lacking == []


def test_no_chinese_is_stale(asked):
    assert set(chinesehelp.table()) - set(asked) == set()


def test_both_languages_name_the_same():
    def names(text):
        return {name.strip("`.,") for name in NAMES.findall(text)} - TRANSLATED

    differing = {
        en: names(en) ^ names(zh)
        for en, zh in chinesehelp.table().items()
        if names(en) != names(zh)
    }
    assert differing == {}


@pytest.mark.parametrize("width", [60, 200])
def test_lines_fit_and_begin_with_no_closing_mark(width, monkeypatch):
    for path, text in walked(width, monkeypatch).items():
        assert HAN.search(text), path
        for line in text.splitlines():
            kept = not HAN.search(line) or line.startswith("用法：") or STATUSES.match(line)
            assert kept or columns(line) <= min(width, HELP_WIDTH), (path, line)
            assert line.strip()[:1] not in set("，。、；：）》"), (path, line)


@pytest.mark.parametrize(
    "words",
    [
        ("--help", "--lang", "zh"),
        ("run", "--help", "--lang", "zh"),
        ("run", "--lang=zh", "-h"),
        ("--lang", "zh", "vendors", "check", "--help"),
        ("fleet", "--help", "--lang", "en", "--lang", "zh"),
    ],
)
def test_the_option_counts_wherever_it_stands(words, capsys, monkeypatch):
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    assert main(words) == 0
    out = capsys.readouterr().out
    assert out.startswith("用法：suite")
    assert "\x1b" not in out


def test_the_locale_counts_and_the_option_outdoes_it(capsys, monkeypatch):
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert main(["score", "--help"]) == 0
    assert "默认：text" in capsys.readouterr().out
    assert main(["score", "--help", "--lang", "en"]) == 0
    assert not HAN.search(capsys.readouterr().out)


def test_a_value_after_the_options_end_names_no_language(capsys, monkeypatch):
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    assert main(["verify", "--", "--lang", "zh"]) != 0
    assert not HAN.search(capsys.readouterr().err)


def test_completion_works_in_chinese(capsys, monkeypatch):
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    monkeypatch.setenv("_SUITE_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "suite verify --la")
    monkeypatch.setenv("COMP_CWORD", "2")
    main([])
    assert capsys.readouterr().out == "plain,--lang\n"
