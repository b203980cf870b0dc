"""The steady stretch of a phase: where it lies, what was generated in it, and what drifted.

Drift is asked over the steady stretch, but of a soak over all of it without its fill-up: see
`suite.declare.stopping.steady.whole`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from suite.base.values import Measured, NotMeasured, Value, stored
from suite.declare.stopping import drift, steady
from suite.declare.stopping.observed import observed
from suite.declare.stopping.quantile import median
from suite.judge.metrics import statistics
from suite.judge.metrics.latency import NO_COUNT
from suite.judge.metrics.outcomes import Steady, Track
from suite.judge.metrics.samples import MS, NS_PER_S
from suite.judge.metrics.throughput import BLOCK, LONGEST_NS, SLICES, output_credits

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from suite.declare.stopping.drift import Drift
    from suite.declare.stopping.observed import Observed
    from suite.declare.stopping.steady import Window
    from suite.judge.metrics.samples import Answer, PhaseSamples, Repeat

DRIFTS = ("drift_ttft", "drift_tpot", "drift_output_throughput")
METHODS = {
    drift.LINE: "95 % Student about the slope, AR(1)",
    drift.LEVELS: "95 % Student, last third against first, AR(1)",
}
"""What an interval of a drift is."""
TRACK_BUCKETS = 60
FEWEST_PER_BUCKET = 4


@dataclass(frozen=True, slots=True)
class Stretch:
    """The steady stretch of one repeat, and the drift of each value by metric.

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
        return _sent_in(self.repeat, self.window)

    @property
    def seconds(self) -> float:
        """Its length."""
        return (self.window.end_ns - self.window.start_ns) / NS_PER_S


def _sent_in(repeat: Repeat, window: Window) -> list[Answer]:
    """Answers whose requests were sent in a window."""
    low, high = window.start_ns, window.end_ns
    return [answer for answer in repeat.answers if low <= answer.sent <= high]


def stretches(phase: PhaseSamples) -> tuple[Stretch, ...]:
    """The steady stretch of each repeat of a phase without obstacle."""
    return tuple(_stretch(phase, repeat) for repeat in phase.repeats)


def _stretch(phase: PhaseSamples, repeat: Repeat) -> Stretch:
    window = _window(phase, repeat)
    if window.found and window.end_ns <= window.start_ns:
        window = steady.Window(False, 0, 0, "the steady stretch has no length")
    over = window
    if phase.scenario == "soak":
        over = steady.whole(repeat.first_sent, max(event["t_send"] for event in repeat.events))
    return Stretch(repeat, window, over, _drifts(phase, repeat, over))


def _window(phase: PhaseSamples, repeat: Repeat) -> Window:
    requests = [observed(event) for event in repeat.events]
    concurrency = phase.doc["concurrency"]
    if phase.open_loop or concurrency is None:
        return steady.open_loop(requests)
    session = phase.doc.get("session")
    if session is not None:
        # While its user thinks a session is under way with nothing in flight.
        requests = _sessions(requests, session["turns"])
    return steady.closed_loop(requests, concurrency)


def _sessions(requests: Sequence[Observed], turns: int) -> list[Observed]:
    """Each session as one request from its first send to its last end."""
    by_session: dict[int, Observed] = {}
    for one in requests:
        # A named tuple's own `index` hides its type from the checker.
        session = int(one[0]) // turns
        known = by_session.get(session, one)
        sent, end = min(known.sent, one.sent), max(known.end, one.end)
        by_session[session] = known._replace(sent=sent, end=end)
    return list(by_session.values())


