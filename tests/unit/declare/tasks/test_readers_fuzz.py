"""Readers against generated input: what was written is read, and nothing but a refusal comes out."""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import json
import tarfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from suite.base.errors import DataError, Place
from suite.declare.tasks.defects import count_defects
from suite.declare.tasks.formats.canonical import canonical_lines, read_canonical
from suite.declare.tasks.formats.csv_file import FORMAT as CSV
from suite.declare.tasks.formats.jsonl_file import FORMAT as JSON_LINES
from suite.declare.tasks.formats.summary import SHARING_LINES, parse_summary
from suite.declare.tasks.read import read_tasks
from suite.declare.tasks.records import Collector, Task

# Small alphabets make the interesting characters meet.
TEXT = st.text(
    st.sampled_from("ab,\"'\n\r\t \\{}[]é£…\ufeff\u2028SN")
    | st.characters(exclude_categories=["Cs"], exclude_characters="\0")
)
SUMMARY = TEXT.filter(str.strip)
ID = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=12)
TASKS = st.lists(
    st.builds(Task, ID, TEXT, SUMMARY), min_size=1, max_size=6, unique_by=lambda task: task.id
)
QUICK = settings(
    max_examples=120,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@QUICK
@given(TASKS)
def test_csv_gives_back_what_a_csv_writer_wrote(tmp_path, tasks):
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(["id", "dialogue", "summary"])
    writer.writerows([task.id, task.document, task.summary] for task in tasks)
    path = tmp_path / "t.csv"
    path.write_bytes(out.getvalue().encode("utf-8"))
    reading = CSV.read(path)
    assert list(reading.tasks) == tasks
    assert reading.has_ids


@QUICK
@given(TASKS, st.booleans())
def test_json_lines_give_back_what_was_written(tmp_path, tasks, ascii_only):
    lines = [
        json.dumps(
            {"summary": t.summary, "id": t.id, "document": t.document}, ensure_ascii=ascii_only
        )
        for t in tasks
    ]
    path = tmp_path / "t.jsonl"
    path.write_bytes("\n".join(lines).encode("utf-8"))
    reading = JSON_LINES.read(path)
    assert list(reading.tasks) == tasks


def _reading(tasks):
    collector = Collector("JSON Lines file", "t", keep_going=False)
    for task in tasks:
        collector.add(task, Place("t"))
    return collector.finish()


@QUICK
@given(TASKS)
def test_the_canonical_file_gives_back_its_records_sorted(tmp_path, tasks):
    data = b"".join(canonical_lines(_reading(tasks), None))
    file = read_canonical(tmp_path / "c.jsonl", data)
    assert list(file.tasks) == sorted(tasks, key=lambda task: task.id)


@QUICK
@given(TASKS, st.data())
def test_no_changed_byte_of_a_record_passes(tmp_path, tasks, data):
    lines = list(canonical_lines(_reading(tasks), None))
    body = bytearray(b"".join(lines[1:]))
    position = data.draw(st.integers(0, len(body) - 1))
    body[position] ^= data.draw(st.integers(1, 255))
    with pytest.raises(DataError):
        read_canonical(tmp_path / "c.jsonl", lines[0] + bytes(body))


@QUICK
@given(st.lists(st.sampled_from(sorted(SHARING_LINES)) | TEXT.map(str.encode), max_size=12))
def test_a_summary_file_is_read_by_the_official_rule(lines):
    body = b"\n".join(
        [b"[SN]U[SN]", b"u", b"[SN]T[SN]", b"t", b"[SN]F[SN]", b"one", b"[SN]R[SN]", *lines]
    )
    # The rule as the data set's readers have it: lines keep their end, a sharing line has one too.
    kept = [
        line
        for line in io.BytesIO(body + b"\n").readlines()
        if line.strip() and line.rstrip(b"\r\n") not in SHARING_LINES
    ]
    parts = b"".join(kept).decode("utf-8").split("[SN]")
    if b"\r" in body:  # a lone CR ends a line here, which the official files do not have
        return
    assert parse_summary(body) == (parts[8].strip(), parts[6].strip())


HEADS = st.sampled_from(
    [b"", b"id,document,summary\n", b"document,summary\n", b'{"id":"1","document":"d","summary":"s"}\n',
     b"\xef\xbb\xbf", b"\x1f\x8b", b'{"tasks_schema":1,', b"\xff\xfe", b"[", b"PAR1"]
)  # fmt: skip


@QUICK
@given(HEADS, st.binary(max_size=300), st.booleans())
def test_any_bytes_are_read_or_refused(tmp_path, head, tail, keep_going):
    path = tmp_path / "any"
    path.write_bytes(head + tail)
    with contextlib.suppress(DataError):
        reading = read_tasks(path, keep_going=keep_going)
        assert reading.tasks
        assert len({task.id for task in reading.tasks}) == len(reading.tasks)


@QUICK
@given(st.binary(max_size=600), st.integers(0, 1200), st.booleans())
def test_any_bytes_in_an_archive_are_read_or_refused(tmp_path, content, cut, keep_going):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        member = tarfile.TarInfo("bbc-summary-data/1.summary")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    path = tmp_path / "a.tar.gz"
    path.write_bytes(gzip.compress(raw.getvalue(), mtime=0)[: cut or None])
    with pytest.raises(DataError):  # random bytes never have eight [SN] marks
        read_tasks(path, keep_going=keep_going)


@QUICK
@given(TASKS)
def test_counting_defects_never_fails_and_never_exceeds_the_records(tasks):
    counts = count_defects(tasks)
    assert all(0 < count <= len(tasks) for count in counts.values())
