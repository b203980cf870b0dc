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
_SPACE = re.compile(r"\s+")


def clean(text: str) -> str:
    """Make foreign text fit for one line of evidence: no controls, single spaces, at most `MAX_ERROR`."""
    visible = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in text)
    short = _SPACE.sub(" ", visible).strip()
    return short if len(short) <= MAX_ERROR else short[: MAX_ERROR - 1] + "…"


def error_text(value: JSONValue) -> str:
    """The sentence in an error object, whatever its shape."""
    if isinstance(value, dict):
        for key in ("message", "detail", "error"):
            if value.get(key):
                return error_text(value[key])
        return clean(jsonio.canonical(value).decode())
    return clean(value if isinstance(value, str) else jsonio.canonical(value).decode())


def body_error(pieces: list[bytes]) -> str:
    """The sentence in the body of a refused request: JSON of any shape, or plain text."""
    body = b"".join(pieces)[:65_536]
    try:
        return error_text(jsonio.loads(body, error=EngineError))
    except EngineError:
        return clean(body.decode("utf-8", "replace"))
