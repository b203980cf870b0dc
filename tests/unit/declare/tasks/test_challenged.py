"""Tasks under a challenge: which are new, in which order, and how an article is changed."""

from __future__ import annotations

import dataclasses

import pytest

from suite.declare.tasks.challenged import challenged, chosen_ids, running_order
from suite.declare.tasks.mini import fresh_story, mini_tasks, training_tasks
from suite.declare.tasks.perturb import perturb
from suite.declare.tasks.taskset import CUSTOM, mini_set

SALT, OTHER = "1a" * 32, "2b" * 32


def test_half_of_a_mini_set_is_new_in_an_order_of_the_salt():
    made = challenged(mini_set(16), SALT)
    new = [task for task in made.tasks if task.origin is not None]
    assert (len(made.tasks), len(new), made.to_doc().new) == (16, 8, 8)
    ids = [task.id for task in made.tasks]
    drawn = {task.id for task in new}
    assert ids == running_order(ids, drawn, SALT) != running_order(ids, drawn, OTHER)
    known = {task.id for task in made.tasks} - {task.id for task in new}
    assert known == {task.id for task in mini_tasks(count=16)} - chosen_ids(
        (task.id for task in mini_tasks(count=16)), SALT
    )
    assert made == challenged(mini_set(16), SALT)
    assert made.records_sha256 != challenged(mini_set(16), OTHER).records_sha256


@pytest.mark.parametrize("size", [16, 17, 64])
def test_any_part_of_a_run_holds_about_as_many_new_tasks_as_known_ones(size):
    for number in range(50):
        made = challenged(mini_set(size), f"{number:064x}")
        new = [task.origin is not None for task in made.tasks]
        assert all(abs(2 * sum(new[:end]) - end) <= 1 for end in range(size + 1)), number
        assert sum(new) == size // 2


def test_of_a_pair_now_the_new_task_runs_first_and_now_the_known_one():
    made = challenged(mini_set(64), SALT)
    first = [task.origin is not None for task in made.tasks[::2]]
    assert 4 < sum(first) < 28


def test_new_stories_are_the_same_everywhere_and_nowhere_known():
    assert fresh_story(SALT, 3).sha256 == (
        "29c4aa1dbcc2ba2d91a891a7b5abb288eebeddb75e15c65d7747cfb6e980aaa9"
    )
    public = {task.summary for task in (*mini_tasks(count=64), *training_tasks(1, 64))}
    assert public.isdisjoint(fresh_story(SALT, number).summary for number in range(8))


def test_an_article_and_its_reference_are_changed_alike():
    base = mini_set(16)
    made = challenged(dataclasses.replace(base, name=CUSTOM, kind="JSON Lines file"), SALT)
    before = {task.id: task for task in base.tasks}
    for task in made.tasks:
        if task.origin is None:
            assert task == before[task.id]
            continue
        old = before[task.origin.task]
        assert task.document != old.document
        assert task.origin.reference == old.summary
        assert perturb(old.summary, SALT, old.id).text == task.summary
        assert not any(word in task.document for word in task.origin.replaced)


@pytest.mark.parametrize(
    "text",
    [
        "Margaret Wilson met Helen Evans in Leeds, and Margaret left for Cardiff.",
        "It was 2014; by 2016 there were 1,250 of 64, on 21 May, 12 of them at 345 m.",
    ],
)
def test_what_differs_stays_different_and_what_is_one_stays_one(text):
    words = text.replace(",", " ").replace(";", " ").replace(".", " ").split()
    made = perturb(text, SALT, "t").text
    others = made.replace(",", " ").replace(";", " ").replace(".", " ").split()
    pairs = dict(zip(words, others, strict=True))
    assert len(set(pairs.values())) == len(pairs)
    assert [pairs[word] for word in words] == others
    assert made != perturb(text, OTHER, "t").text


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [("14", 10, 31), ("47", 32, 99), ("305", 100, 999), ("1987", 1900, 2099)],
)
def test_numbers_stay_of_their_kind(text, low, high):
    for task in "abcdef":
        assert low <= int(perturb(text, SALT, task).text) <= high
        assert perturb(text, SALT, task).text != text


@pytest.mark.parametrize("text", ["10:30", "3.14", "7", "A4", "Covid-19", "Londonderry", "007"])
def test_what_is_no_number_or_name_stays(text):
    assert perturb(text, SALT, "t").text == text
