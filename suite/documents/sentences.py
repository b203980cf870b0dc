"""A document's sentences in Chinese: kept once each, beside the members that hold them in English.

A reason such as ``no samples`` stands at many places of a card. Members hold the English text, so that a reader of
the JSON sees what it always saw; the document's table `chinese` holds each sentence's Chinese form by its English
one. Whoever builds a document takes the table from the `Sentence` values in it; whoever shows one puts them back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar, cast

from suite.base.bilingual import Sentence
from suite.documents.document import Document, given

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from msgspec import UnsetType

T = TypeVar("T")


class Bilingual(Protocol):
    """A document with such a table."""

    @property
    def chinese(self) -> dict[str, str] | UnsetType:
        """The Chinese form of its sentences by their English one."""


S = TypeVar("S", bound=Bilingual)


def rewritten(value: T, leaf: Callable[[object], object]) -> T:
    """The same document with every leaf, members' names in tables included, replaced."""
    changed: object
    if isinstance(value, Document):
        members = {name: rewritten(getattr(value, name), leaf) for name in value.__struct_fields__}
        changed = type(value)(**members)
    elif isinstance(value, tuple):
        changed = tuple(rewritten(item, leaf) for item in value)
    elif isinstance(value, dict):
        changed = {leaf(name): rewritten(item, leaf) for name, item in value.items()}
    else:
        changed = leaf(value)
    return cast("T", changed)  # of the same class


def table(value: object) -> dict[str, str]:
    """The Chinese form of every sentence in a document, by its English one."""
    return {str(sentence): sentence.zh for sentence in _sentences(value)}


def _sentences(value: object) -> Iterator[Sentence]:
    if isinstance(value, Sentence):
        yield value
    elif isinstance(value, Document):
        for name in value.__struct_fields__:
            yield from _sentences(getattr(value, name))
    elif isinstance(value, tuple | list):
        for item in value:
            yield from _sentences(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _sentences(item)


def in_both(document: S) -> S:
    """The same document with every sentence of its own table in both languages."""
    return restored(document, given(document.chinese, {}))


def restored(document: T, chinese: Mapping[str, str]) -> T:
    """The same document with every sentence that the table knows in both languages."""

    def leaf(value: object) -> object:
        if not isinstance(value, str) or value not in chinese:
            return value
        return Sentence(value, chinese[value])

    return rewritten(document, leaf) if chinese else document
