"""Columns of equal width for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH = 100
"""Columns that the terminal tables aim at; a long reason may run beyond."""


def aligned(rows: Sequence[tuple[str, ...]], sides: str, *, reason_from: int = 10_000) -> list[str]:
    """Rows as lines, the first as heading above a rule.

    Args:
        rows: cells; every row has as many as `sides` has letters.
        sides: ``<`` for a column to the left, ``>`` for one to the right.
        reason_from: a row without anything from this column on holds a reason in the column before: it may run
            beyond its column instead of widening it.
    """
    whole = [row for row in rows if any(row[reason_from:]) or len(sides) <= reason_from]
    widths = [
        max(len(row[i]) for row in (whole if i >= reason_from - 1 else rows))
        for i in range(len(sides))
    ]
    lines = []
    for row in rows:
        cells = [
            f"{cell:{side}{width}}" for cell, side, width in zip(row, sides, widths, strict=True)
        ]
        lines.append("  " + "  ".join(cells).rstrip())
    rule = "  " + "-" * min(WIDTH - 2, sum(widths) + 2 * (len(widths) - 1))
    return [lines[0], rule, *lines[1:]]
