"""Which division is within reach of a plan, said before anything is started, and what happens when it is not enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.bilingual import Sentence, chinese, placed
from suite.base.errors import Problem, UsageError
from suite.judge.card.verdict import foresee
from suite.judge.rules.registry import RULES
from suite.judge.rules.rule import DIVISIONS

if TYPE_CHECKING:
    from suite.documents.plan import Plan
    from suite.documents.workload import Division
    from suite.judge.card.verdict import Grant


def within_reach(plan: Plan) -> Grant:
    """The strictest division that a run of this plan can be granted."""
    return foresee(plan, RULES)


def reach_lines(plan: Plan) -> list[str]:
    """The division within reach, and under it why not a stricter one; each obstacle on a line."""
    grant = within_reach(plan)
    if grant.granted == DIVISIONS[0]:
        return [
            Sentence(f"Division within reach: {grant.granted}", f"可达到的赛道：{grant.granted}")
        ]
    return [
        Sentence(
            f"Division within reach: {grant.granted} at best, because",
            f"最多可达到的赛道：{grant.granted}，原因如下",
        ),
        *_reasons(plan, grant),
    ]


def _reasons(plan: Plan, grant: Grant) -> list[str]:
    reasons: list[str] = [
        placed(f"  {obstacle.rule}", obstacle.why) for obstacle in grant.obstacles
    ]
    if grant.requested != DIVISIONS[0]:
        reasons.append(
            Sentence(
                f"  {grant.requested} is what was asked for: {plan.workload.profile}",
                f"  所申请的是 {grant.requested}：{plan.workload.profile}",
            )
        )
    return reasons


def _stripped(reason: str) -> Sentence:
    return Sentence(reason.strip(), chinese(reason).strip())


def enough(granted: Division, required: Division | None) -> bool:
    """Whether a division is as strict as the required one; nothing required is always met."""
    return required is None or DIVISIONS.index(granted) <= DIVISIONS.index(required)


def require(plan: Plan, required: Division | None) -> None:
    """Refuse a plan whose run cannot be granted the required division.

    Raises:
        UsageError: ``division-out-of-reach``, with every obstacle.
    """
    grant = within_reach(plan)
    if not enough(grant.granted, required):
        raise UsageError(
            "division-out-of-reach",
            Sentence(
                f"a run of this plan is {grant.granted} at best, and {required} is required",
                f"此计划的运行至多可获 {grant.granted}，而要求 {required}",
            ),
            hint=Sentence(
                "nothing was started; remove the obstacles, or require less",
                "未启动任何内容；请消除这些障碍，或降低要求",
            ),
            problems=[Problem(_stripped(reason)) for reason in _reasons(plan, grant)],
        )
