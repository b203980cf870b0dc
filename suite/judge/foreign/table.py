"""DB-GPT's table of requests, read by case."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from suite.judge.report.othertools import dbgpt

if TYPE_CHECKING:
    from collections.abc import Iterator


class CutRowError(ValueError):
    """A row of a table that ends in the middle, its last number too perhaps; its line is the argument."""


def cases(value: object) -> list[dict[str, Any]]:
    """The first row of each case: every row of a case repeats its aggregates.

    Raises:
        CutRowError: a row has more or fewer cells than the header.
    """
    if not isinstance(value, str):
        return []
    reader = csv.DictReader(io.StringIO(value))
    try:
        if tuple(reader.fieldnames or ()) != dbgpt.COLUMNS:
            return []
    except csv.Error:  # a cell beyond what the reader takes: no table of this tool's
        return []
    found: dict[tuple[object, ...], dict[str, Any]] = {}
    for row in _whole_rows(reader):
        case = tuple(row[name] for name in dbgpt.COLUMNS[:11])
        held = found.setdefault(case, {**row, "rows": 0})
        held["rows"] += 1
    return [
        {**held, "name": f"{held['input_length']} + {held['output_length']} tokens"}
        for held in found.values()
    ]


def _whole_rows(reader: csv.DictReader[str]) -> Iterator[dict[str, str]]:
    try:
        for row in reader:
            if None in row or None in row.values():
                raise CutRowError(reader.line_num)
            yield row
    except csv.Error as cause:
        raise CutRowError(reader.line_num) from cause
