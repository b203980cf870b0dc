"""Whether a probe of a search ended when its rule says, with the verdict that follows from its events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from suite.base.bilingual import Sentence, chinese
from suite.declare.analysis import bisection, objective
from suite.declare.profiles.arrivals import probe_schedule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.declare.analysis.objective import Verdict
    from suite.declare.analysis.observed import Observed
    from suite.documents.phase import Search
    from suite.documents.workload import Objectives
    from suite.judge.log.phases import ProbeLog

NS = 1e-9
STOPPED = "stopped"
"""How a probe ended that a signal or the engine's death cut: it is undecided."""
GRACE_NS = 1_000_000_000
"""How long a probe may go on sending after it was decided."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a probe's rule says when it is told of the requests again.

    Attributes:
        ended_by: why it would have ended the probe; None where it would not.
        seen: requests until then.
        overlooked: why the probe should have ended, where it was sent to its end in spite of that; else "".
    """

    ended_by: str | None
    seen: int
    overlooked: str


def ruling_of(
    doc: Search,
    probe: ProbeLog,
    objectives: Objectives,
    rate: float,
    seen: Sequence[Observed],
) -> Ruling:
    """What the rule says when it is told of a probe's requests again."""
    rule = objective.ProbeRule(
        doc,
        objectives,
        arrivals_ns=probe_schedule(doc, probe.number, rate),
        first_index=probe.number * doc.requests,
    )
    decided = next((request.end for request in seen if rule.add(request)), None)
    overlooked = ""
    if decided is not None and probe.closed.text("ended_by") == "all-sent":
        late = max(request.sent for request in seen) - decided
        if late > GRACE_NS:
            overlooked = Sentence(
                f"its events show {rule.ended_by} {late * NS:.1f} s before its last request",
                f"其事件在最后一个请求之前 {late * NS:.1f} 秒即显示 {rule.ended_by}",
            )
    return Ruling(rule.ended_by, rule.seen, overlooked)


def rate_problems(
    place: int, probe: ProbeLog, stated: float | None, asked: float | None
) -> list[str]:
    """Whether a probe is the next one, at the rate that the verdicts before it ask for."""
    if probe.number != place:
        return [Sentence(f"probe {place} is not in the log", f"日志中没有探测 {place}")]
    if asked is None:
        return [
            Sentence(
                f"probe {place} was sent though the search was over, or undecided, before it",
                f"在探测 {place} 之前搜索已结束或未判定，却仍然发送",
            )
        ]
    if stated != asked:
        rate = (
            Sentence("an unknown rate", "未知速率")
            if stated is None
            else Sentence(f"{stated:g} requests/s", f"{stated:g} 请求/秒")
        )
        return [
            Sentence(
                f"probe {place} was sent at {rate}; the verdicts before it ask for {asked:g}",
                f"探测 {place} 以{chinese(rate)}发送；此前的结论要求 {asked:g}",
            )
        ]
    return []


def ending_problems(
    doc: Search,
    probe: ProbeLog,
    rate: float,
    seen: Sequence[Observed],
    ruling: Ruling,
) -> list[str]:
    """Whether a probe ended as its rule says."""
    by, name = (
        probe.closed.text("ended_by"),
        Sentence(f"probe {probe.number}", f"探测 {probe.number}"),
    )
    sent = probe.closed.count("sent")
    if not by:
        return [
            Sentence(
                f"{name}: the log does not say how it ended", f"{chinese(name)}：日志未说明如何结束"
            )
        ]
    if sent is not None and sent != len(seen):
        return [
            Sentence(
                f"{name}: {sent} requests were sent, the log holds {len(seen)}",
                f"{chinese(name)}：已发送 {sent} 个请求，日志中有 {len(seen)} 个",
            )
        ]
    planned = bisection.planned(doc, rate)
    if any(request.number >= probe.number * doc.requests + planned for request in seen):
        return [
            Sentence(
                f"{name}: the log holds more than the {planned} requests of {rate:g} requests/s",
                f"{chinese(name)}：日志中的请求多于 {rate:g} 请求/秒对应的 {planned} 个",
            )
        ]
    if by == "all-sent":
        cancelled = sum(request.cancelled for request in seen)
        if len(seen) < planned or cancelled:
            count = Sentence(
                f"{len(seen)} of {planned} requests are in the log",
                f"日志中有 {planned} 个请求中的 {len(seen)} 个",
            )
            return [
                Sentence(
                    f"{name}: {count}, {cancelled} of them cancelled",
                    f"{chinese(name)}：{chinese(count)}，其中 {cancelled} 个被取消",
                )
            ]
        return (
            [
                Sentence(
                    f"{name}: ended as all-sent, {ruling.overlooked}",
                    f"{chinese(name)}：以 all-sent 结束，{chinese(ruling.overlooked)}",
                )
            ]
            if ruling.overlooked
            else []
        )
    return _early_problems(probe, ruling)


def _early_problems(probe: ProbeLog, ruling: Ruling) -> list[str]:
    """Whether the events show the reason why a probe was stopped early."""
    by, name = (
        probe.closed.text("ended_by"),
        Sentence(f"probe {probe.number}", f"探测 {probe.number}"),
    )
    if by == STOPPED and ruling.ended_by is None:
        # It decides nothing, so that nothing may follow it: the search is interrupted, or a later probe too many.
        return []
    if ruling.ended_by != by:
        why = Sentence(
            f"its events show {ruling.ended_by or 'no reason to end'}",
            f"其事件显示 {ruling.ended_by or '没有结束的理由'}",
        )
        return [
            Sentence(
                f"{name}: ended as {by}, {why}", f"{chinese(name)}：以 {by} 结束，{chinese(why)}"
            )
        ]
    noted = probe.closed.count("seen")
    if noted is not None and noted != ruling.seen:
        return [
            Sentence(
                f"{name}: ended as {by} after {noted} answers, its events show it after {ruling.seen}",
                f"{chinese(name)}：在 {noted} 个回答后以 {by} 结束，而其事件显示为 {ruling.seen} 个之后",
            )
        ]
    return []


def verdict_problems(probe: ProbeLog, verdict: Verdict) -> list[str]:
    """Whether what the run noted of a probe is what its events say."""
    noted = probe.closed.yes("met")
    words = {
        True: Sentence("met", "达标"),
        False: Sentence("missed", "未达标"),
        None: Sentence("undecided", "未判定"),
    }
    if noted is not verdict.met:
        words_apart = Sentence(
            f"noted as {words[noted]}, its events say {words[verdict.met]}",
            f"记为{chinese(words[noted])}，其事件则为{chinese(words[verdict.met])}",
        )
        return [
            Sentence(
                f"probe {probe.number}: {words_apart}: {verdict.why}",
                f"探测 {probe.number}：{chinese(words_apart)}：{chinese(verdict.why)}",
            )
        ]
    return []
