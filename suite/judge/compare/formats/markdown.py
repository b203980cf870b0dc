"""A comparison for a pull request or an issue: cards, what may be compared, what leads a card or was told apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.bilingual import Bilingual
from suite.base.markdown import escaped, table
from suite.documents.document import given
from suite.judge.compare import manyview
from suite.judge.compare.formats.format import Format
from suite.judge.foreign import view as foreign

if TYPE_CHECKING:
    from suite.documents.comparison import ManyComparison
    from suite.judge.compare.manyview import Cell

_WORDS = {
    "better": "**better**",
    "worse": "**worse**",
    "not-distinguishable": "≈",
    "not-comparable": "not comparable",
}


def _cell(cell: Cell) -> str:
    words = [cell.number, cell.ratio, _WORDS[cell.outcome] if cell.outcome else ""]
    return escaped(", ".join(word for word in words[:2] if word)) + (
        f" {words[2]}" if words[2] else ""
    )


def render(result: ManyComparison) -> bytes:
    """Tables of the cards, the metrics and the loads."""
    parts = [f"# Comparison against {result.baseline}\n"]
    heading = ("card", "run", "verdict", "on", "engine", "signed")
    parts.append(
        table(
            heading,
            [
                tuple(
                    map(
                        escaped,
                        (
                            card.letter,
                            card.side.run,
                            manyview.worth(card.side),
                            f"{card.side.vendor}, {card.side.devices}",
                            card.side.engine,
                            "; ".join([card.side.trust, *card.stated]),
                        ),
                    )
                )
                for card in result.cards
            ],
        )
    )
    for pair in result.pairs:
        comparison = pair.comparison
        lines = [f"**{pair.letter}** may be compared: {comparison.comparable}\n"]
        lines += [
            f"- {escaped(item.title.en)}: {escaped(item.a)} | {escaped(item.b)}; forbids {', '.join(item.forbids)}".replace(
                " | ", " → "
            )
            for item in comparison.differences
        ]
        lines += [f"- {escaped(item.en)}" for item in comparison.remarks]
        lines += [f"- lacks {escaped(item)}" for item in pair.lacking]
        lines += [
            f"- {escaped(item.title.en)}: {escaped(item.a)} → {escaped(item.b)} ({manyview.explains(item)})"
            for item in comparison.subjects
        ]
        parts.append("\n".join(lines) + "\n")
    rows = [
        (escaped(row.phase or "run"), escaped(row.title), *map(_cell, row.cells))
        for row in manyview.rows(result)
        if row.headline or any(cell.outcome in ("better", "worse") for cell in row.cells)
    ]
    if rows:
        parts.append(table(("phase", "metric", *(card.letter for card in result.cards)), rows))
    parts.append(f"{manyview.correction(result)}.\n")
    results = given(result.foreign, ())
    if results:
        parts.append(
            "## Results of other tools\n\nUnsigned, not recomputed, not ranked with the cards.\n"
        )
    for item, (names, loads) in zip(results, foreign.tables(results), strict=True):
        parts.append(f"**{escaped(item.file)}**: {escaped(foreign.heading(item))}\n")
        parts.append(
            table(tuple(map(escaped, names)), [tuple(map(escaped, load)) for load in loads])
        )
    return "\n".join(parts).encode()


FORMAT = Format(Bilingual("tables in Markdown", "Markdown 格式的表格"), ".md", render)
