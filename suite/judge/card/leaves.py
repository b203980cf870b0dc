"""Documents rewritten leaf by leaf: texts made fit for signing, numbers rounded as documents keep them."""

from __future__ import annotations

from typing import TypeVar

from suite.base.bilingual import Sentence
from suite.documents.sentences import rewritten
from suite.documents.value import stored
from suite.judge.attest.text import clean_text

T = TypeVar("T")

MAX_TEXT = 2000
"""Characters that a sentence may have on the card; the evidence holds the whole of it."""


def cut(text: str, most: int = MAX_TEXT) -> str:
    """At most so many characters, with an ellipsis where something is left out."""
    if isinstance(text, Sentence):
        return Sentence(cut(str(text), most), cut(text.zh, most))
    return text if len(text) <= most else text[: most - 1] + "…"


def signable(document: T) -> T:
    """The same document with every text, members' names in tables included, made fit for signing."""
    return rewritten(
        document, lambda leaf: clean_text(str(leaf)) if isinstance(leaf, str) else leaf
    )


def rounded(document: T) -> T:
    """The same document with every float rounded and every text cut as the card keeps them."""
    return rewritten(document, _rounded)


def _rounded(leaf: object) -> object:
    if isinstance(leaf, float):
        return stored(leaf)
    return cut(leaf) if isinstance(leaf, str) else leaf
