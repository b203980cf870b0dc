"""Curves through measured points as inline SVG: sweeps, searches, turns, medians over time.

Drawn as `suite.judge.report.plots` draws: classes only, coordinates rounded to a tenth, the same data gives
the same bytes. A scale over more than an order of magnitude is logarithmic; its labels say so by their steps.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from markupsafe import Markup

from suite.documents.value import Measured
from suite.judge.report import svg
from suite.judge.report.numbers import tick_text, ticks
from suite.judge.report.svg import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.documents.value import Value

_BASE = HEIGHT - BOTTOM
_LOG_FROM = 12.0
"""Largest over smallest value from which a scale is logarithmic."""
_STEPS = 12
"""Places that may stand in even steps; more are drawn to scale."""
_APART = 7.0
"""Room that one character of a label takes on the horizontal axis."""


@dataclass(frozen=True, slots=True)
class Dot:
    """One measured point.

    Attributes:
        low: lower end of the interval of `y`, or None.
        high: upper end.
        label: written beside it; may be "".
        kind: ``""``, ``met`` or ``missed``.
    """

    x: float
    y: float
    low: float | None = None
    high: float | None = None
    label: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """Points that a line joins, in order of `x`; the name stands at its end."""

    name: str
    dots: Sequence[Dot]


@dataclass(frozen=True, slots=True)
class Extras:
    """What stands behind the points.

    Attributes:
        levels: horizontal lines: a value and its words.
        band: a stretch of the horizontal axis, e.g. a bracket or the steady state.
        band_words: what the stretch is.
        beyond: places on the horizontal axis whose value is not known; drawn as misses at the upper edge.
    """

    levels: Sequence[tuple[float, tuple[str, str]]] = ()
    band: tuple[float, float] | None = None
    band_words: tuple[str, str] = ("", "")
    beyond: Sequence[float] = field(default=())


def dot(x: float, value: Value | None, kind: str = "") -> Dot | None:
    """A point of a value with its interval; None where there is no number."""
    if not isinstance(value, Measured):
        return None
    return Dot(x, value.value, value.low, value.high, "", kind)


@dataclass(frozen=True, slots=True)
class _Scale:
    """Values to coordinates: linear, logarithmic, or one even step per place."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False
    places: tuple[float, ...] = ()

    def at(self, value: float) -> float:
        if self.places:
            share = self.places.index(value) / max(1, len(self.places) - 1)
            return self.start + share * (self.end - self.start)
        value = min(max(value, self.low), self.high)
        if self.log:
            share = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def marks(self, count: int) -> list[float]:
        if not self.log:
            return ticks(self.low, self.high, count)
        decades = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        steps = (1.0, 2.0, 5.0) if math.log10(self.high / self.low) < 2.5 else (1.0,)
        marks = [step * 10.0**decade for decade in decades for step in steps]
        return [mark for mark in marks if self.low * 0.999 <= mark <= self.high * 1.001]


def _vertical(values: Sequence[float], *, log: bool) -> _Scale:
    low, high = min(values), max(values)
    if log and low > 0 and high / low > _LOG_FROM:
        return _Scale(low * 0.8, high * 1.25, _BASE, TOP, log=True)
    return _Scale(0.0, high * 1.1 or 1.0, _BASE, TOP)


def _horizontal(values: Sequence[float], *, steps: bool, log: bool) -> _Scale:
    low, high = min(values), max(values)
    inset = (LEFT + 14.0, WIDTH - RIGHT - 16.0)
    if steps and len(values) <= _STEPS:
        return _Scale(low, high, *inset, places=tuple(values))
    if (log or steps) and low > 0 and high / low > _LOG_FROM:
        return _Scale(low, high, *inset, log=True)
    pad = 0.05 * (high - low) or 1.0
    return _Scale(0.0 if low < 0.5 * high else low - pad, high + pad, LEFT, WIDTH - RIGHT)


