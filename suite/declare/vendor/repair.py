"""A declaration that breaks its schema, made whole where it does, so that everything else in it is checked in the same round.

What is wrong is replaced by what stands at that place in the smallest declaration, else in a shipped one that has something there,
or left out. What is then said of
such a place, or of a name that was only in it, is not the writer's mistake and is dropped.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Final

from suite.base import schema, yamlio
from suite.base.resources import resource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suite.base.errors import Problem
    from suite.base.jsonio import JSONValue

SMALLEST: Final = resource("suite/declare/vendor/smallest.yaml")
"""A declaration with everything that none may lack; `suite vendors new` writes it."""
_ROUNDS: Final = 40
"""A repair can show what was hidden behind it; nothing is nested deeper than a fraction of this."""


def rests_on(pointer: str, place: str) -> bool:
    """Whether what stands at a pointer is at a place or within it, or says that the figure there is the one that is used."""
    used = place.removesuffix("value") + "used" if place.endswith("/value") else place
    return pointer in (place, used) or pointer.startswith(f"{place}/")


class Repaired:
    """A declaration with its broken places replaced."""

    def __init__(self, value: JSONValue) -> None:
        """Repair a copy of a value that `schema` refuses."""
        self.value = copy.deepcopy(value)
        self._exemplar = yamlio.load(SMALLEST).value
        self._shipped: list[JSONValue] = []
        self._replaced: set[str] = set()
        self._lost: set[str] = set()
        for _ in range(_ROUNDS):
            problems = schema.problems(self.value, "vendor")
            if not problems:
                break
            self._replace(problems[-1])

    @property
    def whole(self) -> bool:
        """Whether the schema accepts it now, and something of the original is left."""
        return "" not in self._replaced and not schema.problems(self.value, "vendor")

    def concerns(self, pointer: str, message: str) -> bool:
        """Whether a finding is about what was written, not about a replacement."""
        replaced = any(rests_on(pointer, at) for at in self._replaced)
        return not replaced and not any(repr(name) in message for name in self._lost)

    def _replace(self, problem: Problem) -> None:
        place = problem.place.pointer if problem.place and problem.place.pointer else ""
        parts = [_unescaped(part) for part in place.split("/")[1:] if part]
        if "is a required property" in problem.message:
            parts.append(problem.message.split("'")[1])
        # What did not help at a place is done one level higher.
        while parts and _pointer(parts) in self._replaced:
            parts.pop()
        if not parts:
            self._replaced.add("")
            self.value = copy.deepcopy(self._exemplar)
            return
        self._replaced.add(_pointer(parts))
        parent, last = _parent(self.value, parts)
        self._lost |= set(_texts(_at(parent, last)))
        stand_in = self._stand_in(parts)
        if isinstance(parent, list) and stand_in is not None:
            parent[int(last)] = copy.deepcopy(stand_in)
        elif isinstance(parent, dict) and stand_in is not None:
            parent[last] = copy.deepcopy(stand_in)
        elif isinstance(parent, dict):
            parent.pop(last, None)

    def _stand_in(self, parts: list[str]) -> JSONValue:
        """What stands at a place in a declaration that is in order; None where none has anything there."""
        if (example := _like(self._exemplar, parts)) is not None:
            return example
        if not self._shipped:
            paths = sorted(resource("vendors").glob("*/vendor.yaml"))
            self._shipped = [yamlio.load(path).value for path in paths]
        return next((f for v in self._shipped if (f := _like(v, parts)) is not None), None)


def _like(value: JSONValue, parts: list[str]) -> JSONValue:
    """What stands at a place, or at a like one: of a list, in its first item."""
    for part in parts:
        value = _at(value, "0" if isinstance(value, list) else part)
    return value


def _parent(value: JSONValue, parts: list[str]) -> tuple[JSONValue, str]:
    for part in parts[:-1]:
        value = _at(value, part)
    return value, parts[-1]


def _at(value: JSONValue, part: str) -> JSONValue:
    if isinstance(value, dict):
        return value.get(part)
    if isinstance(value, list) and part.isdigit() and int(part) < len(value):
        return value[int(part)]
    return None


def _texts(value: JSONValue) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _pointer(parts: list[str]) -> str:
    return "".join(f"/{part.replace('~', '~0').replace('/', '~1')}" for part in parts)


def _unescaped(part: str) -> str:
    return part.replace("~1", "/").replace("~0", "~")
