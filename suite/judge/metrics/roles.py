"""Throughput for each device of the role that makes it, where prefill and decode have nodes of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from suite.base.bilingual import Bilingual, Sentence
from suite.documents.document import given
from suite.documents.value import NotMeasured, Value
from suite.judge.log.samples import NO_COUNT, NO_PROMPT_COUNT
from suite.judge.metrics.metric import Metric, phase_metric
from suite.judge.metrics.throughput import prompt_credits, rate, token_credits

if TYPE_CHECKING:
    from collections.abc import Callable

    from suite.documents.plan import Plan
    from suite.documents.topology import RoleName
    from suite.judge.log.samples import Answer, Repeat
    from suite.judge.metrics.inputs import PhaseInputs
    from suite.judge.metrics.throughput import Credits

TOGETHER: Final = Sentence(
    "no nodes that only prefill or only decode", "没有专门用于 prefill 或 decode 的节点"
)


def _devices(plan: Plan, name: RoleName) -> int:
    """Accelerators of all nodes of a role."""
    topology = given(plan.topology)
    roles = () if topology is None else topology.roles
    return sum(role.nodes * role.devices for role in roles if role.role == name)


def _each(
    inputs: PhaseInputs,
    name: RoleName,
    obstacle: str,
    tokens: Callable[[Answer], int | None],
    give: Callable[[Repeat], Credits],
) -> Value:
    """Tokens per second and device of a role.

    Args:
        inputs: the phase and its plan.
        name: the role.
        obstacle: why the tokens cannot be counted; "" where they can.
        tokens: of one answer.
        give: of all answers of a repeat, as they arrived.
    """
    devices = _devices(inputs.plan, name)
    if not devices:
        return NotMeasured(TOGETHER)
    if obstacle:
        return NotMeasured(obstacle)

    def share(repeat: Repeat) -> Credits:
        times, amounts = give(repeat)
        return times, amounts / devices

    return rate(inputs.phase, "tokens/s", lambda answer: (tokens(answer) or 0) / devices, share)


@phase_metric(
    Metric(
        "prefill_tokens_per_device",
        "tokens/s",
        "higher",
        "throughput",
        Bilingual("Prompt tokens per prefill device", "每个 prefill 设备的提示 token 数"),
        Bilingual(
            "Σ p / (max t_n − min t_send) / prefill devices",
            "Σ p / (max t_n − min t_send) / prefill 设备数",
        ),
        Sentence(
            "Prompt tokens per second over the phase, for each accelerator of the nodes that prefill.",
            "阶段内每秒的提示 token 数，除以 prefill 节点的加速器数。",
        ),
        by_tokens=True,
        unasked=TOGETHER,
    )
)
def prefill(inputs: PhaseInputs) -> Value:
    """Prompt tokens per second and prefill device."""
    obstacle = "" if inputs.phase.counts_prompts else NO_PROMPT_COUNT
    return _each(inputs, "prefill", obstacle, lambda answer: answer.prompt, prompt_credits)


@phase_metric(
    Metric(
        "decode_tokens_per_device",
        "tokens/s",
        "higher",
        "throughput",
        Bilingual("Generated tokens per decode device", "每个 decode 设备的生成 token 数"),
        Bilingual(
            "Σ n / (max t_n − min t_send) / decode devices",
            "Σ n / (max t_n − min t_send) / decode 设备数",
        ),
        Sentence(
            "Generated tokens per second over the phase, for each accelerator of the nodes that decode.",
            "阶段内每秒的生成 token 数，除以 decode 节点的加速器数。",
        ),
        by_tokens=True,
        unasked=TOGETHER,
    )
)
def decode(inputs: PhaseInputs) -> Value:
    """Generated tokens per second and decode device."""
    obstacle = "" if inputs.phase.counts_tokens else NO_COUNT
    return _each(inputs, "decode", obstacle, lambda answer: answer.generated, token_credits)
