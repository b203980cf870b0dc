"""A plan as text: a shell script that a person can read, and paste whole or line by line.

What is not a command is a comment. The container command is the one that the suite itself starts, with the
same limits; only names differ from run to run.
"""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Final

from msgspec import UNSET

from suite.base.bilingual import Sentence, chinese, joined
from suite.base.quantities import significant
from suite.declare.plan.engine_text import (
    comment,
    comments,
    conversion_lines,
    engine_lines,
    image_lines,
    labelled,
    when,
)
from suite.declare.plan.make import plan_sha256
from suite.declare.plan.phase_text import phase_line
from suite.declare.tasks.pins import known_words
from suite.documents.document import given
from suite.documents.engine import (
    PreflightCheck,
    RequestFormat,
    engine_title,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.documents.model import ModelFacts
    from suite.documents.plan import Plan
    from suite.documents.topology import PlannedLinks, Topology

_BASES: Final = {"dense": "稠密"}


def render_plan(plan: Plan) -> Sentence:
    """The whole plan as a shell script with a final line feed; its comments are in both languages.

    Args:
        plan: fully resolved; nothing is looked up.
    """
    parts = [
        _head(plan),
        _checks(plan.engine.preflight),
        image_lines(plan.engine.image),
        conversion_lines(plan),
        engine_lines(plan),
        _requests(plan),
        _judged(plan),
    ]
    written = [joined(part, "\n", "\n") for part in parts if part]
    return joined(written, "\n\n", "\n\n") + "\n"


def _head(plan: Plan) -> list[str]:
    engine, devices, model = plan.engine, plan.devices, plan.model
    visible = when(devices.visible, f" (indices {devices.visible})", f"（编号 {devices.visible}）")
    emulated = when(plan.vendor.emulated, ", emulated", "，仿真")
    revision = when(model.revision, f" at {model.revision}", f"，版本 {model.revision}")
    stack = ", ".join(f"{name} {version}" for name, version in engine.stack.items())
    executed = engine.dtype.executed
    note = when(engine.dtype.note, f": {engine.dtype.note}", f"：{chinese(engine.dtype.note)}")
    lines: list[str] = [
        labelled("Plan ", "计划 ", plan_sha256(plan)),
        Sentence(
            f"Vendor      {plan.vendor.name}{emulated}; {devices.title}{visible}",
            f"厂商      {plan.vendor.name}{emulated.zh}；{devices.title.zh}{visible.zh}",
        ),
        Sentence(
            f"Engine      {engine.title} ({engine.id}), as {plan.runtime}; {stack}",
            f"引擎      {engine_title(engine.title).zh}（{engine.id}），运行方式 {plan.runtime}；{stack}",
        ),
        Sentence(
            f"Model       {model.id}{revision}{_kind(model.facts)}",
            f"模型      {model.id}{revision.zh}{_kind(model.facts).zh}",
        ),
        Sentence(
            f"Precision   {engine.dtype.requested} requested, {executed} executed{note}",
            f"精度      请求 {engine.dtype.requested}，执行 {executed}{note.zh}",
        ),
        (
            Sentence(
                f"Reuse       prefix caching {_on(on=engine.prefix_caching)}, speculative decoding "
                f"{_on(on=engine.speculative_decoding)}, quantisation {engine.quantisation or 'none'}",
                f"复用      前缀缓存{_on(on=engine.prefix_caching).zh}，推测解码{_on(on=engine.speculative_decoding).zh}，量化 {engine.quantisation or '无'}",
            )
        ),
        (
            Sentence(
                f"Workload    {plan.workload.profile}, division {plan.workload.division}, "
                f"{plan.workload.taskset.size} tasks of {plan.workload.taskset.name}",
                f"工作负载  {plan.workload.profile}，赛道 {plan.workload.division}，{plan.workload.taskset.name} 的 {plan.workload.taskset.size} 个任务",
            )
        ),
    ]
    if plan.topology is not UNSET:
        lines.append(labelled("Nodes       ", "节点      ", _nodes(plan, plan.topology)))
        if plan.topology.links is not UNSET:
            lines.append(labelled("Links       ", "链路      ", _links(plan.topology.links)))
    if plan.workload.taskset.pinned is not UNSET:
        words = known_words(plan.workload.taskset.pinned)
        lines.append(labelled("Texts       ", "文本      ", words))
    lines += [labelled("Weights     ", "权重      ", note) for note in model.facts.notes]
    if engine.peak_probe is not UNSET:
        lines.append(
            Sentence(
                f"Peak        measured before the start by {shlex.join(engine.peak_probe)}",
                f"峰值      启动前以 {shlex.join(engine.peak_probe)} 实测",
            )
        )
    if engine.request.thinking is not UNSET:
        lines.append(labelled("Thinking    ", "思考      ", _thinking(engine.request)))
    if plan.runtime_note:
        lines.append(labelled("Note        ", "说明      ", plan.runtime_note))
    return [Sentence(f"# {line}", f"# {chinese(line)}") for line in lines]


def _kind(facts: ModelFacts) -> Sentence:
    """Which kind of model the configuration says it is."""
    kind = when(facts.model_type, f"; {facts.model_type}", f"；{facts.model_type}")
    tied = when(facts.tie_embeddings, "; its head is its embedding", "；输出头与嵌入共享权重")
    return joined([kind, tied], "", "")


def _nodes(plan: Plan, topology: Topology) -> Sentence:
    """How the engine lies over its nodes."""
    tensor, roles = (
        plan.engine.tensor_parallel,
        ", ".join(f"{r.nodes} {r.role}" for r in topology.roles),
    )
    split = f"{tensor} x {topology.pipeline} x {topology.data}"
    expert = when(topology.expert, ", experts over all ranks", "，专家分布于所有 rank")
    return Sentence(
        f"{roles} (layout {topology.layout}); tensor ranks x stages x replicas: {split}{expert}",
        f"{roles}（布局 {topology.layout}）；张量并行 x 流水级 x 副本：{split}{expert.zh}",
    )


def _links(links: PlannedLinks) -> Sentence:
    """What the network between the nodes is declared to reach."""
    rate, trip = significant(links.bytes_per_s * 8 / 1e9), significant(links.round_trip_s * 1e6)
    return Sentence(
        f"{rate} Gbit/s, {trip} µs there and back, declared ({links.source})",
        f"{rate} Gbit/s，往返 {trip} µs，据声明（{links.source}）",
    )


def _thinking(request: RequestFormat) -> str:
    """How a model that thinks before it answers is asked."""
    if request.thinking == "begun":
        return Sentence(
            "the chat template begins it and knows no way to turn it off: it counts against the length limit",
            "对话模板以思考开头且无法关闭：思考计入长度限制",
        )
    switch = json.dumps(request.extra_body["chat_template_kwargs"])
    return Sentence(
        f"off: every request says chat_template_kwargs {switch}",
        f"关：每个请求都带 chat_template_kwargs {switch}",
    )


def _on(*, on: bool) -> Sentence:
    return Sentence("on", "开") if on else Sentence("off", "关")


def _checks(checks: Sequence[PreflightCheck]) -> list[str]:
    if not checks:
        return []
    result: list[str] = [
        Sentence(
            "# Checks, before anything is pulled or started", "# 检查，在拉取或启动任何内容之前"
        )
    ]
    for check in checks:
        command = shlex.join(check.argument)
        if check.kind == "path":
            command = f"ls -d {shlex.quote(check.argument[0])} >/dev/null"
        elif check.expect is not None:
            command += f" | grep -qP {shlex.quote(check.expect)}"
        else:
            command += " >/dev/null"
        if check.compare is not UNSET:
            result.append(
                comment(
                    Sentence(
                        f"{check.what}: at least {check.compare.at_least}",
                        f"{chinese(check.what)}：至少 {check.compare.at_least}",
                    )
                )
            )
        missing = shlex.quote(f"missing: {check.what}: {check.hint}")
        result.append(f"{command} || echo {missing}")
    return result


def _requests(plan: Plan) -> list[str]:
    workload, request = plan.workload, plan.engine.request
    decoding = workload.decoding
    lines: list[str] = [
        (
            Sentence(
                f"# Requests to {request.path}, model {plan.engine.served_model_name!r}: at most "
                f"{workload.max_input_tokens} tokens in, {decoding.max_new_tokens} out, "
                f"temperature {decoding.temperature:g}",
                f"# 请求发往 {request.path}，模型 {plan.engine.served_model_name!r}：输入至多 {workload.max_input_tokens} 个 token，输出 {decoding.max_new_tokens} 个，温度 {decoding.temperature:g}",
            )
        ),
    ]
    if request.prompt_ids:
        lines.append(
            Sentence(
                "# Prompts of exact length are sent as token ids",
                "# 精确长度的提示词以 token id 发送",
            )
        )
    lines.append(
        Sentence("# Chunks carry token ids", "# 数据块带有 token id")
        if request.token_ids
        else Sentence(
            "# Chunks carry no token ids: tokens are counted from usage and text",
            "# 数据块不带 token id：token 数由 usage 与文本得出",
        )
    )
    return lines + [labelled("#   ", "#   ", phase_line(phase)) for phase in workload.phases]


def _judged(plan: Plan) -> list[str]:
    compute, unknown = plan.peaks.compute, plan.model.facts.shape_unknown
    if unknown:
        peak = labelled("MFU: not measured: ", "MFU：不测量：", unknown)
    elif compute is None:
        peak = labelled("MFU: not measured: ", "MFU：不测量：", plan.peaks.compute_unknown)
    else:
        peak = Sentence(
            f"MFU divides by {compute.flops / 1e12:g} TFLOP/s per device ({compute.precision}, "
            f"{compute.basis}): {compute.source}",
            f"MFU 以每设备 {compute.flops / 1e12:g} TFLOP/s（{compute.precision}，{_BASES[compute.basis]}）为分母：{chinese(compute.source)}",
        )
    tools = [
        Sentence(
            f"Telemetry, every {tool.interval_ms} ms: {shlex.join(tool.command) or tool.tool}",
            f"遥测，每 {tool.interval_ms} ms：{shlex.join(tool.command) or tool.tool}",
        )
        for tool in plan.telemetry
    ]
    makers = [
        Sentence(
            f"Devices sign before and after: {shlex.join(tool.command)}",
            f"设备在运行前后签名：{shlex.join(tool.command)}",
        )
        for tool in given(plan.attestation, ())
    ]
    return comments([peak, *tools, *makers])
