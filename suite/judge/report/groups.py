"""Sweeps and grids as tables: which phases belong together, one row per point, what to plot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec import UNSET
from msgspec.structs import replace

from suite.base.bilingual import Sentence, joined
from suite.documents.document import given
from suite.documents.value import Measured
from suite.judge.metrics.registry import statistics_by
from suite.judge.report import curves
from suite.judge.report.loadtext import load_text
from suite.judge.report.numbers import ShownNumber, plain, show
from suite.judge.report.words import WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from markupsafe import Markup

    from suite.documents.card import Scorecard
    from suite.documents.card_phase import CardPhase
    from suite.documents.value import Value
    from suite.judge.report.loadtext import Both

_REASONS = 3
AXES = ("concurrency", "input_tokens", "output_tokens")
"""Axes in the order of their columns; any other follows by name."""
STREAM = "stream"
"""A column that is no metric of the card: output throughput over streams."""
_TAILS = ("p99", "p90")
"""Statistics for the tail, the best first: the first that any point has is shown."""


@dataclass(frozen=True, slots=True)
class Block:
    """What stands together in the list of measurements: one phase, or all points of a group.

    Attributes:
        number: from 1, in the order of the card; for anchors.
        group: the group's name, "" for a phase that stands alone.
    """

    number: int
    group: str
    phases: list[CardPhase]


def blocks(card: Scorecard) -> list[Block]:
    """The card's phases in order; the points of a group stand where its first one does."""
    gathered: dict[str, list[CardPhase]] = {}
    order: list[list[CardPhase]] = []
    for phase in card.phases:
        group = phase.group.name if phase.group is not UNSET else ""
        if group and group in gathered:
            gathered[group].append(phase)
            continue
        phases = [phase]
        order.append(phases)
        if group:
            gathered[group] = phases
    return [
        Block(number, phases[0].group.name if phases[0].group is not UNSET else "", phases)
        for number, phases in enumerate(order, 1)
    ]


@dataclass(frozen=True, slots=True)
class Point:
    """One row.

    Attributes:
        values: the point's place on each axis, as text.
        cells: one per column; None where the card has no such metric.
        not_run: why it was skipped, "" when it ran.
        anchor: where its details stand on the page.
        label: the place in words.
    """

    phase: CardPhase
    values: list[str]
    cells: list[ShownNumber | None]
    not_run: str
    anchor: str
    label: Both


@dataclass(frozen=True, slots=True)
class GroupTable:
    """A group as a table.

    Attributes:
        title: what kind of group it is: a key of the words.
        common: what is the same at every point, in words; may be empty.
        axes: the axes in words, in the order of `Point.values`.
        columns: the columns after the axes, in the order of `Point.cells`.
        absent: names of columns with cells that have no number, and the reasons.
    """

    title: str
    common: Both
    axes: list[Both]
    columns: list[Column]
    rows: list[Point]
    absent: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its metric, heading and unit ("" for a count).

    Attributes:
        quantity: the latency that it is a statistic of, "" for any other.
        statistic: which one.
    """

    metric: str
    name: Both
    unit: str
    quantity: str = ""
    statistic: str = ""


def columns(phases: list[CardPhase]) -> list[Column]:
    """Median and tail of TTFT and TPOT, throughput, the devices' memory where a tool told it, and failures.

    The tail is the one that the points have enough samples for.
    """
    memory = Column("device_memory_max", WORDS["column-device_memory_max"], "GiB")
    latencies = []
    for quantity in ("ttft", "tpot"):
        metrics = statistics_by(quantity)
        tail = next(
            (name for name in _TAILS if any(_has(phase, metrics[name].id) for phase in phases)),
            _TAILS[0],
        )
        for statistic in ("p50", tail):
            name = f"{quantity.upper()} {statistic}"
            latencies.append(Column(metrics[statistic].id, (name, name), "ms", quantity, statistic))
    return [
        *latencies,
        Column("output_throughput", WORDS["column-output_throughput"], "tokens/s"),
        Column(STREAM, WORDS["column-stream"], "tokens/s"),
        *([memory] if any(_has(phase, memory.metric) for phase in phases) else []),
        Column("failed", WORDS["column-failed"], ""),
    ]


def _has(phase: CardPhase, metric: str) -> bool:
    return isinstance(phase.metrics.get(metric), Measured)


def table(block: Block) -> GroupTable:
    """The table of a group, its points in the order of their axes."""
    axes = axes_of(block)
    phases = sorted(block.phases, key=lambda phase: _place(phase, axes))
    shown = columns(phases)
    rows = [
        _point(phase, axes, shown, f"point-{block.number}-{number}")
        for number, phase in enumerate(phases, 1)
    ]
    load = block.phases[0].load
    names = [axis_name(axis, lockstep=given(load.lockstep, False)) for axis in axes]
    return GroupTable(
        _title(block, axes), load_text(load, axes), names, shown, rows, _absent(shown, rows)
    )


def axes_of(block: Block) -> list[str]:
    """What varies over a group."""
    axes = {axis for phase in block.phases for axis in _axes(phase)}
    return [*(axis for axis in AXES if axis in axes), *sorted(axes - set(AXES))]


def _place(phase: CardPhase, axes: list[str]) -> tuple[int, ...]:
    return tuple(_axes(phase).get(axis, 0) for axis in axes)


def _axes(phase: CardPhase) -> Mapping[str, int]:
    """A point's place by axis; of a phase that is no point, none."""
    return phase.group.axes if phase.group is not UNSET else {}


