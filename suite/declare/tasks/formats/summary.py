"""One ``.summary`` file of the official distribution, packed or not.

The text of such a file is the one rule of the data set: blank lines and lines that are exactly a
sharing link are dropped, the rest is joined and split at ``[SN]``; part 6 is the summary, part 8 the
document, both stripped of surrounding white space.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from suite.base.bilingual import Sentence
from suite.declare.tasks.formats.record import BOM
from suite.declare.tasks.records import Task
from suite.declare.tasks.selection import official_split

if TYPE_CHECKING:
    from pathlib import Path

    from suite.base.errors import Place
    from suite.declare.tasks.records import Collector

SUFFIX = ".summary"
MEMBER_FOLDER = "bbc-summary-data"
SHARING_LINES = frozenset(
    (
        b"Share this with",
        b"Email",
        b"Facebook",
        b"Messenger",
        b"Twitter",
        b"Pinterest",
        b"WhatsApp",
        b"Linkedin",
        b"LinkedIn",
        b"Copy this link",
        b"These are external links and will open in a new window",
    )
)
_MARKER = "[SN]"
_SUMMARY_PART = 6
_DOCUMENT_PART = 8
SPLIT_NAME = re.compile(r"XSum-TRAINING-DEV-TEST-SPLIT.*\.json\Z")


class _MalformedError(ValueError):
    """Internal: why a member is not a summary file."""


def parse_summary(data: bytes) -> tuple[str, str]:
    """Return (document, summary) of the bytes of one ``.summary`` file.

    Raises:
        ValueError: with a sentence saying what is wrong.
    """
    try:
        lines = data.splitlines(keepends=True) if b"\r" in data else data.split(b"\n")
        glue = b"" if b"\r" in data else b"\n"
        kept = [
            line for line in lines if line.strip() and line.rstrip(b"\r\n") not in SHARING_LINES
        ]
        parts = glue.join(kept).decode("utf-8").split(_MARKER)
    except UnicodeDecodeError as cause:
        message = f"not UTF-8 at byte {cause.start}"
        raise _MalformedError(message) from cause
    if len(parts) <= _DOCUMENT_PART:
        message = f"{len(parts) - 1} [SN] marks, needed at least {_DOCUMENT_PART}"
        raise _MalformedError(message)
    return parts[_DOCUMENT_PART].strip(), parts[_SUMMARY_PART].strip()


def take(data: bytes, identifier: str, place: Place, collector: Collector) -> None:
    """Put the record of one file into a collector, or reject it there."""
    if data.startswith(BOM):
        collector.notes["file-byte-order-mark"] += 1
    if b"\r\n" in data:
        collector.notes["file-crlf"] += 1
    try:
        document, summary = parse_summary(data)
    except _MalformedError as cause:
        collector.reject(
            "broken-row",
            Sentence(f"not a summary file: {cause}", f"不是 summary 文件：{cause}"),
            place,
        )
        return
    collector.add(Task(identifier, document, summary), place)


def keep_test_part(folder: Path, collector: Collector) -> None:
    """Where the official split file lies in a folder, want the ids of its test part unless others are wanted.

    Raises:
        DataError: ``split-wrong``, or what reading refuses.
    """
    if collector.ids is None and folder.is_dir():
        splits = [file for file in sorted(folder.iterdir()) if SPLIT_NAME.match(file.name)]
        if len(splits) == 1:
            collector.ids = frozenset(official_split(splits[0])["test"])
