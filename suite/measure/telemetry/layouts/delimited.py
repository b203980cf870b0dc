"""Comma-separated values behind a line of labels, which may come again."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

from suite.measure.telemetry.layouts.labels import (
    Labels,
    chosen,
    lines,
    named,
    reading,
    says_something,
)

if TYPE_CHECKING:
    from suite.measure.telemetry.layouts.labels import Label
    from suite.measure.telemetry.reading import Reading


@dataclass(frozen=True, slots=True)
class Delimited:
    """Rows by the names of their header; lines before it, and those that do not fit it, are left out."""

    labels: Labels

    def read(self, text: str) -> list[Reading]:
        """A reading for each row, also of repeated samples, in order."""
        header: list[tuple[str, str]] = []
        read: dict[str, Label] = {}
        readings = []
        for line in lines(text):
            cells = _cells(line)
            names = [named(cell) for cell in cells]
            known = chosen([name for name, _ in names], self.labels)
            if says_something(known) and any(label.role == "device" for label in known.values()):
                header, read = names, known
            elif header and len(cells) == len(header):
                row = reading(
                    (read[name], unit, cell)
                    for (name, unit), cell in zip(header, cells, strict=True)
                    if name in read
                )
                if row is not None:
                    readings.append(row)
        return readings


def _cells(line: str) -> list[str]:
    try:
        row = next(csv.reader([line], skipinitialspace=True), [])
    except csv.Error:
        return []
    return [cell.strip() for cell in row]
