"""Two scorecards compared: first whether they may be, then metric by metric.

A difference is called better or worse only when the interval of the ratio excludes 1 by more than the
practical margin. The ratio's interval comes from the two intervals alone: on the logarithmic scale each
value's distances to its own bounds are added in quadrature (the MOVER method, Zou and Donner 2008)::

    ln low  = ln(b/a) - sqrt(ln(b/b_low)^2  + ln(a_high/a)^2)
    ln high = ln(b/a) + sqrt(ln(b_high/b)^2 + ln(a/a_low)^2)

which treats the two runs as independent and keeps asymmetric intervals asymmetric. Swapping the cards swaps
better and worse and changes nothing else. What only one card has is never an improvement nor a regression.

The answer of a search has a bracket instead of an interval. Each of its rates was tried with one random draw, so that
with fewer than three repeats two searches differ only when their brackets lie apart by more than one further step of
the search's resolution.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from suite.documents.comparison import (
    DIFF_SCHEMA,
    Change,
    ChangeOutcome,
    CheckChange,
    Comparison,
    Family,
    Side,
    ValueRatio,
)
from suite.documents.document import given
from suite.documents.value import NO_INTERVAL_EXACT, Measured, NotMeasured, stored
from suite.judge.compare.inputs import differences, load_difference, same_place, subjects
from suite.judge.metrics.registry import REGISTRY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from suite.documents.card import Scorecard
    from suite.documents.card_phase import CardPhase
    from suite.documents.value import Value
    from suite.documents.workload import Objectives
    from suite.judge.metrics.metric import Metric

FEWEST_SEARCHES = 3
"""Searches of a phase from which their spread is known."""
MARGIN = 0.02
"""Practical margin: a ratio within 2 % of 1 is no difference that matters."""


def compare(a: Scorecard, b: Scorecard, *, margin: float = MARGIN) -> Comparison:
    """Compare two verified scorecards.

    Args:
        a: the base of every ratio.
        b: the other.
        margin: the practical margin, 0 ≤ margin < 1.

    Returns:
        A document that obeys ``schemas/diff.schema.json``.

    Raises:
        ValueError: when the margin is out of range.
    """
    if not 0 <= margin < 1:
        raise ValueError(f"the margin must be at least 0 and below 1, not {margin}")
    differing = differences(a, b)
    forbidden: dict[Family, str] = {}
    for item in differing:
        for name in item.forbids:
            forbidden.setdefault(name, item.what)
    both = _Comparison(a, b, forbidden, margin)
    metrics = [*_phases(both), *_run(both)]
    return Comparison(
        diff_schema=DIFF_SCHEMA,
        margin=margin,
        a=_side(a),
        b=_side(b),
        comparable=_answer(forbidden, metrics),
        differences=tuple(differing),
        subjects=tuple(subjects(a, b)),
        metrics=tuple(metrics),
        checks=tuple(_checks(a, b)),
    )


def _answer(
    forbidden: Mapping[Family, str], metrics: list[Change]
) -> Literal["yes", "partly", "no"]:
    """Nothing that could be compared is a no, whatever the reason."""
    if all(change.outcome == "not-comparable" for change in metrics):
        return "no"
    return "partly" if forbidden else "yes"


def _side(card: Scorecard) -> Side:
    return Side(
        run=card.run.id,
        vendor=card.vendor.name,
        devices=card.devices.title,
        engine=f"{card.engine.title} {card.engine.version}".strip(),
        model=card.model.id,
        started_utc=card.run.started_utc,
    )


@dataclass(frozen=True, slots=True)
class _Comparison:
    """What holds for every metric of one comparison."""

    a: Scorecard
    b: Scorecard
    forbidden: Mapping[Family, str]
    margin: float


def _metrics(*sides: Mapping[str, Value]) -> list[Metric]:
    """The metrics of either side in order; ones that this version of the suite does not know are left out."""
    return [metric for name, metric in REGISTRY.items() if any(name in side for side in sides)]


def _phases(both: _Comparison) -> Iterator[Change]:
    """Phase by phase, the points of a sweep or grid each with the point at the same place."""
    by_place = {same_place(phase): phase for phase in both.b.phases}
    seen = {same_place(phase) for phase in both.a.phases}
    pairs: list[tuple[CardPhase | None, CardPhase | None]] = [
        (phase, by_place.get(same_place(phase))) for phase in both.a.phases
    ]
    pairs += [(None, phase) for phase in both.b.phases if same_place(phase) not in seen]
    for first, second in pairs:
        phase = first or second
        assert phase is not None
        obstacle = _phase_obstacle(first, second)
        mine, theirs = first.metrics if first else {}, second.metrics if second else {}
        for metric in _metrics(mine, theirs):
            why = obstacle or _tokens_obstacle(both, metric, first, second)
            values = mine.get(metric.id), theirs.get(metric.id)
            brackets = _brackets(first, second) if metric.id == "slo_rate" else None
            yield _change(both, phase.name, metric, values, why, brackets=brackets)


@dataclass(frozen=True, slots=True)
class _Brackets:
    """The answers of the searches of two phases.

    Attributes:
        a: from the lowest rate that met to the highest that missed, over the repeats; requests per second.
        b: the same of the other phase.
        resolution: the coarser of the two.
    """

    a: tuple[float, float]
    b: tuple[float, float]
    resolution: float


def _brackets(first: CardPhase | None, second: CardPhase | None) -> _Brackets | None:
    """The brackets of two phases; None where both have repeats enough for an interval, or none was measured."""
    if first is None or second is None:
        return None
    sides = given(first.searches, ()), given(second.searches, ())
    if min(map(len, sides)) >= FEWEST_SEARCHES:
        return None
    a, b = _bracket(first), _bracket(second)
    searches = given(first.load.search), given(second.load.search)
    if a is None or b is None or searches[0] is None or searches[1] is None:
        return None
    return _Brackets(a, b, max(searches[0].resolution, searches[1].resolution))


def _bracket(phase: CardPhase) -> tuple[float, float] | None:
    """The bracket over all searches of a phase."""
    ends = []
    for search in given(phase.searches, ()):
        rate = search.rate
        if not isinstance(rate, Measured):
            return None
        ends.append((rate.value, math.inf if rate.high is None else rate.high))
    return (min(low for low, _ in ends), max(high for _, high in ends)) if ends else None


def _run(both: _Comparison) -> Iterator[Change]:
    for metric in _metrics(both.a.startup, both.b.startup):
        values = both.a.startup.get(metric.id), both.b.startup.get(metric.id)
        yield _change(both, "", metric, values, "")


def _phase_obstacle(first: CardPhase | None, second: CardPhase | None) -> str:
    if first is None or second is None:
        return "only one card has this phase"
    return load_difference(first, second)


def _tokens_obstacle(
    both: _Comparison, metric: Metric, first: CardPhase | None, second: CardPhase | None
) -> str:
    """Numbers per token need tokens that were counted alike; so does a search that has to meet a TPOT."""
    if first is None or second is None or first.token_source == second.token_source:
        return ""
    by_objective = metric.id == "slo_rate" and _objectives(both.a).tpot_ms is not None
    if by_objective or metric.by_tokens:
        return f"tokens were counted by {first.token_source} and by {second.token_source}"
    return ""


def _change(
    both: _Comparison,
    phase: str,
    metric: Metric,
    values: tuple[Value | None, Value | None],
    obstacle: str,
    *,
    brackets: _Brackets | None = None,
) -> Change:
    first, second = values
    outcome: ChangeOutcome = "not-comparable"
    ratio: ValueRatio | None = None
    why = obstacle or _obstacle(both, metric, first, second)
    if metric.family in both.forbidden:
        why = f"{both.forbidden[metric.family]} differs"
    if not why:
        assert isinstance(first, Measured)
        assert isinstance(second, Measured)
        if brackets is not None:
            outcome, why, ratio = _judge_brackets(first, second, brackets, both.margin)
        else:
            outcome, why, ratio = _judge(first, second, metric.direction, both.margin)
    return Change(
        phase=phase,
        metric=metric.id,
        family=metric.family,
        outcome=outcome,
        why=why,
        a=first,
        b=second,
        ratio=ratio,
    )


def _obstacle(both: _Comparison, metric: Metric, first: Value | None, second: Value | None) -> str:
    """Why two values cannot be compared although their inputs agree, "" when they can."""
    if first is None or second is None:
        return "only one card has this metric"
    if metric.by_objectives and _objectives(both.a) != _objectives(both.b):
        return "the service-level objectives differ"
    for side, value in (("first", first), ("second", second)):
        if isinstance(value, NotMeasured):
            return f"not measured on the {side} card: {value.why}"
    assert isinstance(first, Measured)
    assert isinstance(second, Measured)
    if first.unit != second.unit:
        return f"units differ: {first.unit} and {second.unit}"
    return ""


def _objectives(card: Scorecard) -> Objectives:
    return card.workload.objectives


def _bounds(value: Measured) -> tuple[float, float] | None:
    """The interval; an exact count is its own; None where there is none."""
    low, high = value.low, value.high
    if low is not None and high is not None:
        return low, high
    return (value.value, value.value) if value.interval == NO_INTERVAL_EXACT else None


def ratio_of(a: Measured, b: Measured) -> ValueRatio | None:
    """``b / a`` with its interval; None where an interval is missing or does not lie above zero."""
    first, second = _bounds(a), _bounds(b)
    if first is None or second is None or min(a.value, b.value, first[0], second[0]) <= 0:
        return None
    centre = math.log(b.value / a.value)
    # A bootstrap interval need not contain its value; a distance below zero counts as none.
    down = math.hypot(_log(b.value, second[0]), _log(first[1], a.value))
    up = math.hypot(_log(second[1], b.value), _log(a.value, first[0]))
    return ValueRatio(
        value=stored(math.exp(centre)),
        low=stored(math.exp(centre - down)),
        high=stored(math.exp(centre + up)),
    )


def _log(above: float, below: float) -> float:
    return max(0.0, math.log(above / below))


def _judge(
    a: Measured, b: Measured, direction: str, margin: float
) -> tuple[ChangeOutcome, str, ValueRatio | None]:
    ratio = ratio_of(a, b)
    if ratio is None:
        return _judge_without_ratio(a, b, direction)
    # 1/(1 - m) above and 1 - m below: which card comes first must not matter.
    higher, lower = ratio.low > 1 / (1 - margin), ratio.high < 1 - margin
    if not higher and not lower:
        return "not-distinguishable", "the ratio's interval does not exclude 1 by the margin", ratio
    why = f"the ratio's interval excludes 1 by more than {margin:.0%}"
    if direction == "none":
        word = "higher" if higher else "lower"
        return "not-distinguishable", f"{word}, and neither direction is better", ratio
    return ("better" if higher == (direction == "higher") else "worse"), why, ratio


def _judge_brackets(
    a: Measured, b: Measured, brackets: _Brackets, margin: float
) -> tuple[ChangeOutcome, str, ValueRatio | None]:
    """Two searches: each answer lies between the rate that met and the one that missed, by one draw of each."""
    (low_a, high_a), (low_b, high_b) = brackets.a, brackets.b
    ratio: ValueRatio | None = None
    if math.isfinite(high_a) and math.isfinite(high_b):
        ratio = ValueRatio(
            value=stored(b.value / a.value),
            low=stored(low_b / high_a),
            high=stored(high_b / low_a),
        )
    if low_a < high_b and low_b < high_a:
        return "not-distinguishable", "the brackets of the two searches overlap", ratio
    outcome: ChangeOutcome = "better" if low_b >= high_a else "worse"
    lower, upper = (high_a, low_b) if outcome == "better" else (high_b, low_a)
    if lower >= upper * (1 - margin):
        return (
            "not-distinguishable",
            "the brackets of the two searches touch within the margin",
            ratio,
        )
    step = brackets.resolution
    if upper - lower <= step * upper:
        why = (
            f"within noise: the brackets of the two searches lie no more than one further step of {step:.0%} "
            f"apart, and with fewer than {FEWEST_SEARCHES} repeats they hang on one random draw of each rate"
        )
        return "not-distinguishable", why, ratio
    apart = f"more than {margin:.0%} and one further step of {step:.0%} apart"
    return outcome, f"the brackets of the two searches lie {apart}", ratio


def _judge_without_ratio(
    a: Measured, b: Measured, direction: str
) -> tuple[ChangeOutcome, str, ValueRatio | None]:
    exact = a.interval == NO_INTERVAL_EXACT and b.interval == NO_INTERVAL_EXACT
    if exact and a.value == b.value:
        return "not-distinguishable", "the same count", None
    if exact and direction != "none":
        better = (b.value > a.value) == (direction == "higher")
        return ("better" if better else "worse"), "counts, one of them zero", None
    missing = [value for value in (a, b) if _bounds(value) is None]
    if missing:
        return "not-comparable", f"no interval: {missing[0].interval}", None
    return "not-distinguishable", "an interval reaches zero: the ratio has no bounds", None


def _checks(a: Scorecard, b: Scorecard) -> list[CheckChange]:
    first = {check.rule: check.outcome for check in a.checks}
    second = {check.rule: check.outcome for check in b.checks}
    return [
        CheckChange(rule=rule, a=first.get(rule, "absent"), b=second.get(rule, "absent"))
        for rule in sorted({*first, *second})
        if first.get(rule) != second.get(rule)
    ]
