"""Documents rewritten leaf by leaf: texts made fit for signing, numbers rounded as documents keep them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

from suite.documents.document import Document
from suite.documents.value import stored
from suite.judge.attest.text import clean_text

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

MAX_TEXT = 2000
"""Characters that a sentence may have on the card; the evidence holds the whole of it."""


def cut(text: str, most: int = MAX_TEXT) -> str:
    """At most so many characters, with an ellipsis where something is left out."""
    return text if len(text) <= most else text[: most - 1] + "…"


def signable(document: T) -> T:
    """The same document with every text, members' names in tables included, made fit for signing."""
    return _rewritten(document, lambda leaf: clean_text(leaf) if isinstance(leaf, str) else leaf)


def rounded(document: T) -> T:
    """The same document with every float rounded and every text cut as the card keeps them."""
    return _rewritten(document, _rounded)


def _rounded(leaf: object) -> object:
    if isinstance(leaf, float):
        return stored(leaf)
    return cut(leaf) if isinstance(leaf, str) else leaf


def _rewritten(value: T, leaf: Callable[[object], object]) -> T:
    changed: object
    if isinstance(value, Document):
        members = {name: _rewritten(getattr(value, name), leaf) for name in value.__struct_fields__}
        changed = type(value)(**members)
    elif isinstance(value, tuple):
        changed = tuple(_rewritten(item, leaf) for item in value)
    elif isinstance(value, dict):
        changed = {leaf(name): _rewritten(item, leaf) for name, item in value.items()}
    else:
        changed = leaf(value)
    return cast("T", changed)
