"""What a rule is, and the small vocabulary that all rules share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from suite.base.status import Outcome
from suite.judge.checks.result import CheckResult

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from suite.eventdoc import RequestEvent
    from suite.evidence import Evidence
    from suite.judge.metrics.compute import Results

Division = Literal["closed", "optimised", "open"]
DIVISIONS: tuple[Division, ...] = ("closed", "optimised", "open")
"""From the strictest to the freest."""

SHOWN = 3
"""Places that a finding names; the count says how many there are."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Outcome, the sentence that explains it, and where to look."""

    outcome: Outcome
    why: str
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One numbered rule.

    Attributes:
        number: ``R001`` and so on; never reused.
        en: what it asks, in English.
        zh: the same in Chinese.
        judge: evidence and results in, finding out; pure.
        limits: the freest division that a `WARN` of this rule still lets be strictest. None when the rule is
            about validity, where `FAIL` makes the run not conformant in every division.
    """

    number: str
    en: str
    zh: str
    judge: Callable[[Evidence, Results], Finding]
    limits: Division | None = None

    def apply(self, evidence: Evidence, results: Results) -> CheckResult:
        """Run the rule."""
        found = self.judge(evidence, results)
        title = {"en": self.en, "zh": self.zh}
        return CheckResult(self.number, title, found.outcome, found.why, found.evidence)


def passed(why: str) -> Finding:
    """The rule holds."""
    return Finding(Outcome.PASS, why)


def failed(why: str, places: Sequence[str] = ()) -> Finding:
    """The rule is broken."""
    return Finding(Outcome.FAIL, why, tuple(places[:SHOWN]))


def warned(why: str, places: Sequence[str] = ()) -> Finding:
    """Something that a reader must know, or that bars a division."""
    return Finding(Outcome.WARN, why, tuple(places[:SHOWN]))


def not_applicable(why: str) -> Finding:
    """The rule has no object here."""
    return Finding(Outcome.NOT_APPLICABLE, why)


def place(request: RequestEvent) -> str:
    """Name a request the way every finding does."""
    return f"events.jsonl: {request['phase']}/{request['repeat']} request {request['index']}"


def measured(evidence: Evidence) -> Iterator[RequestEvent]:
    """Requests of measured phases, warm-up left out."""
    return (request for request in evidence.requests if request["measured"])


def answered(evidence: Evidence) -> Iterator[RequestEvent]:
    """Successful requests of measured phases."""
    return (request for request in measured(evidence) if request["outcome"] == "ok")
