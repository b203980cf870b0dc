"""What the reports of a comparison show, arranged: rows of metrics with a cell for each card."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from msgspec import UNSET

from suite.documents.document import given
from suite.documents.value import Measured
from suite.judge.report.numbers import show
from suite.judge.report.words import WORDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.documents.comparison import (
        Change,
        ChangeOutcome,
        ManyComparison,
        Point,
        Side,
        Subject,
    )
    from suite.documents.value import Value

MARKS: Final[dict[ChangeOutcome, str]] = {
    "better": "+",
    "worse": "-",
    "not-distinguishable": "=",
    "not-comparable": "x",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One card's value of one metric.

    Attributes:
        number: with its unit; "n/a" without one.
        interval: "" without one.
        ratio: to the baseline, with its interval; "" without one.
        outcome: how it stands to the baseline; None for the baseline itself.
        why: what decided, or why there is no number.
    """

    number: str
    interval: str = ""
    ratio: str = ""
    outcome: ChangeOutcome | None = None
    why: str = ""
    measured: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One metric of one phase over all cards, in their order."""

    phase: str
    metric: str
    title: str
    title_zh: str
    headline: bool
    cells: tuple[Cell, ...]

    @property
    def measured(self) -> bool:
        """Whether any card has a number."""
        return any(cell.measured for cell in self.cells)


def rows(result: ManyComparison) -> list[Row]:
    """Every metric, phase by phase in the order of the pairs."""
    changes: dict[tuple[str, str], dict[str, Change]] = {}
    for pair in result.pairs:
        for change in pair.comparison.metrics:
            changes.setdefault((change.phase, change.metric), {})[pair.letter] = change
    listed = []
    for (phase, metric), by_letter in changes.items():
        known = next(iter(by_letter.values()))
        base = next((item.a for item in by_letter.values() if item.a is not None), None)
        cells = tuple(
            _base(metric, base)
            if card.letter == result.baseline
            else _cell(metric, by_letter.get(card.letter))
            for card in result.cards
        )
        headline = any(item.headline for item in by_letter.values())
        listed.append(Row(phase, metric, known.title.en, known.title.zh, headline, cells))
    phases = list(dict.fromkeys(row.phase for row in listed))
    return sorted(listed, key=lambda row: (phases.index(row.phase), not row.headline))


def _text(metric: str, value: Value | None) -> tuple[str, str]:
    if value is None:
        return "absent", ""
    shown = show(metric, value)
    return f"{shown.number} {shown.unit}".strip(), shown.interval


def _base(metric: str, value: Value | None) -> Cell:
    return Cell(*_text(metric, value), measured=isinstance(value, Measured))


def _cell(metric: str, change: Change | None) -> Cell:
    if change is None:
        return Cell("absent", outcome="not-comparable", why="only other cards have it")
    ratio = change.ratio
    text = f"×{ratio.value:.3f} ({ratio.low:.3f}–{ratio.high:.3f})" if ratio else ""
    paired = f", {change.paired} tasks paired" if change.paired is not UNSET else ""
    number, interval = _text(metric, change.b)
    known = isinstance(change.b, Measured)
    return Cell(number, interval, text + paired, change.outcome, change.why, known)


def worth(side: Side) -> str:
    """What a card is worth, in one line."""
    verdict = "conformant" if side.conformant else "NOT CONFORMANT"
    if side.failed:
        verdict += f" ({', '.join(side.failed)})"
    words = [verdict, side.division, side.level, WORDS[side.runtime][0]]
    if side.ended != "complete":
        words.append(side.ended.upper())
    if side.emulated:
        words.append(WORDS["flag-emulated"][0].upper())
    return " · ".join(words)


def explains(subject: Subject) -> str:
    """Which metrics a difference may explain."""
    families = given(subject.may_explain, ())
    return f"may explain {', '.join(families)}" if families else "differs"


def counts(changes: Sequence[Change]) -> dict[ChangeOutcome, int]:
    """How many metrics ended how."""
    return {name: sum(item.outcome == name for item in changes) for name in MARKS}


def point(item: Point) -> tuple[str, str, str, str]:
    """Throughput, time per token, time to first token, and cost of a load as text."""
    cost = ""
    if item.cost is not UNSET:
        known = isinstance(item.cost, Measured)
        cost = f"{item.cost.value:,.4g}" if known and isinstance(item.cost, Measured) else "n/a"
    return (
        _text("output_throughput", item.throughput)[0],
        _text("tpot_mean", item.latency)[0],
        _text("ttft_mean", item.first)[0],
        cost,
    )


def correction(result: ManyComparison) -> str:
    """What was done about the number of comparisons."""
    done = result.correction
    undone = f"; {done.undone} verdicts did not stand" if done.undone else ""
    return (
        f"{done.tests} ratios were tested at once: Holm's correction keeps the chance of any false verdict at "
        f"{done.level:.0%}{undone}"
    )
