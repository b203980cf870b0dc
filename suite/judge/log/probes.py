"""The probes of a search, replayed from the events: rates, verdicts, and the answer that they lead to.

The run decided with the very functions that are asked here again, over the same events in the same order; what it
noted of its decisions is compared and never used, but for the rate at which a probe says it was sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from suite.base.bilingual import Sentence, chinese
from suite.declare.analysis import bisection, objective
from suite.declare.analysis.observed import observed
from suite.declare.scenarios.phase import search_of
from suite.documents.card_phase import Probe
from suite.documents.value import Measured, NotMeasured, Value
from suite.judge.intervals import LATE, PERCENTILE_FLOORS
from suite.judge.log import tpot
from suite.judge.log.phases import rate_of
from suite.judge.log.rulings import (
    NS,
    STOPPED,
    ending_problems,
    rate_problems,
    ruling_of,
    verdict_problems,
)
from suite.judge.log.samples import NO_COUNT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from suite.declare.analysis.objective import Verdict
    from suite.declare.analysis.observed import Observed
    from suite.documents.workload import Objectives
    from suite.judge.log.phases import PhaseLog, ProbeLog
    from suite.judge.log.samples import Answer


@dataclass(frozen=True, slots=True)
class Replay:
    """A search as the events show it.

    Attributes:
        probes: every probe of the log, with the verdict that follows from its events.
        answer: what follows from the verdicts.
        problem: where the log is not what the search's rules lead to; "" where it is.
        untold: why an objective for TPOT could not be checked; "" where it could, or there is none.
        interrupted: the problem is only that the search was stopped from outside.
    """

    probes: tuple[Probe, ...]
    answer: bisection.Answer
    problem: str
    untold: str = ""
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class Counts:
    """The answers of one repeat, with the tokens that the phase's one source counted.

    Attributes:
        source: its name.
        answers: by index.
    """

    source: str
    answers: Mapping[int, Answer]

    def recounted(self, seen: Sequence[Observed]) -> list[Observed]:
        """The same requests with the source's counts."""
        return [
            _recounted(request, self.answers[request.number])
            if request.number in self.answers
            else request
            for request in seen
        ]

    def obstacle(self, seen: Sequence[Observed]) -> str:
        """Why the TPOT of these requests cannot be told; "" where it can, or all have one token."""
        mine = [self.answers[request.number] for request in seen if request.number in self.answers]
        if any(answer.generated is None for answer in mine):
            return NO_COUNT
        return tpot.untold(mine)


def _recounted(request: Observed, answer: Answer) -> Observed:
    arrived = answer.arrived
    return request._replace(
        tokens=answer.generated, after=None if arrived is None else arrived.after
    )


@dataclass(frozen=True, slots=True)
class _Judged:
    """A probe with what its events say.

    Attributes:
        probe: for the card.
        met: None where it is undecided.
        problems: what the rules did not lead to.
        untold: why its verdict rests on a TPOT that cannot be told; "" where it does not.
    """

    probe: Probe
    met: bool | None
    problems: tuple[str, ...]
    untold: str


