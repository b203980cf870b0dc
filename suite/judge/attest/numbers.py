"""The numbers of a signed scorecard against those that follow from the evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from suite import __version__, evidence
from suite.base.bilingual import Sentence, chinese
from suite.base.errors import EvidenceError, Problem, SuiteError, TrustError
from suite.declare.known import release_of
from suite.documents.codec import plain
from suite.judge.attest import earlier
from suite.judge.attest.compare import differences
from suite.judge.metrics.registry import METRIC_SCHEMA
from suite.judge.rules.registry import RULES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from suite.base.jsonio import JSONValue
    from suite.documents.card import Scorecard
    from suite.documents.known import Release
    from suite.judge.attest.stated import Stated

MAX_FINDINGS = 40
"""Differences that are listed one by one; the rest is counted."""

Recompute: TypeAlias = "Callable[[evidence.Evidence], Scorecard]"
"""Evidence in, the scorecard that follows from it out."""


def check_numbers(run: evidence.Evidence, stated: Stated, recompute: Recompute) -> str:
    """Rebuild the scorecard from the evidence and compare it with the signed one, value by value; what was compared.

    Raises:
        TrustError: ``numbers-differ``.
        EvidenceError: ``recompute-failed``.
    """
    signed = stated.statement.predicate
    try:
        again = plain(recompute(run))
    except (TrustError, EvidenceError):
        raise
    except SuiteError as cause:
        message = Sentence(
            f"the scorecard cannot be rebuilt: {cause.message}",
            f"无法重建评分卡：{chinese(cause.message)}",
        )
        raise EvidenceError("recompute-failed", message, cause.place, cause.hint) from cause
    release = release_of(stated.card.suite)
    if release is None:
        wrong = tuple(differences(signed, again))
        detail = Sentence(
            f"{_count(signed):,} values, all as signed", f"{_count(signed):,} 个数值，均与签名一致"
        )
    else:
        beside = earlier.compare(signed, again, release, schema=METRIC_SCHEMA)
        wrong, detail = beside.wrong, _earlier(release, beside, _count(signed))
    problems = [
        Problem(
            Sentence(
                f"{item.pointer}: signed {item.left}, recomputed {item.right}",
                f"{item.pointer}：签名值 {item.left}，重新计算得 {item.right}",
            )
        )
        for item in wrong
    ]
    if problems:
        raise _differing(problems, stated.card.suite.version)
    return Sentence(
        f"scorecard rebuilt from the raw events: {detail}", f"已由原始事件重建评分卡：{detail.zh}"
    )


def _differing(problems: Sequence[Problem], version: str) -> TrustError:
    """The refusal of numbers that a card of that version of the suite states and its evidence does not give."""
    shown = list(problems[:MAX_FINDINGS])
    if more := len(problems) - len(shown):
        shown.append(Problem(Sentence(f"and {more} more", f"另有 {more} 个")))
    other = Sentence(
        f"; it was made by version {version}, this is {__version__}",
        f"；由版本 {version} 生成，当前为 {__version__}",
    )
    hint = Sentence("the evidence counts, not the card", "以证据为准，而非评分卡") + (
        other if version != __version__ else ""
    )
    count = (
        Sentence("one value does", "1 个数值")
        if len(problems) == 1
        else Sentence(f"{len(problems)} values do", f"{len(problems)} 个数值")
    )
    message = Sentence(f"{count} not follow from the evidence", f"{chinese(count)}并非由证据得出")
    return TrustError("numbers-differ", message, None, hint, shown)


def _earlier(release: Release, beside: earlier.Comparison, values: int) -> Sentence:
    """What a reader has to know of a card of an earlier release."""
    since = ", ".join(rule.number for rule in RULES if rule.number not in release.rules)
    english = f"{values:,} values, of release {release.version}, all as signed but for its words"
    chinese = f"{values:,} 个数值，出自发布版 {release.version}，除用词外均与签名一致"
    if beside.older:
        english += (
            f"; {beside.older:,} of them are of an older definition (metric_schema "
            f"{release.metric_schema}, this is {METRIC_SCHEMA}) and were not verified"
        )
        chinese += (
            f"；其中 {beside.older:,} 个属于旧定义（metric_schema {release.metric_schema}，"
            f"当前为 {METRIC_SCHEMA}），未予核验"
        )
    if since:
        english += f"; rules that came since and were not asked: {since}"
        chinese += f"；此后新增、未予评判的规则：{since}"
    return Sentence(english, chinese)


def _count(value: JSONValue) -> int:
    if isinstance(value, dict):
        return sum(_count(item) for item in value.values())
    if isinstance(value, list):
        return sum(_count(item) for item in value)
    return 1
