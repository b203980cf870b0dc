"""The page's tables as rows of text: latency, other metrics, quality, time."""

from __future__ import annotations

import collections
from dataclasses import dataclass
from typing import TYPE_CHECKING

from suite.base.bilingual import Sentence, joined
from suite.documents.text import Text
from suite.documents.value import Measured
from suite.judge.metrics.registry import REGISTRY, statistics_by
from suite.judge.report import plots
from suite.judge.report.numbers import NARROW, ShownNumber, plain, show
from suite.judge.report.view import metric_name, ordered

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from markupsafe import Markup

    from suite.documents.card import QualityRow, Scorecard, TimeShare
    from suite.documents.card_phase import CardPhase
    from suite.documents.value import Value

_ALWAYS = ("p50", "p90", "p99")
_PHRASES = {
    "suite": "time-suite",
    "preparation": "time-preparation",
    "conversion": "time-conversion",
    "engine-start": "time-engine-start",
    "engine-stop": "time-engine-stop",
}


@dataclass(frozen=True, slots=True)
class LatencyRow:
    """One kind of latency: its values by statistic.

    Attributes:
        n: the samples when all cells agree, else "".
        bare: why cells of this row have no interval, "" when each has one.
    """

    metric: str
    title: Text
    unit: str
    cells: list[ShownNumber | None]
    n: str
    bare: str


@dataclass(frozen=True, slots=True)
class LatencyTable:
    """The latencies of a phase.

    Attributes:
        columns: statistics: p50, p90, p99, p999 where it was measured, mean.
        methods: the kind of interval by column, most common first seen; a cell of another kind says so itself.
        left_out: why there is no p99.9 column, "" when there is one or nothing to say.
    """

    columns: list[str]
    rows: list[LatencyRow]
    methods: dict[str, str]
    left_out: str


@dataclass(frozen=True, slots=True)
class MetricRow:
    """One metric that is not in the latency table."""

    metric: str
    title: Text
    shown: ShownNumber


@dataclass(frozen=True, slots=True)
class Missing:
    """Metrics that were not measured for one and the same reason; links and their names."""

    names: list[tuple[str, Text]]
    reason: str


def _quantities(card: Scorecard, phase: CardPhase) -> list[dict[str, str]]:
    """The rows of the latency table: of each quantity the ids of its metrics, by statistic."""
    rows: dict[str, dict[str, str]] = {}
    for metric in ordered(card, phase.metrics):
        definition = REGISTRY.get(metric)
        if definition and definition.quantity and definition.statistic:
            rows.setdefault(definition.quantity.id, {})[definition.statistic.id] = metric
    return [names for names in rows.values() if "p50" in names]


def _measured(phase: CardPhase, names: Iterable[str]) -> bool:
    return any(isinstance(phase.metrics[name], Measured) for name in names)


def latency_table(card: Scorecard, phase: CardPhase) -> LatencyTable:
    """The latency table of a phase, in the order of the definitions; see `missing` for what has no number."""
    families = [names for names in _quantities(card, phase) if _measured(phase, names.values())]
    tails = [
        show(names["p999"], phase.metrics[names["p999"]]) for names in families if "p999" in names
    ]
    columns = [*_ALWAYS, *(["p999"] if any(tail.measured for tail in tails) else []), "mean"]
    left_out = "" if "p999" in columns else next((tail.reason for tail in tails), "")
    rows = [_latency_row(card, phase.metrics, names, columns) for names in families]
    methods = {}
    for index, column in enumerate(columns):
        kinds = [cell.method for row in rows if (cell := row.cells[index]) and cell.interval]
        if kinds:
            methods[column] = collections.Counter(kinds).most_common(1)[0][0]
    return LatencyTable(columns, rows, methods, left_out)


def _latency_row(
    card: Scorecard, values: dict[str, Value], names: dict[str, str], columns: list[str]
) -> LatencyRow:
    cells = [show(names[name], values[names[name]]) if name in names else None for name in columns]
    measured = [cell for cell in cells if cell and cell.measured]
    metric = names["p50"]
    definition = card.metrics.get(metric)
    counts = {cell.n for cell in measured}
    bare = dict.fromkeys(cell.method for cell in measured if not cell.interval)
    return LatencyRow(
        metric,
        _quantity_title(metric),
        definition.unit if definition else "",
        cells,
        counts.pop() if len(counts) == 1 else "",
        joined(bare, "; ", "；"),
    )


def quantity_title(quantity: str) -> Text:
    """The name of a latency without a statistic: ``Time to first token (TTFT)``."""
    first = next(iter(statistics_by(quantity).values()))
    return _quantity_title(first.id)


def _quantity_title(metric: str) -> Text:
    quantity = REGISTRY[metric].quantity
    assert quantity is not None
    return Text(en=quantity.title.en, zh=quantity.title.zh)


def other_rows(card: Scorecard, phase: CardPhase) -> list[MetricRow]:
    """The metrics of a phase that have a number and are not in its latency table."""
    taken = {name for names in _quantities(card, phase) for name in names.values()}
    return [row for row in _rows(card, phase.metrics, taken) if row.shown.measured]


