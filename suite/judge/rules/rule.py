"""What a rule is: all that is said of it in one record, and the small vocabulary that all rules share."""

from __future__ import annotations

import collections
import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar, get_args

from suite.base.bilingual import Bilingual, Sentence
from suite.base.status import Outcome
from suite.documents.event import has_failed
from suite.documents.workload import Division

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from suite.documents.event import Request
    from suite.documents.plan import Plan
    from suite.evidence import Evidence
    from suite.judge.metrics.compute import Results

    Judge = Callable[[Evidence, Results], "Finding"]
    PlanJudge = Callable[[Plan], "Finding"]

Part = TypeVar("Part")

DIVISIONS: tuple[Division, ...] = get_args(Division)
"""From the strictest to the freest."""

Phases = Literal[
    "run", "every", "measured", "tasks", "open-loop", "closed-loop", "stop-rule", "search",
    "exact-length", "conversation", "lockstep", "soak", "replay",
]  # fmt: skip
PHASES: dict[Phases, Bilingual] = {
    "run": Bilingual("the run", "整个运行"),
    "every": Bilingual("every phase", "每个阶段"),
    "measured": Bilingual("measured phases", "测量阶段"),
    "tasks": Bilingual("phases that ask the tasks", "提问任务的阶段"),
    "open-loop": Bilingual("open loops", "开环阶段"),
    "closed-loop": Bilingual("closed loops", "闭环阶段"),
    "stop-rule": Bilingual("phases with a stop rule", "有停止规则的阶段"),
    "search": Bilingual("searches", "搜索"),
    "exact-length": Bilingual("phases of exact lengths", "精确长度的阶段"),
    "conversation": Bilingual("conversations", "对话"),
    "lockstep": Bilingual("batches in step", "同步批次"),
    "soak": Bilingual("soaks", "长稳测试"),
    "replay": Bilingual("replays", "回放"),
}
"""What a rule looks at, in words."""

SHOWN = 3
"""Places that a finding names; the count says how many there are."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Outcome, the sentence that explains it, and where to look."""

    outcome: Outcome
    why: str
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleResult:
    """The finding of one numbered rule.

    Attributes:
        rule: its number, for example ``R007``; a number never changes its meaning.
        title: what the rule asks.
        outcome: how it ended.
        why: one sentence with the numbers that decided.
        evidence: where to look, for example ``events.jsonl: offline/0 request 17``.
        limits: as of the rule.
    """

    rule: str
    title: Bilingual
    outcome: Outcome
    why: str
    evidence: tuple[str, ...] = ()
    limits: Division | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One numbered rule.

    Attributes:
        number: ``R001`` and so on; never reused.
        title: what it asks, in a few words.
        asks: the same in full.
        reason: why it exists: what would pass without it.
        broken: how it ends when it does not hold, where `limits` does not say it.
        phases: what it looks at.
        judge: evidence and results in, finding out; pure.
        limits: the strictest division that a run may have when the rule ends as `WARN`. None when the rule is
            about validity, where `FAIL` makes the run not conformant in every division.
        foreseen: what the plan alone says already, before anything is started; None when only a run can tell.
    """

    number: str
    title: Bilingual
    asks: Bilingual
    reason: Bilingual
    broken: Bilingual
    phases: Phases
    judge: Judge
    limits: Division | None = None
    foreseen: PlanJudge | None = None

    def apply(self, evidence: Evidence, results: Results) -> RuleResult:
        """Run the rule."""
        return self._result(self.judge(evidence, results))

    def foresee(self, plan: Plan) -> RuleResult | None:
        """What the rule will say at best of a run of this plan; None when only a run can tell."""
        return None if self.foreseen is None else self._result(self.foreseen(plan))

    def _result(self, finding: Finding) -> RuleResult:
        return RuleResult(
            self.number, self.title, finding.outcome, finding.why, finding.evidence, self.limits
        )


_REGISTERED: dict[str, Rule] = {}


def rule(
    number: str,
    *,
    title: Bilingual,
    asks: Bilingual,
    reason: Bilingual,
    phases: Phases,
    broken: Bilingual | None = None,
    limits: Division | None = None,
    foreseen: PlanJudge | None = None,
) -> Callable[[Judge], Judge]:
    """Register a function as the rule of a number; see `Rule`.

    Raises:
        ValueError: when the number is taken, or nothing says how the rule ends when it is broken.
    """
    if broken is None:
        if limits is None:
            raise ValueError(f"{number} does not say how it ends when it is broken")
        broken = Bilingual(f"warn: *{limits}* at best", f"warn：至多 *{limits}*")

    def register(judge: Judge) -> Judge:
        if number in _REGISTERED:
            raise ValueError(f"two rules have the number {number}")
        _REGISTERED[number] = Rule(
            number, title, asks, reason, broken, phases, judge, limits, foreseen
        )
        return judge

    return register


def plan_rule(
    number: str,
    *,
    title: Bilingual,
    asks: Bilingual,
    reason: Bilingual,
    phases: Phases = "run",
    limits: Division,
) -> Callable[[PlanJudge], PlanJudge]:
    """Register a function of the plan alone as the rule of a number: it is foreseen before a run and judged after it."""

    def register(judge: PlanJudge) -> PlanJudge:
        rule(
            number,
            title=title,
            asks=asks,
            reason=reason,
            phases=phases,
            limits=limits,
            foreseen=judge,
        )(lambda evidence, _: judge(evidence.plan))
        return judge

    return register


def of(
    part: Callable[[Evidence], Part | Finding],
) -> Callable[[Callable[[Evidence, Part], Finding]], Judge]:
    """A rule about a part of the evidence; where there is none, `part` gives the finding in its place."""

    def decorated(judge: Callable[[Evidence, Part], Finding]) -> Judge:
        @functools.wraps(judge)
        def judged(evidence: Evidence, _: Results) -> Finding:
            there = part(evidence)
            return there if isinstance(there, Finding) else judge(evidence, there)

        return judged

    return decorated


def registered() -> tuple[Rule, ...]:
    """The rules of all modules that were imported, in the order of their numbers."""
    return tuple(_REGISTERED[number] for number in sorted(_REGISTERED))


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


def place(request: Request) -> str:
    """Name a request the way every finding does."""
    return Sentence(
        f"events.jsonl: {request.phase}/{request.repeat} request {request.index}",
        f"events.jsonl：{request.phase}/{request.repeat} 请求 {request.index}",
    )


def measured(evidence: Evidence) -> Iterator[Request]:
    """Requests of measured phases, warm-up left out."""
    return (request for request in evidence.requests if request.measured)


def answered(evidence: Evidence) -> Iterator[Request]:
    """Successful requests of measured phases."""
    return (request for request in measured(evidence) if not has_failed(request))


def by_phase(evidence: Evidence) -> dict[tuple[str, int], list[Request]]:
    """Requests of measured phases by name and repeat."""
    groups: dict[tuple[str, int], list[Request]] = collections.defaultdict(list)
    for request in measured(evidence):
        groups[request.phase, request.repeat].append(request)
    return groups