def chart(
    lines: Sequence[Line],
    across: tuple[str, str],
    *,
    extras: Extras | None = None,
    steps: bool = False,
    log: tuple[bool, bool] = (False, False),
) -> Markup:
    """Curves over one horizontal axis; nothing where fewer than two places would be drawn.

    Args:
        lines: the curves; all share one vertical axis, whose unit the caption says.
        across: name of the horizontal axis.
        extras: lines and stretches behind the curves.
        steps: the points' own places on the horizontal axis, in even steps, instead of a scale.
        log: whether the horizontal and the vertical scale are logarithmic where values span enough.
    """
    behind = extras or Extras()
    drawn = [line for line in lines if line.dots]
    places = sorted({dot.x for line in drawn for dot in line.dots} | set(behind.beyond))
    if len(places) < 2 or not drawn:
        return Markup("")
    heights = [dot.y for line in drawn for dot in line.dots]
    heights += [level for level, _ in behind.levels]
    heights += [d.high for line in drawn for d in line.dots if d.high is not None]
    x = _horizontal(places, steps=steps, log=log[0])
    y = _vertical([height for height in heights if height > 0] or [1.0], log=log[1])
    parts = [*_axes(x, y, across, places if steps else None), *_behind(behind, x, y)]
    for number, line in enumerate(drawn):
        parts += _curve(line, x, y, number)
    parts += [_cross(x.at(place), TOP + 4.0) for place in behind.beyond]
    return svg.frame(parts)


def _axes(
    x: _Scale, y: _Scale, across: tuple[str, str], places: Sequence[float] | None
) -> list[Markup]:
    parts = []
    for mark in y.marks(4):
        at = y.at(mark)
        parts.append(svg.text(LEFT - 6, at + 4, tick_text(mark), "tick", "end"))
        if at < _BASE - 1:
            parts.append(svg.line(LEFT, at, WIDTH - RIGHT, at, "grid"))
    free = -math.inf
    for mark in places if places is not None else x.marks(5):
        at, words = x.at(mark), tick_text(mark)
        half = _APART * (len(words) + 1) / 2
        if at - half >= free:
            parts.append(svg.line(at, TOP, at, _BASE, "grid"))
            parts.append(svg.text(at, _BASE + 14, words, "tick"))
            free = at + half
    return [
        *parts,
        svg.line(LEFT, _BASE, WIDTH - RIGHT, _BASE, "axis"),
        svg.both((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 4, across, "axis-name"),
    ]


def _behind(extras: Extras, x: _Scale, y: _Scale) -> list[Markup]:
    parts = []
    if extras.band is not None:
        start, end = x.at(extras.band[0]), x.at(extras.band[1])
        parts.append(svg.stretch(start, end, "stretch"))
        if extras.band_words[0]:
            parts.append(svg.both(start + 4, _BASE - 6, extras.band_words, "stretch-name", "start"))
    for level, words in extras.levels:
        at = y.at(level)
        parts += [
            svg.line(LEFT, at, WIDTH - RIGHT, at, "objective"),
            svg.both(LEFT + 5, at - 5, words, "objective-name", "start"),
        ]
    return parts


def _curve(line: Line, x: _Scale, y: _Scale, number: int) -> list[Markup]:
    css = "curve" if number == 0 else "curve curve-other"
    points = [(x.at(dot.x), y.at(dot.y)) for dot in line.dots]
    path = "".join(f"{'L' if i else 'M'}{a:.1f} {b:.1f}" for i, (a, b) in enumerate(points))
    parts = [Markup('<path d="{}" class="{}"/>').format(path, css)]
    small = len(points) > 16
    for dot, (a, b) in zip(line.dots, points, strict=True):
        if dot.low is not None and dot.high is not None:
            parts.append(svg.line(a, y.at(dot.low), a, y.at(dot.high), "whisker"))
        if dot.kind == "missed":
            parts.append(_cross(a, b))
            continue
        circle = Markup('<circle cx="{:.1f}" cy="{:.1f}" r="{}" class="{}"/>')
        parts.append(circle.format(a, b, 2.5 if small else 3.5, f"dot {dot.kind}".strip()))
    parts += _labels(line, points)
    if line.name:
        # Most curves are flat where they begin: there the upper one's name goes above, the other's below.
        a, b = points[0]
        below = number == 0 and b + 15 < _BASE
        parts.append(svg.text(a + 2, b + 15 if below else b - 8, line.name, "dot-name", "start"))
    return parts


def _labels(line: Line, points: Sequence[tuple[float, float]]) -> list[Markup]:
    """The points' own words, left out where they would cover the last one written."""
    parts: list[Markup] = []
    last: tuple[float, float] | None = None
    for dot, (a, b) in zip(line.dots, points, strict=True):
        if not dot.label or (last and abs(a - last[0]) < 22 and abs(b - last[1]) < 12):
            continue
        anchor = "end" if a > WIDTH - 60 else "start"
        parts.append(
            svg.text(a - 6 if anchor == "end" else a + 6, b - 6, dot.label, "dot-name", anchor)
        )
        last = (a, b)
    return parts


def _cross(x: float, y: float) -> Markup:
    return Markup('<path d="M{:.1f} {:.1f}l7 7m0 -7l-7 7" class="missed"/>').format(
        x - 3.5, y - 3.5
    )
