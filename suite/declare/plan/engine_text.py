"""The engine's part of a plan as text: how its image comes, how the weights are converted, how it starts."""

from __future__ import annotations

import shlex
from pathlib import PurePath
from typing import TYPE_CHECKING

from msgspec import UNSET
from msgspec.structs import replace

from suite.base.bilingual import Sentence, chinese, placed
from suite.declare.plan import recipe
from suite.declare.plan.conversion import step_mounts
from suite.declare.plan.docker_text import command_lines, docker_run, image_name, node_runs
from suite.documents.document import given
from suite.documents.engine import (
    RECIPE_TARGET,
    Container,
    Engine,
    Image,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from suite.documents.plan import Plan


def comment(line: str) -> Sentence:
    """A line of comment, in both languages."""
    # A line feed in a declared text must not end the comment.
    return Sentence(*(f"# {' '.join(text.split())}".rstrip() for text in (line, chinese(line))))


def comments(lines: Iterable[str]) -> list[str]:
    """Several of them."""
    return [comment(line) for line in lines]


def when(condition: object, english: str, other: str) -> Sentence:
    """A part of a sentence that stands there on a condition."""
    return Sentence(english, other) if condition else Sentence("", "")


def labelled(english: str, other: str, what: str) -> Sentence:
    """What stands behind a label that both languages have in a column."""
    return Sentence(english, other) + what


def image_lines(image: Image | None) -> list[str]:
    """How the image comes to this machine; nothing where the engine runs without one."""
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
    pinned = when(
        image.digest is None and image.source != "build",
        ", not pinned by a digest",
        "，未按摘要固定",
    )
    words = shlex.join(command)
    if image.source == "build" and recipe.takes_own_files(context := image.build_context or ""):
        own = ["docker", "build", "-t", image.reference, "-"]
        words = f'tar -cC {shlex.quote(context)} . -C "$PWD" suite | {shlex.join(own)}'
    return [labelled("# Image: ", "# 镜像：", how) + pinned, words]


def conversion_lines(plan: Plan) -> list[str]:
    """How the weights are converted; nothing where they are served as they are."""
    step = plan.conversion
    if step is None:
        return []
    engine = plan.engine
    baked = ", ".join(f"{name} {value}" for name, value in step.parameters.items())
    lines = comments(
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
        path, words = _environment_path(engine), _local_words(engine, step.command, places)
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


def engine_lines(plan: Plan) -> list[str]:
    """How the engine starts, and when it is ready."""
    engine = plan.engine
    ready = engine.readiness
    waits = Sentence(
        f"ready when {ready.path} answers 200, within {ready.timeout_s:g} s",
        f"{ready.path} 应答 200 即就绪，时限 {ready.timeout_s:g} 秒",
    )
    container, image = engine.container, engine.image
    if container is not None and image is not None:
        name = "llm-conformance-engine"
        lines: list[str] = [labelled("# Engine: ", "# 引擎：", waits)]
        if container.privileged:
            lines.append(
                comment(
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
        words = [shlex.quote(word) for word in _local_words(engine, engine.command, {})]
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


def _local_words(engine: Engine, words: Sequence[str], places: Mapping[str, str]) -> list[str]:
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
            labelled(
                "# from another shell: ",
                "# 在另一个终端：",
                f"curl http://127.0.0.1:{engine.port}{engine.readiness.path}",
            )
        ]
    inspect = "docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' " + name
    command = f"curl http://$({inspect}):{engine.port}{engine.readiness.path}"
    return [labelled("# from another shell: ", "# 在另一个终端：", command)]