def replay(log: PhaseLog, objectives: Objectives, counts: Counts | None = None) -> Replay:
    """Judge every probe again and follow the rates from verdict to verdict.

    Args:
        log: of a search.
        objectives: the workload's.
        counts: of the phase's token source; None takes each answer's own, as the run did.
    """
    doc = search_of(log.doc)
    history: list[tuple[float, bool]] = []
    judged: list[_Judged] = []
    problems: list[str] = []
    for place, probe in enumerate(log.probes):
        rate = bisection.next_rate(doc, history) if len(history) == place else None
        stated = rate_of(log, probe)
        problems += rate_problems(place, probe, stated, rate)
        if stated is None:
            problems.append(
                Sentence(
                    f"probe {place} was sent at no rate of the search",
                    f"探测 {place} 的发送速率不属于该搜索",
                )
            )
            break
        ruling = _judge(log, probe, objectives, stated, counts)
        problems += ruling.problems
        judged.append(ruling)
        if ruling.met is not None:
            history.append((stated, ruling.met))
    answer = bisection.answer(doc, history)
    strays = {event.index // doc.requests for event in log.events}
    strays -= {probe.number for probe in log.probes}
    if strays:
        problems.append(
            Sentence(
                f"the log holds requests of probe {min(strays)} and does not open it",
                f"日志含有探测 {min(strays)} 的请求，却没有该探测的开始",
            )
        )
    # Whatever else is wrong is said first.
    interrupted = not problems and answer.ended == "unfinished" and _stopped(log)
    if answer.ended == "unfinished":
        problems.append(_unfinished(log, history))
    problems += _answer_problems(log, answer)
    untold = next((ruling.untold for ruling in judged if ruling.untold), "")
    probes = tuple(ruling.probe for ruling in judged)
    return Replay(probes, answer, problems[0] if problems else "", untold, interrupted)


def _stopped(log: PhaseLog) -> bool:
    """Whether the run says that it was stopped from outside."""
    return log.noted.text("ended_by") == STOPPED


def _unfinished(log: PhaseLog, history: Sequence[tuple[float, bool]]) -> str:
    """How far a search came that its rules would have go on."""
    if not _stopped(log):
        return Sentence(
            f"the search is unfinished after {len(history)} probes",
            f"搜索在 {len(history)} 次探测之后未完成",
        )
    met = max((rate for rate, held in history if held), default=None)
    so_far = (
        Sentence("none met", "没有达标者")
        if met is None
        else Sentence(
            f"the highest rate that met is {met:g} requests/s so far",
            f"目前达标的最高速率为 {met:g} 请求/秒",
        )
    )
    return Sentence(
        f"interrupted after {len(history)} decided probes: {so_far}",
        f"在 {len(history)} 次已判定的探测之后中断：{chinese(so_far)}",
    )


def _judge(
    log: PhaseLog,
    probe: ProbeLog,
    objectives: Objectives,
    rate: float,
    counts: Counts | None,
) -> _Judged:
    """Judge one probe by its events."""
    doc = search_of(log.doc)
    requests = [observed(event) for event in probe.events]
    by = probe.closed.text("ended_by") or STOPPED
    verdict = objective.verdict(requests, doc, objectives, rate=rate, ended_by=by)
    ruling = ruling_of(doc, probe, objectives, rate, requests)
    problems = ending_problems(doc, probe, rate, requests, ruling)
    if ruling.overlooked and verdict.met is not False:
        verdict = verdict._replace(met=False, why=ruling.overlooked)
    problems += verdict_problems(probe, verdict)
    counted, obstacle = (
        requests,
        objective.tpot_untold([request for request in requests if request.ok]),
    )
    if counts is not None:
        counted, obstacle = counts.recounted(requests), counts.obstacle(requests)
    again = objective.verdict(counted, doc, objectives, rate=rate, ended_by=by)
    needs_tpot = objectives.tpot_ms is not None
    untold = ""
    if needs_tpot and (verdict.met or verdict.untold):
        untold = obstacle or verdict.untold
    if counts is not None and not untold and not ruling.overlooked and again.met is not verdict.met:
        problems.append(
            Sentence(
                f"probe {probe.number}: its verdict is another by {counts.source} alone",
                f"探测 {probe.number}：仅按 {counts.source} 计数则结论不同",
            )
        )
    card = _probe(
        log,
        probe,
        counted,
        verdict._replace(tpot_ms=again.tpot_ms),
        objectives,
        rate=rate,
        obstacle=obstacle,
    )
    text = (
        Sentence(
            f"probe {probe.number}: TPOT cannot be told: {untold}",
            f"探测 {probe.number}：无法得知 TPOT：{chinese(untold)}",
        )
        if untold
        else ""
    )
    return _Judged(card, verdict.met, tuple(problems), text)


def _answer_problems(log: PhaseLog, answer: bisection.Answer) -> list[str]:
    """Whether the answer that the run noted is the one that follows."""
    noted = log.noted.number("rate")
    if "rate" in log.noted.detail and noted != answer.rate:
        return [
            Sentence(
                f"the run noted {noted} requests/s, its probes lead to {answer.rate}",
                f"运行记录为 {noted} 请求/秒，其探测得出 {answer.rate}",
            )
        ]
    return []


def _probe(
    log: PhaseLog,
    probe: ProbeLog,
    seen: Sequence[Observed],
    verdict: Verdict,
    objectives: Objectives,
    *,
    rate: float,
    obstacle: str,
) -> Probe:
    search = search_of(log.doc)
    unseen = obstacle and Sentence(
        f"TPOT cannot be told: {obstacle}", f"无法得知 TPOT：{chinese(obstacle)}"
    )
    completed = sum(request.ok for request in seen)
    cancelled = sum(request.cancelled for request in seen)
    failed = len(seen) - completed - cancelled
    percent = search.percentile
    tpot_wanted = objectives.tpot_ms is not None
    why = ""
    if failed > log.doc.failure_bound * len(seen):
        bound = Sentence(
            f"more than {log.doc.failure_bound:.2%}", f"超过 {log.doc.failure_bound:.2%}"
        )
        why = Sentence(
            f"{failed} of {len(seen)} requests failed, {bound}",
            f"{len(seen)} 个请求中有 {failed} 个失败，{chinese(bound)}",
        )
    return Probe(
        number=probe.number,
        rate=rate,
        planned=bisection.planned(search, rate),
        sent=len(seen),
        completed=completed,
        failed=failed,
        cancelled=cancelled,
        met=verdict.met,
        why=verdict.why,
        ended_by=probe.closed.text("ended_by"),
        ttft=_percentile(verdict.ttft_ms, percent, (completed, failed), why, cut=cancelled > 0),
        tpot=_percentile(
            verdict.tpot_ms, percent, (completed, failed), why or unseen, cut=cancelled > 0
        ),
        e2e=_percentile(verdict.e2e_ms, percent, (completed, failed), why, cut=cancelled > 0),
        goodput=_goodput(seen, objectives, why or (unseen if tpot_wanted else "")),
    )


def _percentile(
    value: float | None, percent: float, counts: tuple[int, int], why: str, *, cut: bool
) -> Value:
    """A probe's percentile: also of few answers, because the verdict counts misses and not this number.

    Args:
        value: milliseconds; None where no answer has one or it falls among failures.
        percent: which percentile.
        counts: answers and failed requests.
        why: why it is not told; "" where it is.
        cut: the probe was stopped.
    """
    completed, failed = counts
    count = completed + failed
    if why:
        return NotMeasured(why)
    if value is None:
        among = Sentence(
            f"it falls among the {failed} of {count} requests that failed: {LATE}",
            f"该百分位落在 {count} 个请求中失败的 {failed} 个之内：{chinese(LATE)}",
        )
        return NotMeasured(
            among if failed and completed else Sentence("no answer has one", "没有回答含此项")
        )
    floor = PERCENTILE_FLOORS.get(percent, 1)
    few = (
        Sentence(
            f"n = {count} < {floor}, close to the largest", f"n = {count} < {floor}，接近最大值"
        )
        if count < floor
        else Sentence("one probe", "单次探测")
    )
    if cut:
        few = Sentence("of the answers until it was stopped", "，仅计停止之前的回答")
    return Measured(
        value, "ms", count, None, None, Sentence(f"{few}; no interval", f"{chinese(few)}；无区间")
    )


def _goodput(seen: Sequence[Observed], objectives: Objectives, why: str) -> Value:
    if why:
        return NotMeasured(why)
    last = max(
        (request.last for request in seen if request.ok and request.last is not None), default=0
    )
    first = min((request.sent for request in seen), default=0)
    if last <= first:
        return NotMeasured(Sentence("no request was answered", "没有请求得到回答"))
    good = sum(objective.meets(request, objectives) for request in seen)
    value = good / ((last - first) * NS)
    return Measured(
        value,
        "requests/s",
        len(seen),
        None,
        None,
        Sentence("one probe, no interval", "单次探测，无区间"),
    )
