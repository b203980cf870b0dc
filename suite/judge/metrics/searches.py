"""The search for the highest rate within the objectives, replayed from the events: rates, verdicts, answer.

The run decided with the very functions that are asked here again, over the same events in the same order; what it
noted of its decisions is compared and never used, but for the rate at which a probe says it was sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from suite.base.values import Measured, NotMeasured, Value
from suite.declare.arrivals import probe_schedule
from suite.declare.stopping import objective, search
from suite.declare.stopping.observed import observed
from suite.judge.metrics import extent, statistics
from suite.judge.metrics.outcomes import Probe, SearchResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.declare.plandoc import ObjectivesDoc, SearchDoc
    from suite.declare.stopping.objective import Verdict
    from suite.declare.stopping.observed import Observed
    from suite.judge.metrics.phaselog import PhaseLog, ProbeLog
    from suite.judge.metrics.samples import Answer, PhaseSamples

NO_SEARCH = "not a search"
NO_OBJECTIVES = "the profile sets no objectives"
BRACKET = "bracket: the highest rate that met and the lowest that missed"
OPEN_BRACKET = "the highest rate that met; none above it missed"
NS = 1e-9
SLOWEST = 1e-6
"""Requests per second below which a schedule has no meaning, and no number."""


@dataclass(frozen=True, slots=True)
class Replay:
    """A search as the events show it.

    Attributes:
        probes: every probe of the log, with the verdict that follows from its events.
        answer: what follows from the verdicts.
        problem: where the log is not what the search's rules lead to; "" where it is.
    """

    probes: tuple[Probe, ...]
    answer: search.Answer
    problem: str


def rate_of(log: PhaseLog, probe: ProbeLog) -> float | None:
    """The rate at which a probe says it was sent; None where that is no rate of its search."""
    doc, rate = log.doc["search"], probe.opened.number("rate")
    if rate is None or not max(doc["min_rate"], SLOWEST) <= rate <= doc["max_rate"]:
        return None
    return rate


def replay(log: PhaseLog, objectives: ObjectivesDoc) -> Replay:
    """Judge every probe again and follow the rates from verdict to verdict."""
    doc = log.doc["search"]
    history: list[tuple[float, bool]] = []
    probes: list[Probe] = []
    problems: list[str] = []
    for place, probe in enumerate(log.probes):
        asked = search.next_rate(doc, history) if len(history) == place else None
        stated = rate_of(log, probe)
        problems += _rate_problems(place, probe, stated, asked)
        if stated is None:
            problems.append(f"probe {place} was sent at no rate of the search")
            break
        seen = [observed(event) for event in probe.events]
        verdict = objective.verdict(
            seen, doc, objectives, ended_by=probe.closed.text("ended_by") or "stopped"
        )
        problems += _ending_problems(doc, probe, objectives, stated, seen)
        problems += _verdict_problems(probe, verdict)
        probes.append(_probe(log, probe, seen, verdict, objectives))
        if verdict.met is not None:
            history.append((stated, verdict.met))
    answer = search.answer(doc, history)
    strays = {event["index"] // doc["requests"] for event in log.events}
    strays -= {probe.number for probe in log.probes}
    if strays:
        problems.append(f"the log holds requests of probe {min(strays)} and does not open it")
    if answer.ended == "unfinished":
        problems.append(f"the search is unfinished after {len(history)} probes")
    problems += _answer_problems(log, answer)
    return Replay(tuple(probes), answer, problems[0] if problems else "")


def _rate_problems(
    place: int, probe: ProbeLog, stated: float | None, asked: float | None
) -> list[str]:
    if probe.number != place:
        return [f"probe {place} is not in the log"]
    if asked is None:
        return [f"probe {place} was sent though the search was over, or undecided, before it"]
    if stated != asked:
        said = "an unknown rate" if stated is None else f"{stated:g} requests/s"
        return [f"probe {place} was sent at {said}; the verdicts before it ask for {asked:g}"]
    return []


def _ending_problems(
    doc: SearchDoc,
    probe: ProbeLog,
    objectives: ObjectivesDoc,
    rate: float,
    seen: Sequence[Observed],
) -> list[str]:
    """Whether a probe ended as its rule says."""
    by, name = probe.closed.text("ended_by"), f"probe {probe.number}"
    sent = probe.closed.count("sent")
    if not by:
        return [f"{name}: the log does not say how it ended"]
    if sent is not None and sent != len(seen):
        return [f"{name}: {sent} requests were sent, the log holds {len(seen)}"]
    if by == "all-sent":
        cancelled = sum(one.cancelled for one in seen)
        if len(seen) < doc["requests"] or cancelled:
            count = f"{len(seen)} of {doc['requests']} requests are in the log"
            return [f"{name}: {count}, {cancelled} of them cancelled"]
        return []
    return _early_problems(doc, probe, objectives, rate, seen)


def _early_problems(
    doc: SearchDoc,
    probe: ProbeLog,
    objectives: ObjectivesDoc,
    rate: float,
    seen: Sequence[Observed],
) -> list[str]:
    """Whether the events show the reason why a probe was stopped early."""
    by, name = probe.closed.text("ended_by"), f"probe {probe.number}"
    rule = objective.ProbeRule(
        doc,
        objectives,
        arrivals_ns=probe_schedule(doc, probe.number, rate),
        first_index=probe.number * doc["requests"],
    )
    for one in seen:
        if rule.add(one):
            break
    if rule.ended_by != by:
        why = f"its events show {rule.ended_by or 'no reason to end'}"
        return [f"{name}: ended as {by}, {why}"]
    noted = probe.closed.count("seen")
    if noted is not None and noted != rule.seen:
        return [
            f"{name}: ended as {by} after {noted} answers, its events show it after {rule.seen}"
        ]
    return []


def _verdict_problems(probe: ProbeLog, verdict: Verdict) -> list[str]:
    noted = probe.closed.yes("met")
    words = {True: "met", False: "missed", None: "undecided"}
    if noted is not verdict.met:
        said = f"noted as {words[noted]}, its events say {words[verdict.met]}"
        return [f"probe {probe.number}: {said}: {verdict.why}"]
    return []


def _answer_problems(log: PhaseLog, answer: search.Answer) -> list[str]:
    """Whether the answer that the run noted is the one that follows."""
    noted = log.noted.number("rate")
    if "rate" in log.noted.detail and noted != answer.rate:
        return [f"the run noted {noted} requests/s, its probes lead to {answer.rate}"]
    return []


def _probe(
    log: PhaseLog,
    probe: ProbeLog,
    seen: Sequence[Observed],
    verdict: Verdict,
    objectives: ObjectivesDoc,
) -> Probe:
    doc = log.doc
    completed = sum(one.ok for one in seen)
    cancelled = sum(one.cancelled for one in seen)
    failed = len(seen) - completed - cancelled
    percent = doc["search"]["percentile"]
    why = ""
    if failed > doc["failure_bound"] * len(seen):
        bound = f"more than {doc['failure_bound']:.2%}"
        why = f"{failed} of {len(seen)} requests failed, {bound}"
    return Probe(
        number=probe.number,
        rate=rate_of(log, probe) or 0.0,
        planned=doc["search"]["requests"],
        sent=len(seen),
        completed=completed,
        failed=failed,
        cancelled=cancelled,
        met=bool(verdict.met),
        why=verdict.why,
        ended_by=probe.closed.text("ended_by"),
        ttft=_percentile(verdict.ttft_ms, percent, completed, why, cut=cancelled > 0),
        tpot=_percentile(verdict.tpot_ms, percent, completed, why, cut=cancelled > 0),
        e2e=_percentile(verdict.e2e_ms, percent, completed, why, cut=cancelled > 0),
        goodput=_goodput(seen, objectives, why),
    )


def _percentile(value: float | None, percent: float, count: int, why: str, *, cut: bool) -> Value:
    """A probe's percentile: also of few answers, because the verdict counts misses and not this number."""
    if why:
        return NotMeasured(why)
    if value is None:
        return NotMeasured("no answer has one")
    floor = statistics.PERCENTILE_FLOORS.get(percent, 1)
    few = f"n = {count} < {floor}, close to the largest" if count < floor else "one probe"
    if cut:
        few = "of the answers until it was stopped"
    return Measured(value, "ms", count, None, None, f"{few}; no interval")


