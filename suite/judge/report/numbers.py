"""How numbers are written for people: four significant digits, and an interval in the same digits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from suite.documents.value import Measured, NotMeasured
from suite.judge.metrics.registry import REGISTRY

if TYPE_CHECKING:
    from suite.documents.value import Value

NARROW = "\u202f"
"""Narrow no-break space between a number and its unit."""
_PREFIXES = ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


@dataclass(frozen=True, slots=True)
class ShownNumber:
    """One value as text.

    Attributes:
        number: the number, or "n/a".
        unit: "" for a plain ratio.
        interval: "40.9 – 43.2", or "".
        method: what the interval is, or why there is none.
        n: "256", or "".
        reason: why there is no number; "" when there is one.
    """

    number: str
    unit: str
    interval: str
    method: str
    n: str
    reason: str

    @property
    def measured(self) -> bool:
        """Whether there is a number."""
        return not self.reason


def decimals(value: float) -> int:
    """Decimal places that give four significant digits, at most six, none from 1,000 on."""
    if value == 0:
        return 0
    return max(0, min(6, 3 - math.floor(math.log10(abs(value)))))


def plain(value: float, places: int | None = None) -> str:
    """A number with thousands separators; whole numbers without decimals unless places are given; beyond all that is measured, a power of ten."""
    if abs(value) >= 1e21:
        return f"{value:.4g}"
    if places is None:
        places = 0 if value == round(value) and abs(value) < 1e15 else decimals(value)
    return f"{value:,.{places}f}"


def scaled(value: float, unit: str) -> str:
    """A large number with an SI prefix: ``8.03e9, "B"`` gives ``8.03 GB``."""
    for factor, prefix in _PREFIXES:
        if abs(value) >= factor:
            return f"{value / factor:.4g}{NARROW}{prefix}{unit}"
    return f"{value:.4g}{NARROW}{unit}"


def show(metric: str, value: Value) -> ShownNumber:
    """One value of a scorecard as text.

    Args:
        metric: whose value it is; one that the registry does not know is written as a plain number.
        value: the number with its interval, or why there is none.
    """
    if isinstance(value, NotMeasured):
        return ShownNumber("n/a", "", "", "", "", value.why)
    assert isinstance(value, Measured)
    factor, unit = 1.0, value.unit
    fixed = None
    if unit == "1":
        definition = REGISTRY.get(metric)
        percent = definition is not None and definition.percent
        factor, unit, fixed = (100.0, "%", None) if percent else (1.0, "", 4)
    number = value.value * factor
    low, high = value.low, value.high
    if low is None or high is None:
        return ShownNumber(plain(number, fixed), unit, "", value.interval, f"{value.n:,}", "")
    places = decimals(number) if fixed is None else fixed
    interval = f"{plain(low * factor, places)}{NARROW}–{NARROW}{plain(high * factor, places)}"
    return ShownNumber(plain(number, places), unit, interval, value.interval, f"{value.n:,}", "")


def ticks(low: float, high: float, count: int = 4) -> list[float]:
    """Round numbers that divide an axis into about `count` parts, all inside ``[low, high]``."""
    span = high - low
    if span <= 0:
        return [low]
    rough = span / count
    magnitude = 10.0 ** math.floor(math.log10(rough))
    step = next(m * magnitude for m in (1.0, 2.0, 2.5, 5.0, 10.0) if m * magnitude >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [index * step for index in range(first, last + 1)]


def tick_text(value: float) -> str:
    """A tick's label: short, never in scientific notation below 10 million."""
    return f"{value:,.6g}" if abs(value) < 1e7 else f"{value:.2g}"
