"""The answer of the search for the highest rate within the objectives, as the card states it.

The run took the best count of tokens that each answer had. The card's numbers take one source for the whole phase, and
there is no answer where that would have changed a verdict, or where TPOT has an objective and cannot be told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.base.bilingual import Sentence
from suite.declare.profiles import controls
from suite.declare.scenarios.phase import is_search, search_of
from suite.documents.card_phase import SearchResult
from suite.documents.value import Measured, NotMeasured, Value
from suite.judge.log import due, probes
from suite.judge.log.samples import NO_OBJECTIVES, sets_none

if TYPE_CHECKING:
    from suite.documents.workload import Objectives
    from suite.judge.log.samples import Answer, PhaseSamples, Repeat

BRACKET = Sentence(
    "bracket: the highest rate that met and the lowest that missed",
    "区间：达标的最高速率与未达标的最低速率",
)
OPEN_BRACKET = Sentence(
    "the highest rate that met; none above it missed", "达标的最高速率；更高者均未出现不达标"
)


def results(phase: PhaseSamples, objectives: Objectives) -> tuple[SearchResult, ...]:
    """The search of every repeat; empty for a phase that is none."""
    if not is_search(phase.doc) or phase.doc.not_run is not UNSET:
        return ()
    return tuple(
        _result(repeat, phase.arrival_source, objectives)
        for repeat in phase.repeats
        if repeat.events
    )


def _result(repeat: Repeat, source: str, objectives: Objectives) -> SearchResult:
    log = repeat.log
    answers = {answer.event.index: answer for answer in repeat.answers}
    replayed = probes.replay(log, objectives, probes.Counts(source, answers))
    return SearchResult(
        repeat=repeat.number,
        percentile=float(search_of(log.doc).percentile),
        rate=_answer(replayed, objectives),
        ended=replayed.answer.ended,
        probes=replayed.probes,
    )


def _answer(again: probes.Replay, objectives: Objectives) -> Value:
    answer = again.answer
    if sets_none(objectives):
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


def texts(phase: PhaseSamples) -> list[Answer]:
    """The answers whose texts count: of a search, those of probes that were sent to their end.

    A probe that was stopped lacks the answers that took longest, which are the long ones. A control's document that has
    new words is no task of the set.
    """
    if phase.invalid:
        return []
    if is_search(phase.doc):
        return whole_answers(phase)
    answers = []
    for repeat in phase.repeats:
        salted = controls.salted_places(repeat.log.doc)
        answers += [answer for answer in repeat.answers if answer.event.index not in salted]
    return answers


def whole_answers(phase: PhaseSamples) -> list[Answer]:
    """Answers of the probes that were sent to their end and of which nothing was cancelled."""
    requests = search_of(phase.doc).requests
    answers = []
    for repeat in phase.repeats:
        cut = {
            probe.number
            for probe in repeat.log.probes
            if probe.closed.text("ended_by") in ("", *due.EARLY)
            or any(event.outcome == "cancelled" for event in probe.events)
        }
        answers += [
            answer for answer in repeat.answers if answer.event.index // requests not in cut
        ]
    return answers
