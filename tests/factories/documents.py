"""Documents with a few members changed."""

from __future__ import annotations

from typing import TypeVar

from msgspec import UNSET

from suite.documents.codec import convert, plain
from suite.documents.document import Document

D = TypeVar("D", bound=Document)


def changed(document: D, **members: object) -> D:
    """The document with these members, given as plain JSON: objects are merged, `UNSET` takes a member away."""
    return convert(merged(plain(document), members), type(document))


def merged(value: dict, members: dict) -> dict:
    """An object with the members of another, recursively."""
    result = dict(value)
    for name, member in members.items():
        if member is UNSET:
            del result[name]
        elif isinstance(member, dict) and isinstance(result.get(name), dict):
            result[name] = merged(result[name], member)
        else:
            result[name] = member
    return result
