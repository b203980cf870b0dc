from __future__ import annotations

import dataclasses

import pytest

from suite.base.errors import DataError, Place
from suite.declare.profiles.load import load_profile
from suite.declare.tasks import pins, selection, taskset
from suite.declare.tasks.records import Collector, Task, joined_sha256
from suite.declare.tasks.taskset import mini_set, task_set_for, task_set_of

IDS = [str(number) for number in range(20000000, 20001100)]


def _document(key):
    return f"The document {key} has these words in it."


@pytest.fixture
def _own_locks(monkeypatch):
    monkeypatch.setattr(selection, "locks", lambda: selection.compute_locks(IDS, "0" * 64))
    table = pins.published_pins(IDS, [f"summary {key} ." for key in IDS], list(map(_document, IDS)))
    monkeypatch.setattr(pins, "pins", lambda: table)


def _reading(ids, *, has_ids=True, empty=()):
    collector = Collector("CSV file", "t.csv", keep_going=False)
    for item in ids:
        document = " " if item in empty else _document(item)
        collector.add(Task(item, document, f"Summary {item}."), Place("t.csv"))
    return collector.finish(has_ids=has_ids)


def test_a_record_digest_covers_its_three_members():
    task = Task("1", "d", "s")
    digests = {task.sha256}
    for changed in ({"id": "2"}, {"document": "D"}, {"summary": "S"}):
        digests.add(dataclasses.replace(task, **changed).sha256)
    assert len(digests) == 4


@pytest.mark.usefixtures("_own_locks")
def test_the_locked_ids_make_a_locked_set_in_the_order_of_the_rule():
    result = task_set_of(_reading(sorted(IDS)), 256)
    assert result.name == "xsum-256"
    assert result.locked
    assert result.why_not_locked == ""
    assert [task.id for task in result.tasks] == selection.order(IDS)[:256]
    assert result.ids_sha256 == selection.locks().sets["xsum-256"].ids_sha256
    assert result.to_doc().size == 256


@pytest.mark.usefixtures("_own_locks")
def test_a_locked_set_keeps_its_empty_documents_and_counts_them():
    empty = selection.order(IDS)[:3]
    result = task_set_of(_reading(IDS, empty=empty), 256)
    assert result.locked
    assert len(result.tasks) == 256
    assert result.defects["empty-document"] == 3
    assert result.excluded == {}


@pytest.mark.usefixtures("_own_locks")
def test_the_locked_ids_over_other_texts_lock_nothing():
    """A thousand three-word articles under XSum's ids passed as ``xsum-1000``."""
    right = _reading(IDS)
    texts = task_set_of(right, 1000).to_doc().pinned
    assert (texts.references, texts.openings, texts.documents) == (1000, 1000, 0)
    short = [dataclasses.replace(task, document="three word article") for task in right.tasks]
    other = task_set_of(dataclasses.replace(right, tasks=tuple(short)), 1000)
    assert (other.name, other.locked, len(other.tasks)) == ("custom", False, 1000)
    assert other.why_not_locked == "only 0 of 1,000 documents begin as those of the data set"
    made_up = [dataclasses.replace(task, summary="made up") for task in right.tasks]
    other = task_set_of(dataclasses.replace(right, tasks=tuple(made_up)), 256)
    assert "0 of 256 reference summaries" in other.why_not_locked


@pytest.mark.usefixtures("_own_locks")
def test_ids_made_from_row_numbers_lock_nothing():
    result = task_set_of(_reading(IDS, has_ids=False), 256)
    assert (result.name, result.locked) == ("custom", False)
    assert "no ids" in result.why_not_locked


@pytest.mark.usefixtures("_own_locks")
def test_a_size_without_a_lock_is_custom():
    result = task_set_of(_reading(IDS), 300)
    assert (result.name, result.locked, len(result.tasks)) == ("custom", False, 300)
    assert "300" in result.why_not_locked


def test_a_custom_set_leaves_empty_documents_out_and_says_so():
    result = task_set_of(_reading(IDS[:20], empty=IDS[:4]), 256)
    assert (result.name, len(result.tasks)) == ("custom", 16)
    assert result.excluded == {"empty-document": 4}
    assert "empty-document" not in result.defects
    assert [task.id for task in result.tasks] == selection.order(IDS[4:20])


def test_a_custom_set_of_empty_documents_is_refused():
    with pytest.raises(DataError) as caught:
        task_set_of(_reading(IDS[:3], empty=IDS[:3]), 256)
    assert caught.value.code == "data-empty"


def test_the_mini_set_is_locked_by_its_records():
    result = mini_set()
    assert (result.name, result.locked, len(result.tasks)) == ("mini-256", True, 256)
    assert result.records_sha256 == joined_sha256(task.sha256 for task in result.tasks)
    assert result.defects == {}
    smaller = mini_set(10)
    assert smaller.tasks == result.tasks[:10]
    assert not smaller.locked


def test_a_changed_generator_is_refused(monkeypatch):
    monkeypatch.setattr(taskset, "MINI_RECORDS_SHA256", "0" * 64)
    with pytest.raises(DataError) as caught:
        mini_set()
    assert caught.value.code == "mini-set-changed"


def test_a_profile_takes_its_own_set_or_the_users_file(tmp_path):
    smoke = load_profile("smoke")
    assert task_set_for(smoke, None).name == "mini-256"
    path = tmp_path / "d.csv"
    path.write_text("document,summary\nSome text of some words.,Words.\n", "utf-8")
    custom = task_set_for(smoke, path)
    assert (custom.name, custom.kind, custom.source) == ("custom", "CSV file", str(path))
    with pytest.raises(DataError) as caught:
        task_set_for(load_profile("xsum"), None)
    assert caught.value.code == "data-needed"
    assert "suite data fetch" in caught.value.hint
