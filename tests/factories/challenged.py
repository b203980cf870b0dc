"""A small sound run under a challenge: half of its tasks new stories, or articles with other names and numbers."""

from __future__ import annotations

import copy
import dataclasses
import functools

from suite.base import jsonio
from suite.declare.plan.basis import plan_of
from suite.declare.plan.skeleton import skeleton_sha256
from suite.declare.profiles.load import load_profile
from suite.declare.tasks.challenged import challenged
from suite.declare.tasks.lead import first_sentence
from suite.declare.tasks.taskset import CUSTOM, TaskSet, mini_set
from suite.documents.basis import Basis
from suite.documents.challenge import Challenge, Salts
from suite.documents.codec import convert, plain
from suite.documents.commitment import Commitment
from suite.judge.attest import envelope
from suite.judge.attest.challenge import make_challenge, make_commitment
from suite.judge.attest.sign import sign
from tests.cases.bundle_verify.cases import REVIEWER, VENDOR_A
from tests.factories import evidence, shipped, stamped

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


def commitment(basis: Basis, key=VENDOR_A, **changes: object) -> str:
    """The signed commitment to what a basis leads to, of half an hour before the challenge."""
    plan = plan_of(basis)
    stated = {
        "commitment_schema": 1,
        "vendor": plan.vendor.id,
        "made": "2026-01-31T10:30:00Z",
        "skeleton_sha256": skeleton_sha256(plan),
        "suite": plan.suite.files_sha256,
        "declaration_sha256": plan.vendor.sha256,
        "model": plan.model.id,
        "model_sha256": plan.model.sha256,
        "engine": plan.engine.title,
        "image": "",
        "profile": plan.workload.profile,
        "profile_sha256": plan.workload.profile_sha256,
    }
    return sign(make_commitment(Commitment(**{**stated, **changes})), key).decode()


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
    made = tasks(stories=stories)
    source = plain(load_profile("smoke").doc)
    phases = [source["phases"][0] | {"warmup": 0, "tasks": SIZE}]
    del phases[0]["controls"]
    made_from = plain(shipped.basis()) | {
        "profile": source | {"phases": phases},
        "taskset": plain(made.to_doc()),
    }
    signed = commitment(convert(made_from, Basis))
    stated = challenge(commitment=jsonio.sha256_hex(envelope.parse(signed.encode()).payload))
    made_from["challenge"] = {
        "stated": plain(stated),
        "bundle": bundle(stated),
        "commitment": signed,
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
    parts = evidence.document(planned, lines, functools.partial(answer, made))
    return parts | {"basis": made_from, "stamps": stamped.stamps(parts, evidence.rows(parts))}
