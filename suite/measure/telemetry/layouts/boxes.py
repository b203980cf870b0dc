"""Tables in frames of ``|``, ``+``, ``-`` and ``=``, with one or several lines for each device.

The header says what stands where: a group of lines between two rules that names a device and a quantity. Each group behind
it with the same number of cells holds as many devices as its lines are worth; anything else ends the table, so that a list of
processes is none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from suite.measure.telemetry.layouts.columns import Place, places, read_row, values
from suite.measure.telemetry.layouts.labels import (
    PLACES,
    Labels,
    chosen,
    lines,
    says_something,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suite.measure.telemetry.layouts.labels import Label
    from suite.measure.telemetry.reading import Reading

_RULE: Final = re.compile(r"[\s|+:=-]*(?:---|===)[\s|+:=-]*\Z")
_OTHER: Final = frozenset(("gi", "ci", "pid", "process id", "process name"))
"""Labels of tables that hold no devices: of slices, which repeat their card's number, and of processes."""


@dataclass(frozen=True, slots=True)
class _Header:
    lines: list[list[list[Place]]]  # of each line of each cell
    read: dict[str, Label]

    def fits(self, row: list[list[str]]) -> bool:
        return [len(cells) for cells in row] == [len(cells) for cells in self.lines]

    def reading(self, row: list[list[str]]) -> Reading | None:
        fields = [
            value
            for cells, headers in zip(row, self.lines, strict=True)
            for cell, header in zip(cells, headers, strict=True)
            for value in values(cell, header, self.read)
        ]
        return read_row(fields, self.read)


@dataclass(frozen=True, slots=True)
class Boxes:
    """Framed tables.

    Attributes:
        usual: lines of the header where the output has none.
        least: lines of each device; under a header of fewer the rows are not told apart.
    """

    labels: Labels
    usual: tuple[str, ...] = ()
    least: int = 1

    def read(self, text: str) -> list[Reading]:
        """A reading for each device whose lines are all there."""
        header = self._header([_cells(line) for line in self.usual])
        readings = []
        for group in _groups(lines(text)):
            next_header = self._header(group)
            if next_header is not None:
                header = next_header
                continue
            size = len(header.lines) if header is not None else len(group)
            for start in range(0, len(group), size):
                row = group[start : start + size]
                if header is None or len(row) < size:
                    continue  # no device, or one that was cut
                if not header.fits(row):
                    header = None
                    break
                of_device = header.reading(row)
                if of_device is not None:
                    readings.append(of_device)
        return readings

    def _header(self, group: list[list[str]]) -> _Header | None:
        there = [[places(cell, self.labels) for cell in cells] for cells in group]
        names = {place.name for cells in there for cell in cells for place in cell}
        known = chosen(names, self.labels)
        named = any(label.role in PLACES for label in known.values())
        if not named or not says_something(known) or names & _OTHER or len(group) < self.least:
            return None
        return _Header(there, known)


def _groups(text: list[str]) -> Iterator[list[list[str]]]:
    """Lines of cells that no rule and no other line parts."""
    group: list[list[str]] = []
    for line in _joined(text):
        if "|" in line and not _RULE.match(line):
            group.append(_cells(line))
            continue
        if group:
            yield group
        group = []
    if group:
        yield group


def _cells(line: str) -> list[str]:
    stripped = line.strip()
    inner = stripped[1:] if stripped.startswith("|") else line
    return inner.removesuffix("|").split("|")


def _joined(text: list[str]) -> Iterator[str]:
    """Lines as the tool printed them, where a narrow terminal broke framed ones in two."""
    broken = ""
    for line in text:
        ends = line.rstrip().endswith("|")
        if broken and ends and (line.strip() == "|" or not line.startswith(("|", "+"))):
            yield broken + line
            broken = ""
            continue
        if broken:
            yield broken
        broken = line if line.startswith("|") and not ends else ""
        if not broken:
            yield line
    if broken:
        yield broken
