"""Two values of one metric: whether the second is better, worse, or cannot be told apart.

A difference is called better or worse only when the interval of the ratio excludes 1 by more than the
practical margin. The ratio's interval comes from the two intervals alone: on the logarithmic scale each
value's distances to its own bounds are added in quadrature (the MOVER method, Zou and Donner 2008)::

    ln low  = ln(b/a) - sqrt(ln(b/b_low)^2  + ln(a_high/a)^2)
    ln high = ln(b/a) + sqrt(ln(b_high/b)^2 + ln(a/a_low)^2)

which treats the two runs as independent and keeps asymmetric intervals asymmetric. Swapping the cards swaps
better and worse and changes nothing else.

The answer of a search has a bracket instead of an interval. Each of its rates was tried with one random draw, so that
with fewer than three repeats two searches differ only when their brackets lie apart by more than one further step of
the search's resolution.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from suite.base.bilingual import Sentence
from suite.base.statistics import BEYOND_STUDENT, mean, student, student_tails
from suite.documents.comparison import ValueRatio
from suite.documents.document import given
from suite.documents.value import NO_INTERVAL_EXACT, Measured, stored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.documents.card_phase import CardPhase
    from suite.documents.comparison import ChangeOutcome

FURTHEST = 700.0
"""Largest logarithm of a ratio and of its bounds: e^±700 are numbers that a document holds, e^±745 are not."""
FEWEST_PAIRS = 8
"""Tasks from which a paired ratio has an interval."""
FEWEST_SEARCHES = 3
"""Searches of a phase from which their spread is known."""


@dataclass(frozen=True, slots=True)
class Brackets:
    """The answers of the searches of two phases.

    Attributes:
        a: from the lowest rate that met to the highest that missed, over the repeats; requests per second.
        b: the same of the other phase.
        resolution: the coarser of the two.
    """

    a: tuple[float, float]
    b: tuple[float, float]
    resolution: float


def brackets_of(first: CardPhase | None, second: CardPhase | None) -> Brackets | None:
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
    return Brackets(a, b, max(searches[0].resolution, searches[1].resolution))


def _bracket(phase: CardPhase) -> tuple[float, float] | None:
    """The bracket over all searches of a phase."""
    ends = []
    for search in given(phase.searches, ()):
        rate = search.rate
        if not isinstance(rate, Measured):
            return None
        ends.append((rate.value, math.inf if rate.high is None else rate.high))
    return (min(low for low, _ in ends), max(high for _, high in ends)) if ends else None


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
    # A bootstrap interval need not contain its value; a distance below zero counts as none.
    down = math.hypot(_log(b.value, second[0]), _log(first[1], a.value))
    up = math.hypot(_log(second[1], b.value), _log(a.value, first[0]))
    return ratio_within(math.log(b.value) - math.log(a.value), down, up)


def ratio_within(centre: float, down: float, up: float) -> ValueRatio:
    """A ratio from its logarithm and the distances of its bounds from it, neither below zero.

    What lies beyond a document's numbers ends at their edge: such a bound excludes nothing that anybody measures.
    """
    value, low, high = (
        stored(math.exp(max(-FURTHEST, min(FURTHEST, exponent))))
        for exponent in (centre, centre - down, centre + up)
    )
    return ValueRatio(value=value, low=low, high=high)


def factor(number: float) -> str:
    """A ratio or a bound of one, as people read it; what no fixed point shows well has a power of ten."""
    return f"{number:.3f}" if 0.001 <= number < 1e6 else f"{number:.3g}"


def p_value(ratio: ValueRatio, margin: float, freedom: int = BEYOND_STUDENT) -> float:
    """How likely such a ratio is where the true one lies within the margin; both directions count.

    Below 0.05 exactly where `judge_ratio` tells the values apart.

    Args:
        ratio: with its 95 % interval.
        margin: the practical margin.
        freedom: degrees of freedom that the interval was made with.
    """
    centre, bound = math.log(ratio.value), -math.log(1 - margin)
    beyond = abs(centre) - bound
    if beyond <= 0:
        return 1.0
    nearer = ratio.low if centre > 0 else ratio.high
    error = abs(centre - math.log(nearer)) / student(freedom)
    return student_tails(beyond / error, freedom) if error else 0.0


def paired_ratio(a: Sequence[float], b: Sequence[float]) -> ValueRatio | None:
    """Mean of b over mean of a, of the same tasks in the same order, with its interval; None where it has none.

    The tasks differ far more from each other than the two answers to one task, and cancel: the interval comes from the
    residuals ``b_i - ratio * a_i`` (delta method), on the logarithmic scale, with Student's t.
    """
    count = len(a)
    if count < FEWEST_PAIRS or min(*a, *b) < 0:
        return None
    first, second = mean(a), mean(b)
    if first <= 0 or second <= 0:
        return None
    ratio = second / first
    residuals = [y - ratio * x for x, y in zip(a, b, strict=True)]
    variance = math.fsum(item * item for item in residuals) / (count - 1)
    half = student(count - 1) * math.sqrt(variance / count) / second
    return ratio_within(math.log(ratio), half, half)


def _log(above: float, below: float) -> float:
    return max(0.0, math.log(above) - math.log(below))


def judge(
    a: Measured, b: Measured, ratio: ValueRatio | None, direction: str, margin: float
) -> tuple[ChangeOutcome, str, ValueRatio | None]:
    """How the second of two values stands to the first, why, and their ratio, which may be unknown."""
    if ratio is None:
        return _judge_without_ratio(a, b, direction)
    return judge_ratio(ratio, direction, margin)


def judge_ratio(
    ratio: ValueRatio, direction: str, margin: float
) -> tuple[ChangeOutcome, str, ValueRatio | None]:
    """What a ratio with its interval says."""
    # 1/(1 - m) above and 1 - m below: which card comes first must not matter.
    higher, lower = ratio.low > 1 / (1 - margin), ratio.high < 1 - margin
    if not higher and not lower:
        return (
            "not-distinguishable",
            Sentence(
                "the ratio's interval does not exclude 1 by the margin",
                "比值的区间未排除落在裕度内的 1",
            ),
            ratio,
        )
    why = Sentence(
        f"the ratio's interval excludes 1 by more than {margin:.0%}",
        f"比值的区间以超过 {margin:.0%} 排除 1",
    )
    if direction == "none":
        word = "higher" if higher else "lower"
        return (
            "not-distinguishable",
            Sentence(
                f"{word}, and neither direction is better",
                f"{'较高' if higher else '较低'}，且无优劣之分",
            ),
            ratio,
        )
    return ("better" if higher == (direction == "higher") else "worse"), why, ratio


def judge_brackets(
    a: Measured, b: Measured, brackets: Brackets, margin: float
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
        return (
            "not-distinguishable",
            Sentence("the brackets of the two searches overlap", "两次搜索的区间重叠"),
            ratio,
        )
    outcome: ChangeOutcome = "better" if low_b >= high_a else "worse"
    lower, upper = (high_a, low_b) if outcome == "better" else (high_b, low_a)
    if lower >= upper * (1 - margin):
        return (
            "not-distinguishable",
            Sentence(
                "the brackets of the two searches touch within the margin",
                "两次搜索的区间在裕度内相接",
            ),
            ratio,
        )
    step = brackets.resolution
    if upper - lower <= step * upper:
        why = Sentence(
            f"within noise: the brackets of the two searches lie no more than one further step of {step:.0%} "
            f"apart, and with fewer than {FEWEST_SEARCHES} repeats they hang on one random draw of each rate",
            f"在噪声之内：两次搜索的区间相距不超过再一步的 {step:.0%}，且重复少于 {FEWEST_SEARCHES} 次时各速率仅取决于一次随机抽样",
        )
        return "not-distinguishable", why, ratio
    apart = f"more than {margin:.0%} and one further step of {step:.0%} apart"
    return (
        outcome,
        Sentence(
            f"the brackets of the two searches lie {apart}",
            f"两次搜索的区间相距超过 {margin:.0%} 且超过再一步的 {step:.0%}",
        ),
        ratio,
    )


def _judge_without_ratio(
    a: Measured, b: Measured, direction: str
) -> tuple[ChangeOutcome, str, ValueRatio | None]:
    exact = a.interval == NO_INTERVAL_EXACT and b.interval == NO_INTERVAL_EXACT
    if exact and a.value == b.value:
        return "not-distinguishable", Sentence("the same count", "计数相同"), None
    if exact and direction != "none":
        better = (b.value > a.value) == (direction == "higher")
        return (
            ("better" if better else "worse"),
            Sentence("counts, one of them zero", "计数，其一为零"),
            None,
        )
    missing = [value for value in (a, b) if _bounds(value) is None]
    if missing:
        # What a card writes in an interval's place says already that there is none.
        return "not-comparable", missing[0].interval, None
    return (
        "not-distinguishable",
        Sentence("an interval reaches zero: the ratio has no bounds", "有区间触及零：比值无界"),
        None,
    )
