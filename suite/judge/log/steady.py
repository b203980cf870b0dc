"""The steady stretch of a phase: where it lies, what was generated in it, and what drifted.

Drift is asked over the steady stretch, but of a soak over all of it without its fill-up: see
`suite.declare.analysis.steady.whole`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from suite.base.bilingual import Sentence, placed
from suite.base.statistics import median
from suite.declare.analysis import drift, steady
from suite.declare.analysis.observed import observed
from suite.declare.scenarios.phase import kind
from suite.documents.card_phase import SteadyState, Track
from suite.documents.document import given
from suite.documents.value import stored
from suite.judge.log.chunks import LONGEST_NS
from suite.judge.log.samples import NO_COUNT, NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.declare.analysis.drift import Drift
    from suite.declare.analysis.observed import Observed
    from suite.declare.analysis.steady import Window
    from suite.judge.log.samples import Answer, PhaseSamples, Repeat

DRIFTS = ("drift_ttft", "drift_tpot", "drift_output_throughput")
TRACK_BUCKETS = 60
FEWEST_PER_BUCKET = 4


@dataclass(frozen=True, slots=True)
class SteadyLoad:
    """Where the load of one repeat was steady, found in its events, and the drift of each value by metric.

    Attributes:
        window: where the load was steady.
        over: where drift was asked for.
        drifts: by metric; what could not be told says why.
    """

    repeat: Repeat
    window: Window
    over: Window
    drifts: dict[str, Drift]

    @property
    def answers(self) -> list[Answer]:
        """Answers whose requests were sent in it."""
        return sent_in(self.repeat, self.window)

    @property
    def seconds(self) -> float:
        """Its length."""
        return (self.window.end_ns - self.window.start_ns) / NS_PER_S

    @property
    def start_s(self) -> float:
        """Its start, seconds after the repeat's first request."""
        return max(0.0, (self.window.start_ns - self.repeat.first_sent) / NS_PER_S)

    @property
    def end_s(self) -> float:
        """Its end, the same."""
        return max(0.0, (self.window.end_ns - self.repeat.first_sent) / NS_PER_S)

    @property
    def share(self) -> float:
        """Its length as a share of the repeat's window, 0 to 1."""
        whole = self.repeat.window_s
        return min(1.0, self.seconds / whole) if whole > 0 else 0.0


def sent_in(repeat: Repeat, window: Window) -> list[Answer]:
    """Answers whose requests were sent in a window."""
    low, high = window.start_ns, window.end_ns
    return [answer for answer in repeat.answers if low <= answer.sent <= high]


def steady_states(phase: PhaseSamples) -> tuple[SteadyLoad, ...]:
    """The steady stretch of each repeat of a phase without obstacle."""
    return tuple(_steady_state(phase, repeat) for repeat in phase.repeats)


def _steady_state(phase: PhaseSamples, repeat: Repeat) -> SteadyLoad:
    window = _window(phase, repeat)
    if window.found and window.end_ns <= window.start_ns:
        window = steady.Window(
            False, 0, 0, Sentence("the steady stretch has no length", "稳态时段长度为零")
        )
    over = window
    if kind(phase.doc).watches_drift:
        over = steady.whole(repeat.first_sent, max(event.t_send for event in repeat.events))
    return SteadyLoad(repeat, window, over, _drifts(phase, repeat, over))


def _window(phase: PhaseSamples, repeat: Repeat) -> Window:
    requests = [observed(event, counting=False) for event in repeat.events]
    concurrency = phase.doc.concurrency
    if phase.open_loop or concurrency is None:
        return steady.open_loop(requests)
    session = given(phase.doc.session)
    if session is not None:
        # While its user thinks a session is under way with nothing in flight.
        requests = _sessions(requests, session.turns)
    return steady.closed_loop(requests, concurrency)


def _sessions(requests: Sequence[Observed], turns: int) -> list[Observed]:
    """Each session as one request from its first send to its last end."""
    by_session: dict[int, Observed] = {}
    for request in requests:
        # A named tuple's own `index` hides its type from the checker.
        session = int(request[0]) // turns
        previous = by_session.get(session, request)
        sent, end = min(previous.sent, request.sent), max(previous.end, request.end)
        by_session[session] = previous._replace(sent=sent, end=end)
    return list(by_session.values())


