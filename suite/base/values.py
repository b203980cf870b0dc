"""What a metric can be: a number with its unit, count and interval, or the reason why there is none."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from suite.base.errors import EvidenceError

if TYPE_CHECKING:
    from suite.base.jsonio import JSONObject

SIGNIFICANT_DIGITS = 9
"""Digits that a stored number keeps: far below any measurement error, far above float noise."""

NO_INTERVAL_EXACT = "exact count"
NO_INTERVAL_SINGLE = "one value, no interval"


def stored(number: float) -> float:
    """Round to the significant digits that documents keep, so that recomputing gives the same bytes.

    Whole results stay floats; negative zero becomes zero.

    Raises:
        EvidenceError: code ``value-not-finite``; no document may hold NaN or an infinity.
    """
    if not math.isfinite(number):
        raise EvidenceError("value-not-finite", f"a metric came out as {number}")
    return float(f"{number:.{SIGNIFICANT_DIGITS}g}") + 0.0


@dataclass(frozen=True, slots=True)
class Measured:
    """A number that was measured.

    Attributes:
        value: the number, in `unit`.
        unit: e.g. ``ms``, ``tokens/s``, ``1`` for a ratio.
        n: how many samples stand behind it.
        low: lower end of the interval, or None.
        high: upper end of the interval, or None.
        interval: what the interval is (``95 % bootstrap``), or why there is none.
    """

    value: float
    unit: str
    n: int
    low: float | None
    high: float | None
    interval: str

    def to_json(self) -> JSONObject:
        """The form that documents hold; every float passes through `stored`."""
        return {
            "value": stored(self.value),
            "unit": self.unit,
            "n": self.n,
            "low": None if self.low is None else stored(self.low),
            "high": None if self.high is None else stored(self.high),
            "interval": self.interval,
        }


@dataclass(frozen=True, slots=True)
class NotMeasured:
    """There is no number, and why."""

    why: str

    def to_json(self) -> JSONObject:
        """The form that documents hold."""
        return {"not_measured": self.why}


Value: TypeAlias = Measured | NotMeasured


def exact(value: float, unit: str, n: int) -> Measured:
    """A count or another number without sampling error."""
    return Measured(value, unit, n, None, None, NO_INTERVAL_EXACT)