def missing(card: Scorecard, phase: CardPhase) -> list[Missing]:
    """What was not measured in a phase, gathered by reason; a latency without any number is named once.

    What only another kind of phase has, such as a search's rate, is missed by nobody.
    """
    by_reason: dict[str, Missing] = {}

    def add(metric: str, title: Text, reason: str) -> None:
        by_reason.setdefault(reason, Missing([], reason)).names.append((metric, title))

    quantities = _quantities(card, phase)
    for names in quantities:
        if not _measured(phase, names.values()):
            first = names["p50"]
            add(first, _quantity_title(first), show(first, phase.metrics[first]).reason)
    taken = {name for names in quantities for name in names.values()}
    for row in _rows(card, phase.metrics, taken):
        definition = REGISTRY.get(row.metric)
        if not row.shown.measured and not (definition and row.shown.reason == definition.unasked):
            add(row.metric, row.title, row.shown.reason)
    return list(by_reason.values())


def run_rows(card: Scorecard) -> list[MetricRow]:
    """Start-up times and other values of the whole run."""
    return _rows(card, card.startup, set())


def _rows(card: Scorecard, values: dict[str, Value], taken: set[str]) -> list[MetricRow]:
    return [
        MetricRow(name, metric_name(card, name), show(name, values[name]))
        for name in ordered(card, values)
        if name not in taken
    ]


@dataclass(frozen=True, slots=True)
class Definition:
    """What one name means, or all statistics of one latency."""

    names: list[str]
    label: str
    title: Text
    unit: str
    direction: str
    formula: str
    definition: str


def definitions(card: Scorecard) -> list[Definition]:
    """Every metric on the card, in order; the statistics of a latency share one entry."""
    entries: dict[str, Definition] = {}
    for name in ordered(card, card.metrics):
        metric, definition = card.metrics[name], REGISTRY.get(name)
        quantity = definition.quantity if definition else None
        key = quantity.id if quantity else name
        if key in entries:
            entries[key].names.append(name)
            continue
        title, formula, label = metric.title, metric.formula, name
        if quantity:
            title, formula, label = (
                _quantity_title(name),
                Sentence(*quantity.formula),
                f"{quantity.id}_*",
            )
        entries[key] = Definition(
            [name], label, title, metric.unit, metric.direction, formula, metric.definition
        )
    return list(entries.values())


@dataclass(frozen=True, slots=True)
class QualityLine:
    """One quality metric beside reference, gate and baseline, each as text ("" for none)."""

    metric: str
    title: Text
    shown: ShownNumber
    reference: str
    share: str
    bound: str
    missed: bool
    baseline: ShownNumber | None
    picture: Markup | str


def quality_rows(card: Scorecard) -> list[QualityLine]:
    """The quality table."""
    return [_quality_line(card, row) for row in card.quality.rows]


def _quality_line(card: Scorecard, row: QualityRow) -> QualityLine:
    value, reference, bound = row.value, row.reference, row.bound
    baseline = None if row.baseline is None else show(row.metric, row.baseline)
    number, unit = (value.value, value.unit) if isinstance(value, Measured) else (None, "")
    places = 4 if unit == "1" else 2
    share = ""
    if number is not None and reference:
        share = f"{number / reference * 100:.1f}{NARROW}%"
    return QualityLine(
        row.metric,
        metric_name(card, row.metric),
        show(row.metric, value),
        "" if reference is None else plain(reference, places),
        share,
        "" if bound is None else plain(bound, places),
        number is not None and bound is not None and number < bound,
        baseline if baseline and baseline.measured else None,
        _picture(row),
    )


def _picture(row: QualityRow) -> Markup | str:
    value, baseline = row.value, row.baseline
    if not isinstance(value, Measured):
        return ""
    base = baseline.value if isinstance(baseline, Measured) else None
    numbers = [value.value, value.high, row.reference, row.bound, base]
    top = max(number for number in numbers if number is not None) * 1.12
    if top <= 0:
        return ""
    marks = {"baseline": base, "gate": row.bound, "reference": row.reference}
    return plots.bullet(value.value, value.low, value.high, marks, top)


@dataclass(frozen=True, slots=True)
class TimeRow:
    """One stretch of wall time; `phrase` is the key of its name, or "" when `name` says it."""

    name: str
    phrase: str
    kind: str
    seconds: str
    share: str


def time_rows(card: Scorecard) -> list[TimeRow]:
    """Where the run's time went, in order."""
    total = _total(card.time_breakdown)
    return [
        TimeRow(
            item.what.removesuffix("-warmup") if item.kind == "warm-up" else item.what,
            _PHRASES.get(item.what, "") if item.kind not in ("measured", "warm-up") else "",
            item.kind,
            f"{item.seconds:,.2f}",
            f"{item.seconds / total * 100:.1f}{NARROW}%" if total > 0 else "",
        )
        for item in card.time_breakdown
    ]


def total_seconds(card: Scorecard) -> str:
    """Wall time of the run in seconds."""
    return f"{_total(card.time_breakdown):,.2f}"


def _total(stretches: Sequence[TimeShare]) -> float:
    return sum(item.seconds for item in stretches)
