"""What the engine itself says of its load: requests that ran and waited, its KV cache, its prefix cache, speculation."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from suite.base import statistics
from suite.base.bilingual import Bilingual, Sentence
from suite.documents.card_phase import DeviceSeries
from suite.documents.value import Measured, NotMeasured, Value, stored
from suite.judge.log import engine
from suite.judge.metrics.devices import BUCKETS, LEAST_SAMPLES, bucketed
from suite.judge.metrics.metric import Metric, phase_metrics

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from suite.documents.enginesample import EngineSample
    from suite.judge.log.engine import Counter, Gauge
    from suite.judge.metrics.inputs import PhaseInputs

NO_PAGE = Sentence("the engine gave no metrics page", "引擎没有给出指标页")
UNTOLD = Sentence("the engine's metrics page does not tell", "引擎的指标页未给出")
_WHOSE = Sentence(
    "As the engine's own metrics page says beside the measured phases.",
    "依引擎自身的指标页在测量阶段期间所示。",
)


def _metric(name: str, unit: str, title: Bilingual, formula: Bilingual, *, share: bool) -> Metric:
    return Metric(name, unit, "none", "utilisation", title, formula, _WHOSE, percent=share)


_MEAN = Bilingual("mean of the samples", "样本均值")
_MAX = Bilingual("largest sample", "样本最大值")
METRICS = (
    _metric(
        "engine_running_mean",
        "requests",
        Bilingual("Requests running in the engine, mean", "引擎内运行请求数，均值"),
        _MEAN,
        share=False,
    ),
    _metric(
        "engine_waiting_max",
        "requests",
        Bilingual("Requests waiting in the engine, peak", "引擎内等待请求数，峰值"),
        _MAX,
        share=False,
    ),
    _metric(
        "engine_kv_use_max",
        "1",
        Bilingual("KV cache in use, peak", "KV 缓存用量，峰值"),
        _MAX,
        share=True,
    ),
    _metric(
        "engine_prefix_hit_share",
        "1",
        Bilingual("Prompt tokens from the prefix cache", "前缀缓存命中的提示词 token 占比"),
        Bilingual("Σ hits / Σ lookups", "Σ 命中 / Σ 查询"),
        share=True,
    ),
    _metric(
        "engine_preemptions",
        "requests",
        Bilingual("Preempted requests", "被抢占的请求数"),
        Bilingual("Σ over repeats", "各次重复之和"),
        share=False,
    ),
    _metric(
        "engine_draft_acceptance",
        "1",
        Bilingual("Speculated tokens accepted", "推测 token 接受率"),
        Bilingual("Σ accepted / Σ drafted", "Σ 接受 / Σ 推测"),
        share=True,
    ),
)


@phase_metrics(METRICS, needs="requests")
def engine_metrics(inputs: PhaseInputs) -> Mapping[str, Value]:
    """Gauges and counters over all repeats of a phase."""
    phases = engine.of_phases(inputs.evidence)
    repeats = [phases.get(repeat.log.name, ()) for repeat in inputs.phase.repeats]
    if not any(repeats):
        return dict.fromkeys((metric.id for metric in METRICS), NotMeasured(NO_PAGE))
    return {
        "engine_running_mean": _gauge(repeats, "running", "requests", largest=False),
        "engine_waiting_max": _gauge(repeats, "waiting", "requests", largest=True),
        "engine_kv_use_max": _gauge(repeats, "kv_use", "1", largest=True),
        "engine_prefix_hit_share": _share(repeats, "cache_hits", "cache_queries"),
        "engine_preemptions": _count(repeats, "preemptions", "requests"),
        "engine_draft_acceptance": _share(repeats, "accepted", "drafted"),
    }


_DRAWN: tuple[tuple[Gauge, Literal["running", "waiting", "kv-use"], str], ...] = (
    ("running", "running", "requests"),
    ("waiting", "waiting", "requests"),
    ("kv_use", "kv-use", "1"),
)


def engine_series(inputs: PhaseInputs) -> tuple[DeviceSeries, ...]:
    """Every gauge over the first repeat; none where the engine has no page."""
    repeat = inputs.phase.repeats[0]
    if repeat.window_s <= 0:
        return ()
    samples = engine.of_phases(inputs.evidence).get(repeat.log.name, ())
    curves = []
    for name, quantity, unit in _DRAWN:
        points = [
            (time, value)
            for time, value in engine.gauge(samples, name)
            if repeat.first_sent <= time <= repeat.end
        ]
        if len(points) < LEAST_SAMPLES:
            continue
        buckets = min(BUCKETS, len(points))
        width = (repeat.end - repeat.first_sent) / buckets
        values = bucketed(points, repeat.first_sent, width, buckets)
        curves.append(
            DeviceSeries(
                quantity=quantity,
                unit=unit,
                devices=1,
                bucket_s=stored(width / 1e9),
                values=tuple(None if value is None else stored(value) for value in values),
            )
        )
    return tuple(curves)


def _gauge(
    repeats: Sequence[Sequence[EngineSample]], name: Gauge, unit: str, *, largest: bool
) -> Value:
    values = [value for samples in repeats for _, value in engine.gauge(samples, name)]
    if not values:
        return NotMeasured(UNTOLD)
    value = max(values) if largest else statistics.mean(values)
    return Measured(
        value,
        unit,
        len(values),
        None,
        None,
        Sentence("samples of the engine, no interval", "引擎的样本，无区间"),
    )


def _counted(repeats: Sequence[Sequence[EngineSample]], name: Counter) -> float | None:
    """Growth of a counter over all repeats; None where one of them does not tell."""
    counts = [engine.counted(samples, name) for samples in repeats]
    counted = [count for count in counts if count is not None]
    return math.fsum(counted) if len(counted) == len(counts) else None


def _count(repeats: Sequence[Sequence[EngineSample]], name: Counter, unit: str) -> Value:
    count = _counted(repeats, name)
    if count is None:
        return NotMeasured(UNTOLD)
    return Measured(
        count, unit, len(repeats), None, None, Sentence("counter, no interval", "计数器，无区间")
    )


def _share(repeats: Sequence[Sequence[EngineSample]], part: Counter, whole: Counter) -> Value:
    of, all_of = _counted(repeats, part), _counted(repeats, whole)
    if of is None or all_of is None:
        return NotMeasured(UNTOLD)
    if all_of <= 0 or of > all_of:
        return NotMeasured(Sentence("the engine counted none", "引擎计数为零"))
    return Measured(
        of / all_of,
        "1",
        len(repeats),
        None,
        None,
        Sentence("counters, no interval", "计数器，无区间"),
    )
