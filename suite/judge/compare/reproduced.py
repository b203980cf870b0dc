"""A run and the same plan run again elsewhere: what must be the same, and which numbers agree within stated tolerances.

A metric agrees where the interval of the ratio of the two values, widened so that of a hundred metrics hardly one is outside by
chance, reaches into the share by which two honest runs of one machine may differ. Tails are not compared: of few requests they vary with
the machine's other work. Latencies are those of answered requests, so that how many failed is compared too.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from suite.base.bilingual import Sentence
from suite.documents.reproduction import Numbers, Reproduced, reaches
from suite.documents.value import Measured
from suite.judge.audit.verdict import at_least
from suite.judge.compare.inputs import same_place
from suite.judge.compare.paired import answers, paired_ratios
from suite.judge.compare.ratio import factor, ratio_of, ratio_within
from suite.judge.metrics.registry import REGISTRY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from suite.documents.card import Scorecard
    from suite.documents.card_phase import CardPhase
    from suite.documents.comparison import Family, ValueRatio
    from suite.documents.plan import Plan
    from suite.documents.value import Value
    from suite.evidence import Evidence
    from suite.judge.metrics.metric import Metric

SHARES: Final[Mapping[Family, float]] = {
    "latency": 0.1,
    "throughput": 0.1,
    "quality": 0.02,
    "length": 0.05,
}
"""By how much two honest runs may differ beside their intervals, by the family of a metric; others are not compared."""
WIDENED: Final = 3.29 / 1.96
"""From intervals of 95 % to 99.9 %."""
LEAST_EQUAL: Final = 0.2
"""Least share of answers that are the same text, where decoding is greedy: batching changes a step in a hundred, no more."""
FEWEST_ANSWERS: Final = 16
FAILED_BY_CHANCE: Final = 0.001
"""How probable so many failed requests of one run must be at least, if those of both had one cause."""
_CENTRES: Final = ("p50", "mean")
_DEVICES: Final = "R062"


def plan_differences(first: Plan, again: Plan) -> list[str]:
    """What of a plan is another than was run first; nothing where it is made again."""
    a, b = first, again
    pairs = (
        ("the model", a.model.sha256, b.model.sha256),
        ("the declaration", a.vendor.sha256, b.vendor.sha256),
        ("the profile", a.workload.profile_sha256, b.workload.profile_sha256),
        ("the tasks", a.workload.taskset, b.workload.taskset),
        ("the phases", a.workload.phases, b.workload.phases),
        ("the prompt", a.workload.prompt, b.workload.prompt),
        ("the decoding", a.workload.decoding, b.workload.decoding),
        ("the engine", a.engine.id, b.engine.id),
        ("the runtime", a.runtime, b.runtime),
        ("the accelerator", a.devices.accelerator, b.devices.accelerator),
        ("the number of devices", a.devices.count, b.devices.count),
        ("the precision", a.engine.dtype.executed, b.engine.dtype.executed),
        ("the ranks", a.engine.tensor_parallel, b.engine.tensor_parallel),
        ("the length of the context", a.engine.max_model_len, b.engine.max_model_len),
        ("prefix caching", a.engine.prefix_caching, b.engine.prefix_caching),
        ("quantisation", a.engine.quantisation, b.engine.quantisation),
        ("speculation", a.engine.speculative_decoding, b.engine.speculative_decoding),
    )
    return [name for name, here, there in pairs if here != there]


def other_devices(again: Scorecard) -> str:
    """Why what ran again ran on other devices than it declares, by its own card; "" where that is not known."""
    return next((c.why for c in again.checks if c.rule == _DEVICES and c.outcome == "fail"), "")


def numbers(
    first: tuple[Scorecard, Evidence], again: tuple[Scorecard, Evidence]
) -> tuple[Numbers, tuple[str, ...]]:
    """The numbers of both runs side by side, and what does not agree, in words.

    Args:
        first: the card that is reproduced, and its evidence.
        again: the same of the run that was made again.
    """
    metrics = tuple(_metrics(first, again))
    both = list(answers(first[1], again[1]))
    tasks, equal = sum(item.tasks for item in both), sum(item.identical for item in both)
    card = again[0]
    result = Numbers(
        machine=f"{card.devices.title}, {card.engine.title} {card.engine.version}"[:2000],
        shares=dict(SHARES),
        answers=tasks,
        equal=equal,
        metrics=metrics,
    )
    wrong = [
        Sentence(
            f"{item.metric} of {item.phase}: {item.first:g} and {item.again:g}, ratio {factor(item.ratio.value)}"
            f" ({factor(item.ratio.low)} to {factor(item.ratio.high)}), {item.share:.0%} allowed",
            f"{item.phase} 的 {item.metric}：{item.first:g} 与 {item.again:g}，比值 {factor(item.ratio.value)}"
            f"（{factor(item.ratio.low)} 至 {factor(item.ratio.high)}），允许 {item.share:.0%}",
        )
        for item in metrics
        if not item.agrees
    ]
    wrong.extend(_failures(first[0], card))
    greedy = first[1].plan.workload.decoding.temperature == 0
    if greedy and tasks >= FEWEST_ANSWERS and equal < LEAST_EQUAL * tasks:
        wrong.append(
            Sentence(
                f"answers: {equal} of {tasks} are the same, at least {LEAST_EQUAL:.0%} expected",
                f"回答：{tasks} 个中有 {equal} 个相同，应至少为 {LEAST_EQUAL:.0%}",
            )
        )
    if not metrics:
        wrong.append(
            Sentence(
                "no metric with an interval is on both cards", "两张评分卡没有共有的带区间的指标"
            )
        )
    return result, tuple(wrong)


def _metrics(
    first: tuple[Scorecard, Evidence], again: tuple[Scorecard, Evidence]
) -> Iterator[Reproduced]:
    paired = paired_ratios((first[1],), (again[1],))
    by_place = {same_place(phase): phase for phase in again[0].phases}
    for phase in first[0].phases:
        other = by_place.get(same_place(phase))
        if other is None:
            continue
        for name, value in phase.metrics.items():
            metric = REGISTRY.get(name)
            reproduced: Value | None = other.metrics.get(name)
            if metric is None or not _compared(metric):
                continue
            if not isinstance(value, Measured) or not isinstance(reproduced, Measured):
                continue
            pair = paired.get((phase.name, name, None))
            ratio = ratio_of(value, reproduced) if pair is None else pair[0]
            if ratio is not None:
                wide, share = _widened(ratio), SHARES[metric.family]
                yield Reproduced(
                    phase=phase.name,
                    metric=name,
                    first=value.value,
                    again=reproduced.value,
                    ratio=wide,
                    share=share,
                    agrees=reaches(wide, share),
                )


def _failures(first: Scorecard, again: Scorecard) -> Iterator[Sentence]:
    """The phases of which one run failed in more requests than the other by more than chance."""
    by_place = {same_place(phase): phase for phase in again.phases}
    for phase in first.phases:
        other = by_place.get(same_place(phase))
        if other is None:
            continue
        (failed, asked), (failed_again, asked_again) = _failed_of(phase), _failed_of(other)
        both, share = failed + failed_again, asked / max(1, asked + asked_again)
        chance = min(at_least(failed, both, share), at_least(failed_again, both, 1 - share))
        if chance < FAILED_BY_CHANCE:
            yield Sentence(
                f"failed requests of {phase.name}: {failed} of {asked} and {failed_again} of {asked_again}",
                f"{phase.name} 的失败请求：{asked} 个中 {failed} 个，与 {asked_again} 个中 {failed_again} 个",
            )


def _failed_of(phase: CardPhase) -> tuple[int, int]:
    """How many requests failed, and of how many that ended."""
    counts = [phase.metrics.get(name) for name in ("failed", "completed")]
    failed, completed = (round(it.value) if isinstance(it, Measured) else 0 for it in counts)
    return failed, failed + completed


def _compared(metric: Metric) -> bool:
    centre = metric.statistic is None or metric.statistic.id in _CENTRES
    return centre and metric.family in SHARES


def _widened(ratio: ValueRatio) -> ValueRatio:
    """The same ratio with the interval of 99.9 %."""
    centre, low, high = (math.log(value) for value in (ratio.value, ratio.low, ratio.high))
    return ratio_within(centre, WIDENED * (centre - low), WIDENED * (high - centre))
