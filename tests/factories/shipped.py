"""The run of `make run` in memory: what the suite ships, answered nearly as the references say."""

from __future__ import annotations

import functools

from msgspec import UNSET

from suite import __version__
from suite.base import harness, jsonio
from suite.declare.model.facts import hash_model, read_source
from suite.declare.plan.basis import plan_of, recorded
from suite.declare.profiles.load import load_profile
from suite.declare.tasks.lead import first_sentence
from suite.declare.tasks.reference import MINI_MODEL
from suite.declare.tasks.taskset import mini_set as load_mini_set
from suite.declare.vendor.load import load_vendor
from suite.documents.basis import Basis, BasisModel, Options
from suite.documents.codec import convert, plain
from suite.documents.plan import SuiteVersion
from tests.factories import evidence

mini_set = functools.cache(load_mini_set)


def basis(name: str = "smoke", **options: object) -> Basis:
    """What the plan of a shipped profile with the mini model is made from; options are those of `Options`."""
    profile = load_profile(name)
    files, _ = hash_model(MINI_MODEL)
    by_path = {file.path: file.sha256 for file in files}
    return Basis(
        basis_schema=1,
        suite=SuiteVersion(
            version=__version__, commit="c" * 40, files_sha256=harness.files_sha256()
        ),
        declaration=plain(load_vendor("cpu").doc),
        profile=plain(profile.doc),
        traces=recorded(profile) or UNSET,
        taskset=mini_set().to_doc(),
        model=BasisModel(
            id="mini",
            revision=None,
            path=str(MINI_MODEL),
            files=tuple(files),
            source=read_source(MINI_MODEL),
            tokenizer_sha256=by_path["tokenizer.json"],
            chat_template_sha256="3" * 64,
            shortest_prompts={"chat": 3, "completions": 1},
            thinking=None,
        ),
        runtime="container",
        engine=None,
        accelerator=None,
        devices=None,
        url=None,
        overrides={},
        options=Options(**options),
    )


def plan(name: str = "smoke", **options: object) -> dict:
    """The plan of a shipped profile with the mini model, as plain data; options are those of `Options`."""
    return plain(plan_of(basis(name, **options)))


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
    """The whole run as plain data, ready to be broken; with its basis where the plan is its own."""
    made_from = {} if planned else {"basis": plain(basis())}
    return evidence.document(planned or plan(), _lines(), answer) | made_from


def kept() -> dict:
    """A small run as plain data, of the factory's tasks, that keeps what its plan was made from."""
    lines, source = evidence.tasks(), plain(load_profile("smoke").doc)
    few = {"tasks": len(lines), "first_task": 0, "warmup": 0}
    phases = [phase | few for phase in source["phases"]]
    for phase in phases:
        phase.pop("controls", None)
        if phase["arrivals"]:
            # Of so few it can be told that the server kept up only where they hardly overlap.
            phase["arrivals"] |= {"rate": 4}
    made_from = plain(basis()) | {
        "profile": source | {"phases": phases},
        "taskset": evidence.plan()["workload"]["taskset"],
    }
    planned = plain(plan_of(convert(made_from, Basis)))
    return evidence.document(planned, lines) | {"basis": made_from}
