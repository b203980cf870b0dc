"""The answer of the search for the highest rate within the objectives, as the card states it.

The run took the best count of tokens that each answer had. The card's numbers take one source for the whole phase, and
there is no answer where that would have changed a verdict, or where TPOT has an objective and cannot be told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.values import Measured, NotMeasured, Value
from suite.declare.scenarios.phase import is_search
from suite.judge.metrics import extent, probes, statistics
from suite.judge.metrics.outcomes import SearchResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.declare.plandoc import ObjectivesDoc
    from suite.judge.metrics.samples import Answer, PhaseSamples, Repeat

NO_SEARCH = "not a search"
NO_OBJECTIVES = "the profile sets no objectives"
BRACKET = "bracket: the highest rate that met and the lowest that missed"
OPEN_BRACKET = "the highest rate that met; none above it missed"


def results(phase: PhaseSamples, objectives: ObjectivesDoc) -> tuple[SearchResult, ...]:
    """The search of every repeat; empty for a phase that is none."""
    if not is_search(phase.doc) or "not_run" in phase.doc:
        return ()
    return tuple(
        _result(repeat, phase.token_source, objectives) for repeat in phase.repeats if repeat.events
    )


def _result(repeat: Repeat, source: str, objectives: ObjectivesDoc) -> SearchResult:
    log = repeat.log
    answers = {answer.event["index"]: answer for answer in repeat.answers}
    again = probes.replay(log, objectives, probes.Counts(source, answers))
    return SearchResult(
        repeat=repeat.number,
        percentile=log.doc["search"]["percentile"],
        rate=_answer(again, objectives),
        ended=again.answer.ended,
        probes=again.probes,
    )


def _answer(again: probes.Replay, objectives: ObjectivesDoc) -> Value:
    answer = again.answer
    if all(bound is None for bound in objectives.values()):
        return NotMeasured(NO_OBJECTIVES)
    if again.untold:
        return NotMeasured(again.untold)
    if again.problem:
        return NotMeasured(again.problem)
    if answer.rate is None:
        return NotMeasured(answer.why)
    count = next((probe.completed for probe in again.probes if probe.rate == answer.rate), 0)
    interval = OPEN_BRACKET if answer.above is None else BRACKET
    return Measured(answer.rate, "requests/s", count, answer.rate, answer.above, interval)


def rate(phase: PhaseSamples, found: Sequence[SearchResult]) -> Value:
    """The answer of the search, or the mean of its repeats' answers."""
    if not is_search(phase.doc):
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