def _goodput(seen: Sequence[Observed], objectives: ObjectivesDoc, why: str) -> Value:
    if why:
        return NotMeasured(why)
    last = max((one.last for one in seen if one.ok and one.last is not None), default=0)
    first = min((one.sent for one in seen), default=0)
    if last <= first:
        return NotMeasured("no request was answered")
    good = sum(objective.meets(one, objectives) for one in seen)
    value = good / ((last - first) * NS)
    return Measured(value, "requests/s", len(seen), None, None, "one probe, no interval")


def results(phase: PhaseSamples, objectives: ObjectivesDoc) -> tuple[SearchResult, ...]:
    """The search of every repeat; empty for a phase that is none."""
    if "search" not in phase.doc or "not_run" in phase.doc:
        return ()
    return tuple(
        _result(repeat.number, repeat.log, objectives) for repeat in phase.repeats if repeat.events
    )


def _result(number: int, log: PhaseLog, objectives: ObjectivesDoc) -> SearchResult:
    again = replay(log, objectives)
    return SearchResult(
        repeat=number,
        percentile=log.doc["search"]["percentile"],
        rate=_answer(again, objectives),
        ended=again.answer.ended,
        probes=again.probes,
    )


def _answer(again: Replay, objectives: ObjectivesDoc) -> Value:
    answer = again.answer
    if all(bound is None for bound in objectives.values()):
        return NotMeasured(NO_OBJECTIVES)
    if again.problem:
        return NotMeasured(again.problem)
    if answer.rate is None:
        return NotMeasured(answer.why)
    count = next((probe.completed for probe in again.probes if probe.rate == answer.rate), 0)
    interval = OPEN_BRACKET if answer.above is None else BRACKET
    return Measured(answer.rate, "requests/s", count, answer.rate, answer.above, interval)


def rate(phase: PhaseSamples, found: Sequence[SearchResult]) -> Value:
    """The answer of the search, or the mean of its repeats' answers."""
    if "search" not in phase.doc:
        return NotMeasured(NO_SEARCH)
    if phase.invalid:
        return NotMeasured(phase.invalid)
    if len(found) == 1:
        return found[0].rate
    rates = []
    for one in found:
        if isinstance(one.rate, NotMeasured):
            return NotMeasured(f"repeat {one.repeat}: {one.rate.why}")
        rates.append(one.rate)
    count = sum(value.n for value in rates)
    return statistics.t_value([value.value for value in rates], "requests/s", count)


def whole_answers(phase: PhaseSamples) -> list[Answer]:
    """Answers of the probes that were sent to their end and of which nothing was cancelled."""
    requests = phase.doc["search"]["requests"]
    found = []
    for repeat in phase.repeats:
        cut = {
            probe.number
            for probe in repeat.log.probes
            if probe.closed.text("ended_by") in ("", *extent.EARLY)
            or any(event["outcome"] == "cancelled" for event in probe.events)
        }
        found += [one for one in repeat.answers if one.event["index"] // requests not in cut]
    return found
