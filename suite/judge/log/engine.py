"""What the engine's own metrics page said beside each repeat of a phase."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from suite.documents.document import given

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from suite.documents.enginesample import EngineSample
    from suite.evidence import Evidence

Gauge = Literal["running", "waiting", "kv_use"]
Counter = Literal[
    "cache_hits", "cache_queries", "preemptions", "drafted", "accepted", "prompt_tokens",
    "generated_tokens", "finished",
]  # fmt: skip


def of_phases(evidence: Evidence) -> Mapping[str, Sequence[EngineSample]]:
    """Samples by ``name/repeat``, in order of time."""
    samples: dict[str, list[EngineSample]] = {}
    for sample in sorted(evidence.engine_metrics, key=lambda sample: sample.t):
        samples.setdefault(sample.phase, []).append(sample)
    return samples


def gauge(samples: Sequence[EngineSample], name: Gauge) -> list[tuple[int, float]]:
    """Times and values of a gauge."""
    values = [(sample.t, given(getattr(sample, name))) for sample in samples]
    return [(time, value) for time, value in values if value is not None]


def counted(samples: Sequence[EngineSample], name: Counter) -> float | None:
    """By how much a counter grew from the first sample to the last; None where that is not known."""
    if len(samples) < 2:
        return None
    first, last = (given(getattr(sample, name)) for sample in (samples[0], samples[-1]))
    if last is not None and first is None:
        first = 0.0  # some servers show a counter only when it has counted
    return None if first is None or last is None or last < first else last - first
