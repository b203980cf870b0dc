"""Foreign text made fit for evidence: what a server says when it refuses or fails."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

from suite.base import jsonio
from suite.base.errors import EngineError

if TYPE_CHECKING:
    from suite.base.jsonio import JSONValue

MAX_ERROR: Final = 200
"""Characters of a server's error text that are kept."""
MAX_BODY: Final = 65_536
"""Bytes of a refusal that are looked at."""
_WORDS: Final = ("message", "detail", "error", "msg", "error_message", "errors")
"""Members of an error object that may hold its sentence, the likeliest first."""
_SPACE = re.compile(r"\s+")
_HALF = re.compile("[\ud800-\udfff]")


def clean(text: str) -> str:
    """Make foreign text fit for one line of evidence: no controls, single spaces, at most `MAX_ERROR`."""
    visible = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in text)
    short = _SPACE.sub(" ", visible).strip()
    return short if len(short) <= MAX_ERROR else short[: MAX_ERROR - 1] + "…"


def error_text(value: JSONValue) -> str:
    """The sentence in an error object, whatever its shape."""
    if isinstance(value, dict):
        for key in _WORDS:
            if value.get(key):
                return error_text(value[key])
    if isinstance(value, list) and len(value) == 1:
        return error_text(value[0])
    return clean(value if isinstance(value, str) else jsonio.canonical(value).decode())


def stated_error(document: JSONValue) -> str:
    """The sentence of a document that is an error and no answer; "" of any other document.

    Error objects come in a member ``error``, flat with ``object: error``, flat without it, as ``detail``, and as a bare
    string.
    """
    if isinstance(document, str):
        return clean(document)
    if not isinstance(document, dict):
        return ""
    if document.get("error"):
        return error_text(document["error"])
    flat = document.get("object") == "error" or any(document.get(key) for key in _WORDS)
    return error_text(document) if flat and not document.get("choices") else ""


def stated_in(data: bytes) -> str:
    """`stated_error` of bytes; "" where they are no JSON."""
    try:
        return stated_error(jsonio.loads(data[:MAX_BODY].strip(), error=EngineError))
    except EngineError:
        return ""


def body_error(pieces: list[bytes]) -> str:
    """The sentence in the body of a refused request: JSON of any shape, or plain text."""
    body = b"".join(pieces)[:MAX_BODY]
    try:
        return error_text(jsonio.loads(body, error=EngineError))
    except EngineError:
        return clean(body.decode("utf-8", "replace"))


def joined(parts: list[str]) -> tuple[str, int]:
    """One text of its parts, and how many characters in it are U+FFFD because only half of them came.

    A character beyond the basic plane is two halves in JSON's escapes; a server that cuts by code units sends each
    with a chunk of its own.
    """
    text = "".join(parts)
    if text.isascii() or not _HALF.search(text):
        return text, 0
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole, whole.count("\ufffd") - text.count("\ufffd")


def is_half(before: str, text: str) -> bool:
    """Whether a text begins with the second half of a character whose first half ends the text before it."""
    return before[-1:] >= "\ud800" and "\udc00" <= text[:1] <= "\udfff" and before[-1:] < "\udc00"
