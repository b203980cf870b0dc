"""Which column is what: chosen by name, the same for CSV and JSON Lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from suite.base import jsonio
from suite.base.errors import DataError
from suite.declare.tasks.formats.record import BOM

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from suite.base.errors import Place
    from suite.declare.tasks.records import Collector

DOCUMENT_NAMES = ("document", "dialogue")
SUMMARY_NAMES = ("summary",)
ID_NAMES = ("id",)


@dataclass(frozen=True, slots=True)
class Columns:
    """Names of the chosen columns as the file writes them; `id` is None when the file has none."""

    document: str
    summary: str
    id: str | None

    def to_json(self) -> dict[str, str]:
        """Role to name, without what is missing."""
        chosen = {"document": self.document, "summary": self.summary}
        return chosen if self.id is None else chosen | {"id": self.id}


def text_bytes(path: Path, collector: Collector) -> bytes:
    """The bytes of a text file without its byte order mark, which is noted."""
    data = jsonio.read_bytes(path, error=DataError)
    if data.startswith(BOM):
        collector.notes["file-byte-order-mark"] = 1
    return data.removeprefix(BOM)


def derived_id(row: int) -> str:
    """The id of record number `row` (from 1) of a file that has no ids."""
    return f"row-{row:06d}"


def choose(names: Sequence[str], place: Place) -> Columns:
    """Choose columns by name, whatever their case and order.

    Raises:
        DataError: ``data-columns`` when document or summary is missing or a name occurs twice.
    """
    by_name: dict[str, str] = {}
    for name in names:
        key = name.strip().lower()
        if key in by_name and key in (*DOCUMENT_NAMES, *SUMMARY_NAMES, *ID_NAMES):
            raise DataError("data-columns", f"the column {key!r} occurs twice", place)
        by_name[key] = name
    document = _first(by_name, DOCUMENT_NAMES)
    summary = _first(by_name, SUMMARY_NAMES)
    if document is None or summary is None:
        seen = ", ".join(name.strip()[:40] for name in names[:12]) or "none"
        hint = "needed: document or dialogue, and summary; id is optional"
        raise DataError("data-columns", f"wrong columns: {seen}", place, hint)
    return Columns(document, summary, _first(by_name, ID_NAMES))


def _first(by_name: dict[str, str], names: tuple[str, ...]) -> str | None:
    return next((by_name[name] for name in names if name in by_name), None)
