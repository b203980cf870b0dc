"""The card's numbers in Prometheus' text format, for a node exporter's textfile collector or a push gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.bilingual import Bilingual
from suite.documents.value import Measured
from suite.judge.report.formats.format import Format

if TYPE_CHECKING:
    from collections.abc import Mapping

    from suite.documents.card import Scorecard
    from suite.judge.report.formats.format import Subject

_PREFIX = "llm_conformance"
_UNITS = {
    "1": "ratio",
    "ms": "milliseconds",
    "s": "seconds",
    "J": "joules",
    "W": "watts",
    "GiB": "gibibytes",
}


def _text(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n")


def _sample(name: str, labels: Mapping[str, str], value: float) -> str:
    inner = ",".join(
        f'{label}="{_text(held).replace(chr(34), chr(92) + chr(34))}"'
        for label, held in labels.items()
    )
    return f"{name}{{{inner}}} {value!r}"


def _unit(unit: str) -> str:
    word = _UNITS.get(unit, unit)
    return "".join(char if char.isascii() and char.isalnum() else "_" for char in word)


def _family(name: str, help_text: str, samples: list[str]) -> list[str]:
    return [f"# HELP {name} {_text(help_text)}", f"# TYPE {name} gauge", *samples]


def _metrics(card: Scorecard, labels: Mapping[str, str]) -> list[str]:
    phases = {phase.name: phase.metrics for phase in card.phases} | {"": card.startup}
    lines: list[str] = []
    for metric, description in sorted(card.metrics.items(), key=lambda item: item[1].order):
        name = f"{_PREFIX}_{metric}_{_unit(description.unit)}"
        ends: dict[str, list[str]] = {"": [], "_low": [], "_high": []}
        for phase, values in phases.items():
            value = values.get(metric)
            if not isinstance(value, Measured):
                continue
            for end, number in (("", value.value), ("_low", value.low), ("_high", value.high)):
                if number is not None:
                    sample = _sample(name + end, {**labels, "phase": phase}, float(number))
                    ends[end].append(sample)
        for end, samples in ends.items():
            if samples:
                which = {"": "", "_low": ", lower end", "_high": ", upper end"}[end]
                lines += _family(name + end, description.definition + which, samples)
    return lines


def render(subject: Subject) -> bytes:
    """Gauges, labelled by run and phase; what was not measured has no sample."""
    card = subject.card
    labels = {
        "run": card.run.id,
        "vendor": card.vendor.id,
        "devices": card.devices.title,
        "engine": card.engine.id,
        "model": card.model.id,
        "profile": card.workload.profile,
    }
    name = f"{_PREFIX}_conformant"
    verdict = _sample(name, labels, float(card.verdict.conformant))
    lines = _family(name, "Whether the run was judged and no rule failed", [verdict])
    checks = [
        _sample(f"{_PREFIX}_check", {**labels, "rule": item.rule, "outcome": item.outcome}, 1.0)
        for item in card.checks
    ]
    lines += _family(f"{_PREFIX}_check", "One for each rule, with its outcome", checks)
    return "\n".join([*lines, *_metrics(card, labels), ""]).encode()


FORMAT = Format(
    Bilingual("every value for Prometheus, as text", "供 Prometheus 读取的全部数值（文本）"),
    ".prom",
    "card",
    render,
)
