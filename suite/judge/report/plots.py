"""Plots as inline SVG without scripts or style attributes: the page's content-security policy allows neither.

Everything is drawn with classes that the page's one style sheet colours, so that light, dark and print
work alike. Coordinates are rounded to a tenth of a unit; the same data gives the same bytes.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from markupsafe import Markup

from suite.judge.report import svg
from suite.judge.report.numbers import NARROW, plain, tick_text, ticks
from suite.judge.report.svg import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.documents.card import TimeShare
    from suite.documents.card_phase import RateSeries

_INNER_W, _INNER_H = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM


def _x_axis(low: float, high: float, words: tuple[str, str]) -> list[Markup]:
    parts = []
    base = TOP + _INNER_H
    marks = ticks(low, high, 5)
    for mark in marks:
        x = LEFT + (mark - low) / (high - low) * _INNER_W
        label = tick_text(mark)
        # A long label at the left end would cover the lowest one of the vertical axis.
        anchor = "start" if x - 3.4 * len(label) < LEFT - 4 else "middle"
        parts += [svg.line(x, TOP, x, base, "grid"), svg.text(x, base + 14, label, "tick", anchor)]
    parts += [
        svg.line(LEFT, base, WIDTH - RIGHT, base, "axis"),
        svg.both(LEFT + _INNER_W / 2, HEIGHT - 4, words, "axis-name"),
    ]
    return parts


def _quantile(values: Sequence[float], share: float) -> float:
    """Linear interpolation between order statistics, as the metrics use it."""
    position = share * (len(values) - 1)
    below = math.floor(position)
    above = min(below + 1, len(values) - 1)
    return values[below] + (values[above] - values[below]) * (position - below)


def distribution(
    values: Sequence[float], name: str, objective: float | None, failed: float = 0.0
) -> Markup:
    """Share of requests at or below a latency; one that failed is above every latency.

    Args:
        values: latencies in milliseconds in ascending order, or that many of their quantiles.
        name: what they are, for example TTFT.
        objective: the service-level objective in milliseconds; drawn when it lies in the range.
        failed: share of the requests that have no latency.
    """
    if len(values) < 2:
        return Markup("")
    span = values[-1] - values[0]
    pad = 0.04 * span or 0.05 * abs(values[0]) or 1.0
    low, high = max(0.0, values[0] - pad), values[-1] + pad
    # Start at zero when that costs less than half of the width: ratios can then be seen.
    if low < 0.5 * high:
        low = 0.0
    base = TOP + _INNER_H

    def x_of(value: float) -> float:
        return LEFT + (value - low) / (high - low) * _INNER_W

    def y_of(share: float) -> float:
        return base - share * _INNER_H

    parts = _x_axis(low, high, (f"{name}, ms", f"{name}，毫秒"))
    for share in (0.0, 0.5, 1.0):
        y = y_of(share)
        parts.append(svg.text(LEFT - 6, y + 4, f"{share * 100:.0f}{NARROW}%", "tick", "end"))
        if share:
            parts.append(svg.line(LEFT, y, WIDTH - RIGHT, y, "grid"))
    came = 1.0 - failed
    points = [(x_of(v), y_of(came * i / (len(values) - 1))) for i, v in enumerate(values)]
    path = "".join(f"{'L' if i else 'M'}{x:.1f} {y:.1f}" for i, (x, y) in enumerate(points))
    fill = f"{path}L{points[-1][0]:.1f} {base}L{points[0][0]:.1f} {base}Z"
    parts.append(
        Markup('<path d="{}" class="area"/><path d="{}" class="curve"/>').format(fill, path)
    )
    if objective is not None and low <= objective <= high:
        x = x_of(objective)
        words = (f"objective {plain(objective)} ms", f"目标 {plain(objective)} 毫秒")
        anchor = "end" if x > WIDTH / 2 else "start"
        shift = -5 if anchor == "end" else 5
        parts += [
            svg.line(x, TOP, x, base, "objective"),
            svg.both(x + shift, base - 8, words, "objective-name", anchor),
        ]
    for share, label in ((0.5, "p50"), (0.9, "p90")):
        if share > came:
            continue
        x, y = x_of(_quantile(values, share / came)), y_of(share)
        anchor = "end" if x > LEFT + 60 else "start"
        shift = -8 if anchor == "end" else 8
        parts += [
            Markup('<circle cx="{:.1f}" cy="{:.1f}" r="3.5" class="dot"/>').format(x, y),
            svg.text(x + shift, y + (11 if share == 0.9 else 3), label, "dot-name", anchor),
        ]
    return svg.frame(parts)


def throughput(series: RateSeries, steady: tuple[float, float] | None = None) -> Markup:
    """A rate over time as steps.

    Args:
        series: the rate.
        steady: the steady stretch in seconds; drawn behind the rate.
    """
    values = series.values
    if not values:
        return Markup("")
    bucket = series.bucket_s
    high = max(values) * 1.08 or 1.0
    end = bucket * len(values)
    base = TOP + _INNER_H
    parts = _x_axis(0.0, end, ("seconds since the first request", "距首个请求的秒数"))
    if steady is not None:
        begin, close = (LEFT + min(at / end, 1.0) * _INNER_W for at in steady)
        parts.insert(0, svg.stretch(begin, close, "stretch"))
    for mark in ticks(0.0, high, 4):
        y = base - mark / high * _INNER_H
        parts.append(svg.text(LEFT - 6, y + 4, tick_text(mark), "tick", "end"))
        if mark:
            parts.append(svg.line(LEFT, y, WIDTH - RIGHT, y, "grid"))
    step = _INNER_W / len(values)
    path = [f"M{LEFT} {base}"]
    for index, value in enumerate(values):
        y = base - value / high * _INNER_H
        path.append(f"L{LEFT + index * step:.1f} {y:.1f}L{LEFT + (index + 1) * step:.1f} {y:.1f}")
    outline = "".join(path) + f"L{WIDTH - RIGHT} {base}"
    parts.append(
        Markup('<path d="{}Z" class="area"/><path d="{}" class="curve"/>').format(outline, outline)
    )
    return svg.frame(parts)


def bullet(
    value: float, low: float | None, high: float | None, marks: dict[str, float | None], top: float
) -> Markup:
    """One value on a line from 0 to `top`, with its interval and marks beside it.

    Args:
        value: the run's value.
        low: lower end of its interval.
        high: upper end.
        marks: other values by CSS class (``reference``, ``gate``, ``baseline``).
        top: value at the right end.
    """
    width, height, pad = 260, 26, 6

    def x_of(number: float) -> float:
        return pad + min(max(number / top, 0.0), 1.0) * (width - 2 * pad)

    middle = height / 2
    parts = [svg.line(pad, middle, width - pad, middle, "rail")]
    for css, number in marks.items():
        if number is None:
            continue
        x = x_of(number)
        if css == "baseline":
            parts.append(
                Markup('<circle cx="{:.1f}" cy="{:.1f}" r="4" class="mark-{}"/>').format(
                    x, middle, css
                )
            )
        else:
            reach = 10 if css == "reference" else 7
            parts.append(svg.line(x, middle - reach, x, middle + reach, f"mark-{css}"))
    if low is not None and high is not None:
        parts.append(svg.line(x_of(low), middle, x_of(high), middle, "range"))
    parts.append(
        Markup('<circle cx="{:.1f}" cy="{:.1f}" r="5" class="mark-value"/>').format(
            x_of(value), middle
        )
    )
    return Markup('<svg viewBox="0 0 {} {}" class="bullet" aria-hidden="true">{}</svg>').format(
        width, height, Markup("").join(parts)
    )


def time_bar(stretches: Sequence[TimeShare]) -> Markup:
    """Where the wall time went, as one bar in order of time."""
    total = sum(item.seconds for item in stretches)
    if total <= 0:
        return Markup("")
    parts = []
    at = 0.0
    for item in stretches:
        width = item.seconds / total * 1000
        parts.append(
            Markup('<rect x="{:.2f}" y="0" width="{:.2f}" height="30" class="time-{}"/>').format(
                at, width, item.kind
            )
        )
        at += width
    return Markup(
        '<svg viewBox="0 0 1000 30" preserveAspectRatio="none" class="timebar" aria-hidden="true">'
        "{}</svg>"
    ).format(Markup("").join(parts))
