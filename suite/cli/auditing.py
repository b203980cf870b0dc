"""An audit of a run's answers: chosen, read by a reference, judged, and signed as a statement about the card."""

from __future__ import annotations

import datetime as dt
import math
import secrets
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from suite.base import jsonio
from suite.base.bilingual import Sentence
from suite.base.errors import EvidenceError, Problem, UsageError
from suite.cli import judging
from suite.cli.output import write_new
from suite.declare.model.facts import hash_file
from suite.declare.tasks.challenged import challenged
from suite.declare.tasks.mini import mini_tasks
from suite.declare.tasks.read import read_tasks
from suite.declare.tasks.reference import MINI_MODEL
from suite.declare.tasks.taskset import mini_set, task_set_of
from suite.declare.tasks.tokenizer import Tokenizer
from suite.documents.audit import (
    Audit,
    AuditPhase,
    AuditReference,
    AuditSample,
    Calibration,
    Divergence,
)
from suite.documents.document import given
from suite.judge.attest.review import (
    make_audit,
    payload_digest,
    verifier,
)
from suite.judge.attest.sign import sign
from suite.judge.attest.times import format_time
from suite.judge.audit.sample import LEADS, MOST_TOKENS, Answer, choose, end_tokens, judged
from suite.judge.audit.verdict import FALSE_ALARM, Figures, Token, figures
from suite.judge.rules.rule import place
from suite.measure import audit as reading
from suite.measure import auditserver
from suite.measure.engine.served import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.cli.terminal import Terminal
    from suite.cli.trustoptions import Trusted
    from suite.documents.audit import AuditVerdict
    from suite.documents.plan import Plan
    from suite.evidence import Evidence
    from suite.judge.attest.keys import PublicKey, SigningKey
    from suite.judge.attest.sign import Stamp

STATUS: Final[dict[AuditVerdict, int]] = {"same": 0, "different": 1, "undecided": 4}
_MOST_DIVERGENCES: Final = 100
_DECIDING: Final = (".safetensors", ".bin", ".json", ".jinja", ".model")
"""Files of these kinds decide what a model answers; licences and notes beside them may be absent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditOptions:
    """What the command line asks for.

    Attributes:
        run: the run directory.
        model: directory of the reference's weights; ``mini`` for the shipped one.
        data: the task set's file; None for the mini set.
        python: interpreter with torch and transformers; None makes an environment.
        dtype: precision of the reference.
        device: as torch names it.
        tokens: at most so many.
        seed: of the choice; None draws one.
        url: of a vLLM server of the reviewer's with these weights; None computes with transformers.
    """

    run: Path
    model: str
    data: Path | None = None
    python: Path | None = None
    dtype: str = "float32"
    device: str = "cpu"
    tokens: int = MOST_TOKENS
    seed: int | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class CompletedAudit:
    """An audit that was made.

    Attributes:
        predicate: what is stated.
        tokens: the figures of every token, JSON.
        bundle: the signed card that it is about.
    """

    predicate: Audit
    tokens: bytes
    bundle: bytes


def make(
    options: AuditOptions, trusted: Trusted, key: PublicKey, terminal: Terminal
) -> CompletedAudit:
    """Verify the run, choose answers, have the reference read them, and judge.

    Args:
        options: what is to be audited, and how.
        trusted: whose signature of the card counts.
        key: of who audits.
        terminal: shows what goes on.

    Raises:
        SuiteError: what the verification, the choice or the reference's environment refuses;
            ``audit-model-differs``.
    """
    verification = judging.verified(options.run, trusted)
    run = verification.evidence
    if run is None:
        hint = Sentence(
            "give the run directory: a card alone holds no answers",
            "请给出运行目录：仅有评分卡则没有回答",
        )
        raise EvidenceError(
            "run-missing",
            Sentence(f"{options.run} holds no evidence", f"{options.run} 不含证据"),
            hint=hint,
        )
    model = MINI_MODEL if options.model == "mini" else Path(options.model)
    _require_model(run.plan, model)
    seed = secrets.randbits(32) if options.seed is None else options.seed
    read = _read(run, model, replace(options, seed=seed), terminal)
    raw = jsonio.canonical(
        [
            {"request": place(answer.request), "tokens": [list(token) for token in tokens]}
            for answer, tokens in zip(read.chosen, read.kept, strict=True)
        ]
    )
    reference = AuditReference(
        engine="transformers" if options.url is None else "vllm",
        versions=read.versions,
        dtype=options.dtype,
        run_dtype=_run_dtype(run.plan, options),
        model_sha256=run.plan.model.sha256,
    )
    sample = AuditSample(
        seed=seed,
        answers=len(read.chosen),
        tokens=sum(map(len, read.kept)) or 1,
        source=read.source,
    )
    return CompletedAudit(
        _predicate(read, reference, sample, raw=raw, key=key), raw, verification.bundle
    )


@dataclass(frozen=True, slots=True)
class _Read:
    """What the reference made of the answers.

    Attributes:
        chosen: the answers.
        kept: their tokens that count, answer by answer.
        versions: of the reference's libraries.
    """

    chosen: Sequence[Answer]
    kept: Sequence[Sequence[Token]]
    versions: dict[str, str]

    @property
    def source(self) -> Literal["ids", "text"]:
        """Whether the tokens are the engine's own or were made from the text again."""
        return "ids" if all(answer.source == "ids" for answer in self.chosen) else "text"

    def unlikely(self) -> float:
        """Mean margin, in nats; infinite where nothing counts."""
        margins = [token.margin for tokens in self.kept for token in tokens]
        return sum(margins) / len(margins) if margins else math.inf


