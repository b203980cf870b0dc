"""One self-contained page: no script, no request to anywhere, the same bytes for the same comparison."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import UNSET

from suite import __version__
from suite.base.bilingual import Bilingual, chinese
from suite.judge.compare import manyview, plots
from suite.judge.compare.formats.format import Format
from suite.judge.compare.subjects import sides
from suite.judge.foreign import view as foreign
from suite.judge.report.templating import (
    pair,
    security_policy,
    style_sheet,
    template_environment,
)
from suite.judge.report.words import WORDS

if TYPE_CHECKING:
    import jinja2
    from markupsafe import Markup

    from suite.base.language import Language
    from suite.documents.comparison import Curve, ManyComparison, OverTime
    from suite.judge.compare.manyview import Row

_TEMPLATES = Path(__file__).parents[1] / "templates"
_NAMES = {"ttft": "TTFT", "tpot": "TPOT", "e2e": "E2E"}


def _sentence(text: str) -> Markup:
    return pair(str(text), chinese(text))


@functools.cache
def _template() -> jinja2.Template:
    environment = template_environment(_TEMPLATES)
    environment.globals |= {
        "p": pair,
        "s": _sentence,
        "view": manyview,
        "sides": sides,
        "foreign": foreign,
    }
    environment.tests["given"] = lambda member: member is not UNSET
    return environment.get_template("comparison.html.j2")


def _figures(result: ManyComparison) -> list[tuple[str, list[Markup]]]:
    """The latencies' distributions, phase by phase."""
    letters = [card.letter for card in result.cards]
    grouped: dict[str, dict[str, list[Curve]]] = {}
    for curve in result.curves:
        grouped.setdefault(curve.phase, {}).setdefault(curve.metric, []).append(curve)
    return [
        (
            phase,
            [plots.distributions(letters, curves, _NAMES[name]) for name, curves in kinds.items()],
        )
        for phase, kinds in grouped.items()
    ]


def _telemetry(result: ManyComparison) -> list[tuple[str, list[tuple[tuple[str, str], Markup]]]]:
    """Devices and engines over time, phase by phase, each quantity with its caption."""
    letters = [card.letter for card in result.cards]
    grouped: dict[str, dict[str, list[OverTime]]] = {}
    for item in result.telemetry:
        grouped.setdefault(item.phase, {}).setdefault(item.series.quantity, []).append(item)
    return [
        (
            phase,
            [
                (WORDS[f"device-{quantity}"], plots.over_time(letters, curves))
                for quantity, curves in quantities.items()
            ],
        )
        for phase, quantities in grouped.items()
    ]


def _groups(result: ManyComparison) -> list[tuple[str, list[Row]]]:
    grouped: dict[str, list[Row]] = {}
    for row in manyview.rows(result):
        if row.measured:  # what no card has is in the other formats
            grouped.setdefault(row.phase, []).append(row)
    return list(grouped.items())


def render(result: ManyComparison, language: Language) -> bytes:
    """The page, UTF-8: both languages are in it, and one is shown first."""
    style = style_sheet(_TEMPLATES / "comparison.css")
    page = _template().render(
        result=result,
        tag=("en", "zh-CN")[language],
        shown=language.name.lower(),
        title=("Comparison", "比较")[language],
        groups=_groups(result),
        letters=[card.letter for card in result.cards],
        figures=_figures(result),
        telemetry=_telemetry(result),
        frontier=plots.frontier([card.letter for card in result.cards], result),
        policy=security_policy(style),
        style=style,
        version=__version__,
    )
    return page.encode("utf-8")


FORMAT = Format(Bilingual("one self-contained page", "单文件网页"), ".html", render)
