"""JSON Lines: one record per line, as data-set tools write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.errors import Place
from suite.declare.tasks.formats.columns import read_records, text_bytes
from suite.declare.tasks.formats.record import Candidate, Confidence, Format

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from suite.declare.tasks.records import Collector, Reading


def _sniff(candidate: Candidate) -> Confidence:
    first = candidate.text.split(b"\n", 1)[0].strip()
    return Confidence.LIKELY if first.startswith(b"{") and first != b"{" else Confidence.NO


def _read(path: Path, collector: Collector) -> Reading:
    """Read one record per line; the first readable line decides which members are taken.

    Ids may be text or whole numbers. Records of a file without ids are called ``row-000001`` and so on.

    Raises:
        DataError: ``data-columns``, ``data-broken-row``, ``data-duplicate-id``,
            ``data-empty-summary``, ``data-empty``, each with the line.
    """
    return read_records(_lines(path, collector), collector)


def _lines(path: Path, collector: Collector) -> Iterator[tuple[bytes, Place]]:
    """Every line that is not blank."""
    source = str(path)
    for number, line in enumerate(text_bytes(path, collector).split(b"\n"), 1):
        if line.strip():
            if line.endswith(b"\r"):
                collector.notes["file-crlf-lines"] += 1
            yield line, Place(source, number)


FORMAT = Format(
    name="JSON Lines file",
    name_zh="JSON Lines 文件",
    description="one JSON object per line with `document` or `dialogue`, `summary` and, if it has them, `id`",
    description_zh="每行一个 JSON 对象，成员为 `document`（或 `dialogue`）、`summary`，可有 `id`",
    suffixes=(".jsonl", ".jsonl.gz", ".ndjson"),
    sniff=_sniff,
    reader=_read,
)
