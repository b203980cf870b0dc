"""Columns of equal width for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.visible import columns

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
    complete = [row for row in rows if any(row[reason_from:]) or len(sides) <= reason_from]
    widths = [
        max(columns(row[i]) for row in (complete if i >= reason_from - 1 else rows))
        for i in range(len(sides))
    ]
    lines = []
    for row in rows:
        cells = [
            _padded(cell, side, width) for cell, side, width in zip(row, sides, widths, strict=True)
        ]
        lines.append("  " + "  ".join(cells).rstrip())
    rule = "  " + "-" * min(WIDTH - 2, sum(widths) + 2 * (len(widths) - 1))
    return [lines[0], rule, *lines[1:]]


def _padded(cell: str, side: str, width: int) -> str:
    blanks = " " * (width - columns(cell))
    return blanks + cell if side == ">" else cell + blanks


def wrapped(text: str, width: int, *, indent: str = "", rest: str | None = None) -> list[str]:
    """A text in lines of at most so many columns; a longer word is cut into pieces, and nothing is left out.

    Args:
        text: words with spaces between them.
        width: columns of a line.
        indent: what the first line begins with.
        rest: what the others begin with; the same by default.
    """
    lines, line, empty = [], indent, True
    rest = indent if rest is None else rest
    for word in text.split():
        left = word
        while left:
            space = "" if empty else " "
            if columns(line + space + left) <= width:
                line, empty, left = line + space + left, False, ""
            elif empty:
                size = next(n for n in range(len(left), 0, -1) if columns(line + left[:n]) <= width)
                lines.append(line + left[:size])
                line, left = rest, left[size:]
            else:
                lines.append(line)
                line, empty = rest, True
    return lines if empty and lines else [*lines, line]
