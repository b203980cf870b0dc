"""Which numbers of some cards are looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.bilingual import Sentence
from suite.base.errors import UsageError
from suite.judge.report.view import values

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from suite.documents.card import Scorecard


def chosen(cards: Sequence[Scorecard], names: Collection[str]) -> list[tuple[str, str]]:
    """Phase and metric of the numbers that are looked at: those named, METRIC or PHASE/METRIC, else what leads any of the cards.

    Raises:
        UsageError: ``metric-unknown`` for a name that none of the cards has.
    """
    if not names:
        leading = [(item.phase, item.metric) for card in cards for item in card.headline]
        return list(dict.fromkeys(leading))
    metrics = list(dict.fromkeys((at, of) for card in cards for at, of, _ in values(card)))
    result: list[tuple[str, str]] = []
    for name in names:
        phase, slash, metric = name.rpartition("/")
        matching = [key for key in metrics if key[1] == metric and (not slash or key[0] == phase)]
        if not matching:
            hint = Sentence(
                "METRIC, or PHASE/METRIC; docs/metrics.md lists them",
                "METRIC，或 PHASE/METRIC；docs/metrics.zh.md 列出全部指标",
            )
            message = Sentence(f"no card has a metric {name!r}", f"没有评分卡含有指标 {name!r}")
            raise UsageError("metric-unknown", message, hint=hint)
        result += matching
    return list(dict.fromkeys(result))
