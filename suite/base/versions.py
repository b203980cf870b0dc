"""Versions as programs print them, compared by their numbers: 3.10 is newer than 3.9, and 3.4 is 3.4.0."""

from __future__ import annotations

import re
from typing import Final

_VERSION: Final = re.compile(r"(?:[0-9]+:)?[vV]?([0-9]+(?:\.[0-9]+)*)(.*)", re.DOTALL)
"""An epoch, as packages of Debian have one, says nothing of the program; nor does what stands behind the numbers."""
_STAGES: Final = {"dev": 0, "pre": 0, "a": 1, "alpha": 1, "b": 2, "beta": 2, "rc": 3}
_STAGE: Final = re.compile(
    rf"[-._~]?({'|'.join(sorted(_STAGES, key=len, reverse=True))})[-.]?([0-9]{{0,9}})(?![0-9a-z])",
    re.IGNORECASE,
)
"""Of a version that is not out yet; a commit's name may begin with these letters too, and goes on (`1.20.0-bd47b06`)."""
_OUT: Final = (4, 0)


def numbers(text: str) -> tuple[int, ...] | None:
    """The numbers of a version without zeros at its end; None for what is none."""
    match = _VERSION.match(text.strip())
    if match is None or len(match[1]) > 64:
        return None
    parts = [int(part) for part in match[1].split(".")]
    while parts and parts[-1] == 0:
        parts.pop()
    return tuple(parts)


def _stage(text: str) -> tuple[int, int]:
    match = _VERSION.match(text.strip())
    stage = _STAGE.match(match[2]) if match is not None else None
    return _OUT if stage is None else (_STAGES[stage[1].lower()], int(stage[2] or 0))


def at_least(version: str, wanted: str) -> bool:
    """Whether a version is the wanted one or a newer; one that is not out yet (``2.1.0-rc.1``) is older than its own.

    Args:
        version: as it was printed.
        wanted: numbers, and a stage where one that is not out will do (``6.0.RC3``).

    Raises:
        ValueError: one of them is no version.
    """
    have, want = numbers(version), numbers(wanted)
    if have is None or want is None:
        msg = f"{version!r} or {wanted!r} is no version"
        raise ValueError(msg)
    return (have, _stage(version)) >= (want, _stage(wanted))
