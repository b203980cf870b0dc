"""``mthreads-gmi``: the JSON query, the same query as indented text, and the table.

Values are texts with units. The JSON key of the power ends with a space in some versions, members are
missing for some cards, and the table has no power at all.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Final

from suite.base import jsonio
from suite.base.bilingual import Bilingual
from suite.base.errors import SuiteError
from suite.measure.telemetry.reading import Quantity, Reading, number, put
from suite.measure.telemetry.tool import program

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PLACES: Final[tuple[tuple[str, str, Quantity, str], ...]] = (
    ("power readings", "power draw", "power_w", "W"),
    ("utilization", "gpu", "utilisation", "%"),
    ("temperature", "gpu current temp", "temperature_c", "C"),
    ("fb memory usage", "used", "memory_used_bytes", "MiB"),
    ("fb memory usage", "total", "memory_total_bytes", "MiB"),
    ("clocks", "graphics", "clock_mhz", "MHz"),
)
"""Section, member, quantity and unit of a number without one; names in lower case."""


_NUMBER: Final = re.compile(r"\d+\Z")
_UNITS: Final[dict[Quantity, str]] = {quantity: unit for _, _, quantity, unit in _PLACES}


@program(
    "mthreads-gmi-json",
    Bilingual("`mthreads-gmi` as JSON", "`mthreads-gmi` 的 JSON 输出"),
    command=("mthreads-gmi", "--query", "--json"),
    units=_UNITS,
    sample="mthreads-gmi.json.txt",
)
def parse_json(text: str) -> list[Reading]:
    """Read ``mthreads-gmi --query --json``; text around the document is ignored, no document gives nothing."""
    start, end = text.find("{"), text.rfind("}")
    try:
        document = jsonio.loads(text[start : end + 1].encode()) if 0 <= start < end else None
    except SuiteError:
        return []
    if not isinstance(document, dict):
        return []
    readings = []
    for name, card in _cards(_member(document, "gpu")):
        index = _member(card, "index")
        device = str(index).strip() if isinstance(index, str | int) else name
        readings.append(Reading(device, _card(card)))
    return readings


def _cards(value: object) -> Iterator[tuple[str, Mapping[str, object]]]:
    """The cards with their names: of a list, of an object with one member for each, or of a single card."""
    if isinstance(value, dict):
        inner = {key.strip().lower() for key in value}
        if inner & {"index", *(section for section, _, _, _ in _PLACES)}:
            yield "0", value
            return
        named = [(match[0], card) for key, card in value.items() if (match := _NUMBER.search(key))]
        yield from ((name, card) for name, card in named if isinstance(card, dict))
    elif isinstance(value, list):
        yield from (
            (str(place), card) for place, card in enumerate(value) if isinstance(card, dict)
        )


def _member(document: Mapping[str, object], name: str) -> object:
    for key, value in document.items():
        if key.strip().lower() == name:
            return value
    return None


def _card(card: Mapping[str, object]) -> dict[Quantity, float]:
    values: dict[Quantity, float] = {}
    for section, member, quantity, unit in _PLACES:
        inner = _member(card, section)
        value = _member(inner, member) if isinstance(inner, dict) else None
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            put(values, quantity, number(str(value), unit))
    return values


_GPU_LINE: Final = re.compile(
    r"\s*(?:GPU\s*(\d{1,3})(?:\s+[0-9a-f:.]+)?|GPU\s+[0-9a-f]{4,8}:[0-9a-f:.]+|Index\s*:\s*(\d+))\s*:?\s*\Z",
    re.IGNORECASE,
)
_MEMBER_LINE: Final = re.compile(r"(\s*)([^:]+?)\s*(?::\s*(.*?))?\s*\Z")


@program(
    "mthreads-gmi-text",
    Bilingual("`mthreads-gmi` as indented text", "`mthreads-gmi` 的缩进文本输出"),
    command=("mthreads-gmi", "-q"),
    units=_UNITS,
    sample="mthreads-gmi.text.txt",
)
def parse_text(text: str) -> list[Reading]:
    """Read ``mthreads-gmi -q``: a block per card, sections by indentation, ``name : value`` lines."""
    readings = []
    for position, block in enumerate(_blocks(text.splitlines())):
        device, sections = _sections(block)
        values: dict[Quantity, float] = {}
        for section, member, quantity, unit in _PLACES:
            value = sections.get((section, member))
            if value is not None:
                put(values, quantity, number(value, unit))
        readings.append(Reading(device or str(position), values))
    return readings


def _blocks(lines: list[str]) -> Iterator[list[str]]:
    """The lines of each card; a card starts with ``GPU0``, ``GPU 00000000:18:00.0`` or ``Index : 0``."""
    block: list[str] | None = None
    started_by = ""
    margin = ""
    for line in lines:
        match = _GPU_LINE.match(line)
        indent = line[: len(line) - len(line.lstrip())]
        if match is not None and block is not None and len(indent) > len(margin):
            match = None  # a member of the card, or a process that is called so
        kind = "" if match is None else ("index" if match[2] is not None else "gpu")
        # An index line inside a block that a GPU line began names that card.
        if kind and not (kind == "index" and started_by == "gpu"):
            if block is not None:
                yield block
            block, started_by, margin = [], kind, indent
        if block is not None:
            block.append(line)
    if block is not None:
        yield block


def _sections(block: list[str]) -> tuple[str, dict[tuple[str, str], str]]:
    device = ""
    section = ""
    values: dict[tuple[str, str], str] = {}
    for line in block:
        if _PROCESSES.match(line):
            break  # their names may look like anything
        card = _GPU_LINE.match(line)
        if card is not None:
            device = card[2] or card[1] or device
            continue
        match = _MEMBER_LINE.match(line)
        if match is None:
            continue
        name, value = match[2].strip().lower(), match[3]
        if value:
            values.setdefault((section, name), value)
        else:
            section = name
    return device, values


_PROCESSES: Final = re.compile(r"\s*Process(es)?\b[^|]*:?\s*\Z", re.IGNORECASE)


def _before_processes(text: str) -> list[str]:
    """The lines before the list of processes, whose names may look like anything."""
    lines = text.splitlines()
    return list(itertools.takewhile(lambda line: not _PROCESSES.match(line), lines))


_TABLE_ROW: Final = re.compile(
    r"(?P<index>\d+)\s+\S.*\|\s*(?:(?P<use>[^\s|]+)\s+)?(?P<used>[^\s|(]+)\s*\(\s*(?P<total>[^\s|)]+)\s*\)"
)
"""A card's first line: its load may be unknown, and its memory."""
_TABLE_TEMPERATURE: Final = re.compile(r"\|\s*(\d+)\s*C\b")


@program(
    "mthreads-gmi-table",
    Bilingual(
        "the table of `mthreads-gmi`, which has no power", "`mthreads-gmi` 的表格输出，不含功耗"
    ),
    command=("mthreads-gmi",),
    units={
        "utilisation": "%",
        "memory_used_bytes": "MiB",
        "memory_total_bytes": "MiB",
        "temperature_c": "C",
    },
    sample="mthreads-gmi.table.txt",
)
def parse_table(text: str) -> list[Reading]:
    """Read plain ``mthreads-gmi``: load, memory and temperature; there is no power in it."""
    readings: list[Reading] = []
    for line in _before_processes(text):
        row = _TABLE_ROW.match(line)
        if row is not None:
            values: dict[Quantity, float] = {}
            put(values, "utilisation", number(row["use"] or "", "%"))
            put(values, "memory_used_bytes", number(row["used"], "MiB"))
            put(values, "memory_total_bytes", number(row["total"], "MiB"))
            readings.append(Reading(row["index"], values))
        elif readings and (temperature := _TABLE_TEMPERATURE.search(line)):
            readings[-1].values.setdefault("temperature_c", float(temperature[1]))
    return readings
