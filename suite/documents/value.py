"""What a metric can be: a number with its unit, count and interval, or the reason why there is none."""

import math
from typing import Annotated, ClassVar

from msgspec import field
from msgspec.structs import replace

from suite.base.bilingual import Sentence
from suite.base.errors import EvidenceError
from suite.documents.document import Document, about
from suite.documents.scalars import Count, Number

SIGNIFICANT_DIGITS = 9
"""Digits that a stored number keeps: far below any measurement error, far above float noise."""

NO_INTERVAL_EXACT = "exact count"


def stored(number: float) -> float:
    """Round to the significant digits that documents keep, so that recomputing gives the same bytes.

    Whole results stay floats; negative zero becomes zero.

    Raises:
        EvidenceError: code ``value-not-finite``; no document may hold NaN or an infinity.
    """
    if not math.isfinite(number):
        raise EvidenceError(
            "value-not-finite", Sentence(f"a metric came out as {number}", f"某项指标得出 {number}")
        )
    return float(f"{number:.{SIGNIFICANT_DIGITS}g}") + 0.0


class Value:
    """Measured or not: `Measured` or `NotMeasured`, told apart by their members."""

    __slots__: ClassVar[tuple[str, ...]] = ()

    def stored(self) -> "Value":
        """The form that documents hold."""
        return self


class Measured(Value, Document, kw_only=False):
    """A number that was measured."""

    value: Annotated[Number, about("The number, in the unit.")]
    unit: Annotated[str, about("Unit; 1 for a ratio.", min_length=1, max_length=40)]
    n: Annotated[Count, about("Samples behind the number.")]
    low: Annotated[Number | None, about("Lower end of the interval.")]
    high: Annotated[Number | None, about("Upper end of the interval.")]
    interval: Annotated[str, about("What the interval is, or why there is none.", max_length=300)]

    def stored(self) -> "Measured":
        """The form that documents hold; every number passes through `stored`."""
        return replace(
            self,
            value=stored(self.value),
            low=None if self.low is None else stored(self.low),
            high=None if self.high is None else stored(self.high),
        )


class NotMeasured(Value, Document, kw_only=False):
    """There is no number, and why."""

    why: Annotated[str, about("Why.", min_length=1, max_length=1000)] = field(name="not_measured")


def exact(value: float, unit: str, n: int) -> Measured:
    """A count or another number without sampling error."""
    return Measured(value, unit, n, None, None, NO_INTERVAL_EXACT)
