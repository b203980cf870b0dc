"""Whether the newest run is worse than those before it, by more than runs differ anyway.

A metric's numbers over the runs of a series are looked at as logarithms, so that a step is a ratio. With eight runs or more
`ruptures` looks for where their level changed (PELT, least squares, a penalty of three times the noise's variance times
log n); what counts is the last change, and whether the runs since are worse than those before it. With fewer, the newest
run stands against all others, and has to be the worst of them (a rank test's only possible verdict). Either way the step
must be larger than Student's t for the spread within both groups allows, corrected for the places where a change could have
been and, by Holm, for the metrics of the series; and larger than the margin. A number's own interval plays no part: it
holds how tasks differ, and every run of a series asks the same ones.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import ruptures
from msgspec.structs import replace
from scipy.stats import t as student

from suite.base.bilingual import Sentence, placed
from suite.documents.document import given
from suite.documents.history import HISTORY_SCHEMA, MetricTrend, Regressions, SeriesTrend
from suite.documents.value import Measured, NotMeasured, stored
from suite.judge.compare import difference
from suite.judge.compare.subjects import subjects
from suite.judge.store.history import keys

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from suite.documents.card import Direction
    from suite.judge.store.history import Key, Series, StoredRun

LEVEL: Final = 0.05
DETECT_FROM: Final = 8
"""Runs from which a change may lie anywhere, not only before the newest."""
BEFORE: Final = 3
"""Runs before a change without which nothing can be told."""
_GAUSS: Final = 1.4826
"""Median absolute deviation to standard deviation, for Gaussian noise."""


@dataclass(frozen=True, slots=True)
class Step:
    """A change of level before the runs `at` and later.

    Attributes:
        start: first of the runs that it is measured against.
        p: one-sided chance of a step as large towards worse without a change.
        p_better: the same towards better.
    """

    start: int
    at: int
    p: float
    p_better: float


def step(levels: Sequence[float]) -> Step | None:
    """The last change of level; None where there is none that ends with the newest run.

    Args:
        levels: of each run, larger is worse; four at least.
    """
    series = np.asarray(levels, dtype=np.float64)
    n = len(series)
    start, at, places = 0, n - 1, 1
    if n >= DETECT_FROM:
        ends = [0, *_changes(series)]
        if len(ends) < 3:
            return None
        start, at, places = ends[-3], ends[-2], n - 1
        if at - start < BEFORE:
            start = 0
        if at - start < BEFORE:
            return None
    before, after = series[start:at], series[at:]
    freedom = len(before) + len(after) - 2
    inner = float(((before - before.mean()) ** 2).sum() + ((after - after.mean()) ** 2).sum())
    width = math.sqrt(inner / freedom * (1 / len(before) + 1 / len(after)))
    shift = float(after.mean() - before.mean())
    if width == 0.0:
        p, p_better = float(shift <= 0), float(shift >= 0)
    else:
        p = float(student.sf(shift / width, freedom))
        p_better = float(student.cdf(shift / width, freedom))
    if n < DETECT_FROM and not before.min() > after[-1]:
        p_better = 1.0
    if n < DETECT_FROM and not before.max() < after[-1]:
        p = 1.0
    return Step(start, at, min(1.0, p * places), min(1.0, p_better * places))


def _changes(series: np.ndarray) -> list[int]:
    """Where segments of one level end, the last one's end included."""
    steps = np.abs(np.diff(series))
    # Of equal numbers but for one: whatever is left of the noise is rounding.
    rounding = 1e-9 * max(1.0, float(np.abs(series).max()))
    noise = max(_GAUSS * float(np.median(steps)) / math.sqrt(2), rounding)
    finder = ruptures.Pelt(model="l2", min_size=1, jump=1).fit(series.reshape(-1, 1))
    return [int(end) for end in finder.predict(pen=3 * noise**2 * math.log(len(series)))]


def _level(value: Measured, direction: Direction, *, logarithmic: bool) -> float:
    level = math.log(value.value) if logarithmic else value.value
    return level if direction == "lower" else -level


def _trend(runs: Sequence[StoredRun], key: Key) -> MetricTrend | None:
    """One metric before the correction for many; None for one that no way is better of, or that no run has."""
    listed = [(run, run.value(key)) for run in runs]
    numbers = [(run, value) for run, value in listed if isinstance(value, Measured)]
    if not numbers:
        return None
    description = numbers[-1][0].card.metrics[key[1]]
    if description.direction == "none":
        return None
    trend = MetricTrend(
        phase=key[0],
        metric=key[1],
        unit=numbers[-1][1].unit,
        direction=description.direction,
        trend="steady",
        runs_before=len(numbers) - 1,
        runs_since=1,
        since="",
        why=Sentence("no change of level", "水平没有变化"),
    )
    newest = listed[-1][1]
    if not isinstance(newest, Measured):
        why = (
            newest.why
            if isinstance(newest, NotMeasured)
            else Sentence("the newest run has no such number", "最新的运行没有此数字")
        )
        return replace(trend, trend="lost", runs_before=len(numbers), runs_since=0, why=why)
    if len(numbers) <= BEFORE:
        why = Sentence(
            f"{len(numbers) - 1} earlier runs have it, {BEFORE} are needed",
            f"先前有 {len(numbers) - 1} 次运行含有它，需要 {BEFORE} 次",
        )
        return replace(trend, trend="too-few", why=why)
    logarithmic = all(value.value > 0 for _, value in numbers)
    change = step([_level(value, trend.direction, logarithmic=logarithmic) for _, value in numbers])
    if change is None:
        return trend
    return _described(trend, numbers, change, logarithmic=logarithmic)


