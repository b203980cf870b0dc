"""Pictures of a comparison: one line or mark for each card. Classes only, as on the card's page."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from suite.documents.value import Measured
from suite.judge.report import svg
from suite.judge.report.numbers import tick_text, ticks
from suite.judge.report.svg import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH
from suite.judge.report.words import WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from suite.documents.comparison import Curve, ManyComparison, OverTime

COLOURS = 8
"""Classes ``c0`` to ``c7``; further cards begin again, and every mark bears its letter."""
_W, _H = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
_BASE = TOP + _H


def _axes(
    x: tuple[float, float], words: tuple[str, str], y: Sequence[tuple[float, str]]
) -> list[Markup]:
    parts = []
    for mark in ticks(*x, 5):
        at = LEFT + (mark - x[0]) / (x[1] - x[0]) * _W
        label = tick_text(mark)
        parts += [svg.line(at, TOP, at, _BASE, "grid"), svg.text(at, _BASE + 14, label, "tick")]
    for share, label in y:
        at = _BASE - share * _H
        parts += [
            svg.line(LEFT, at, WIDTH - RIGHT, at, "grid"),
            svg.text(LEFT - 5, at + 3.5, label, "tick", "end"),
        ]
    parts.append(svg.line(LEFT, _BASE, WIDTH - RIGHT, _BASE, "axis"))
    parts.append(svg.both(LEFT + _W / 2, HEIGHT - 4, words, "axis-name"))
    return parts


def _class(letters: Sequence[str], letter: str) -> str:
    return f"c{letters.index(letter) % COLOURS}"


def distributions(letters: Sequence[str], curves: Sequence[Curve], name: str) -> Markup:
    """Shares of requests at or below a latency, a line for each card.

    Args:
        letters: of all cards, in order.
        curves: of one latency of one phase.
        name: of the latency.
    """
    low = min(curve.values[0] for curve in curves)
    high = max(curve.values[-1] for curve in curves)
    low = 0.0 if low < 0.5 * high else low
    span = (high - low) or 1.0
    marks = ((0.0, "0"), (0.5, "50 %"), (1.0, "100 %"))
    parts = _axes((low, low + span), (f"{name}, ms", f"{name}，毫秒"), marks)
    middles = []
    for curve in curves:
        last = len(curve.values) - 1
        places = " ".join(
            f"{LEFT + (value - low) / span * _W:.1f},{_BASE - index / last * _H:.1f}"
            for index, value in enumerate(curve.values)
        )
        css = _class(letters, curve.letter)
        parts.append(Markup('<polyline points="{}" class="curve {}"/>').format(places, css))
        at = LEFT + (curve.values[last // 2] - low) / span * _W
        middles.append((curve.letter, at, _BASE - 0.5 * _H))
    return svg.frame([*parts, *_named(letters, middles)])


def over_time(letters: Sequence[str], curves: Sequence[OverTime]) -> Markup:
    """A quantity of devices or engine over the phase's seconds, a line for each card; broken where a device was silent.

    Args:
        letters: of all cards, in order.
        curves: of one quantity of one phase.
    """
    factor = 100.0 if curves[0].series.unit == "1" else 1.0
    values = [
        value * factor for curve in curves for value in curve.series.values if value is not None
    ]
    most = max(values, default=0.0) * 1.05 or 1.0
    seconds = max(len(curve.series.values) * curve.series.bucket_s for curve in curves)
    marks = [(mark / most, tick_text(mark)) for mark in ticks(0, most, 4)]
    parts = _axes((0.0, seconds), WORDS["plot-seconds"], marks)
    ends = []
    for curve in curves:
        css = _class(letters, curve.letter)
        last: tuple[float, float] | None = None
        for known, run in itertools.groupby(
            enumerate(curve.series.values), key=lambda item: item[1] is not None
        ):
            if not known:
                continue
            points = [
                (
                    LEFT + (place + 0.5) * curve.series.bucket_s / seconds * _W,
                    _BASE - max(0.0, value or 0.0) * factor / most * _H,
                )
                for place, value in run
            ]
            last = points[-1]
            line = " ".join(
                f"{x:.1f},{y:.1f}" for x, y in (points if len(points) > 1 else points * 2)
            )
            parts.append(Markup('<polyline points="{}" class="curve {}"/>').format(line, css))
        if last:
            ends.append((curve.letter, *last))
    return svg.frame([*parts, *_named(letters, ends)])


def frontier(letters: Sequence[str], result: ManyComparison) -> Markup:
    """Output throughput over time per token; a ring marks what no other load beats in both."""
    rows = [
        (point, point.latency.value, point.throughput.value)
        for point in result.points
        if isinstance(point.latency, Measured) and isinstance(point.throughput, Measured)
    ]
    if len(rows) < 2:
        return Markup("")
    most_x, most_y = max(row[1] for row in rows) * 1.05, max(row[2] for row in rows) * 1.08
    if most_x <= 0 or most_y <= 0:
        return Markup("")
    marks = [(mark / most_y, tick_text(mark)) for mark in ticks(0, most_y, 4)]
    words = ("time per output token, ms, against tokens/s", "每 token 生成时间（毫秒）与 token/s")
    parts = _axes((0.0, most_x), words, marks)
    best = sorted((x, y) for point, x, y in rows if point.frontier)
    if len(best) > 1:
        line = " ".join(
            f"{LEFT + x / most_x * _W:.1f},{_BASE - y / most_y * _H:.1f}" for x, y in best
        )
        parts.append(Markup('<polyline points="{}" class="frontier"/>').format(line))
    dots = [(point.letter, LEFT + x / most_x * _W, _BASE - y / most_y * _H) for point, x, y in rows]
    for (point, *_), (_, x, y) in zip(rows, dots, strict=True):
        css = _class(letters, point.letter) + (" best" if point.frontier else "")
        dot = '<circle cx="{:.1f}" cy="{:.1f}" r="4" class="dot {}"><title>{}</title></circle>'
        parts.append(Markup(dot).format(x, y, css, f"{point.letter} {point.phase}"))  # noqa: S704 - our own text, formatted with escapes
    return svg.frame([*parts, *_named(letters, dots)])


def _named(letters: Sequence[str], dots: Sequence[tuple[str, float, float]]) -> Iterator[Markup]:
    """The letter of each place beside it, no two over each other; one that finds no room near is tied to its place."""
    places = beside([(x, y) for _, x, y in dots])
    for (letter, at_x, at_y), (x, y) in zip(dots, places, strict=True):
        if math.dist((at_x, at_y), (x, y)) > _NEAR:
            yield svg.line(at_x, at_y, x, y, "grid")
        yield svg.text(x, y + 4, letter, f"letter {_class(letters, letter)}")


_NEAR: Final = 16.0
_ROOM: Final = 12.0
"""Width and height that a letter takes."""


def beside(dots: Sequence[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    """The middle of each dot's letter: as near as there is room beside all dots and the letters before it."""
    letters: list[tuple[float, float]] = []
    for x, y in dots:
        places = [
            (x + radius * math.cos(angle), y - radius * math.sin(angle))
            for radius in range(10, 100, 5)
            for angle in (math.pi / 4 + step * math.pi / 6 for step in range(12))
        ]
        inside = [
            place
            for place in places
            if LEFT + 5 < place[0] < WIDTH - RIGHT and TOP < place[1] < _BASE - 6
        ] or places
        free = (
            place
            for place in inside
            if all(max(abs(place[0] - a), abs(place[1] - b)) >= _ROOM for a, b in letters)
            and all(max(abs(place[0] - a), abs(place[1] - b)) >= _ROOM - 5 for a, b in dots)
        )
        letters.append(next(free, inside[0]))
        yield letters[-1]
