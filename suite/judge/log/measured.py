"""The measured peak of one device, as the run's facts hold it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from suite.base.bilingual import Sentence
from suite.documents.document import given
from suite.documents.value import NotMeasured

if TYPE_CHECKING:
    from suite.evidence import Evidence

FLOPS: Final = "peak.measured_flops"
"""Best rate of matrix products in the executed precision, FLOP/s."""
BANDWIDTH: Final = "peak.measured_bytes_per_s"
"""Best rate of a copy in device memory, bytes read and written a second."""
NOT_MEASURED: Final = Sentence("the peak was not measured", "未实测峰值")


def rate(evidence: Evidence, name: str) -> float | NotMeasured:
    """One of the two figures, or why there is none."""
    fact = evidence.environment.facts.get(name)
    if fact is None:
        return NotMeasured(NOT_MEASURED)
    value = given(fact.value)
    if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
        return float(value)
    return NotMeasured(given(fact.unknown, NOT_MEASURED) or NOT_MEASURED)
