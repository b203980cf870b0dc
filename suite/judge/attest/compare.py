"""Two JSON documents, value by value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from suite.base import jsonio

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suite.base.jsonio import JSONValue

ABSENT = "absent"
"""Shown for a member that is not there; a text of that word is shown with quotation marks."""
MAX_SHOWN = 120
"""Characters of a value that are shown."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where two documents differ.

    Attributes:
        pointer: JSON pointer of the place.
        left: the first document's value as JSON, cut for display, or ``absent``.
        right: the second document's.
    """

    pointer: str
    left: str
    right: str


def _show(value: JSONValue) -> str:
    text = jsonio.canonical(value).decode("utf-8")
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


def _join(pointer: str, key: str | int) -> str:
    return f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"


def differences(left: JSONValue, right: JSONValue, pointer: str = "") -> Iterator[Difference]:
    """Every place where two documents differ; 1, 1.0 and true are three different values."""
    if isinstance(left, dict) and isinstance(right, dict):
        for key in sorted(left.keys() | right.keys()):
            where = _join(pointer, key)
            if key not in right:
                yield Difference(where, _show(left[key]), ABSENT)
            elif key not in left:
                yield Difference(where, ABSENT, _show(right[key]))
            else:
                yield from differences(left[key], right[key], where)
    elif isinstance(left, list) and isinstance(right, list):
        for index in range(max(len(left), len(right))):
            where = _join(pointer, index)
            if index >= len(right):
                yield Difference(where, _show(left[index]), ABSENT)
            elif index >= len(left):
                yield Difference(where, ABSENT, _show(right[index]))
            else:
                yield from differences(left[index], right[index], where)
    # Of leaves of one type, as of their JSON, `repr` differs where they do; 0.0 and -0.0 are two.
    elif type(left) is not type(right) or (left is not right and repr(left) != repr(right)):
        yield Difference(pointer or "/", _show(left), _show(right))
