"""The official archive: a stream of members, of which a split keeps its own."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from pathlib import Path

import pytest

from suite.base.errors import DataError
from suite.declare.tasks.formats.summary_archive import FORMAT as ARCHIVE
from suite.declare.tasks.read import read_tasks


def _summary(text, summary):
    return (
        f"[SN]URL[SN]\nu\n[SN]TITLE[SN]\nt\n[SN]FIRST-SENTENCE[SN]\n{summary}\n"
        f"[SN]RESTBODY[SN]\nEmail\n{text}\n"
    ).encode()


def _archive(path, members, compress=True):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        for name, data in members:
            member = tarfile.TarInfo(name)
            if data is None:
                member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
                archive.addfile(member)
            else:
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
    path.write_bytes(gzip.compress(raw.getvalue()) if compress else raw.getvalue())
    return path


MEMBERS = [
    (f"bbc-summary-data/{n}.summary", _summary(f"Document number {n} is this.", f"Summary {n}."))
    for n in range(10000000, 10000040)
]


def test_members_come_in_the_order_of_the_archive(tmp_path):
    path = _archive(tmp_path / "a.tar.gz", [MEMBERS[3], MEMBERS[1]])
    reading = ARCHIVE.read(path)
    assert [task.id for task in reading.tasks] == ["10000003", "10000001"]
    assert reading.tasks[0].document == "Document number 10000003 is this."
    assert reading.tasks[0].summary == "Summary 10000003."


def test_only_wanted_ids_are_kept_and_missing_ones_counted(tmp_path):
    path = _archive(tmp_path / "a.tar.gz", MEMBERS)
    reading = ARCHIVE.read(path, ids=["10000005", "10000030", "99999999"])
    assert [task.id for task in reading.tasks] == ["10000005", "10000030"]
    assert reading.notes == {"missing-ids": 1}


def test_an_archive_beside_its_split_file_gives_the_test_part(tmp_path):
    _archive(tmp_path / "a.tar.gz", MEMBERS)
    split = {"test": ["10000007", "10000002"], "train": ["10000000"], "validation": []}
    (tmp_path / "XSum-TRAINING-DEV-TEST-SPLIT-90-5-5.json").write_text(json.dumps(split))
    for source in (tmp_path, tmp_path / "a.tar.gz"):
        assert [task.id for task in read_tasks(source).tasks] == ["10000002", "10000007"]


def test_an_unpacked_archive_beside_its_split_file_gives_the_test_part(tmp_path):
    folder = tmp_path / "bbc-summary-data"
    folder.mkdir()
    for name, data in MEMBERS[:5]:
        (tmp_path / name).write_bytes(data)
    assert len(read_tasks(tmp_path).tasks) == 5
    split = {"test": ["10000004", "10000002", "1"], "train": [], "validation": []}
    (tmp_path / "XSum-TRAINING-DEV-TEST-SPLIT-90-5-5.json").write_text(json.dumps(split))
    for source in (tmp_path, folder):
        reading = read_tasks(source)
        assert [task.id for task in reading.tasks] == ["10000002", "10000004"]
        assert reading.notes == {"missing-ids": 1}


def test_what_the_system_refuses_is_a_data_error(tmp_path):
    for path in (tmp_path / ("x" * 300), tmp_path / "missing"):
        with pytest.raises(DataError) as caught:
            read_tasks(path)
        assert caught.value.code in ("file-unreadable", "data-missing")
    with pytest.raises(DataError) as caught:
        read_tasks(Path("/dev/null"))
    assert caught.value.code == "data-unknown-form"


def test_links_and_foreign_members_are_passed_over(tmp_path):
    foreign = [
        ("README", b"x"),
        ("bbc-summary-data/._10000001.summary", b"\x00mac"),
        ("bbc-summary-data/link.summary", None),
    ]
    path = _archive(tmp_path / "a.tar.gz", [*foreign, MEMBERS[0]])
    assert [task.id for task in ARCHIVE.read(path).tasks] == ["10000000"]


def test_a_member_twice_is_refused(tmp_path):
    path = _archive(tmp_path / "a.tar.gz", [MEMBERS[0], ("other/10000000.summary", MEMBERS[1][1])])
    with pytest.raises(DataError) as caught:
        ARCHIVE.read(path)
    assert caught.value.code == "data-duplicate-id"
    assert caught.value.place is not None
    assert caught.value.place.file.endswith("a.tar.gz!other/10000000.summary")


def test_a_member_too_long_for_an_article_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("suite.declare.tasks.formats.summary_archive.MAX_MEMBER_BYTES", 50)
    path = _archive(tmp_path / "a.tar.gz", MEMBERS[:1])
    with pytest.raises(DataError, match="no article"):
        ARCHIVE.read(path)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.99])
def test_a_cut_archive_is_refused(tmp_path, share):
    path = _archive(tmp_path / "a.tar.gz", MEMBERS)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(DataError) as caught:
        ARCHIVE.read(path)
    assert caught.value.code == "archive-damaged"


def test_an_archive_that_lost_its_checksum_alone_is_refused(tmp_path):
    path = _archive(tmp_path / "a.tar.gz", MEMBERS)
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(DataError) as caught:
        ARCHIVE.read(path)
    assert caught.value.code == "archive-damaged"


def test_a_changed_byte_is_noticed_even_where_every_wanted_member_was_read(tmp_path):
    raw = tmp_path / "a.tar"
    _archive(raw, MEMBERS, compress=False)
    stored = bytearray(gzip.compress(raw.read_bytes(), compresslevel=0))
    position = stored.rindex(b"Document number 10000039")
    stored[position] ^= 1
    path = tmp_path / "a.tar.gz"
    path.write_bytes(stored)
    with pytest.raises(DataError) as caught:
        ARCHIVE.read(path, ids=["10000000"])
    assert caught.value.code == "archive-damaged"


def test_progress_tells_compressed_bytes(tmp_path):
    path = _archive(tmp_path / "a.tar.gz", MEMBERS)
    told = []
    ARCHIVE.read(path, progress=lambda done, total: told.append((done, total)))
    assert told
    assert all(total == path.stat().st_size and done <= total for done, total in told)
