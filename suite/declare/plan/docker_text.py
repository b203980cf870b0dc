"""The `docker run` that the suite itself makes, as groups of words for a person to read and paste."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from msgspec import UNSET
from msgspec.structs import replace

from suite.base.bilingual import Sentence
from suite.documents.document import given

if TYPE_CHECKING:
    from suite.documents.engine import Container, Engine, Image
    from suite.documents.plan import Plan

DEFAULT_TMPFS = {"/tmp": "rw,exec,nosuid,nodev,mode=1777"}  # noqa: S108 - inside the container
DEFAULT_ENV = {
    "HOME": "/tmp",  # noqa: S108 - inside the container
    "XDG_CACHE_HOME": "/tmp/cache",  # noqa: S108 - the same
    # Some libraries ask for the user's name, and ours has none inside the image.
    "USER": "engine",
    "LOGNAME": "engine",
    "PYTHONUNBUFFERED": "1",
}
"""Caches go to memory, so that nothing is reused and nothing need be writable."""
CALLER = "$(id -u):$(id -g)"
"""User of an image that the suite built: whoever calls, who can read the model."""


def image_name(image: Image) -> str:
    """The image as `docker run` takes it, by digest where it is pinned."""
    return image.reference if image.digest is None else f"{image.reference}@{image.digest}"


def node_runs(plan: Plan, image: Image, name: str) -> list[str]:
    """The container commands of a plan: one, or one for each role over several nodes.

    Args:
        plan: runs its engine in a container.
        image: to run.
        name: of the network, and of the container where there is one.
    """
    engine, topology = plan.engine, given(plan.topology)
    if topology is None:
        return [command_lines(docker_run(engine, image, name))]
    lines: list[str] = []
    first = 0
    for role in topology.roles:
        last = first + role.nodes - 1
        numbers = str(first) if first == last else f"{first}-{last}"
        lines.append(
            Sentence(
                f"# Node {numbers}: {role.role}; what stands in braces is filled in on the node",
                f"# 节点 {numbers}：{role.role}；花括号中的内容在该节点上填入",
            )
        )
        command = engine.command if role.command is UNSET else role.command
        own = replace(engine, command=command, env={**engine.env, **role.env})
        lines.append(command_lines(docker_run(own, image, f"{name}-{role.role}", network=name)))
        first = last + 1
    return lines


def docker_run(
    engine: Engine, image: Image, name: str, *, network: str | None = None
) -> list[list[str]]:
    """The container command as groups of words, one group per option.

    Args:
        engine: with its container part.
        image: to run.
        name: of the container.
        network: that it hangs on; None: one that is called alike.
    """
    container = engine.container
    assert container is not None
    groups = [[container.wrapper or "docker", "run"], ["--rm"], ["--name", name]]
    groups.append(["--network", "host" if container.network == "host" else network or name])
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


def command_lines(groups: list[list[str]]) -> str:
    """Groups of words as one command, a group on a line."""
    return " \\\n  ".join(" ".join(map(_quoted, group)) for group in groups)


def _quoted(word: str) -> str:
    return f'"{CALLER}"' if word == CALLER else shlex.quote(word)
