"""What the labels of a header, a section or a document stand for, and a reading made of labelled texts."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from suite.documents.counters import COUNTERS, CounterName
from suite.measure.telemetry.reading import (
    Quantity,
    Reading,
    counter,
    is_unit,
    number,
    put,
    same_kind,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

Role: TypeAlias = (
    Quantity | CounterName | Literal["device", "chip", "card", "part", "memory_free_bytes"]
)
"""A quantity; a counter; or the device's id, its number on the card, the card's id, a part's number; or memory that is not in use."""
PLACES: Final[tuple[Role, ...]] = ("device", "chip", "card", "part")
"""Roles that name a device and are no reading."""


@dataclass(frozen=True, slots=True)
class Label:
    """What a label stands for.

    Attributes:
        role: of its value; of ``used / total`` and ``usage / limit`` the first.
        unit: of a number without one, where the label has none either; as the tool prints it.
        second: role of the second value of a pair; None where that is not read.
        units: units that this tool means otherwise than they are written, in lower case.
    """

    role: Role
    unit: str = ""
    second: Role | None = None
    units: tuple[tuple[str, str], ...] = ()


Labels: TypeAlias = "Mapping[str, Label]"
"""By name in lower case, without a unit; where several stand for one role, the first that is there is read."""

DEVICE: Final = Label("device")
CARD: Final = Label("card")
PART: Final = Label("part")
"""A tile or partition of the device, which has a row of its own."""
BINARY: Final = (("kb", "KiB"), ("mb", "MiB"), ("gb", "GiB"))
"""Of tools that count in powers of 1024 and print MB."""

_UNIT: Final = re.compile(r"(.+?)\s*[\[(]\s*([^\])]+?)\s*[\])]\Z")
_ESCAPE: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_DRAWN: Final = str.maketrans(
    {**dict.fromkeys("│┃║", "|"), **dict.fromkeys("─━╌", "-"), **dict.fromkeys("═", "=")}
    | dict.fromkeys("┌┐└┘├┤┬┴┼┏┓┗┛┣┫┳┻╋╭╮╰╯┡┩╇╔╗╚╝╠╣╦╩╬╞╡╪", "+")
)
_ID: Final = re.compile(
    r"(?:card|gpu|npu|dcu|hcu|device|/dev/\w+/)?\s*(\d{1,4}(?:\.\d{1,2})?)\Z", re.IGNORECASE
)
MOST_CHARACTERS: Final = 1_000_000
"""Of an output that are read."""


def first_part(text: str) -> str:
    """As much of an output as is read, in whole lines."""
    if len(text) <= MOST_CHARACTERS:
        return text
    return text[: text.rfind("\n", 0, MOST_CHARACTERS) + 1]


def lines(text: str) -> list[str]:
    """The lines of an output as a plain terminal would show them: no colours, tabs or drawn frames."""
    plain = _ESCAPE.sub("", first_part(text)).lstrip("\ufeff").replace("\0", "")
    plain = unicodedata.normalize("NFKC", plain).translate(_DRAWN)
    return [line.expandtabs() for line in re.split(r"\r?\n|\r", plain)]


def named(label: str) -> tuple[str, str]:
    """A label's name in lower case, and its unit; "" where it states none that is known."""
    name = " ".join(label.split()).lower()
    match = _UNIT.match(name)
    if match is not None and is_unit(match[2]):
        return match[1], match[2]
    return name, ""


def chosen(names: Collection[str], labels: Labels) -> dict[str, Label]:
    """The labels that are read of those that are there: one for each role, the first of the tool's own order; each of a state."""
    first: dict[Role, str] = {}
    states = {}
    for name, label in labels.items():
        if name in names and label.role in COUNTERS and COUNTERS[label.role].kind == "state":
            states[name] = label
        elif name in names:
            first.setdefault(label.role, name)
    return {name: labels[name] for name in first.values()} | states


def says_something(labels: Mapping[str, Label]) -> bool:
    """Whether any of the labels is a quantity, and not only a counter or the name of a device."""
    return any(label.role not in PLACES and label.role not in COUNTERS for label in labels.values())


def device_id(text: str) -> str:
    """A device's number; "" where the text is none."""
    match = _ID.match(text.strip())
    return match[1] if match else ""


def reading(values: Iterable[tuple[Label, str, str]], *, device: str = "") -> Reading | None:
    """A reading of labelled texts; None where they name no device.

    Args:
        values: each label, the unit that the header states, and the text.
        device: its id where none of the texts is one.
    """
    places: dict[Role, str] = {}
    numbers: dict[Role, float] = {}
    counters: dict[CounterName, float] = {}
    for label, unit, text in values:
        if label.role in COUNTERS:
            count = counter(text, label.role)
            # One state may have several causes, each in a field of its own.
            if count is not None:
                counters[label.role] = max(count, counters.get(label.role, 0.0))
            continue
        if label.role in PLACES:
            places[label.role] = text.strip() if label.role == "card" else device_id(text)
            continue
        first, _, second = text.partition("\n")
        for role, part in ((label.role, first), (label.second, second)):
            value = _value(label, unit, part) if role is not None else None
            if role is not None and value is not None:
                numbers[role] = value
    if "device" in places and not places["device"]:
        return None  # its number is not known, and its place may be another's number
    card, chip = places.get("card", ""), places.get("chip", "")
    on_card = card + (f".{chip}" if card and chip not in ("", "0") else "")
    name = places.get("device") or device_id(on_card) or device
    of_device = Reading(name, _quantities(numbers), card, counters, places.get("part", ""))
    return of_device if name else None


def _value(label: Label, unit: str, text: str) -> float | None:
    match = re.fullmatch(r"(.*?[0-9])\s*([A-Za-z]+)", text.strip())
    other = dict(label.units)
    if match is not None and match[2].lower() in other:
        text = match[1] + other[match[2].lower()]
    usual = unit or label.unit
    if not same_kind(usual, label.unit):
        return None
    return number(text, other.get(usual.lower(), usual))


def _quantities(numbers: Mapping[Role, float]) -> dict[Quantity, float]:
    """What is possible of the numbers; a memory without size has nothing in use."""
    values: dict[Quantity, float] = {}
    known = dict(numbers)
    used, total = known.get("memory_used_bytes"), known.get("memory_total_bytes")
    free = known.pop("memory_free_bytes", None)
    if free is not None and used is not None:
        known.setdefault("memory_total_bytes", used + free)
    elif free is not None and total is not None:
        known["memory_used_bytes"] = total - free
    if total == 0:
        known.pop("memory_total_bytes")
        known.pop("memory_used_bytes", None)
    for role, value in known.items():
        if role not in PLACES and role != "memory_free_bytes":
            put(values, role, value)  # type: ignore[arg-type]  # the other roles were left out
    return values
