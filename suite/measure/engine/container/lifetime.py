"""From a container's start to its end: its output kept, its death seen, nothing of it left behind."""

from __future__ import annotations

import contextlib
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import requests.exceptions
from docker import errors

from suite.base.errors import SetupError, unwritable
from suite.measure.engine.container import orphans
from suite.measure.engine.container.api import connect, start_translated
from suite.measure.engine.container.daemon import choose_daemon
from suite.measure.engine.container.inspection import inspected
from suite.measure.engine.facts import clean
from suite.measure.engine.lifeline import lifeline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import DockerClient
    from docker.models.containers import Container

STOP_WAIT_S = 5
LOG_END_WAIT_S = 10.0
_REMOVE_SCRIPT = Path(__file__).with_name("remove.py")


def death(container: Container) -> str | None:
    """Why a container no longer runs; None while it does. Never raises."""
    try:
        container.reload()
        state = inspected(container).state
    except errors.NotFound:
        return "somebody removed the container"
    except (errors.APIError, requests.exceptions.RequestException) as error:
        return f"the Docker engine no longer answers: {type(error).__name__}"
    except SetupError as error:
        return error.message
    if state.running:
        return None
    if state.oom_killed:
        why = "out of memory: the kernel killed it at its memory limit"
    elif state.error:
        why = clean(state.error)[:300]
    else:
        return f"it ended with exit code {state.exit_code}"
    return f"{why} (exit code {state.exit_code})"


@contextlib.contextmanager
def cleaned(client: DockerClient, name: str) -> Iterator[None]:
    """Remove container and network of a name, also when the suite is killed inside the block."""
    command = [sys.executable, "-I", str(_REMOVE_SCRIPT), name, *choose_daemon().words]
    with lifeline(command):
        try:
            yield
        finally:
            # An engine that is gone by now took the evidence's end with it, not the evidence; what
            # survives it is found by its label at the next start.
            with contextlib.suppress(errors.DockerException, requests.exceptions.RequestException):
                orphans.remove_container(client, name)
                orphans.remove_network(client, name)


@contextlib.contextmanager
def started(container: Container, log: Path) -> Iterator[list[OSError]]:
    """Start a container and copy its output to a file, from its first byte to its last; gives why that ended before, if it did."""
    failed: list[OSError] = []
    try:
        stream = log.open("wb", buffering=0)
    except OSError as error:
        raise SetupError("run-unwritable", unwritable(log, error)) from error
    name = container.name or ""

    def follow() -> None:
        # A connection of its own: the session of the SDK's client is not meant for two threads.
        with (
            contextlib.suppress(
                errors.DockerException, requests.exceptions.RequestException, SetupError, OSError
            ),
            connect() as own,
        ):
            for chunk in own.containers.get(name).logs(stream=True, follow=True):
                try:
                    if not failed:
                        stream.write(chunk)
                except OSError as error:
                    failed.append(error)

    with stream:
        thread = threading.Thread(target=follow, name="engine-log", daemon=True)
        with start_translated():
            container.start()
        thread.start()
        try:
            yield failed
        finally:
            # A few seconds for its last words, which the thread still copies.
            with contextlib.suppress(errors.DockerException, requests.exceptions.RequestException):
                container.stop(timeout=STOP_WAIT_S)
            thread.join(LOG_END_WAIT_S)
