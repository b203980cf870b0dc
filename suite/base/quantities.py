"""Durations and measured figures as people read them: never an exponent, never more digits than help."""

from __future__ import annotations

import math
from typing import Final

MINUTE_S: Final = 60.0
HOUR_S: Final = 3600.0
_SECONDS_FROM_MS: Final = 10_000.0
"""From here on a latency is written in seconds: ``19.0 s``, not ``19,000 ms``."""


def significant(value: float, digits: int = 3) -> str:
    """A number with that many significant digits, with thousands separators and without an exponent."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    places = digits - 1 - math.floor(math.log10(abs(value)))
    rounded = round(value, places)
    # Rounding may have made one digit more: 9.999 becomes 10.0.
    places = digits - 1 - math.floor(math.log10(abs(rounded)))
    return f"{rounded:,.{max(places, 0)}f}"


def figure(value: float) -> str:
    """A measured figure in a table: four digits that count, whole from 1,000 on, never an exponent."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}" if abs(value) >= 1e-4 else significant(value, 4)


def duration(seconds: float) -> str:
    """A length of time: ``0.42 s``, ``19.0 s``, ``2 min 05 s``, ``1 h 03 min``."""
    if seconds < MINUTE_S:
        return f"{seconds:.2f} s" if 0 < seconds < 1 else f"{seconds:.1f} s"
    if round(seconds) < HOUR_S:
        minutes, rest = divmod(round(seconds), 60)
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(round(seconds / MINUTE_S), 60)
    return f"{hours} h {minutes:02d} min"


def latency(milliseconds: float) -> str:
    """A latency in milliseconds, from ten seconds on in seconds: ``233 ms``, ``19.0 s``."""
    if milliseconds < _SECONDS_FROM_MS:
        return f"{significant(milliseconds)} ms"
    return duration(milliseconds / 1000)