def _drifts(phase: PhaseSamples, repeat: Repeat, over: Window) -> dict[str, Drift]:
    if not over.found:
        return dict.fromkeys(DRIFTS, drift.nothing(over.why))
    answers = _sent_in(repeat, over)
    counted = [(one.sent, one.tpot) for one in answers if one.tpot is not None and one.tpot > 0]
    return {
        "drift_ttft": drift.drift(
            [one.sent for one in answers], [(one.first - one.sent) * MS for one in answers]
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
        return drift.nothing(f"{answers} answers are too few")
    return drift.rate_drift(_slices(repeat, over, slices))


def _slices(repeat: Repeat, window: Window, count: int) -> list[float]:
    """Tokens that arrived in each of `count` equal times of a window."""
    start, span = window.start_ns, min(window.end_ns - window.start_ns, LONGEST_NS)
    times, tokens = output_credits(repeat)
    inside = (times >= start) & (times < start + span)
    places = (times[inside] - start) * count // span
    order = np.argsort(places, kind="stable")
    ends = np.cumsum(np.bincount(places, minlength=count))
    return [math.fsum(part) for part in np.split(tokens[inside][order], ends[:-1])]


def _missing(found: Sequence[Stretch]) -> str:
    """Why a phase has no steady stretch; "" when every repeat has one."""
    return next(
        (f"repeat {one.repeat.number}: {one.window.why}" for one in found if not one.window.found),
        "",
    )


def metrics(phase: PhaseSamples, found: Sequence[Stretch]) -> dict[str, Value]:
    """Where the load was steady, its throughput there, and what drifted."""
    drifts = {name: _drift_value(found, name) for name in DRIFTS}
    why = _missing(found)
    if why:
        names = ("steady_output_throughput", "steady_start_s", "steady_share")
        return dict.fromkeys(names, NotMeasured(why)) | drifts
    return {
        "steady_output_throughput": _throughput(phase, found),
        "steady_start_s": _mean(found, _start_s, "s"),
        "steady_share": _mean(found, _share, "1"),
    } | drifts


def _start_s(stretch: Stretch) -> float:
    return max(0.0, (stretch.window.start_ns - stretch.repeat.first_sent) / NS_PER_S)


def _end_s(stretch: Stretch) -> float:
    return max(0.0, (stretch.window.end_ns - stretch.repeat.first_sent) / NS_PER_S)


def _share(stretch: Stretch) -> float:
    whole = stretch.repeat.window_s
    return min(1.0, stretch.seconds / whole) if whole > 0 else 0.0


def _mean(found: Sequence[Stretch], read: Callable[[Stretch], float], unit: str) -> Value:
    count = sum(len(one.answers) for one in found)
    return statistics.t_value([read(one) for one in found], unit, count)


def _throughput(phase: PhaseSamples, found: Sequence[Stretch]) -> Value:
    if not phase.counts_tokens:
        return NotMeasured(NO_COUNT)
    rates = [_slices(one.repeat, one.window, 1)[0] / one.seconds for one in found]
    count = sum(len(one.answers) for one in found)
    if len(rates) > 1:
        return statistics.t_value(rates, "tokens/s", count)
    if count < SLICES:
        why = f"n = {count} < {SLICES}, too few for a block bootstrap"
        return Measured(rates[0], "tokens/s", count, None, None, why)
    slices = np.asarray(_slices(found[0].repeat, found[0].window, SLICES), dtype=np.float64)
    low, high = statistics.block_interval(slices * (SLICES / found[0].seconds), BLOCK)
    return Measured(rates[0], "tokens/s", count, low, high, "95 % block bootstrap")


def _drift_value(found: Sequence[Stretch], name: str) -> Value:
    drifts = [one.drifts[name] for one in found]
    for stretch, one in zip(found, drifts, strict=True):
        if not one.measured:
            return NotMeasured(f"repeat {stretch.repeat.number}: {one.why}")
    count = sum(len(_sent_in(one.repeat, one.over)) for one in found)
    if len(drifts) > 1:
        return statistics.t_value([one.change for one in drifts], "1", count)
    one = drifts[0]
    return Measured(one.change, "1", count, one.low, one.high, METHODS[one.by])


def outcomes(found: Sequence[Stretch]) -> tuple[Steady, ...]:
    """The stretches as a card shows them."""
    return tuple(
        Steady(
            repeat=one.repeat.number,
            found=one.window.found,
            why=one.window.why,
            start_s=_start_s(one) if one.window.found else 0.0,
            end_s=_end_s(one) if one.window.found else 0.0,
            share=_share(one) if one.window.found else 0.0,
            requests=len(one.answers) if one.window.found else 0,
            drifting=tuple(
                f"{name}: {drifted.why}" for name, drifted in one.drifts.items() if drifted.detected
            ),
        )
        for one in found
    )


def track(phase: PhaseSamples) -> Track | None:
    """Medians over time of the first repeat; None for too few answers to show anything."""
    repeat = phase.repeats[0]
    buckets = min(TRACK_BUCKETS, len(repeat.answers) // FEWEST_PER_BUCKET)
    span = repeat.end - repeat.first_sent
    if buckets < 2 or span <= 0:
        return None
    held: list[list[Answer]] = [[] for _ in range(buckets)]
    for answer in repeat.answers:
        held[max(0, min((answer.sent - repeat.first_sent) * buckets // span, buckets - 1))].append(
            answer
        )
    return Track(
        bucket_s=stored(repeat.window_s / buckets),
        ttft_ms=tuple(_middle([(one.first - one.sent) * MS for one in mine]) for mine in held),
        tpot_ms=tuple(_middle([one.tpot for one in mine if one.tpot is not None]) for mine in held),
    )


def _middle(values: Sequence[float]) -> float | None:
    # Times before their cause are impossible; rule R004 refuses them, a plot has no place for them.
    possible = [value for value in values if value >= 0]
    return stored(median(possible)) if possible else None
