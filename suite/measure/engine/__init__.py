"""One protocol for every way of running an engine: `serve` yields a `Served` and leaves nothing behind.

What can go wrong, by step::

    prepare     SetupError   docker-unreachable, image-unavailable, image-build-failed, environment-failed, ...
    start       EngineError  engine-start-failed
    readiness   EngineError  engine-died (with exit code and last log lines), engine-out-of-memory,
                             engine-timeout, engine-bad-answer
    measuring   the load generator asks `Served.alive`
    end         nothing is raised: the container or process group is gone when the block is left

Exceptions of foreign libraries are translated where they arise and never leave this package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.bilingual import Sentence
from suite.base.errors import UsageError
from suite.measure.engine import container, endpoint, process
from suite.measure.engine.container.api import DockerStatus, docker_available
from suite.measure.engine.environment import ensure_environment
from suite.measure.engine.served import Served, Settings

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from suite.documents.plan import Plan
    from suite.measure.engine.served import Facts, Progress

__all__ = [
    "DockerStatus",
    "Served",
    "Settings",
    "docker_available",
    "ensure_environment",
    "ready_tool",
    "serve",
]


def ready_tool(
    plan: Plan, directory: Path, *, on_progress: Progress, settings: Settings | None = None
) -> Facts:
    """The facts of the image or environment that the engine runs from, which is got where it is not here.

    Args:
        plan: runs its engine in a container or as a process.
        directory: gets the log of a build.
        on_progress: told what happens.
        settings: of this machine; None takes the defaults.

    Raises:
        SetupError: see the module.
    """
    chosen = Settings() if settings is None else settings
    if plan.runtime == "process":
        return process.ready_tool(plan.engine, on_progress=on_progress, settings=chosen)
    return container.ready_image(plan.engine, directory, on_progress=on_progress, settings=chosen)


def serve(
    plan: Plan,
    run_directory: Path,
    *,
    on_progress: Progress,
    settings: Settings | None = None,
) -> AbstractContextManager[Served]:
    """Run the plan's engine for the length of a ``with`` block.

    Args:
        plan: says which engine and in which way (its ``runtime``).
        run_directory: gets ``engine.log`` and, where an image or environment had to be made, its log.
        on_progress: told in short phrases what happens now.
        settings: of this machine; None takes the defaults.

    Raises:
        SetupError, EngineError: see the module.
    """
    chosen = Settings() if settings is None else settings
    match plan.runtime:
        case "container":
            return container.serve(plan, run_directory, on_progress=on_progress, settings=chosen)
        case "process":
            return process.serve(plan, run_directory, on_progress=on_progress, settings=chosen)
        case "endpoint":
            return endpoint.serve(plan, run_directory, on_progress=on_progress, settings=chosen)
        case "sim":
            from suite.measure.engine import sim  # noqa: PLC0415 - real runs do not load the scripted server

            return sim.serve(plan, run_directory, on_progress=on_progress)
        case other:  # a plan that came past its schema
            raise UsageError(
                "unknown-runtime",
                Sentence(f"there is no runtime {other!r}", f"没有运行方式 {other!r}"),
            )