def _run_dtype(plan: Plan, options: AuditOptions) -> str:
    """The run's precision, or the reference's where the reference has not the run's."""
    executed = plan.engine.dtype.executed
    return executed if executed in reading.DTYPES and options.url is None else options.dtype


def _read(run: Evidence, model: Path, options: AuditOptions, terminal: Terminal) -> _Read:
    """Choose answers and have the reference read them, in each form that the model may have written."""
    assert options.seed is not None
    tokenizer, ends = Tokenizer.from_directory(model), end_tokens(model)
    documents = documents_of(run, options.data)
    terminal.step(Sentence("having the reference read the answers", "由参考引擎读取回答"))
    python = None
    if options.url is None:
        python = reading.environment(options.python, terminal.step, Settings())
    readings: list[_Read] = []
    with tempfile.TemporaryDirectory(prefix="suite-audit-") as scratch:
        for lead in LEADS:
            chosen = choose(
                run,
                tokenizer,
                documents,
                ends=ends,
                seed=options.seed,
                tokens=options.tokens,
                lead=lead,
            )
            assignment = reading.Assignment(
                model=model,
                answers=[answer.to_json() for answer in chosen],
                ends=ends,
                dtype=options.dtype,
                run_dtype=_run_dtype(run.plan, options),
                device=options.device,
            )
            if python is None:
                answers = auditserver.read(assignment, options.url or "", on_progress=terminal.step)
            else:
                answers = reading.read(assignment, python, Path(scratch), on_progress=terminal.step)
            readings.append(
                _Read(chosen, _counted_tokens(chosen, answers, tokenizer), answers.versions)
            )
            if readings[-1].source == "ids":
                break
    # Which form the model wrote is the one that the reference finds likelier.
    return min(readings, key=_Read.unlikely)


def documents_of(run: Evidence, data: Path | None) -> dict[str, str]:
    """The documents of a run's tasks by id, those of its challenge made again; only the very texts that it was asked.

    Args:
        run: verified.
        data: the task set's file; None for the mini set.

    Raises:
        DataError: what reading the file refuses; ``challenge-unfit``.
    """
    under = None if run.basis is None else given(run.basis.challenge)
    if run.basis is None or under is None:
        tasks = mini_tasks() if data is None else read_tasks(data).tasks
    else:
        size = run.basis.taskset.size
        taskset = mini_set(size) if data is None else task_set_of(read_tasks(data), size)
        tasks = challenged(taskset, under.stated.salts.tasks).tasks
    return {
        task.id: task.document
        for task in tasks
        if (line := run.tasks.get(task.id)) is not None
        and line.document_sha256 == jsonio.sha256_hex(task.document.encode())
    }


def _counted_tokens(
    chosen: Sequence[Answer], read: reading.Readings, tokenizer: Tokenizer
) -> list[list[Token]]:
    """The tokens that count, answer by answer."""
    return [
        judged(answer, [Token(*row[:5]) for row in rows], [row.best for row in rows], tokenizer)
        for answer, rows in zip(chosen, read.answers, strict=True)
    ]


