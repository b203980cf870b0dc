"""Defects of records: found and counted, never repaired; a text is digested and asked as it is.

======================  ==========================================================================
``empty-document``      nothing but white space
``boilerplate-only``    nothing but player notices, "Last updated" lines and the like
``short-document``      fewer words than its summary (empty documents are counted above alone)
``mojibake``            UTF-8 that was read as cp1252 (``Â£``, ``â€™``) in document or summary
``byte-order-mark``     U+FEFF anywhere in document or summary
``carriage-return``     a CR in document or summary: line ends of another system
``replacement-char``    U+FFFD: bytes that somebody could not decode
``duplicate-summary``   the same reference as another record (each such record counts)
``duplicate-document``  the same document as another record (each such record counts; empty ones not)
======================  ==========================================================================
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from suite.declare.tasks.characters import SPACES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.declare.tasks.records import Task

_BOILERPLATE = re.compile(
    r"""(?:
      (?:\d{1,2}\ \w+\ \d{4}\ )?last\ updated\ (?:on|at)\b[^\n]*
    | media\ playback\ is\ (?:not\ supported|unsupported)\ on\ (?:this|your)\ device\.?
    | this\ video\ can\ ?not\ be\ played\.?
    | this\ content\ (?:will\ not|does\ not|won't)\ work\ on\ your\ device\.?[^\n]*
    | (?:please\ )?turn\ on\ javascript\.?
    | media\ requires\ javascript\ to\ play\.?
    | to\ play\ this\ (?:video|audio|content)[^\n]*
    | you\ need\ to\ have\ javascript[^\n]*
    | image\ (?:copyright|source|caption)\b[^\n]*
    | (?:video|audio|media)\ caption\b[^\n]*
    | report\ supplied\ by\ the\ press\ association\.?
    | please\ click\ on\ this\ page\ for\ the\ latest\ listings\.?
    | fixtures\ and\ start\ times\ are\ subject\ to\ change\.[^\n]*
    | find\ all\ the\ latest\ football\ transfers\ on\ our\ dedicated\ page\.?
    | share\ this\ with
    | (?:copy\ this\ link|read\ more\ about\ sharing\.?)
    | these\ are\ external\ links\ and\ will\ open\ in\ a\ new\ window
    | email | facebook | messenger | twitter | pinterest | whatsapp | linkedin
    )""",
    re.IGNORECASE | re.VERBOSE | re.ASCII,
)
# No two of the notices above make up a third, so that a line can be taken apart in one way only.
_LINE_OF_BOILERPLATE = re.compile(
    rf"(?:{_BOILERPLATE.pattern}[{re.escape(SPACES)}]*)+", re.IGNORECASE | re.VERBOSE | re.ASCII
)

# What cp1252 makes of the bytes 0x80 to 0xBF; the five bytes it does not define come out as C1 controls.
_CONTINUATION = "".join(
    bytes([byte]).decode("cp1252") if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else chr(byte)
    for byte in range(0x80, 0xC0)
) + "".join(chr(byte) for byte in range(0x80, 0xA0))
_TAIL = f"[{re.escape(_CONTINUATION)}]"
_MOJIBAKE = re.compile(
    f"[\u00c2-\u00df]{_TAIL}|[\u00e0-\u00ef]{_TAIL}{{2}}|[\u00f0-\u00f4]{_TAIL}{{3}}"
)


def has_mojibake(text: str) -> bool:
    """Whether some characters of a text are UTF-8 bytes that were read as cp1252 or Latin-1."""
    # Nearly every text is ASCII, which cannot be mojibake; the test is a flag in the string.
    return not text.isascii() and any(_is_utf8(match.group()) for match in _MOJIBAKE.finditer(text))


def _is_utf8(text: str) -> bool:
    raw = bytearray()
    for char in text:
        try:
            raw += char.encode("cp1252")
        except UnicodeEncodeError:
            raw.append(ord(char))  # one of the undefined bytes, or a C1 control: always below 0x100
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def is_boilerplate_only(document: str) -> bool:
    """Whether every line of a non-empty document is a player notice, a date line or a sharing link."""
    lines = [line.strip() for line in document.splitlines() if line.strip()]
    return bool(lines) and all(_LINE_OF_BOILERPLATE.fullmatch(line) for line in lines)


def defects_of(task: Task) -> tuple[str, ...]:
    """Names of the defects that a record shows by itself, in the order of the module's table."""
    defects = []
    if not task.document.strip():
        defects.append("empty-document")
    else:
        if is_boilerplate_only(task.document):
            defects.append("boilerplate-only")
        if len(task.document.split()) < len(task.summary.split()):
            defects.append("short-document")
    both = f"{task.document}\n{task.summary}"
    if has_mojibake(both):
        defects.append("mojibake")
    for char, name in (
        ("\ufeff", "byte-order-mark"),
        ("\r", "carriage-return"),
        ("\ufffd", "replacement-char"),
    ):
        if char in both:
            defects.append(name)
    return tuple(defects)


def count_defects(tasks: Sequence[Task]) -> dict[str, int]:
    """How many records show each defect; defects that none shows are left out."""
    counts: Counter[str] = Counter()
    for task in tasks:
        counts.update(defects_of(task))
    summaries = Counter(task.summary.strip() for task in tasks)
    documents = Counter(task.document.strip() for task in tasks)
    documents.pop("", None)
    counts["duplicate-summary"] = sum(n for n in summaries.values() if n > 1)
    counts["duplicate-document"] = sum(n for n in documents.values() if n > 1)
    return {name: count for name, count in sorted(counts.items()) if count}
