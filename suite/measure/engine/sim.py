"""The runtime ``sim``: a scripted server in a process of its own, its timings known and its faults named.

`suite.measure.engine.sim_script` says what it can be told, `suite.measure.engine.sim_main` is its command.
"""

from __future__ import annotations

import contextlib
import itertools
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from suite.base import resources
from suite.base.bilingual import Sentence
from suite.base.errors import EngineError
from suite.declare.plan.basis import SIM_MODULE
from suite.measure.engine.readiness import wait_ready
from suite.measure.engine.served import LOG_FILE, Facts, Marks, Uncontained, log_tail
from suite.measure.engine.sim_server import VERSION
from suite.measure.signals import shielded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from suite.documents.plan import Plan
    from suite.measure.engine.served import Progress

START_TIMEOUT_S: Final = 60.0
STOP_TIMEOUT_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class SimProcess:
    """A scripted server in its own process.

    Attributes:
        base_url: where it listens.
        process: the process.
    """

    base_url: str
    process: subprocess.Popen[bytes]

    def alive(self) -> str | None:
        """None while it runs, else why not."""
        status = self.process.poll()
        return None if status is None else f"it ended with status {status}"


@dataclass(frozen=True, slots=True)
class SimServed(Uncontained):
    """The running server; see `suite.measure.engine.served.Served`."""

    server: SimProcess

    def alive(self) -> str | None:
        """None while it runs, else why not."""
        return self.server.alive()


@contextlib.contextmanager
def start(
    script: str, *, truth: Path | None = None, unix: str = "", log: Path | None = None
) -> Iterator[SimProcess]:
    """Run a scripted server for the length of a ``with`` block.

    Args:
        script: as for `suite.measure.engine.sim_script.read_script`.
        truth: file to which it writes the true times, one line per request.
        unix: path of a Unix socket to listen on, instead of a free port of 127.0.0.1.
        log: file that gets its standard error; None drops it.

    Raises:
        EngineError: ``engine-start-failed``.
    """
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="llmc-sim-")))
        ready = folder / "ready"
        errors = log or folder / "log"
        command = [sys.executable, "-m", SIM_MODULE, "--script", script, "--ready", str(ready)]
        command += ["--truth", str(truth)] if truth else []
        command += ["--unix", unix] if unix else []
        stream = stack.enter_context(errors.open("ab"))
        with shielded():
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=stream,
                stderr=stream,
                cwd=resources.TOP,
                start_new_session=True,
            )
            stack.callback(_end, process)
        port = _wait_listening(process, ready, errors)
        yield SimProcess(f"unix:{unix}" if unix else f"http://127.0.0.1:{port}", process)


def _wait_listening(process: subprocess.Popen[bytes], ready: Path, errors: Path) -> int:
    deadline = time.monotonic() + START_TIMEOUT_S
    while not ready.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            message = Sentence(
                f"the scripted server did not start:\n{log_tail(errors)}",
                f"脚本服务器没有启动：\n{log_tail(errors)}",
            )
            raise EngineError("engine-start-failed", message)
        time.sleep(0.01)
    return int(ready.read_text())


def _end(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError):
        process.stdin.close()
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextlib.contextmanager
def serve(plan: Plan, run_directory: Path, *, on_progress: Progress) -> Iterator[SimServed]:
    """Run the plan's scripted server.

    The script is what follows ``--script`` in the engine's command; a command without it, one for a real
    engine, gets the default script.

    Raises:
        EngineError: ``engine-start-failed``, and those of `wait_ready`.
    """
    engine = plan.engine
    script = _script_of(engine.command)
    marks = Marks()
    marks.add("engine.start")
    log = run_directory / LOG_FILE
    log.touch()
    with start(script, log=log) as server:
        wait_ready(
            engine,
            server.base_url,
            marks=marks,
            alive=server.alive,
            log=log,
            on_progress=on_progress,
        )
        facts: Facts = {
            "engine.version": VERSION,
            "engine.command": f"python -m {SIM_MODULE} --script '{script}'",
            "engine.runtime": "sim",
        }
        yield SimServed(server.base_url, facts, marks.list, server)


def _script_of(command: Sequence[str]) -> str:
    for flag, value in itertools.pairwise(command):
        if flag == "--script":
            return value
    return "{}"