def _require_model(plan: Plan, model: Path) -> None:
    """Refuse a directory without the plan's own files."""
    if not model.is_dir():
        raise UsageError(
            "model-unknown", Sentence(f"there is no directory {model}", f"没有目录 {model}")
        )
    problems = []
    for entry in plan.model.files:
        path = model / entry.path
        if path.suffix not in _DECIDING:
            continue
        if not path.is_file():
            problems.append(Problem(Sentence(f"{entry.path}: missing", f"{entry.path}：缺失")))
        elif hash_file(path, entry.path, None, None).sha256 != entry.sha256:
            problems.append(
                Problem(
                    Sentence(
                        f"{entry.path}: another SHA-256 than the plan names",
                        f"{entry.path}：SHA-256 与计划所载不同",
                    )
                )
            )
    if problems:
        message = Sentence(f"{model} is not the model of this run", f"{model} 不是此运行的模型")
        raise UsageError("audit-model-differs", message, problems=problems)


def _predicate(
    read: _Read, reference: AuditReference, sample: AuditSample, *, raw: bytes, key: PublicKey
) -> Audit:
    tokens = [token for answer in read.kept for token in answer]
    if not tokens:
        raise EvidenceError(
            "audit-impossible",
            Sentence(
                "no token of the answers can be held against it", "回答中没有可据以比对的 token"
            ),
        )
    result = figures(tokens)
    pairs = list(zip(read.chosen, read.kept, strict=True))
    return Audit(
        verifier=verifier(key),
        timeCreated=format_time(dt.datetime.now(dt.UTC)),
        reference=reference,
        sample=sample,
        calibration=Calibration(
            flips=result.flips,
            largest_change=_rounded(result.largest_change),
            band=_rounded(result.band),
        ),
        mismatches=result.mismatches,
        wide=result.wide,
        largest_margin=_rounded(max(token.margin for token in tokens)),
        mean_margin=_rounded(sum(token.margin for token in tokens) / len(tokens)),
        worst_rank=max(token.rank for token in tokens),
        phases=_phases(pairs, result),
        divergences=_divergences(pairs),
        p_margins=_rounded(result.p_margins),
        p_flips=_rounded(result.p_flips),
        false_alarm=FALSE_ALARM,
        verdict=result.verdict,
        why=result.why(),
        tokens_sha256=jsonio.sha256_hex(raw),
    )


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")


def _phases(
    pairs: Sequence[tuple[Answer, Sequence[Token]]], result: Figures
) -> tuple[AuditPhase, ...]:
    names = dict.fromkeys(answer.request.phase for answer, _ in pairs)
    parts = []
    for name in names:
        own = [tokens for answer, tokens in pairs if answer.request.phase == name]
        wrong = [token.margin for tokens in own for token in tokens if token.rank > 1]
        part = AuditPhase(
            phase=name,
            answers=len(own),
            tokens=sum(map(len, own)),
            mismatches=len(wrong),
            wide=sum(margin > result.band for margin in wrong),
        )
        parts.append(part)
    return tuple(parts)


def _divergences(pairs: Sequence[tuple[Answer, Sequence[Token]]]) -> tuple[Divergence, ...]:
    firsts = []
    for answer, tokens in pairs:
        for position, token in enumerate(tokens):
            if token.rank > 1:
                first = Divergence(
                    request=place(answer.request).removeprefix("events.jsonl: "),
                    task=answer.request.task,
                    position=position,
                    rank=token.rank,
                    margin=_rounded(token.margin),
                )
                firsts.append(first)
                break
    return tuple(sorted(firsts, key=lambda item: -item.margin)[:_MOST_DIVERGENCES])


def write(
    made: CompletedAudit, card: str, target: Path, key: SigningKey, stamp: Stamp | None
) -> None:
    """Sign an audit of a card and write it, with the tokens' figures beside it.

    Raises:
        SuiteError: the payload is refused; ``review-exists``, ``page-unwritable``.
    """
    payload = make_audit(payload_digest(made.bundle, card), made.predicate)
    figures_file = target.with_name(target.name.removesuffix(".sigstore.json") + ".tokens.json")
    for path, data in ((target, sign(payload, key, stamp)), (figures_file, made.tokens)):
        write_new(path, data)
