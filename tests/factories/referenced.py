"""Reference runs: one of any weights for the mini set, and a small run that carries the one of its own answers."""

from __future__ import annotations

import copy
import datetime as dt
import functools

from suite.declare.plan.basis import plan_of
from suite.declare.tasks.taskset import mini_set
from suite.documents.basis import Basis
from suite.documents.codec import convert, plain
from suite.documents.model import FileDigest
from suite.documents.reference import (
    Reference,
    ReferenceAnswer,
    ReferenceEngine,
    ReferenceModel,
    ReferenceTasks,
)
from suite.judge.attest.reference import make_reference, reference_of_run
from suite.judge.attest.review import verifier
from suite.judge.attest.sign import sign
from tests.cases.bundle_verify.cases import REVIEWER
from tests.factories import evidence, shipped

MADE = dt.datetime(2026, 1, 30, 12, tzinfo=dt.UTC)


def stated(weights: str, **changes: object) -> Reference:
    """What a reference run of two answers to the mini set states; changes are of what was asked."""
    tasks = {
        "name": "mini-256",
        "records_sha256": mini_set().to_doc().records_sha256,
        "prompt_sha256": "5" * 64,
        "max_new_tokens": 64,
    }
    answer = {"record_sha256": "6" * 64, "ended": True, "words": 9, "words_sha256": "7" * 64}
    return Reference(
        reference_schema=1,
        verifier=verifier(REVIEWER.public),
        timeCreated="2026-01-30T12:00:00Z",
        model=ReferenceModel(
            id="some-model",
            revision=None,
            weights=(FileDigest(path="model.safetensors", bytes=1, sha256=weights),),
        ),
        engine=ReferenceEngine(id="transformers", version="5.19.0", dtype="float32"),
        tasks=ReferenceTasks(**tasks | changes),
        answers=(
            ReferenceAnswer(id="a", rouge=(0.7, 0.4, 0.6, 0.6), tokens=10, **answer),
            ReferenceAnswer(id="b", rouge=(0.5, 0.2, 0.4, 0.4), tokens=12, **answer),
        ),
    )


def signed(document: Reference, key=REVIEWER) -> str:
    """A signed reference run."""
    return sign(make_reference(document, "0" * 64), key).decode()


def bundle(weights: str, **changes: object) -> str:
    """A signed reference run of the mini set."""
    return signed(stated(weights, **changes))


@functools.cache
def _kept() -> dict:
    parts = shipped.kept()
    reference = reference_of_run(evidence.evidence(parts), verifier(REVIEWER.public), MADE)
    return carrying(parts, signed(reference))


def carrying(parts: dict, reference: str | None) -> dict:
    """The same run with a reference run in its basis, and the plan that follows."""
    made_from = parts["basis"] | {"reference": reference}
    if reference is None:
        del made_from["reference"]
    planned = plain(plan_of(convert(made_from, Basis)))
    lines = parts["tasks"]
    return evidence.document(planned, lines) | {"basis": made_from}


def document() -> dict:
    """A small run that carries a reference run of its own answers."""
    return copy.deepcopy(_kept())
