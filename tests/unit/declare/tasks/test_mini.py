from __future__ import annotations

import hashlib
import json
import re
import string
import subprocess
import sys

import pytest
from rouge_score import rouge_scorer

from suite.declare.tasks.mini import (
    MINI_COUNT,
    MINI_RECORDS_SHA256,
    MiniTask,
    mini_tasks,
    records_sha256,
    training_tasks,
)
from suite.declare.tasks.mini_stories import prose

STORIES = prose().stories
POOLS = prose().pools
COMMON_COLOUR = prose().colour


@pytest.fixture(scope="module")
def tasks() -> tuple[MiniTask, ...]:
    return mini_tasks()


def first_sentence(document: str) -> str:
    return re.split(r"(?<=[.!?]) |\n", document)[0]


def test_the_locked_set_is_what_the_generator_gives(tasks):
    assert len(tasks) == MINI_COUNT == 256
    assert records_sha256(tasks) == MINI_RECORDS_SHA256


def test_more_records_of_the_kind_and_those_for_training_are_what_they_were():
    more = records_sha256(mini_tasks(seed=7, count=500))
    assert more == "5e5d254e7a8ee8c9b1289ad1e147e1d722e1454f3223f9e357479253b6093dbe"
    training = records_sha256(training_tasks(3, 500, low=60, high=200))
    assert training == "64dfb7d67395e0ed1a1e805c01b9c8561de942eda476c0a933c313e9fe905537"


def test_a_record_digest_is_that_of_its_canonical_json(tasks):
    task = tasks[3]
    text = json.dumps(
        {
            "document_sha256": hashlib.sha256(task.document.encode()).hexdigest(),
            "id": task.id,
            "summary": task.summary,
        },
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
    )
    assert task.sha256 == hashlib.sha256(text.encode()).hexdigest()


def test_another_process_with_another_hash_seed_makes_the_same_set():
    code = (
        "from suite.declare.tasks.mini import mini_tasks, records_sha256;"
        "print(records_sha256(mini_tasks()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONHASHSEED": "12345", "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == MINI_RECORDS_SHA256


def test_a_record_does_not_depend_on_how_many_are_made(tasks):
    assert mini_tasks(count=3, start=100) == tasks[100:103]


def test_ids_are_stable_and_distinct(tasks):
    assert tasks[17].id == "mini-000017"
    assert len({task.id for task in tasks}) == 256


def test_documents_have_120_to_400_words(tasks):
    lengths = [len(task.document.split()) for task in tasks]
    assert min(lengths) >= 120
    assert max(lengths) <= 400
    assert max(lengths) - min(lengths) > 200


def test_no_two_documents_or_summaries_are_equal(tasks):
    assert len({task.document for task in tasks}) == 256
    assert len({task.summary for task in tasks}) == 256


def test_a_summary_is_one_sentence(tasks):
    for task in tasks:
        assert re.fullmatch(r"[A-Z0-9][^.!?\n]*\.", task.summary), task.summary
        assert 8 <= len(task.summary.split()) <= 32


def test_the_first_sentence_is_not_the_summary(tasks):
    scorer = rouge_scorer.RougeScorer(["rouge1"], use_stemmer=True)
    scores = [
        scorer.score(task.summary, first_sentence(task.document))["rouge1"].fmeasure
        for task in tasks
    ]
    assert sum(scores) / len(scores) < 0.15
    assert max(scores) < 0.5


def test_the_facts_of_a_summary_are_spread_over_the_article(tasks):
    # No fifth of an article holds most of the summary's capitalised and numeric words.
    spread = 0
    for task in tasks:
        keys = set(re.findall(r"\b[A-Z][a-z]+\b|£?\d[\d,]*", task.summary[1:]))
        parts = [line for line in re.split(r"(?<=[.!?]) |\n", task.document) if line]
        best = max(sum(key in part for key in keys) for part in parts)
        spread += best < len(keys)
    assert spread >= 0.9 * len(tasks)


def test_each_article_names_people_places_or_numbers_that_its_summary_does_not(tasks):
    for task in tasks:
        names = set(re.findall(r"\b[A-Z][a-z]{2,}\b|\d+", task.document))
        others = names - set(re.findall(r"\w+", task.summary))
        assert len(others) >= 5


def test_every_story_occurs(tasks):
    kinds = {story.kind for story in STORIES}
    assert len(kinds) == len(STORIES) == 12
    openings = {
        opening.split("{")[0]: story.kind for story in STORIES for opening in story.openings
    }
    seen = {
        kind
        for task in tasks
        for opening, kind in openings.items()
        if task.document.startswith(opening)
    }
    assert seen == kinds


def test_nothing_of_the_test_set_is_in_a_sample_of_the_training_stream(tasks):
    training = training_tasks(1, 2000) + training_tasks(2, 2000, low=60, high=200)
    assert not {task.summary for task in tasks} & {task.summary for task in training}
    assert not {task.document for task in tasks} & {task.document for task in training}


def test_the_side_of_a_summary_is_a_function_of_the_summary():
    # What makes the two sides disjoint for every seed, not only for the sample above.
    for task in mini_tasks(seed=99, count=50):
        assert hashlib.sha256(task.summary.encode()).digest()[0] < 64
    for task in training_tasks(99, 50):
        assert hashlib.sha256(task.summary.encode()).digest()[0] >= 64


def test_other_seeds_give_other_records():
    assert mini_tasks(seed=2, count=5) != mini_tasks(seed=1, count=5)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.kind)
def test_every_placeholder_of_a_story_is_declared(story):
    pools = set(POOLS) | set(story.words) | {"who"}
    for outcome in story.outcomes:
        assert set(outcome) == set(story.outcomes[0])
        templates = [*story.openings, *story.colour, *sum(story.facts, ()), story.summary]
        templates += [*outcome.values(), *COMMON_COLOUR]
        fields = {
            name
            for template in templates
            for _, name, _, _ in string.Formatter().parse(template)
            if name
        }
        assert {name.split("_")[0] for name in fields - set(outcome)} <= pools


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.kind)
def test_every_word_that_a_summary_draws_is_in_some_fact(story):
    for outcome in story.outcomes:
        for number in range(3):
            stated = " ".join(fact[number % len(fact)] for fact in story.facts)
            stated += " ".join(outcome.values())
            for _, name, _, _ in string.Formatter().parse(story.summary):
                if name and name not in outcome:
                    assert "{" + name + "}" in stated, (name, stated)


def test_no_pool_repeats_a_value():
    for story in STORIES:
        for values in (POOLS | story.words).values():
            assert len(set(values)) == len(values)
