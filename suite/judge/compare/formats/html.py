"""One self-contained page: no script, no request to anywhere, the same bytes for the same comparison."""

from __future__ import annotations

import base64
import functools
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup
from msgspec import UNSET

from suite import __version__
from suite.base.bilingual import Bilingual, chinese
from suite.judge.compare import manyview, plots
from suite.judge.compare.formats.format import Format
from suite.judge.foreign import view as foreign
from suite.judge.report.html import TEMPLATES as CARD_TEMPLATES
from suite.judge.report.templating import template_environment
from suite.judge.report.words import WORDS

if TYPE_CHECKING:
    import jinja2

    from suite.base.language import Language
    from suite.documents.comparison import Curve, ManyComparison, OverTime
    from suite.judge.compare.manyview import Row

_TEMPLATES = Path(__file__).parents[1] / "templates"
_NAMES = {"ttft": "TTFT", "tpot": "TPOT", "e2e": "E2E"}


def _pair(english: str, chinese: str) -> Markup:
    if english == chinese:
        return Markup.escape(english)
    return Markup(
        '<span class="en" lang="en">{}</span><span class="zh" lang="zh-Hans">{}</span>'
    ).format(english, chinese)


def _sentence(text: str) -> Markup:
    return _pair(str(text), chinese(text))


@functools.cache
def _template() -> jinja2.Template:
    environment = template_environment(_TEMPLATES)
    environment.globals |= {"p": _pair, "s": _sentence, "view": manyview, "foreign": foreign}
    environment.tests["given"] = lambda member: member is not UNSET
    return environment.get_template("comparison.html.j2")


@functools.cache
def _style() -> str:
    own = (_TEMPLATES / "comparison.css").read_text("utf-8")
    return ((CARD_TEMPLATES / "style.css").read_text("utf-8") + own).strip()


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
    style = _style()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
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
        policy=policy,
        style=Markup(style),  # noqa: S704 - our own file, hashed in the policy
        version=__version__,
    )
    return page.encode("utf-8")


FORMAT = Format(Bilingual("one self-contained page", "单文件网页"), ".html", render)
