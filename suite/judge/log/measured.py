"""The measured peak of one device, as the run's facts hold it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from suite.base.bilingual import Sentence
from suite.documents.document import given
from suite.documents.value import NotMeasured

if TYPE_CHECKING:
    from suite.documents.environment import Fact
    from suite.evidence import Evidence

FLOPS: Final = "peak.measured_flops"
"""Best rate of matrix products in the executed precision, FLOP/s."""
BANDWIDTH: Final = "peak.measured_bytes_per_s"
"""Best rate of a copy in device memory, bytes read and written a second."""
FOREIGN: Final = "peak.measured_foreign_share"
"""Share of the host's processor time that others used meanwhile, where the device is the processor itself."""
MOST_FOREIGN: Final = 0.1
"""Above this share the figures are the neighbour's as much as the device's: a peak that can be beaten is none."""
NOT_MEASURED: Final = Sentence("the peak was not measured", "未实测峰值")


def reached(evidence: Evidence, name: str) -> float | NotMeasured:
    """What the device did, whoever else ran: it can do at least that; or why it is not known."""
    fact = evidence.environment.facts.get(name)
    if fact is None:
        return NotMeasured(NOT_MEASURED)
    value = _number(fact)
    if value is None or value <= 0:
        return NotMeasured(given(fact.unknown, NOT_MEASURED) or NOT_MEASURED)
    return value


def rate(evidence: Evidence, name: str) -> float | NotMeasured:
    """One of the two figures, as the most that the device can do; or why there is none."""
    value = reached(evidence, name)
    share = _number(evidence.environment.facts.get(FOREIGN)) or 0.0
    if share > MOST_FOREIGN and not isinstance(value, NotMeasured):
        return NotMeasured(
            Sentence(
                f"other programs used {share:.0%} of the host's processor time while the peak was measured",
                f"实测峰值期间其他程序占用了 {share:.0%} 的主机处理器时间",
            )
        )
    return value


def _number(fact: Fact | None) -> float | None:
    value = None if fact is None else given(fact.value)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
