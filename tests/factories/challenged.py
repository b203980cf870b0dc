"""A small sound run under a challenge: half of its tasks new stories, or articles with other names and numbers."""

from __future__ import annotations

import copy
import dataclasses
import functools

from suite.base import jsonio
from suite.declare.plan.basis import plan_of
from suite.declare.profiles.load import load_profile
from suite.declare.tasks.challenged import challenged
from suite.declare.tasks.lead import first_sentence
from suite.declare.tasks.taskset import CUSTOM, TaskSet, mini_set
from suite.documents.basis import Basis
from suite.documents.challenge import Challenge, Salts
from suite.documents.codec import convert, plain
from suite.judge.attest.challenge import make_challenge
from suite.judge.attest.sign import sign
from tests.cases.bundle_verify.cases import REVIEWER
from tests.factories import evidence, shipped

SIZE = 32


def challenge(**changes: object) -> Challenge:
    """A challenge of the hour before the factory's run."""
    stated = {
        "challenge_schema": 1,
        "round": "2026-spring",
        "issued": "2026-01-31T11:00:00Z",
        "expires": "2026-02-07T11:00:00Z",
        "salts": Salts(tasks="1a" * 32, load="2b" * 32),
    }
    return Challenge(**{**stated, **changes})


def bundle(stated: Challenge, key=REVIEWER) -> str:
    """A signed challenge."""
    return sign(make_challenge(stated), key).decode()


@functools.cache
def tasks(*, stories: bool) -> TaskSet:
    """The mini set of 32 under the challenge; or the same texts as a file of the user's."""
    base = mini_set(SIZE)
    if not stories:
        base = dataclasses.replace(base, name=CUSTOM, kind="JSON Lines file")
    return challenged(base, challenge().salts.tasks)


def answer(made: TaskSet, index: int) -> str:
    """The reference with its last word said otherwise, and three words more; of a user's file
    the beginning and a fifth of the reference."""
    *words, _ = made.tasks[index].summary.split()
    if made.name == CUSTOM:
        return " ".join(["Officials", "say", *words[:3], "said", *words[3::5]])
    return " ".join([*words, "something", "or", "other", "today."])


def document(*, stories: bool = True) -> dict:
    """The whole run as plain data, ready to be broken."""
    return copy.deepcopy(_document(stories=stories))


@functools.cache
def _document(*, stories: bool) -> dict:
    made, stated = tasks(stories=stories), challenge()
    source = plain(load_profile("smoke").doc)
    phases = [source["phases"][0] | {"warmup": 0, "tasks": SIZE}]
    del phases[0]["controls"]
    made_from = plain(shipped.basis()) | {
        "profile": source | {"phases": phases},
        "taskset": plain(made.to_doc()),
        "challenge": {"stated": plain(stated), "bundle": bundle(stated)},
    }
    planned = plain(plan_of(convert(made_from, Basis)))
    lines = {
        task.id: {
            "id": task.id,
            "record_sha256": task.sha256,
            "document_sha256": jsonio.sha256_hex(task.document.encode()),
            "document_words": len(task.document.split()),
            "lead": first_sentence(task.document),
            "reference": task.summary,
        }
        | ({} if task.origin is None else {"origin": plain(task.origin)})
        for task in made.tasks
    }
    return evidence.document(planned, lines, functools.partial(answer, made)) | {"basis": made_from}
