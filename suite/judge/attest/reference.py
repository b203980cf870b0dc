"""Reference runs: made from a verified run, and held against a trust list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import UNSET

from suite.base.bilingual import Sentence
from suite.base.errors import EvidenceError, Problem
from suite.declare.tasks.reference import weight_files
from suite.documents.codec import plain
from suite.documents.document import given
from suite.documents.reference import (
    REFERENCE_TYPE,
    Reference,
    ReferenceAnswer,
    ReferenceEngine,
    ReferenceModel,
    ReferenceTasks,
)
from suite.judge.attest.stated import Expected
from suite.judge.attest.statement import MANIFEST_SUBJECT, payload_of, subject
from suite.judge.attest.times import format_time
from suite.judge.attest.verify import Verified, verify_bundle
from suite.judge.log.reference import answers_by_phase, digest, tokens
from suite.judge.metrics import rouge
from suite.judge.metrics.compute import questions
from suite.judge.metrics.rouge_pairs import words

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from suite.documents.event import Request
    from suite.documents.plan import Plan
    from suite.documents.receipt import Verifier
    from suite.evidence import Evidence
    from suite.judge.attest.trust import TrustList

DTYPES: Final = ("float32", "bfloat16")
"""Precisions that a reference run may have."""
ENDED: Final = frozenset({"stop", "eos", "eos_token", "stop_sequence"})
"""Finish reasons of answers that ended by themselves."""


def reference_of_run(run: Evidence, signer: Verifier, at: dt.datetime) -> Reference:
    """What a reference run states, from a run's own evidence.

    Args:
        run: verified by the caller.
        signer: whose key will sign.
        at: when, aware.

    Raises:
        EvidenceError: ``reference-unfit`` with everything that keeps the run from being a reference.
    """
    plan = run.plan
    if problems := [Problem(why) for why in _unfit(plan)]:
        message = Sentence(
            f"{run.directory} cannot be a reference run", f"{run.directory} 不能作为参考运行"
        )
        raise EvidenceError("reference-unfit", message, problems=problems)
    asked = [doc.name for doc in plan.workload.phases if doc.measured and questions(doc) == "tasks"]
    phases = answers_by_phase(run, asked)
    answers = max(phases.values(), key=len, default={})
    if missing := [task for task in run.tasks if task not in answers]:
        message = Sentence(
            f"no phase answered every task: {missing[0]} and {len(missing) - 1} more are open",
            f"没有阶段回答了全部任务：{missing[0]} 与另外 {len(missing) - 1} 个未回答",
        )
        raise EvidenceError("reference-unfit", message)
    taskset, facts = plan.workload.taskset, run.environment.facts
    version = given(facts["engine.version"].value) if "engine.version" in facts else None
    dtype = plan.engine.dtype.executed
    return Reference(
        reference_schema=1,
        verifier=signer,
        timeCreated=format_time(at),
        model=ReferenceModel(
            id=plan.model.id, revision=plan.model.revision, weights=weight_files(plan.model.files)
        ),
        engine=ReferenceEngine(
            id=plan.engine.id,
            version=str(version or "unknown"),
            dtype="float32" if dtype == "float32" else "bfloat16",
        ),
        tasks=ReferenceTasks(
            name=taskset.name,
            records_sha256=taskset.records_sha256,
            prompt_sha256=plan.workload.prompt.sha256,
            max_new_tokens=plan.workload.decoding.max_new_tokens,
        ),
        answers=_answers(run, {task: events[0] for task, events in answers.items()}),
    )


def _unfit(plan: Plan) -> list[str]:
    engine, workload = plan.engine, plan.workload
    checks = {
        "it has no container and no process of its own": plan.runtime
        not in ("container", "process"),
        "its vendor is emulated": plan.vendor.emulated,
        "it was made under a challenge": plan.challenge is not UNSET,
        f"it computed in {engine.dtype.executed}, not in float32 or bfloat16": engine.dtype.executed
        not in DTYPES,
        f"its weights are quantised: {engine.quantisation}": engine.quantisation is not None,
        "it guesses tokens ahead": engine.speculative_decoding,
        "it does not decode greedily": workload.decoding.temperature != 0
        or workload.decoding.ignore_eos,
        "its model has no files of weights": not weight_files(plan.model.files),
    }
    return [why for why, wrong in checks.items() if wrong]


def _answers(run: Evidence, events: Mapping[str, Request]) -> tuple[ReferenceAnswer, ...]:
    pairs = {task: (run.tasks[task].reference, event.text) for task, event in events.items()}
    scored = rouge.score_texts(pairs.values())
    answers = []
    for task, line in run.tasks.items():
        event, spoken = events[task], words(events[task].text)
        answer = ReferenceAnswer(
            id=task,
            record_sha256=line.record_sha256,
            rouge=scored[pairs[task]],
            tokens=tokens(event) or 0,
            ended=str(event.finish_reason).lower() in ENDED,
            words=len(spoken),
            words_sha256=digest(spoken),
            token_ids=UNSET if event.token_ids is None else event.token_ids,
        )
        answers.append(answer)
    return tuple(answers)


def make_reference(stated: Reference, manifest_sha256: str) -> bytes:
    """The payload of a reference run.

    Args:
        stated: of `reference_of_run`.
        manifest_sha256: of the run's manifest.

    Raises:
        TrustError: as `suite.judge.attest.statement.make_statement`.
    """
    return payload_of([subject(MANIFEST_SUBJECT, manifest_sha256)], REFERENCE_TYPE, plain(stated))


def verify_reference(data: bytes, trust: TrustList, name: str) -> Verified:
    """Verify that a reviewer of the list signed a reference run.

    Raises:
        TrustError: what its signature is refused for: ``key-unknown``, ``role-forbids``, ``signature-invalid`` and others.
    """
    return verify_bundle(data, trust, expected=Expected(predicate_type=REFERENCE_TYPE), name=name)
