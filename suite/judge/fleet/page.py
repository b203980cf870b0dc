"""The page of a spread: one file, no script, no request to anywhere, the same bytes for the same document."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup

from suite import __version__
from suite.base.quantities import figure
from suite.documents.value import Measured
from suite.judge.report import svg
from suite.judge.report.html import both
from suite.judge.report.templating import (
    pair,
    security_policy,
    style_sheet,
    template_environment,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import jinja2

    from suite.base.language import Language
    from suite.documents.spread import Spread, SpreadMetric
    from suite.documents.value import Value

_TEMPLATES = Path(__file__).parent / "templates"


def render(made: Spread, language: Language) -> bytes:
    """The page, UTF-8: both languages are in it, and one is shown first."""
    style = style_sheet(_TEMPLATES / "spread.css")
    page = _template().render(
        spread=made,
        tag=("en", "zh-CN")[language],
        shown=language.name.lower(),
        policy=security_policy(style),
        style=style,
        version=__version__,
    )
    return page.encode("utf-8")


@functools.cache
def _template() -> jinja2.Template:
    environment = template_environment(_TEMPLATES)
    environment.globals |= {
        "number": number,
        "figure": figure,
        "share": share,
        "strip": strip,
        "both": both,
        "p": pair,
    }
    return environment.get_template("spread.html.j2")


def number(value: Value) -> str:
    """A value with its interval, or why there is none."""
    if not isinstance(value, Measured):
        return ""
    if value.low is None or value.high is None:
        return figure(value.value)
    return f"{figure(value.value)} ({figure(value.low)} – {figure(value.high)})"


def share(value: Value, metric: SpreadMetric) -> str:
    """A standard deviation as a share of the median; "" where one of them is lacking."""
    if not isinstance(value, Measured) or not isinstance(metric.median, Measured):
        return ""
    return f"{value.value / metric.median.value:.2%}" if metric.median.value else ""


def strip(metric: SpreadMetric) -> Markup:
    """Every repeat of every machine as a dot on one scale, machines one below the other, outliers marked."""
    low, high = _range([value for machine in metric.values for value in machine.values])
    outliers = {item.machine for item in metric.outliers}
    parts = []
    for place, machine in enumerate(metric.values):
        height = svg.HEIGHT - svg.BOTTOM - svg.TOP
        y = svg.TOP + height * (place + 0.5) / len(metric.values)
        css = "dot out" if machine.machine in outliers else "dot"
        for value in machine.values:
            words = f"{machine.machine}: {figure(value)} {metric.unit}"
            parts.append(_dot(_x(value, low, high), y, css, words))
    if isinstance(metric.median, Measured):
        at = _x(metric.median.value, low, high)
        parts.append(svg.line(at, svg.TOP, at, svg.HEIGHT - svg.BOTTOM, "median"))
    for value, anchor in ((low, "start"), (high, "end")):
        at = _x(value, low, high)
        parts.append(svg.text(at, svg.HEIGHT - svg.BOTTOM + 16, figure(value), "tick", anchor))
    return svg.frame(parts)


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    return (
        (low, high) if low < high else (low - abs(low) / 100 - 1e-9, high + abs(high) / 100 + 1e-9)
    )


def _x(value: float, low: float, high: float) -> float:
    return svg.LEFT + (svg.WIDTH - svg.LEFT - svg.RIGHT) * (value - low) / (high - low)


def _dot(x: float, y: float, css: str, words: str) -> Markup:
    return Markup(
        '<circle cx="{:.1f}" cy="{:.1f}" r="2.4" class="{}"><title>{}</title></circle>'
    ).format(x, y, css, words)
