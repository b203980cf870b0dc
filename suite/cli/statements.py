"""What is stated about a card: an audit in words, the statements that its page shows, the level that it reaches."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from suite.base import jsonio
from suite.base.bilingual import Sentence, placed
from suite.base.errors import TrustError, UsageError
from suite.base.safe import resolved
from suite.cli.reviewing import AUDITS
from suite.judge.attest import levels
from suite.judge.attest import trust as trusts
from suite.judge.attest.carried import note_statement
from suite.judge.attest.envelope import MAX_BUNDLE_BYTES
from suite.judge.attest.page import MOST_STATEMENTS, NOTHING, Carried
from suite.judge.attest.review import read_statement
from suite.judge.attest.steps import Note, Steps

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from suite.cli.judging import VerifiedCard
    from suite.cli.trustoptions import Trusted
    from suite.documents.audit import Audit
    from suite.judge.attest.review import Made
    from suite.judge.attest.trust import TrustList
    from suite.judge.attest.verification import Verification

AUDIT_ENDING: Final = ".audit.sigstore.json"
WITNESS_ENDING: Final = ".witness.sigstore.json"
REPRODUCTION_ENDING: Final = ".reproduction.sigstore.json"
ENDINGS: Final = (AUDIT_ENDING, WITNESS_ENDING, REPRODUCTION_ENDING)
"""Of what `suite audit`, `suite witness` and `suite reproduce` write beside a run."""
_SHOWN: Final = 5


def rows(audit: Audit) -> list[tuple[str, str]]:
    """The audit for a person: what, and what came of it."""
    listed = _figures(audit)
    listed += [
        (
            Sentence("phase", "阶段"),
            Sentence(
                f"{part.phase}: {part.mismatches} of {part.tokens} tokens differ, {part.wide} widely",
                f"{part.phase}：{part.tokens} 个 token 中 {part.mismatches} 个不同，其中 {part.wide} 个差距大",
            ),
        )
        for part in audit.phases
    ]
    listed += [
        (
            Sentence("diverges", "分歧"),
            Sentence(
                f"{item.request}, token {item.position}: rank {item.rank}, {item.margin:.4g} nats",
                f"{item.request}，第 {item.position} 个 token：名次 {item.rank}，{item.margin:.4g} nat",
            ),
        )
        for item in audit.divergences[:_SHOWN]
    ]
    return listed


def _figures(audit: Audit) -> list[tuple[str, str]]:
    """Verdict, sample, reference, and how sure it is."""
    calibration, sample, reference = audit.calibration, audit.sample, audit.reference
    library = f"{reference.engine} {reference.versions.get(reference.engine, '')}"
    change, honest = f"{calibration.largest_change:.2g}", f"{audit.false_alarm:.1%}"
    margins, flips = f"p < {audit.p_margins:.2g}", f"p < {audit.p_flips:.2g}"
    return [
        (
            Sentence("verdict", "结论"),
            placed(Sentence(audit.verdict, AUDITS[audit.verdict]), audit.why),
        ),
        (
            Sentence("sample", "样本"),
            Sentence(
                f"{sample.answers} answers, {sample.tokens} tokens ({sample.source}), seed {sample.seed}",
                f"{sample.answers} 个回答，{sample.tokens} 个 token（{sample.source}），种子 {sample.seed}",
            ),
        ),
        (
            Sentence("reference", "参考"),
            Sentence(
                f"{library}, {reference.dtype}; the run: {reference.run_dtype}",
                f"{library}，{reference.dtype}；被审计的运行：{reference.run_dtype}",
            ),
        ),
        (
            Sentence("arithmetic", "数值误差"),
            Sentence(
                f"{calibration.flips} flips with itself, gaps change by {change} nats at most",
                f"与自身相比有 {calibration.flips} 处翻转，差距最多变化 {change} nat",
            ),
        ),
        (
            Sentence("chance", "概率"),
            Sentence(
                f"margins {margins}, flips {flips}; at most {honest} of honest runs are called different",
                f"差距 {margins}，翻转 {flips}；诚实的运行至多有 {honest} 被判为不同",
            ),
        ),
    ]


def shown(subject: Path, named: Sequence[Path], held: VerifiedCard, trusted: Trusted) -> Carried:
    """What a card's page carries: the statements that are named, else those beside the card, each verified; and the devices' maker.

    Raises:
        UsageError: ``usage-wrong`` for statements without a trust list.
        TrustError: what a statement is refused for; ``audit-different``.
    """
    if trusted.trust is None:
        if named:
            hint = Sentence(
                "the trust list says whose statements count", "信任列表决定谁的声明算数"
            )
            message = Sentence("--statement needs --trust", "--statement 需要 --trust")
            raise UsageError("usage-wrong", message, hint=hint)
        return NOTHING
    listed, kept = trusts.load(trusted.trust), []
    for path in named or beside(subject):
        data = jsonio.read_bytes(path, error=TrustError, limit=MAX_BUNDLE_BYTES)
        card = held.verified
        stated = read_statement(data, listed, card.statement.sha256, card.card.vendor.id, str(path))
        note_statement(stated, Note())
        kept.append(data)
    return Carried(tuple(kept[:MOST_STATEMENTS]), held.maker)


def beside(subject: Path) -> list[Path]:
    """The audits, witness reports and reproductions that lie beside a card, under its name."""
    card = resolved(subject)
    name = card.name.removesuffix(".sigstore.json").removesuffix(".html")
    paths = (card.with_name(name + ending) for ending in ENDINGS)
    return [path for path in paths if path.is_file()]


def with_statements(result: Verification, paths: Sequence[Path], trust: TrustList) -> Verification:
    """A verification with a step for each statement about the card, and one for the level that the card reaches."""
    if result.verified is None:
        return result
    steps = Steps(list(result.steps), list(result.errors))
    stated: list[Made] = []
    for path in paths:
        with steps.attempt(f"What is stated about it: {path.name}") as note:
            data = jsonio.read_bytes(path, error=TrustError, limit=MAX_BUNDLE_BYTES)
            card = result.verified.card
            statement = read_statement(
                data, trust, result.verified.statement.sha256, card.vendor.id, str(path)
            )
            stated.append(statement)
            note_statement(statement, note)
    with steps.attempt("Its level follows from what is stated") as note:
        level, why = levels.reached(result.verified.card, stated, result.maker)
        note.detail = f"{level}: {why}"
    return replace(result, steps=tuple(steps.done), errors=tuple(steps.errors))
