"""The run of `make run` in memory: what the suite ships, answered nearly as the references say."""

from __future__ import annotations

import functools

from suite.base import jsonio
from suite.declare.model.facts import hash_model, read_model
from suite.declare.plan.make import ModelInput, Options, make_plan
from suite.declare.profiles.bounds import quality_doc
from suite.declare.profiles.load import load_profile
from suite.declare.tasks.lead import first_sentence
from suite.declare.tasks.reference import MINI_MODEL, reference_for
from suite.declare.tasks.taskset import mini_set as load_mini_set
from suite.declare.vendor.load import load_vendor
from suite.documents.codec import plain
from tests.factories import evidence

mini_set = functools.cache(load_mini_set)


def plan(name: str = "smoke", **options: object) -> dict:
    """The plan of a shipped profile with the mini model, as plain data; options are those of `Options`."""
    profile, taskset = load_profile(name), mini_set().to_doc()
    files, sha256 = hash_model(MINI_MODEL)
    reference = reference_for(files, taskset, profile.doc.decoding)
    made = make_plan(
        vendor=load_vendor("cpu"),
        engine_id=None,
        accelerator_id=None,
        devices=None,
        model=ModelInput(
            "mini",
            None,
            str(MINI_MODEL),
            sha256,
            files,
            read_model(MINI_MODEL),
            "2" * 64,
            "3" * 64,
            {"chat": 3, "completions": 1},
        ),
        profile=profile,
        taskset=taskset,
        quality=quality_doc(profile, reference.scores, reference.source, taskset),
        runtime="container",
        options=Options(**options),
    )
    return plain(made)


def _lines() -> dict:
    return {
        task.id: {
            "id": task.id,
            "record_sha256": task.sha256,
            "document_sha256": jsonio.sha256_hex(task.document.encode()),
            "document_words": len(task.document.split()),
            "lead": first_sentence(task.document),
            "reference": task.summary,
        }
        for task in mini_set().tasks
    }


def answer(index: int) -> str:
    """The reference with its last word said otherwise, and three words more."""
    *words, _ = mini_set().tasks[index].summary.split()
    return " ".join([*words, "something", "or", "other", "today."])


def document(planned: dict | None = None) -> dict:
    """The whole run as plain data, ready to be broken."""
    return evidence.document(planned or plan(), _lines(), answer)