def _title(block: Block, axes: list[str]) -> str:
    if axes == ["concurrency"]:
        return "group-batch" if block.phases[0].load.lockstep else "group-sweep"
    if axes == ["input_tokens"]:
        return "group-context"
    return "group-lengths" if "concurrency" not in axes else "group-grid"


def axis_name(axis: str, *, lockstep: bool = False) -> Both:
    """An axis in words."""
    key = "axis-batch" if axis == "concurrency" and lockstep else f"axis-{axis}"
    return WORDS.get(key, (axis, axis))


def _point(phase: CardPhase, axes: list[str], shown: list[Column], anchor: str) -> Point:
    places = [_axes(phase).get(axis) for axis in axes]
    values = ["–" if place is None else plain(place) for place in places]
    labels = [
        _place_text(axis, value, lockstep=given(phase.load.lockstep, False))
        for axis, value in zip(axes, values, strict=True)
    ]
    label = (" · ".join(text[0] for text in labels), " · ".join(text[1] for text in labels))
    not_run = given(phase.not_run, "")
    cells = [] if not_run else [_cell(phase, column.metric) for column in shown]
    return Point(phase, values, cells, not_run, anchor, label)


def _place_text(axis: str, value: str, *, lockstep: bool) -> Both:
    """``concurrency 8``, ``512 tokens in``."""
    english, chinese = axis_name(axis, lockstep=lockstep)
    if axis.endswith("_tokens"):
        return f"{value} {english}", f"{chinese} {value}"
    return f"{english} {value}", f"{chinese} {value}"


def _cell(phase: CardPhase, name: str) -> ShownNumber | None:
    value = stream_value(phase) if name == STREAM else phase.metrics.get(name)
    return None if value is None else show(name, value)


def stream_value(phase: CardPhase) -> Value | None:
    """Output throughput over the number of streams: what one user of a busy server gets."""
    whole, streams = phase.metrics.get("output_throughput"), phase.load.concurrency
    if not streams or not isinstance(whole, Measured):
        return whole
    low, high = whole.low, whole.high
    return replace(
        whole,
        value=whole.value / streams,
        low=None if low is None else low / streams,
        high=None if high is None else high / streams,
    )


def _absent(shown: list[Column], rows: list[Point]) -> list[tuple[str, str]]:
    """Which columns miss numbers, and why; a column whose reasons differ from point to point names three."""
    columns_by_reason: dict[str, list[str]] = {}
    for place, column in enumerate(shown):
        cells = [row.cells[place] for row in rows if row.cells]
        reasons = dict.fromkeys(cell.reason for cell in cells if cell and not cell.measured)
        if reasons:
            text = joined(list(reasons)[:_REASONS], "; ", "；")
            if len(reasons) > _REASONS:
                text += Sentence("; …", "；……")
            columns_by_reason.setdefault(text, []).append(Sentence(*column.name))
    return [(joined(names, ", ", "、"), text) for text, names in columns_by_reason.items()]


def plots(block: Block) -> list[tuple[Both, Markup]]:
    """What to draw of a group with one varying axis, each picture with its caption.

    Throughput, TTFT and TPOT against the axis, and for a sweep TPOT against throughput; nothing of fewer than two
    points.
    """
    axes = axes_of(block)
    if len(axes) != 1:
        return []
    phases = sorted(block.phases, key=lambda phase: _place(phase, axes))
    lockstep = given(block.phases[0].load.lockstep, False)
    english, chinese = axis_name(axes[0], lockstep=lockstep)
    along = [(float(_axes(phase)[axes[0]]), phase) for phase in phases]

    def line(metric: str, name: str) -> curves.Line:
        dots = [curves.dot(x, phase.metrics.get(metric)) for x, phase in along]
        return curves.Line(name, [point for point in dots if point])

    shown = columns(phases)
    wanted = [("output_throughput", ("tokens/s", "token/秒"), [line("output_throughput", "")])]
    for quantity in ("ttft", "tpot"):
        lines = [
            line(column.metric, column.statistic) for column in shown if column.quantity == quantity
        ]
        wanted.append((quantity, ("ms", "毫秒"), lines))
    pictures = []
    for name, unit, lines in wanted:
        picture = curves.chart(
            lines,
            (english, chinese),
            steps=True,
            log=(True, name != "output_throughput"),
        )
        if picture:
            caption = WORDS[f"plot-{name}"]
            pictures.append(((f"{caption[0]}, {unit[0]}", f"{caption[1]}，{unit[1]}"), picture))
    trade = _trade(along) if axes == ["concurrency"] else None
    if trade:
        pictures.append((WORDS["plot-trade"], trade))
    return pictures


def _trade(along: list[tuple[float, CardPhase]]) -> Markup:
    """TPOT against throughput; each dot says its place on the axis."""
    dots = []
    for place, phase in along:
        metrics = phase.metrics
        across, up = metrics.get("output_throughput"), metrics.get("tpot_p50")
        if isinstance(across, Measured) and isinstance(up, Measured):
            dots.append(curves.Dot(across.value, up.value, None, None, plain(place)))
    names = WORDS["plot-output_throughput"]
    return curves.chart(
        [curves.Line("", dots)],
        (f"{names[0]}, tokens/s", f"{names[1]}，token/秒"),
    )
