"""The history of a card's kind: a point for each run, in the order of time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from suite.judge.metrics.registry import REGISTRY
from suite.judge.report import svg
from suite.judge.report.numbers import tick_text, ticks
from suite.judge.report.svg import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.documents.site import SiteCard
    from suite.documents.value import Measured

_SHOWN: Final = ("output_throughput", "tpot_p50", "joules_per_output_token")
_CAPTION: Final = '<figure><figcaption><span class="en" lang="en">{}</span><span class="zh" lang="zh-Hans">{}</span></figcaption>{}</figure>'


def history(cards: Sequence[SiteCard]) -> list[Markup]:
    """A picture for each number that two runs have; withdrawn cards are left out.

    Args:
        cards: the oldest first.
    """
    pictures = []
    for name in _SHOWN:
        values = [
            (card, card.results[0].metrics[name])
            for card in cards
            if card.status == "current" and name in card.results[0].metrics
        ]
        if len(values) > 1:
            title, unit = REGISTRY[name].title, REGISTRY[name].unit
            words = f"{title.en}, {unit}", f"{title.zh}，{unit}"
            pictures.append(Markup(_CAPTION).format(*words, _picture(values)))  # noqa: S704 - our own, formatted with escapes
    return pictures


def _picture(values: Sequence[tuple[SiteCard, Measured]]) -> Markup:
    most = max(max(value.value, value.high or 0) for _, value in values) * 1.05 or 1.0
    across, down = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    base = TOP + down

    def height(number: float) -> float:
        return base - max(0.0, number) / most * down

    parts = []
    for mark in ticks(0, most, 4):
        parts += [
            svg.line(LEFT, height(mark), WIDTH - RIGHT, height(mark), "grid"),
            svg.text(LEFT - 5, height(mark) + 3.5, tick_text(mark), "tick", "end"),
        ]
    places = []
    for index, (card, value) in enumerate(values):
        at = LEFT + (index + 0.5) / len(values) * across
        places.append(f"{at:.1f},{height(value.value):.1f}")
        if value.low is not None and value.high is not None:
            parts.append(svg.line(at, height(value.low), at, height(value.high), "axis"))
        dot = Markup(
            '<circle cx="{:.1f}" cy="{:.1f}" r="3.5" class="mark-value"><title>{}</title></circle>'
        )
        parts.append(dot.format(at, height(value.value), f"{card.run}: {card.engine}"))
        if index in (0, len(values) - 1):
            anchor = "start" if index == 0 else "end"
            parts.append(svg.text(at, HEIGHT - 8, card.started_utc[:10], "tick", anchor))
    parts.append(svg.line(LEFT, base, WIDTH - RIGHT, base, "axis"))
    parts.insert(0, Markup('<polyline points="{}" class="trend"/>').format(" ".join(places)))
    return svg.frame(parts)
