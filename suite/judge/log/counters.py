"""What the counters of devices say of the measured windows: which states held how often, what grew, what was in force."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from suite.documents.counters import COUNTERS, MASK
from suite.documents.document import given
from suite.judge.log.phases import phase_logs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from suite.documents.counters import CounterName
    from suite.documents.telemetry import TelemetrySample
    from suite.evidence import Evidence


def measured_samples(evidence: Evidence) -> dict[str, list[TelemetrySample]]:
    """Telemetry of the measured phases by device, in order of time."""
    spans = [
        (log.start, log.end)
        for log in phase_logs(evidence).values()
        if log.doc.measured and log.start is not None and log.end is not None
    ]
    result: dict[str, list[TelemetrySample]] = {}
    for sample in evidence.telemetry:
        if any(start <= sample.t <= end for start, end in spans):
            result.setdefault(sample.device, []).append(sample)
    return result


def states_of(sample: TelemetrySample) -> dict[CounterName, float]:
    """What a sample says, each bit of a mask as the state that it stands for."""
    values: dict[CounterName, float] = dict(given(sample.counters, {}))
    mask = values.pop("throttle_mask", None)
    if mask is not None:
        for name in dict.fromkeys(MASK.values()):
            bits = sum(bit for bit, meant in MASK.items() if meant == name)
            values.setdefault(name, float(bool(int(mask) & bits)))
    return values


def series(samples: Iterable[TelemetrySample]) -> dict[CounterName, list[float]]:
    """The values of every counter that a device's tool gave, in order of time."""
    values: dict[CounterName, list[float]] = {}
    for sample in samples:
        for name, value in states_of(sample).items():
            values.setdefault(name, []).append(value)
    return {name: values[name] for name in COUNTERS if name in values}


def grown(values: Sequence[float]) -> float | None:
    """By how much a count grew; None where it went back (a driver loaded again) or was read only once."""
    if len(values) < 2 or any(b < a for a, b in itertools.pairwise(values)):
        return None
    return values[-1] - values[0]


def words(of_device: Mapping[CounterName, Sequence[float]]) -> dict[CounterName, str]:
    """What to say of each counter over the measured windows, in words that are alike on machines that fared alike."""
    texts: dict[CounterName, str] = {}
    for name, values in of_device.items():
        match COUNTERS[name].kind:
            case "state":
                texts[name] = "yes" if any(values) else "no"
            case "count":
                more = grown(values)
                texts[name] = "" if more is None else f"+{more:g}"
            case "level":
                least, most = min(values), max(values)
                texts[name] = f"{least:g}" if least == most else f"{least:g} – {most:g}"
            case "mask":
                pass  # each of its bits is a state of its own
    return {name: text for name, text in texts.items() if text}
