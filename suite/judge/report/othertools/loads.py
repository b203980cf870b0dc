"""The loads of a run as other tools' files want them: one benchmark a phase, its first repeat, sums and percentiles."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from suite.base.bilingual import Sentence, chinese
from suite.base.errors import EvidenceError
from suite.documents.event import has_failed
from suite.judge.log.samples import MS, collect
from suite.judge.report.othertools.view import Totals, obstacle, per_token, ttft

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.base.jsonio import JSONValue
    from suite.documents.event import Request
    from suite.evidence import Evidence
    from suite.judge.log.samples import Answer, PhaseSamples
    from suite.judge.report.formats.format import Subject


@dataclass(frozen=True, slots=True)
class Load:
    """One phase without obstacle; times as its samples have them.

    Attributes:
        requests: of its first repeat, failed ones too, by index.
        answers: those of them that ended well.
    """

    evidence: Evidence
    phase: PhaseSamples
    totals: Totals

    @property
    def name(self) -> str:
        """The phase's name."""
        return self.phase.name

    @property
    def requests(self) -> tuple[Request, ...]:
        """Of the first repeat, failed ones too, by index."""
        return self.phase.repeats[0].events

    @property
    def answers(self) -> tuple[Answer, ...]:
        """Those that ended well."""
        return self.totals.answers

    @property
    def failed(self) -> int:
        """Requests that did not end well."""
        return self.phase.repeats[0].failed

    @property
    def ttft_ms(self) -> list[float]:
        """To the first chunk with text, of each answer."""
        return [ttft(answer) for answer in self.answers]

    @property
    def tpot_ms(self) -> list[float]:
        """(E2E − TTFT) / (n − 1) of each answer of two tokens or more."""
        return per_token(self.answers)

    @property
    def itl_ms(self) -> list[float]:
        """Gaps between chunks, whatever they carry."""
        return [gap * MS for answer in self.answers for gap in answer.gaps]

    @property
    def e2e_ms(self) -> list[float]:
        """To the last chunk with text, of each answer."""
        return [answer.e2e for answer in self.answers]

    @property
    def inputs(self) -> list[int]:
        """Prompt tokens of each answer."""
        return [answer.prompt or 0 for answer in self.answers]

    @property
    def outputs(self) -> list[int]:
        """Generated tokens of each answer, as claimed."""
        return [answer.claimed or 0 for answer in self.answers]

    @property
    def rate(self) -> float | None:
        """Requests per second that were offered; None for a closed loop."""
        return None if self.phase.doc.arrivals is None else self.phase.doc.arrivals.rate

    def epoch_s(self, at_ns: int) -> float:
        """A time of the run's clock as seconds since 1970."""
        header = self.evidence.header
        return (at_ns + header.clock_zero_ns + 1000 * header.realtime_minus_monotonic_us) / 1e9

    def most_at_once(self) -> int:
        """The most answers that were under way at any moment."""
        ends = [(answer.sent, 1) for answer in self.answers]
        ends += [(answer.last, -1) for answer in self.answers]
        running = most = 0
        for _, change in sorted(ends):
            running += change
            most = max(most, running)
        return most


def loads(subject: Subject) -> list[Load]:
    """The phases of a run that have numbers in other tools' terms; with `Subject.phase` that one alone.

    Raises:
        EvidenceError: ``nothing-to-export`` where no phase has any, or the one that was named has not; the reason is said.
    """
    assert subject.evidence is not None
    samples = collect(subject.evidence)
    phases = [phase for phase in samples if subject.phase in ("", phase.name)]
    made = [
        Load(subject.evidence, phase, Totals.of(phase)) for phase in phases if not obstacle(phase)
    ]
    if not made:
        why = "; ".join(f"{phase.name}: {obstacle(phase)}" for phase in phases)
        raise EvidenceError(
            "nothing-to-export",
            Sentence(
                f"no phase has numbers for other tools: {why}",
                f"没有阶段含有供其他工具用的数字：{chinese(why)}",
            ),
        )
    return made


def spread(values: Sequence[float], percentiles: Sequence[float]) -> dict[str, float]:
    """Mean, standard deviation, ends and percentiles by NumPy's default rule, by name: ``p50`` and so on; 0 for no values."""
    numbers = np.asarray(values if len(values) else [0.0], dtype=np.float64)
    result = {
        "mean": float(numbers.mean()),
        "std": float(numbers.std()),
        "min": float(numbers.min()),
        "max": float(numbers.max()),
        "median": float(np.median(numbers)),
        "sum": float(numbers.sum()) if len(values) else 0.0,
    }
    cut = np.percentile(numbers, list(percentiles))
    return result | {
        f"p{percent:g}": float(value) for percent, value in zip(percentiles, cut, strict=True)
    }


def error_of(request: Request) -> str:
    """What went wrong with a request; empty where it ended well."""
    if not has_failed(request):
        return ""
    return request.error or f"{request.outcome}, finish reason {request.finish_reason}"


def as_json(value: JSONValue, *, indent: int | None = 2) -> bytes:
    """JSON in ASCII, so that no text in it can show as something else; its members in their order."""
    return json.dumps(value, ensure_ascii=True, allow_nan=False, indent=indent).encode() + b"\n"
