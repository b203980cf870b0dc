"""The tasks of a run under a challenge: half of the profile's as they are, half new, in a drawn order.

Which tasks stay as they are, and the order of all, follow from SHA-256 of the challenge's salt, a word and the task's id;
known and new ones run in pairs, so that a phase of a few tasks has enough of both to be compared, whatever was drawn.
In the place of the others come new ones: of the mini set stories of its generator under the salt, which no mini set and no
training text has; of any other set the same articles with names, places and numbers replaced (`suite.declare.tasks.perturb`).
An article in which nothing can be replaced stays as it is.
"""

from __future__ import annotations

import hashlib
import itertools
from typing import TYPE_CHECKING, Final

from suite.base.bilingual import Sentence
from suite.base.errors import DataError
from suite.declare.tasks.mini import fresh_story
from suite.declare.tasks.perturb import perturb
from suite.declare.tasks.records import Task
from suite.declare.tasks.taskset import MINI_KIND, TaskSet
from suite.documents.taskline import Origin

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

LEAST_CHANGED: Final = 0.9
"""Share of the tasks drawn to be new that must be: nearly every article holds a name, a place or a number."""


def _drawn(salt: str, what: str, ids: Iterable[str]) -> list[str]:
    return sorted(
        ids, key=lambda key: (hashlib.sha256(f"{salt}\n{what}\n{key}".encode()).digest(), key)
    )


def running_order(ids: Iterable[str], new: Container[str], salt: str) -> list[str]:
    """The order in which tasks run: in drawn pairs of a known and a new one, so that no part of a run has few of either.

    Args:
        ids: of all tasks.
        new: those drawn to be new, half of all; an odd task runs last.
        salt: of the challenge, for tasks.
    """
    drawn = _drawn(salt, "order", ids)
    groups = ([name for name in drawn if (name in new) is group] for group in (False, True))
    pairs = itertools.zip_longest(*groups)
    place = {name: number for number, name in enumerate(drawn)}
    return [
        name
        for pair in pairs
        for name in sorted((name for name in pair if name is not None), key=place.__getitem__)
    ]


def chosen_ids(ids: Iterable[str], salt: str) -> frozenset[str]:
    """The tasks of a set in whose place new ones come: half of them."""
    drawn = _drawn(salt, "new", ids)
    return frozenset(drawn[: len(drawn) // 2])


def fresh_story_of(number: int, salt: str) -> Task:
    """The new story of a round under a number."""
    story = fresh_story(salt, number)
    return Task(story.id, story.document, story.summary, Origin(kind="story", number=number))


def perturbed_task(task: Task, salt: str) -> Task | None:
    """The task with names, places and numbers replaced; None where the document has none."""
    document, summary = (perturb(text, salt, task.id) for text in (task.document, task.summary))
    if document.text == task.document:
        return None
    return Task(
        f"{task.id}-new",
        document.text,
        summary.text,
        Origin(
            kind="perturbed",
            task=task.id,
            document_sha256=hashlib.sha256(task.document.encode("utf-8")).hexdigest(),
            reference=task.summary,
            replaced=tuple(word for word in document.replaced if word not in document.text),
        ),
    )


def _require_changed(tasks: Iterable[Task], wanted: int) -> None:
    changed = sum(task.origin is not None for task in tasks)
    if not changed or changed < LEAST_CHANGED * wanted:
        message = Sentence(
            f"only {changed} of {wanted} articles hold a name, place or number that can be replaced",
            f"{wanted} 篇文章中只有 {changed} 篇含有可替换的名称、地点或数字",
        )
        hint = Sentence(
            "the words are English ones, see perturb_words.json; run these data without a challenge",
            "所用的是英语词语，见 perturb_words.json；这些数据请在没有质询的情况下运行",
        )
        raise DataError("challenge-unfit", message, hint=hint)


def challenged(tasks: TaskSet, salt: str) -> TaskSet:
    """A task set under a challenge.

    Args:
        tasks: the profile's, or the user's.
        salt: of the challenge, for tasks.

    Raises:
        DataError: ``challenge-unfit`` where the rule changes too few of the articles.
    """
    chosen = chosen_ids((task.id for task in tasks.tasks), salt)
    made: dict[str, Task] = {}
    drawn: set[str] = set()
    stories = itertools.count()
    for task in tasks.tasks:
        if task.id not in chosen:
            new = task
        elif tasks.kind == MINI_KIND:
            new = fresh_story_of(next(stories), salt)
        else:
            new = perturbed_task(task, salt) or task
        made[new.id] = new
        if task.id in chosen:
            drawn.add(new.id)
    _require_changed(made.values(), len(chosen))
    return TaskSet(
        name=tasks.name,
        tasks=tuple(made[name] for name in running_order(made, drawn, salt)),
        locked=tasks.locked,
        why_not_locked=tasks.why_not_locked,
        kind=tasks.kind,
        source=tasks.source,
        notes=tasks.notes,
        excluded=tasks.excluded,
        pinned=tasks.pinned,
    )