def _described(
    made: MetricTrend,
    numbers: Sequence[tuple[StoredRun, Measured]],
    change: Step,
    *,
    logarithmic: bool,
) -> MetricTrend:
    def middle(part: Sequence[tuple[StoredRun, Measured]]) -> float:
        values = [value.value for _, value in part]
        return math.exp(np.mean(np.log(values))) if logarithmic else float(np.mean(values))

    before, after = numbers[change.start : change.at], numbers[change.at :]
    worse = change.p <= change.p_better
    chance = change.p if worse else change.p_better
    way = Sentence("worse", "变差") if worse else Sentence("better", "变好")
    most = f"{max(chance, 1e-4):.2g}"  # of runs that were all alike nothing is left of it
    why = Sentence(
        f"{way} by chance with probability {most} at most", f"偶然{way.zh}的概率至多为 {most}"
    )
    if chance >= 1:  # the bound says nothing
        why = Sentence(
            "the runs since do not stand out from those before", "此后的运行与先前的并无区别"
        )
    return replace(
        made,
        trend="worse" if worse else "better",
        before=stored(middle(before)),
        now=stored(middle(after)),
        runs_before=len(before),
        runs_since=len(after),
        p=stored(chance),
        since=after[0][0].card.run.id,
        why=why,
    )


def _corrected(trends: Sequence[MetricTrend], margin: float) -> list[MetricTrend]:
    """Which steps stand together, by Holm's method, and are larger than the margin."""
    result = list(trends)
    order = sorted(
        (given(trend.p, 1.0), place)
        for place, trend in enumerate(result)
        if trend.trend in ("worse", "better")
    )
    stands = True
    for rank, (chance, place) in enumerate(order):
        trend = result[place]
        stands = stands and chance <= LEVEL / (len(order) - rank)
        before, now = given(trend.before, 0.0), given(trend.now, 0.0)
        small = abs(now - before) <= margin * abs(before)
        if not stands or small:
            why = (
                trend.why
                if chance >= 1
                else Sentence(f"less than {margin:.0%}", f"小于 {margin:.0%}")
                if stands
                else placed(
                    trend.why, Sentence("runs differ as much anyway", "各次运行本来就有这样的差别")
                )
            )
            result[place] = replace(trend, trend="steady", since="", why=why)
    return result


def judge(series: Series, metrics: Collection[str], margin: float) -> SeriesTrend:
    """The newest run of a series against the others."""
    trends = [_trend(series.runs, key) for key in keys(series.runs, metrics)]
    corrected = _corrected([trend for trend in trends if trend is not None], margin)
    changed = {}
    ids = [run.card.run.id for run in series.runs]
    for first in dict.fromkeys(trend.since for trend in corrected if trend.since):
        place = ids.index(first)
        changed[first] = tuple(subjects(series.runs[place - 1].card, series.runs[place].card))
    newest = series.runs[-1].card
    broken = []
    if (
        len(series.runs) > 1
        and series.runs[-2].card.verdict.conformant
        and not newest.verdict.conformant
    ):
        failed = ", ".join(
            check.rule for check in newest.checks if check.outcome in ("fail", "error")
        )
        broken.append(Sentence(f"no longer conformant: {failed}", f"不再合规：{failed}"))
    return SeriesTrend(
        series=series.id,
        title=series.title,
        newest=newest.run.id,
        runs=len(series.runs),
        metrics=tuple(corrected),
        broken=tuple(broken),
        changed=changed,
    )


def regressions(
    listed: Sequence[Series], metrics: Collection[str] = (), margin: float = difference.MARGIN
) -> Regressions:
    """Judge the newest run of each series.

    Args:
        listed: the series.
        metrics: which numbers; those that lead a card where none is named.
        margin: smallest relative change that counts.
    """
    trends = tuple(judge(item, metrics, margin) for item in listed)
    worse = any(
        item.broken or any(trend.trend in ("worse", "lost") for trend in item.metrics)
        for item in trends
    )
    return Regressions(
        history_schema=HISTORY_SCHEMA, level=LEVEL, margin=margin, worse=worse, series=trends
    )


def judged(result: Regressions) -> bool:
    """Whether anything could be told at all."""
    return result.worse or any(
        trend.trend != "too-few" for item in result.series for trend in item.metrics
    )
