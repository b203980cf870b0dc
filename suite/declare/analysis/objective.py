"""Did a probe meet the objectives? And can it still?

An objective is met at percentile p when at least p % of the planned requests are within it; that is the same as
the p-th percentile (inverse of the distribution function) being within it. Each objective is counted on its own.
A failed request is within none. TTFT and E2E count from the intended start, so that nothing is forgiven to a
server that lets requests wait (coordinated omission). Requests that the client cancelled are not counted: they
exist only once the probe was decided.

An answer of one token has no TPOT and misses none. Where nobody counted the tokens, or they came in one piece, TPOT
cannot be told: a probe that would meet a TPOT objective only for that reason counts as missed.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from suite.base.bilingual import Sentence, chinese, joined
from suite.base.statistics import finite_percentile
from suite.declare.analysis.bisection import planned as requests_of
from suite.declare.analysis.saturation import Saturation

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from suite.declare.analysis.observed import Observed
    from suite.documents.phase import Search
    from suite.documents.workload import Objectives


ProbeEnd = Literal["objective-missed", "saturated"]
MOST_WHOLE: Final = 0.05
"""Share of answers that may arrive in one piece before TPOT says nothing; the judge has the same bound."""
_NAMES: Final = {"ttft_ms": "TTFT", "tpot_ms": "TPOT", "e2e_ms": "E2E"}


class Verdict(NamedTuple):
    """Whether a probe met the objectives.

    Attributes:
        met: None when it was cut before that was decided.
        why: one sentence.
        ttft_ms: the percentile, counted from the intended start, interpolated, a failed request being infinitely
            late; None without answers and where it falls among failures.
        tpot_ms: the same of the time per output token.
        e2e_ms: the same of the end-to-end latency, from the intended start.
        missed: requests outside at least one objective, failed ones included.
        failed: requests that did not end well, cancelled ones left out.
        untold: why TPOT cannot be told, where that alone made the probe miss; else "".
    """

    met: bool | None
    why: str
    ttft_ms: float | None
    tpot_ms: float | None
    e2e_ms: float | None
    missed: int
    failed: int
    untold: str = ""


def misses(request: Observed, objectives: Objectives) -> list[str]:
    """The objectives that a request is not within, by name; all of them, and ``failed``, if it failed."""
    if request.cancelled:
        return []
    if not request.ok:
        return ["failed", *(name for name, bound in _bounds(objectives) if bound is not None)]
    values = {
        "ttft_ms": request.ttft_ms(from_sched=True),
        "tpot_ms": request.tpot_ms(),
        "e2e_ms": request.e2e_ms(from_sched=True),
    }
    return [
        name
        for name, bound in _bounds(objectives)
        if bound is not None and (value := values[name]) is not None and value > bound
    ]


def meets(request: Observed, objectives: Objectives) -> bool:
    """Whether a request ended well and within every objective."""
    return request.ok and not misses(request, objectives)


def tpot_untold(answers: Sequence[Observed]) -> str:
    """Why these answers do not tell their TPOT; "" when they do, or have one token each."""
    uncounted = sum(request.after is None for request in answers)
    if uncounted:
        return Sentence(
            f"nobody counted the tokens of {uncounted} of {len(answers)} answers as they came",
            f"{len(answers)} 个回答中有 {uncounted} 个，其 token 到达时没有任何来源计数",
        )
    # All tokens in one piece leave no time between first and last: that is not a speed of infinity.
    at_once = sum(request.whole for request in answers)
    several = at_once + sum(request.tpot_ms() is not None for request in answers)
    if at_once > MOST_WHOLE * several:
        return Sentence(
            f"{at_once} of {several} answers arrived in one piece",
            f"{several} 个回答中有 {at_once} 个一次性到达",
        )
    return ""


def _bounds(objectives: Objectives) -> list[tuple[str, float | None]]:
    return [
        ("ttft_ms", objectives.ttft_ms),
        ("tpot_ms", objectives.tpot_ms),
        ("e2e_ms", objectives.e2e_ms),
    ]


def allowed(planned: int, percent: float) -> int:
    """How many of the planned requests may be outside an objective that is met at this percentile."""
    # Exact: 100 - 99.9 as a float is less than a tenth, and would allow 99 of 100,000 in place of 100.
    return int((100 - Fraction(str(percent))) * planned / 100)


def hopeless(missed: int, planned: int, percent: float) -> bool:
    """Whether no outcome of the requests that are left can meet an objective that so many missed."""
    return missed > allowed(planned, percent)


def verdict(
    requests: Iterable[Observed],
    search: Search,
    objectives: Objectives,
    *,
    rate: float,
    ended_by: str,
) -> Verdict:
    """Judge a probe that is over.

    Args:
        requests: all its requests, in any order.
        search: says, with the rate, how many were planned, and which percentile counts.
        objectives: the workload's.
        rate: of the probe, requests per second.
        ended_by: ``all-sent``, ``objective-missed``, ``saturated``; anything else leaves it undecided, unless
            so many requests missed that it is decided.
    """
    counted = [request for request in requests if not request.cancelled]
    answers = [request for request in counted if request.ok]
    missed: Counter[str] = Counter()
    outside = 0
    for request in counted:
        objectives_missed = misses(request, objectives)
        missed.update(objectives_missed)
        outside += bool(objectives_missed)
    percent = search.percentile
    late = len(counted) - len(answers)
    ttft, tpot, e2e = (
        _percentile([request.ttft_ms(from_sched=True) for request in answers], percent, late),
        _percentile([request.tpot_ms() for request in answers], percent, late),
        _percentile([request.e2e_ms(from_sched=True) for request in answers], percent, late),
    )
    planned = requests_of(search, rate)
    met, why = _decide(missed, len(counted), planned, percent, objectives, ended_by=ended_by)
    untold = tpot_untold(answers) if met and objectives.tpot_ms is not None else ""
    if untold:
        met, why = (
            False,
            Sentence(
                f"undecided, which counts as missed: TPOT cannot be told: {untold}",
                f"未判定，计为未达标：无法得知 TPOT：{chinese(untold)}",
            ),
        )
    return Verdict(met, why, ttft, tpot, e2e, outside, missed["failed"], untold)


def _percentile(values: Sequence[float | None], percent: float, late: int) -> float | None:
    """A percentile of some values and of as many infinite ones as requests failed."""
    ordered = sorted(value for value in values if value is not None)
    return finite_percentile(ordered, percent, late) if ordered else None


def _decide(
    missed: Counter[str],
    counted: int,
    planned: int,
    percent: float,
    objectives: Objectives,
    *,
    ended_by: str,
) -> tuple[bool | None, str]:
    bound = allowed(planned, percent)
    reasons = [
        Sentence(
            f"{missed[name]} of {planned} requests took longer than the {_NAMES[name]} objective of "
            f"{limit:g} ms or failed; p{percent:g} allows {bound}",
            f"{planned} 个请求中有 {missed[name]} 个超过 {_NAMES[name]} 目标 {limit:g} ms 或失败；p{percent:g} 允许 {bound} 个",
        )
        for name, limit in _bounds(objectives)
        if limit is not None and missed[name] > bound
    ]
    if not reasons and missed["failed"] > bound:
        reasons = [
            Sentence(
                f"{missed['failed']} of {planned} requests failed; p{percent:g} allows {bound}",
                f"{planned} 个请求中有 {missed['failed']} 个失败；p{percent:g} 允许 {bound} 个",
            )
        ]
    if reasons:
        return False, joined(reasons, "; ", "；")
    if ended_by == "saturated":
        return False, Sentence(
            "the server could not keep up: requests in flight and TTFT kept rising",
            "服务器跟不上请求：在途请求与 TTFT 持续上升",
        )
    if ended_by != "all-sent" or counted < planned:
        return None, Sentence(
            f"undecided: only {counted} of {planned} requests ended",
            f"未判定：{planned} 个请求中只有 {counted} 个结束",
        )
    return True, Sentence(
        f"at least {percent:g} % of {planned} requests were within every objective",
        f"{planned} 个请求中至少 {percent:g} % 满足每项目标",
    )


class ProbeRule:
    """When a probe can be ended early; told of each request as it ends.

    Attributes:
        ended_by: why, once it can.
        seen: requests told of until then.
    """

    __slots__ = (
        "_missed",
        "_objectives",
        "_percentile",
        "_planned",
        "_saturation",
        "ended_by",
        "seen",
    )

    def __init__(
        self,
        search: Search,
        objectives: Objectives,
        *,
        arrivals_ns: Sequence[int],
        first_index: int = 0,
    ) -> None:
        """Begin.

        Args:
            search: says which percentile counts.
            objectives: the workload's.
            arrivals_ns: the probe's intended times, relative to its start; as many as requests are planned.
            first_index: index of its first request within the phase.
        """
        self._planned = len(arrivals_ns)
        self._percentile = search.percentile
        self._objectives = objectives
        self._saturation = Saturation(arrivals_ns, first_index)
        self._missed: Counter[str] = Counter()
        self.ended_by: ProbeEnd | None = None
        self.seen = 0

    def add(self, request: Observed) -> ProbeEnd | None:
        """A request has ended; returns why the probe can end with it, else None."""
        if self.ended_by is not None:
            return None
        self.seen += 1
        self._missed.update(misses(request, self._objectives))
        planned, percent = self._planned, self._percentile
        if any(hopeless(count, planned, percent) for count in self._missed.values()):
            self.ended_by = "objective-missed"
        elif self._saturation.add(request):
            self.ended_by = "saturated"
        return self.ended_by

    def overdue(self, elapsed_ns: int) -> bool:
        """A probe has no longest duration: its requests have."""
        del elapsed_ns
        return False

    def state(self) -> str:
        """How many requests missed, of those that may."""
        bound = allowed(self._planned, self._percentile)
        return Sentence(
            f"missed {max(self._missed.values(), default=0)}, {bound} allowed",
            f"未达标 {max(self._missed.values(), default=0)} 个，允许 {bound} 个",
        )
