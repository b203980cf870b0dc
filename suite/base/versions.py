"""Versions as programs print them, compared by their numbers: 3.10 is newer than 3.9, and 3.4 is 3.4.0."""

from __future__ import annotations

import re
from typing import Final

_VERSION: Final = re.compile(r"[vV]?([0-9]+(?:\.[0-9]+)*)(.*)", re.DOTALL)
_UNFINISHED: Final = re.compile(r"[-.~]?(?:a|alpha|b|beta|rc|pre|dev)[-.]?[0-9]*", re.IGNORECASE)


def numbers(text: str) -> tuple[int, ...] | None:
    """The numbers of a version without zeros at its end; None for what is none."""
    match = _VERSION.match(text.strip())
    if match is None or len(match[1]) > 64:
        return None
    parts = [int(part) for part in match[1].split(".")]
    while parts and parts[-1] == 0:
        parts.pop()
    return tuple(parts)


def at_least(version: str, wanted: str) -> bool:
    """Whether a version is the wanted one or a newer; one that is not out yet (``2.1.0-rc.1``) is older than its own.

    Args:
        version: as it was printed.
        wanted: with numbers alone.

    Raises:
        ValueError: one of them is no version.
    """
    have, want = numbers(version), numbers(wanted)
    if have is None or want is None:
        msg = f"{version!r} or {wanted!r} is no version"
        raise ValueError(msg)
    match = _VERSION.match(version.strip())
    unfinished = match is not None and _UNFINISHED.match(match[2]) is not None
    return have > want or (have == want and not unfinished)
