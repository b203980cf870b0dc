"""The engine in a container: isolated, limited, logged, and gone at the end whatever happens.

The container hangs on a bridge network of its own that has no way out to other machines or containers; the
host reaches it at the container's own address, so no port of the host is taken. (What listens on all of
the host's addresses it can still reach: an internal bridge does not keep it from its host.) Where the host
cannot reach containers directly, the server's port is published on the loopback address instead. This package is the only importer of ``docker``.
"""

from __future__ import annotations

import contextlib
import shlex
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from suite.base.bilingual import Sentence
from suite.base.errors import SetupError
from suite.measure.engine.compilecache import compile_cache
from suite.measure.engine.container import network, orphans
from suite.measure.engine.container.api import (
    DockerStatus,
    connect,
    docker_available,
    translated,
)
from suite.measure.engine.container.create import create
from suite.measure.engine.container.facts import container_facts, run_inside
from suite.measure.engine.container.image import ensure_image
from suite.measure.engine.container.inspection import inspected
from suite.measure.engine.container.lifetime import cleaned, death, started
from suite.measure.engine.container.mounts import bound
from suite.measure.engine.container.options import container_of
from suite.measure.engine.container.watch import watching
from suite.measure.engine.readiness import wait_ready
from suite.measure.engine.served import LOG_FILE, Facts, Marks, Settings
from suite.measure.signals import shielded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from docker import DockerClient
    from docker.models.containers import Container

    from suite.documents.engine import Engine, Mount
    from suite.documents.plan import Plan
    from suite.measure.engine.container.image import FoundImage
    from suite.measure.engine.served import Progress

__all__ = [
    "ContainerEngine",
    "DockerStatus",
    "docker_available",
    "ready_image",
    "run_once",
    "serve",
]

ONCE_INTERVAL_S = 0.5


@dataclass(frozen=True, slots=True)
class ContainerEngine:
    """A running container; see `suite.measure.engine.served.Served`."""

    base_url: str
    facts: Facts
    marks: list[tuple[str, int]]
    address: str = field(default="", kw_only=True)
    container: Container
    own: set[str]
    """Ids of the commands that the suite itself runs in it."""

    def alive(self) -> str | None:
        """None while the container runs."""
        return death(self.container)

    def container_pid(self) -> int | None:
        """The container's first process, by its number on this host."""
        return (inspected(self.container).state.pid or None) if self.alive() is None else None

    def inside(self, command: Sequence[str]) -> tuple[int, str, str] | str:
        """Run a program in the container: its exit status, output and errors; or why it could not be run."""
        try:
            with translated():
                status, output, errors = run_inside(self.container, command, self.own)
        except SetupError as error:
            return str(error)
        return status, output.decode(errors="replace"), errors.decode(errors="replace")


@contextlib.contextmanager
def serve(
    plan: Plan, run_directory: Path, *, on_progress: Progress, settings: Settings
) -> Iterator[ContainerEngine]:
    """Run the plan's engine in a container; container and network are gone when the block is left.

    Raises:
        SetupError: of `connect`, `ensure_image`, `create_options`; ``mount-missing``.
        EngineError: ``engine-start-failed``, and those of `wait_ready`.
    """
    engine = plan.engine
    declared = container_of(engine)
    marks = Marks()
    marks.add("engine.prepare")
    _check_mounts(declared.mounts)
    with contextlib.ExitStack() as stack:
        client = stack.enter_context(connect())
        with translated():
            orphans.remove_orphans(client)
            image = _image(client, engine, run_directory, on_progress, settings)
            marks.add("engine.prepared")
            name = f"llm-conformance-{run_directory.name}-{time.monotonic_ns() // 1000:x}"
            compiled = stack.enter_context(compile_cache(plan, image.id, settings.cache))
            watch = stack.enter_context(watching(name, run_directory))
            stack.enter_context(cleaned(client, name))
            engine = network.own_port(engine)
            with shielded():  # what is still being created cannot be removed
                container = create(
                    client,
                    engine,
                    image,
                    name=name,
                    run=run_directory.name,
                    with_server=True,
                    compiled=compiled,
                )
            watch.note(container, image)
            on_progress(
                Sentence(f"starting {engine.title} in a container", f"在容器中启动 {engine.title}")
            )
            log = run_directory / LOG_FILE
            stack.enter_context(started(container, log))
            marks.add("engine.start")
            base_url = network.address(container, engine, alive=lambda: death(container) is None)
            wait_ready(
                engine,
                base_url,
                marks=marks,
                alive=lambda: death(container),
                log=log,
                on_progress=on_progress,
            )
            facts = container_facts(container, engine, image, base_url, log, own=watch.own)
            stack.callback(death, container)  # once more what it is, before it is stopped
            if compiled is not None:
                compiled.keep()
                facts |= compiled.facts()
        yield ContainerEngine(base_url, facts, marks.list, container, watch.own)


def ready_image(
    engine: Engine, directory: Path, *, on_progress: Progress, settings: Settings
) -> Facts:
    """The facts of the engine's image, which is got where it is not here.

    Args:
        engine: the plan's engine.
        directory: gets the log of a build.
        on_progress: told what happens.
        settings: of this machine.

    Raises:
        SetupError: of `connect`, `ensure_image`.
    """
    container_of(engine)
    with connect() as client, translated():
        return _image(client, engine, directory, on_progress, settings).facts


def _image(
    client: DockerClient, engine: Engine, directory: Path, on_progress: Progress, settings: Settings
) -> FoundImage:
    assert engine.image is not None  # container_of has seen to it
    return ensure_image(
        client, engine.image, run_directory=directory, on_progress=on_progress, settings=settings
    )


def run_once(
    plan: Plan,
    engine: Engine,
    log: Path,
    *,
    on_progress: Progress,
    settings: Settings,
) -> tuple[str | None, Facts]:
    """Run a command that ends by itself in the engine's image, isolated as the engine is.

    Args:
        plan: whose run it belongs to.
        engine: the plan's engine with command, variables and mounts of the step.
        log: file that gets its output.
        on_progress: takes the command, with the log.
        settings: of this machine.

    Returns:
        Why it failed, None when it ended with status 0; and the image's facts.

    Raises:
        SetupError, EngineError: as `serve`, but for those of readiness.
    """
    declared = container_of(engine)
    _check_mounts(declared.mounts)
    with connect() as client, translated():
        image = _image(client, engine, log.parent, on_progress, settings)
        name = f"llm-conformance-step-{time.monotonic_ns() // 1000:x}"
        with cleaned(client, name):
            with shielded():  # what is still being created cannot be removed
                container = create(
                    client, engine, image, name=name, run=plan.vendor.id, with_server=False
                )
            with started(container, log):
                while (ended := death(container)) is None:
                    on_progress(shlex.join(engine.command)[:60], log=log)
                    time.sleep(ONCE_INTERVAL_S)
    return (None if ended.endswith("exit code 0") else ended), image.facts


def _check_mounts(mounts: Sequence[Mount]) -> None:
    # Docker itself would say it too, in words that name an API, and of dangling links only the engine would.
    for mount in mounts:
        bound(mount)
