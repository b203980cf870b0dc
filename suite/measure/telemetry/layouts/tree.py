"""JSON documents, whatever stands before, between and behind them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from suite.base import jsonio
from suite.base.errors import SuiteError
from suite.measure.telemetry.layouts.labels import (
    MOST_CHARACTERS,
    Labels,
    chosen,
    device_id,
    named,
    reading,
    says_something,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suite.base.jsonio import JSONValue
    from suite.measure.telemetry.reading import Reading

_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]')
_LAST_NUMBER: Final = re.compile(r"(\d+)\Z")
MOST_READ: Final = 50
"""Times the text, of what is looked through for the ends of documents."""
DEPTH: Final = 6


def documents(text: str) -> Iterator[JSONValue]:
    """Every document in a text, in order; texts in brackets that are none are passed over."""
    text, start = text[:MOST_CHARACTERS], 0
    left = MOST_READ * len(text)
    while left > 0:
        opening = re.compile(r"[\[{]").search(text, start)
        if opening is None:
            return
        start = opening.start()
        end = _end(text, start)
        left -= (end or len(text)) - start
        if not end:
            start += 1
            continue
        try:
            yield jsonio.loads(text[start:end].encode(errors="replace"))
            start = end
        except SuiteError:
            start += 1


def _end(text: str, start: int) -> int:
    """Behind the bracket that closes the one at the start; 0 where none does."""
    depth = 0
    for match in _TOKEN.finditer(text, start):
        if match[0] in "[{":
            depth += 1
        elif match[0] in "]}":
            depth -= 1
            if depth == 0:
                return match.end()
    return 0


@dataclass(frozen=True, slots=True)
class Tree:
    """Devices of a document: the objects with members that the labels name, as ``section/member``."""

    labels: Labels

    def read(self, text: str) -> list[Reading]:
        """A reading for each device, named by a member, by its key, or by its place."""
        return [
            device for document in documents(text) for device in self._devices(document, "", DEPTH)
        ]

    def _devices(self, value: JSONValue, name: str, depth: int) -> Iterator[Reading]:
        if isinstance(value, list) and depth:
            for place, item in enumerate(value):
                yield from self._devices(item, str(place), depth - 1)
        if not isinstance(value, dict):
            return
        members = dict(_members(value, "", 3))
        known = chosen(members, self.labels)
        if says_something(known):
            texts = [(label, *members[path]) for path, label in known.items()]
            device = reading(texts, device=name or "0")
            if device is not None:
                yield device
        elif depth:
            for key, inner in value.items():
                number = _LAST_NUMBER.search(key.strip())
                of_key = device_id(number[1]) if number else ""
                yield from self._devices(inner, of_key or "", depth - 1)


def _members(
    value: dict[str, JSONValue], before: str, depth: int
) -> Iterator[tuple[str, tuple[str, str]]]:
    """Path, unit and text of each member; names without spaces at their ends, which some tools print."""
    for key, member in value.items():
        name, unit = named(key)
        path, inner = f"{before}{name}", member
        if isinstance(member, dict) and "value" in member:
            inner, unit = member["value"], str(member.get("unit", unit))
        if isinstance(inner, dict) and depth:
            yield from _members(inner, f"{path}/", depth - 1)
        elif isinstance(inner, float):
            yield path, (unit, f"{inner:.6f}")
        elif isinstance(inner, str | int) and not isinstance(inner, bool):
            yield path, (unit, inner if isinstance(inner, str) else str(inner))
