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

from suite.declare.plan.make import plan_sha256
from suite.declare.plan.phase_text import phase_line
from suite.documents.document import given
from suite.documents.engine import (
    RECIPE_TARGET,
    Container,
    Engine,
    Image,
    Mount,
    PreflightCheck,
    RequestFormat,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from suite.documents.plan import Plan


DEFAULT_TMPFS = {"/tmp": "rw,exec,nosuid,nodev,mode=1777"}  # noqa: S108 - inside the container
DEFAULT_ENV = {
    "HOME": "/tmp",  # noqa: S108 - inside the container
    "XDG_CACHE_HOME": "/tmp/cache",  # noqa: S108
    "USER": "engine",
    "LOGNAME": "engine",
    "PYTHONUNBUFFERED": "1",
}
"""Caches go to memory, so that nothing is reused and nothing need be writable."""
CALLER = "$(id -u):$(id -g)"
"""User of an image that the suite built: whoever calls, who can read the model."""


def render_plan(plan: Plan) -> str:
    """The whole plan as a shell script with a final line feed.

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
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _comments(lines: Iterable[str]) -> list[str]:
    # A line feed in a declared text must not end the comment.
    return [f"# {' '.join(line.split())}" if line.strip() else "#" for line in lines]


def _head(plan: Plan) -> list[str]:
    engine, devices, model = plan.engine, plan.devices, plan.model
    visible = f" (indices {devices.visible})" if devices.visible else ""
    emulated = ", emulated" if plan.vendor.emulated else ""
    revision = f" at {model.revision}" if model.revision else ""
    stack = ", ".join(f"{name} {version}" for name, version in engine.stack.items())
    executed = engine.dtype.executed
    note = f": {engine.dtype.note}" if engine.dtype.note else ""
    lines = [
        f"Plan {plan_sha256(plan)}",
        f"Vendor      {plan.vendor.name}{emulated}; {devices.title}{visible}",
        f"Engine      {engine.title} ({engine.id}), as {plan.runtime}; {stack}",
        f"Model       {model.id}{revision}",
        f"Precision   {engine.dtype.requested} requested, {executed} executed{note}",
        (
            f"Reuse       prefix caching {_on(on=engine.prefix_caching)}, speculative decoding "
            f"{_on(on=engine.speculative_decoding)}, quantisation {engine.quantisation or 'none'}"
        ),
        (
            f"Workload    {plan.workload.profile}, division {plan.workload.division}, "
            f"{plan.workload.taskset.size} tasks of {plan.workload.taskset.name}"
        ),
    ]
    lines += [f"Weights     {note}" for note in model.facts.notes]
    if engine.peak_probe is not UNSET:
        lines.append(f"Peak        measured before the start by {shlex.join(engine.peak_probe)}")
    if engine.request.thinking is not UNSET:
        lines.append(f"Thinking    {_thinking(engine.request)}")
    if plan.runtime_note:
        lines.append(f"Note        {plan.runtime_note}")
    return [f"# {line}" for line in lines]


def _thinking(request: RequestFormat) -> str:
    """How a model that thinks before it answers is asked."""
    if request.thinking == "begun":
        return "the chat template begins it and knows no way to turn it off: it counts against the length limit"
    switch = json.dumps(request.extra_body["chat_template_kwargs"])
    return f"off: every request says chat_template_kwargs {switch}"


def _on(*, on: bool) -> str:
    return "on" if on else "off"


def _checks(checks: Sequence[PreflightCheck]) -> list[str]:
    if not checks:
        return []
    result = ["# Checks, before anything is pulled or started"]
    for check in checks:
        command = shlex.join(check.argument)
        if check.kind == "path":
            command = f"ls -d {shlex.quote(check.argument[0])} >/dev/null"
        elif check.expect is not None:
            command += f" | grep -qP {shlex.quote(check.expect)}"
        else:
            command += " >/dev/null"
        if check.compare is not UNSET:
            result += _comments([f"{check.what}: at least {check.compare.at_least}"])
        missing = shlex.quote(f"missing: {check.what}: {check.hint}")
        result.append(f"{command} || echo {missing}")
    return result


def image_name(image: Image) -> str:
    """The image as `docker run` takes it, by digest where it is pinned."""
    return image.reference if image.digest is None else f"{image.reference}@{image.digest}"


def _image(image: Image | None) -> list[str]:
    if image is None:
        return []
    match image.source:
        case "build":
            command = ["docker", "build", "-t", image.reference, image.build_context or "."]
            how = "built here; without an image registry: images/base.sh, then --build-arg BASE_IMAGE=suite-base:bookworm"
        case "tarball":
            command = ["docker", "load", "-i", image.tarball or ""]
            how = "loaded from the vendor's file"
        case "local":
            command = ["docker", "image", "inspect", "--format", "{{.Id}}", image.reference]
            how = "on this machine already, and nowhere else"
        case "registry":
            command = ["docker", "pull", image_name(image)]
            how = f"pulled; {image.visibility}"
    pinned = "" if image.digest or image.source == "build" else ", not pinned by a digest"
    return [f"# Image: {how}{pinned}", shlex.join(command)]


def _conversion(plan: Plan) -> list[str]:
    step = plan.conversion
    if step is None:
        return []
    engine = plan.engine
    baked = ", ".join(f"{name} {value}" for name, value in step.parameters.items())
    lines = _comments(
        [
            f"Conversion of the weights ({step.kind}): {step.reason}",
            f"Fixed in the result: {baked}",
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
        mounts=(
            Mount(source=plan.model.path, target=step.source, read_only=True),
            Mount(source=step.host_target, target=step.target, read_only=False),
        ),
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
        _command_lines(docker_run(converting, image, "llm-conformance-convert")),
    ]


def _engine(plan: Plan) -> list[str]:
    engine = plan.engine
    ready = engine.readiness
    waits = f"ready when {ready.path} answers 200, within {ready.timeout_s:g} s"
    container, image = engine.container, engine.image
    if container is not None and image is not None:
        name = "llm-conformance-engine"
        lines = [f"# Engine: {waits}"]
        if container.privileged:
            lines += _comments([f"Privileged: {container.privileged_reason}"])
        lines += _network(container, "engine")
        lines.append(_command_lines(docker_run(engine, image, name)))
        return lines + _reach(container, engine, name)
    if engine.process is not None:
        process = engine.process
        env = [f"{key}={shlex.quote(value)}" for key, value in engine.env.items()]
        unset = [f"-u {shlex.quote(key)}" for key in engine.unset_env]
        words = [shlex.quote(word) for word in _here(engine, engine.command, {})]
        python = given(process.python)
        where = f".venv-{process.environment} ({process.requirements})"
        return [
            f"# Engine: in the Python environment {where if python is None else f'of {python}'}; {waits}",
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
        return [f"# Engine: runs already at {' '.join(engine.url.split())}"]
    return ["# Engine: the suite's own simulated server"]


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
        return [f"# from another shell: curl http://127.0.0.1:{engine.port}{engine.readiness.path}"]
    inspect = "docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' " + name
    return [f"# from another shell: curl http://$({inspect}):{engine.port}{engine.readiness.path}"]


def docker_run(engine: Engine, image: Image, name: str) -> list[list[str]]:
    """The container command as groups of words, one group per option.

    Args:
        engine: with its container part.
        image: to run.
        name: of the container; its network is called alike.
    """
    container = engine.container
    assert container is not None
    groups = [[container.wrapper or "docker", "run"], ["--rm"], ["--name", name]]
    groups.append(["--network", "host" if container.network == "host" else name])
    groups += _permissions(container, built_here=image.source == "build")
    groups += _limits(container)
    if container.runtime:
        groups.append(["--runtime", container.runtime])
    if container.gpus:
        # Docker splits the value at commas unless it carries quotes of its own.
        quoted = f'"{container.gpus}"' if "," in container.gpus else container.gpus
        groups.append(["--gpus", quoted])
    groups += [["--device", device] for device in container.devices]
    for mount in container.mounts:
        mode = ",readonly" if mount.read_only else ""
        text = f"type=bind,source={mount.source},target={mount.target}{mode}"
        groups.append(["--mount", text])
    variables = {**DEFAULT_ENV, **engine.env}
    groups += [
        ["--env", f"{key}={value}"]
        for key, value in variables.items()
        if key not in engine.unset_env
    ]
    return groups + _what(engine, container, image)


def _permissions(container: Container, *, built_here: bool) -> list[list[str]]:
    groups = []
    if container.privileged:
        groups.append(["--privileged"])
        options = [*container.security_opt]
    else:
        groups.append(["--cap-drop", "ALL"])
        options = ["no-new-privileges:true", *container.security_opt]
    groups += [["--cap-add", name] for name in container.capabilities_add]
    groups += [["--security-opt", option] for option in options]
    groups += [["--group-add", name] for name in container.groups]
    user = container.user or (CALLER if built_here else None)
    if user:
        groups.append(["--user", user])
    if given(container.read_only_root, True):
        groups.append(["--read-only"])
    tmpfs = {**DEFAULT_TMPFS, **container.tmpfs}
    return groups + [["--tmpfs", f"{target}:{options}"] for target, options in tmpfs.items()]


def _limits(container: Container) -> list[list[str]]:
    groups = []
    if container.memory:
        groups += [["--memory", container.memory], ["--memory-swap", container.memory]]
    groups.append(["--pids-limit", str(container.pids)])
    if container.shm_size:
        groups.append(["--shm-size", container.shm_size])
    if container.ipc:
        groups.append(["--ipc", container.ipc])
    return groups + [["--ulimit", f"{name}={value}"] for name, value in container.ulimits.items()]


def _what(engine: Engine, container: Container, image: Image) -> list[list[str]]:
    """Entry point, image and command; Docker takes one word for the entry point."""
    entrypoint, command = container.entrypoint, list(engine.command)
    unset = [["--env", key] for key in engine.unset_env]
    if engine.pre_commands:
        steps = " && ".join(shlex.join(step) for step in engine.pre_commands)
        command = ["/bin/sh", "-c", f"{steps} && exec {shlex.join(command)}"]
    if entrypoint is None:
        return [*unset, [image_name(image)], *_paired(command)]
    first, rest = (entrypoint[0], entrypoint[1:]) if entrypoint else ("", [])
    return [*unset, ["--entrypoint", first], [image_name(image)], *_paired([*rest, *command])]


def _paired(words: list[str]) -> list[list[str]]:
    """Words in groups: what comes before the first option, then each option with its value."""
    groups: list[list[str]] = [[]]
    for word in words:
        if word.startswith("--") or (word.startswith("-") and len(groups) > 1):
            groups.append([])
        groups[-1].append(word)
    return [group for group in groups if group]


def _command_lines(groups: list[list[str]]) -> str:
    return " \\\n  ".join(" ".join(map(_quoted, group)) for group in groups)


def _quoted(word: str) -> str:
    return f'"{CALLER}"' if word == CALLER else shlex.quote(word)


def _requests(plan: Plan) -> list[str]:
    workload, request = plan.workload, plan.engine.request
    decoding = workload.decoding
    lines = [
        (
            f"# Requests to {request.path}, model {plan.engine.served_model_name!r}: at most "
            f"{workload.max_input_tokens} tokens in, {decoding.max_new_tokens} out, "
            f"temperature {decoding.temperature:g}"
        ),
    ]
    if request.prompt_ids:
        lines.append("# Prompts of exact length are sent as token ids")
    return lines + [f"#   {phase_line(phase)}" for phase in workload.phases]


def _judged(plan: Plan) -> list[str]:
    compute, unknown = plan.peaks.compute, plan.model.facts.shape_unknown
    if unknown:
        peak = f"MFU: not measured: {unknown}"
    elif compute is None:
        peak = f"MFU: not measured: {plan.peaks.compute_unknown}"
    else:
        peak = (
            f"MFU divides by {compute.flops / 1e12:g} TFLOP/s per device ({compute.precision}, "
            f"dense): {compute.source}"
        )
    tools = [
        f"Telemetry, every {tool.interval_ms} ms: {shlex.join(tool.command) or tool.tool}"
        for tool in plan.telemetry
    ]
    return _comments([peak, *tools])