def _drifts(phase: PhaseSamples, repeat: Repeat, over: Window) -> dict[str, Drift]:
    if not over.found:
        return dict.fromkeys(DRIFTS, drift.nothing(over.why))
    answers = sent_in(repeat, over)
    counted = [
        (answer.sent, answer.tpot)
        for answer in answers
        if answer.tpot is not None and answer.tpot > 0
    ]
    return {
        "drift_ttft": drift.drift(
            [answer.sent for answer in answers], [answer.ttft for answer in answers]
        ),
        "drift_tpot": drift.drift([sent for sent, _ in counted], [tpot for _, tpot in counted])
        if phase.counts_tokens
        else drift.nothing(NO_COUNT),
        "drift_output_throughput": _rate_drift(repeat, over, len(answers))
        if phase.counts_tokens
        else drift.nothing(NO_COUNT),
    }


def _rate_drift(repeat: Repeat, over: Window, answers: int) -> Drift:
    slices = min(drift.fine(answers), answers // drift.PER_BUCKET)
    if slices < drift.FEWEST_BUCKETS:
        return drift.nothing(Sentence(f"{answers} answers are too few", f"{answers} 个回答过少"))
    return drift.rate_drift(token_slices(repeat, over, slices))


def token_slices(repeat: Repeat, window: Window, count: int) -> list[float]:
    """Tokens that arrived in each of `count` equal times of a window."""
    start, span = window.start_ns, min(window.end_ns - window.start_ns, LONGEST_NS)
    times, tokens = repeat.chunks.times, repeat.chunks.tokens
    inside = (times >= start) & (times < start + span)
    places = (times[inside] - start) * count // span
    order = np.argsort(places, kind="stable")
    ends = np.cumsum(np.bincount(places, minlength=count))
    return [math.fsum(part) for part in np.split(tokens[inside][order], ends[:-1])]


def details(states: Sequence[SteadyLoad]) -> tuple[SteadyState, ...]:
    """The steady states as a card shows them."""
    return tuple(
        SteadyState(
            repeat=state.repeat.number,
            found=state.window.found,
            why=state.window.why,
            start_s=state.start_s if state.window.found else 0.0,
            end_s=state.end_s if state.window.found else 0.0,
            share=state.share if state.window.found else 0.0,
            requests=len(state.answers) if state.window.found else 0,
        )
        for state in states
    )


def drifting(states: Sequence[SteadyLoad]) -> dict[int, tuple[str, ...]]:
    """What drifted in each repeat, one sentence each; empty where nothing did or nothing could be told."""
    return {
        state.repeat.number: tuple(
            placed(name, drifted.why) for name, drifted in state.drifts.items() if drifted.detected
        )
        for state in states
    }


def track(phase: PhaseSamples) -> Track | None:
    """Medians over time of the first repeat; None for too few answers to show anything."""
    repeat = phase.repeats[0]
    buckets = min(TRACK_BUCKETS, len(repeat.answers) // FEWEST_PER_BUCKET)
    span = repeat.end - repeat.first_sent
    if buckets < 2 or span <= 0:
        return None
    answers_by_bucket: list[list[Answer]] = [[] for _ in range(buckets)]
    for answer in repeat.answers:
        answers_by_bucket[
            max(0, min((answer.sent - repeat.first_sent) * buckets // span, buckets - 1))
        ].append(answer)
    return Track(
        bucket_s=stored(repeat.window_s / buckets),
        ttft_ms=tuple(_middle([each.ttft for each in mine]) for mine in answers_by_bucket),
        tpot_ms=tuple(
            _middle([each.tpot for each in mine if each.tpot is not None])
            for mine in answers_by_bucket
        ),
    )


def _middle(values: Sequence[float]) -> float | None:
    # Times before their cause are impossible; rule R004 refuses them, a plot has no place for them.
    possible = [value for value in values if value >= 0]
    return stored(median(possible)) if possible else None
