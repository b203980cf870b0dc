"""A plan as text: a shell script that a person can read, and paste whole or line by line.

What is not a command is a comment. The container command is the one that the suite itself starts, with the
same limits; only names differ from run to run.
"""

from __future__ import annotations

import json
import shlex
from pathlib import PurePath
from typing import TYPE_CHECKING

from msgspec import UNSET
from msgspec.structs import replace

from suite.base.bilingual import Sentence, chinese, joined, placed
from suite.declare.plan import recipe
from suite.declare.plan.conversion import step_mounts
from suite.declare.plan.docker_text import command_lines, docker_run, image_name, node_runs
from suite.declare.plan.make import plan_sha256
from suite.declare.plan.phase_text import phase_line
from suite.declare.tasks.pins import known_words
from suite.documents.document import given
from suite.documents.engine import (
    RECIPE_TARGET,
    Container,
    Engine,
    Image,
    PreflightCheck,
    RequestFormat,
    engine_title,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from suite.documents.plan import Plan
    from suite.documents.topology import Topology


def render_plan(plan: Plan) -> Sentence:
    """The whole plan as a shell script with a final line feed; its comments are in both languages.

    Args:
        plan: fully resolved; nothing is looked up.
    """
    parts = [
        _head(plan),
        _checks(plan.engine.preflight),
        _image(plan.engine.image),
        _conversion(plan),
        _engine(plan),
        _requests(plan),
        _judged(plan),
    ]
    written = [joined(part, "\n", "\n") for part in parts if part]
    return joined(written, "\n\n", "\n\n") + "\n"


def _comment(line: str) -> Sentence:
    # A line feed in a declared text must not end the comment.
    return Sentence(*(f"# {' '.join(text.split())}".rstrip() for text in (line, chinese(line))))


def _comments(lines: Iterable[str]) -> list[str]:
    return [_comment(line) for line in lines]


def _head(plan: Plan) -> list[str]:
    engine, devices, model = plan.engine, plan.devices, plan.model
    visible = _when(devices.visible, f" (indices {devices.visible})", f"（编号 {devices.visible}）")
    emulated = _when(plan.vendor.emulated, ", emulated", "，仿真")
    revision = _when(model.revision, f" at {model.revision}", f"，版本 {model.revision}")
    stack = ", ".join(f"{name} {version}" for name, version in engine.stack.items())
    executed = engine.dtype.executed
    note = _when(engine.dtype.note, f": {engine.dtype.note}", f"：{chinese(engine.dtype.note)}")
    lines: list[str] = [
        _labelled("Plan ", "计划 ", plan_sha256(plan)),
        Sentence(
            f"Vendor      {plan.vendor.name}{emulated}; {devices.title}{visible}",
            f"厂商      {plan.vendor.name}{emulated.zh}；{devices.title.zh}{visible.zh}",
        ),
        Sentence(
            f"Engine      {engine.title} ({engine.id}), as {plan.runtime}; {stack}",
            f"引擎      {engine_title(engine.title).zh}（{engine.id}），运行方式 {plan.runtime}；{stack}",
        ),
        Sentence(f"Model       {model.id}{revision}", f"模型      {model.id}{revision.zh}"),
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
        lines.append(_labelled("Nodes       ", "节点      ", _nodes(plan, plan.topology)))
    if plan.workload.taskset.pinned is not UNSET:
        words = known_words(plan.workload.taskset.pinned)
        lines.append(_labelled("Texts       ", "文本      ", words))
    lines += [_labelled("Weights     ", "权重      ", note) for note in model.facts.notes]
    if engine.peak_probe is not UNSET:
        lines.append(
            Sentence(
                f"Peak        measured before the start by {shlex.join(engine.peak_probe)}",
                f"峰值      启动前以 {shlex.join(engine.peak_probe)} 实测",
            )
        )
    if engine.request.thinking is not UNSET:
        lines.append(_labelled("Thinking    ", "思考      ", _thinking(engine.request)))
    if plan.runtime_note:
        lines.append(_labelled("Note        ", "说明      ", plan.runtime_note))
    return [Sentence(f"# {line}", f"# {chinese(line)}") for line in lines]


def _nodes(plan: Plan, topology: Topology) -> Sentence:
    """How the engine lies over its nodes."""
    tensor, roles = (
        plan.engine.tensor_parallel,
        ", ".join(f"{r.nodes} {r.role}" for r in topology.roles),
    )
    split = f"{tensor} x {topology.pipeline} x {topology.data}"
    expert = _when(topology.expert, ", experts over all ranks", "，专家分布于所有 rank")
    return Sentence(
        f"{roles} (layout {topology.layout}); tensor ranks x stages x replicas: {split}{expert}",
        f"{roles}（布局 {topology.layout}）；张量并行 x 流水级 x 副本：{split}{expert.zh}",
    )


def _when(condition: object, english: str, other: str) -> Sentence:
    return Sentence(english, other) if condition else Sentence("", "")


def _labelled(english: str, other: str, what: str) -> Sentence:
    """What stands behind a label that both languages have in a column."""
    return Sentence(english, other) + what


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
                _comment(
                    Sentence(
                        f"{check.what}: at least {check.compare.at_least}",
                        f"{chinese(check.what)}：至少 {check.compare.at_least}",
                    )
                )
            )
        missing = shlex.quote(f"missing: {check.what}: {check.hint}")
        result.append(f"{command} || echo {missing}")
    return result


def _image(image: Image | None) -> list[str]:
    if image is None:
        return []
    match image.source:
        case "build":
            command = ["docker", "build", "-t", image.reference, image.build_context or "."]
            how = Sentence(
                "built here; without an image registry: images/base.sh, then --build-arg BASE_IMAGE=suite-base:bookworm",
                "在此构建；没有镜像仓库时：先 images/base.sh，再 --build-arg BASE_IMAGE=suite-base:bookworm",
            )
        case "tarball":
            command = ["docker", "load", "-i", image.tarball or ""]
            how = Sentence("loaded from the vendor's file", "由厂商的文件载入")
        case "local":
            command = ["docker", "image", "inspect", "--format", "{{.Id}}", image.reference]
            how = Sentence("on this machine already, and nowhere else", "已在本机，他处没有")
        case "registry":
            command = ["docker", "pull", image_name(image)]
            how = Sentence(f"pulled; {image.visibility}", f"拉取；{image.visibility}")
    pinned = _when(
        image.digest is None and image.source != "build",
        ", not pinned by a digest",
        "，未按摘要固定",
    )
    words = shlex.join(command)
    if image.source == "build" and recipe.takes_own_files(context := image.build_context or ""):
        own = ["docker", "build", "-t", image.reference, "-"]
        words = f'tar -cC {shlex.quote(context)} . -C "$PWD" suite | {shlex.join(own)}'
    return [_labelled("# Image: ", "# 镜像：", how) + pinned, words]


def _conversion(plan: Plan) -> list[str]:
    step = plan.conversion
    if step is None:
        return []
    engine = plan.engine
    baked = ", ".join(f"{name} {value}" for name, value in step.parameters.items())
    lines = _comments(
        [
            Sentence(
                f"Conversion of the weights ({step.kind}): {step.reason}",
                f"权重转换（{step.kind}）：{chinese(step.reason)}",
            ),
            Sentence(f"Fixed in the result: {baked}", f"结果中固定：{baked}"),
        ]
    )
    container, image = engine.container, engine.image
    if container is None or image is None:
        places = {step.target: step.host_target, step.source: plan.model.path}
        path, words = _environment_path(engine), _here(engine, step.command, places)
        env = [f"{key}={shlex.quote(value)}" for key, value in (engine.env | step.env).items()]
        make = shlex.join(["mkdir", "-p", step.host_target])
        return [*lines, make, " \\\n  ".join(["env", path, *env, shlex.join(words)])]
    inside = replace(
        container,
        mounts=step_mounts(plan, step, step.host_target),
        entrypoint=step.command[:1],
    )
    converting = replace(
        engine,
        container=inside,
        command=step.command[1:],
        pre_commands=(),
        env={**engine.env, **step.env},
    )
    return [
        *lines,
        shlex.join(["mkdir", "-p", step.host_target]),
        *_network(inside, "convert"),
        command_lines(docker_run(converting, image, "llm-conformance-convert")),
    ]


def _engine(plan: Plan) -> list[str]:
    engine = plan.engine
    ready = engine.readiness
    waits = Sentence(
        f"ready when {ready.path} answers 200, within {ready.timeout_s:g} s",
        f"{ready.path} 应答 200 即就绪，时限 {ready.timeout_s:g} 秒",
    )
    container, image = engine.container, engine.image
    if container is not None and image is not None:
        name = "llm-conformance-engine"
        lines: list[str] = [_labelled("# Engine: ", "# 引擎：", waits)]
        if container.privileged:
            lines.append(
                _comment(
                    placed(Sentence("Privileged", "特权方式"), container.privileged_reason or "")
                )
            )
        lines += _network(container, "engine")
        lines += node_runs(plan, image, name)
        if plan.topology is not UNSET:
            name += f"-{plan.topology.roles[0].role}"
        return lines + _reach(container, engine, name)
    if engine.process is not None:
        process = engine.process
        env = [f"{key}={shlex.quote(value)}" for key, value in engine.env.items()]
        unset = [f"-u {shlex.quote(key)}" for key in engine.unset_env]
        words = [shlex.quote(word) for word in _here(engine, engine.command, {})]
        python = given(process.python)
        where = f".venv-{process.environment} ({process.requirements})"
        return [
            Sentence(
                f"# Engine: in the Python environment {where if python is None else f'of {python}'}; {waits}",
                f"# 引擎：在 Python 环境 {where if python is None else python} 中；{waits.zh}",
            ),
            " \\\n  ".join(
                [
                    "env",
                    *unset,
                    _environment_path(engine),
                    *env,
                    " ".join(words),
                ]
            ),
        ]
    if engine.url is not None:
        return [
            Sentence(
                f"# Engine: runs already at {' '.join(engine.url.split())}",
                f"# 引擎：已在 {' '.join(engine.url.split())} 运行",
            )
        ]
    return [Sentence("# Engine: the suite's own simulated server", "# 引擎：套件自带的模拟服务器")]


def _environment_path(engine: Engine) -> str:
    """The variable that lets a process's programs come from its Python environment."""
    process = engine.process
    python = None if process is None else given(process.python)
    if python is not None:
        return f"PATH={shlex.quote(str(PurePath(python).parent))}:$PATH"
    name = "" if process is None else process.environment
    return f'PATH="$PWD/.venv-{name}/bin:$PATH"'


def _here(engine: Engine, words: Sequence[str], places: Mapping[str, str]) -> list[str]:
    """The words of a command outside a container: the recipe's files lie in the repository."""
    requirements = given(engine.process.requirements) if engine.process else None
    recipe = {} if requirements is None else {RECIPE_TARGET: str(PurePath(requirements).parent)}
    result = list(words)
    for inside, outside in {**recipe, **places}.items():
        result = [word.replace(inside, outside) for word in result]
    return result


def _network(container: Container, what: str) -> list[str]:
    if container.network == "host":
        return []
    # Inside this network nothing but the host itself can be reached.
    return [shlex.join(["docker", "network", "create", "--internal", f"llm-conformance-{what}"])]


def _reach(container: Container, engine: Engine, name: str) -> list[str]:
    if container.network == "host":
        return [
            _labelled(
                "# from another shell: ",
                "# 在另一个终端：",
                f"curl http://127.0.0.1:{engine.port}{engine.readiness.path}",
            )
        ]
    inspect = "docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' " + name
    asked = f"curl http://$({inspect}):{engine.port}{engine.readiness.path}"
    return [_labelled("# from another shell: ", "# 在另一个终端：", asked)]


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
    return lines + [_labelled("#   ", "#   ", phase_line(phase)) for phase in workload.phases]


def _judged(plan: Plan) -> list[str]:
    compute, unknown = plan.peaks.compute, plan.model.facts.shape_unknown
    if unknown:
        peak = _labelled("MFU: not measured: ", "MFU：不测量：", unknown)
    elif compute is None:
        peak = _labelled("MFU: not measured: ", "MFU：不测量：", plan.peaks.compute_unknown)
    else:
        peak = Sentence(
            f"MFU divides by {compute.flops / 1e12:g} TFLOP/s per device ({compute.precision}, "
            f"dense): {compute.source}",
            f"MFU 以每设备 {compute.flops / 1e12:g} TFLOP/s（{compute.precision}，稠密）为分母：{chinese(compute.source)}",
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
    return _comments([peak, *tools, *makers])
