"""The engine as a process group of this machine, in a Python environment of its own.

The way for machines where no container engine answers. The group has its own session and its own temporary
and cache directory (nothing is reused from run to run), an environment of a fixed few variables, and is
killed as a whole at the end, by a `lifeline` if the suite itself was killed.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING

from msgspec import UNSET

from suite.base import jsonio
from suite.base.bilingual import Sentence
from suite.base.errors import EngineError, SetupError, unwritable
from suite.declare.model.facts import hash_file
from suite.declare.plan.recipe import PROGRAMS
from suite.documents.document import given
from suite.documents.engine import RECIPE_TARGET
from suite.measure.checkout import sources
from suite.measure.engine import facts as about
from suite.measure.engine.command import listen_on, with_pre_commands
from suite.measure.engine.compilecache import compile_cache
from suite.measure.engine.environment import STAMP, ensure_environment, environment_packages
from suite.measure.engine.lifeline import lifeline
from suite.measure.engine.readiness import wait_ready
from suite.measure.engine.served import (
    LOG_FILE,
    Facts,
    Marks,
    Settings,
    Uncontained,
    free_port,
    log_tail,
)
from suite.measure.signals import shielded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from suite.documents.engine import Engine
    from suite.documents.plan import Plan
    from suite.measure.engine.served import Progress

TERM_WAIT_S = 10.0
KILL_WAIT_S = 5.0
PORT_ATTEMPTS = 3
ONCE_INTERVAL_S = 0.2
_PORT_TAKEN = "address already in use"


@dataclass(frozen=True, slots=True)
class ProcessEngine(Uncontained):
    """A running process group; see `suite.measure.engine.served.Served`."""

    leader: subprocess.Popen[bytes]

    def alive(self) -> str | None:
        """None while the group's leader runs."""
        return death(self.leader)


@contextlib.contextmanager
def serve(
    plan: Plan, run_directory: Path, *, on_progress: Progress, settings: Settings
) -> Iterator[ProcessEngine]:
    """Run the plan's engine as a process; its whole group is gone when the block is left.

    Raises:
        SetupError: ``process-undeclared``, and those of `ensure_environment`.
        EngineError: ``engine-start-failed``, and those of `wait_ready`.
    """
    engine = plan.engine
    marks = Marks()
    marks.add("engine.prepare")
    python = _interpreter(engine, on_progress, settings)
    marks.add("engine.prepared")
    with contextlib.ExitStack() as stack:
        scratch = stack.enter_context(_scratch())
        compiled = stack.enter_context(compile_cache(plan, _stamp(engine, python), settings.cache))
        variables = _variables(engine, python, scratch)
        if compiled is not None:
            variables |= compiled.variables(str(compiled.directory))
        log = run_directory / LOG_FILE
        for attempt in range(PORT_ATTEMPTS):
            port = free_port()
            base_url = f"http://127.0.0.1:{port}"
            command = _command(engine, python, port, settings)
            leader = stack.enter_context(_group(command, variables, log, scratch))
            marks.add("engine.start")
            try:
                wait_ready(
                    engine,
                    base_url,
                    marks=marks,
                    alive=partial(death, leader),
                    log=log,
                    on_progress=on_progress,
                )
                break
            except EngineError:
                # The port was free when we chose it and somebody was faster.
                taken = _PORT_TAKEN in log_tail(log, 200).lower() and leader.poll() is not None
                if not taken or attempt + 1 == PORT_ATTEMPTS:
                    raise
                marks.list[:] = marks.list[:2]
        facts = {
            **about.http_facts(base_url),
            **about.log_facts(log),
            **_package_facts(engine, python),
            "engine.command": shlex.join(command),
            "engine.runtime": "process",
        }
        if compiled is not None:
            compiled.keep()
            facts |= compiled.facts()
        yield ProcessEngine(base_url, about.with_version(facts, engine.id), marks.list, leader)


def run_once(
    engine: Engine, log: Path, *, on_progress: Progress, settings: Settings
) -> tuple[str | None, Facts]:
    """Run a command that ends by itself in the engine's Python environment.

    Args:
        engine: the plan's engine with command and variables of the step.
        log: file that gets its output.
        on_progress: takes the command, with the log.
        settings: of this machine.

    Returns:
        Why it failed, None when it ended with status 0; and the packages' versions.

    Raises:
        SetupError, EngineError: as `serve`, but for those of readiness.
    """
    python = _interpreter(engine, on_progress, settings)
    command = _resolved(engine, engine.command, python, settings)
    why = run_command(python, command, log, on_progress=on_progress, engine=engine)
    return why, _tool_facts(engine, python, settings)


def run_command(
    python: Path,
    command: list[str],
    log: Path,
    *,
    on_progress: Progress,
    engine: Engine | None = None,
) -> str | None:
    """Run a command in a Python environment to its end; why it failed, None when it ended with status 0.

    Args:
        python: the environment's interpreter.
        command: argv.
        log: file that gets its output.
        on_progress: takes the command, with the log.
        engine: whose variables it gets beside the fixed few.

    Raises:
        EngineError, SetupError: as `serve`, but for those of readiness.
    """
    with (
        _scratch() as scratch,
        _group(command, _variables(engine, python, scratch), log, scratch) as leader,
    ):
        while leader.poll() is None:
            on_progress(shlex.join(command)[:60], log=log)
            time.sleep(ONCE_INTERVAL_S)
        return None if leader.returncode == 0 else death(leader)


def ready_tool(engine: Engine, *, on_progress: Progress, settings: Settings) -> Facts:
    """The packages in the engine's Python environment, which is made where it is not there, and the recipe's programs.

    Raises:
        SetupError: as `serve`.
    """
    return _tool_facts(engine, _interpreter(engine, on_progress, settings), settings)


def death(leader: subprocess.Popen[bytes]) -> str | None:
    """Why a process no longer runs; None while it does."""
    status = leader.poll()
    if status is None:
        return None
    if status == -signal.SIGKILL:
        return "killed by SIGKILL, as the system does when memory runs out"
    if status < 0:
        return f"killed by {signal.Signals(-status).name}"
    return f"it ended with status {status}"


def _interpreter(engine: Engine, on_progress: Progress, settings: Settings) -> Path:
    declared = engine.process
    if declared is None:
        raise SetupError(
            "process-undeclared",
            Sentence(
                f"{engine.title} is not declared to run as a process",
                f"{engine.title} 未声明可作为进程运行",
            ),
            hint=Sentence(
                "start a Docker engine, or give an already running server with --url",
                "请启动 Docker 引擎，或以 --url 给出已在运行的服务器",
            ),
        )
    if declared.python is not UNSET:
        environment_packages(Path(declared.python))
        # As it was named: the link in a virtual environment is what makes it one.
        return Path(declared.python)
    return ensure_environment(
        given(declared.environment, ""),
        on_progress,
        requirements=given(declared.requirements, ""),
        settings=settings,
    )


def _stamp(engine: Engine, python: Path) -> str:
    """What tells one environment from another: the digest of its requirements, or of its packages."""
    if engine.process is None or engine.process.python is UNSET:
        return (python.parents[1] / STAMP).read_text()
    return jsonio.digest({**environment_packages(python), **_source_facts(python)})


def _package_facts(engine: Engine, python: Path) -> Facts:
    """The versions of the packages: of the engine's alone where the suite made the environment, else of all."""
    if engine.process is None or engine.process.python is UNSET:
        return about.version_facts(_versions(python))
    packages = environment_packages(python)
    return {
        "engine.python": str(python),
        **{f"engine.package.{name}": about.clean(packages[name]) for name in sorted(packages)},
        **_source_facts(python),
    }


def _source_facts(python: Path) -> dict[str, str]:
    """The commit of every package that an environment loads from a git checkout."""
    return {f"engine.source.{name}": made.state() for name, made in sorted(sources(python).items())}


def _tool_facts(engine: Engine, python: Path, settings: Settings) -> Facts:
    """What ran a step: the packages by their versions, the recipe's own programs by their digests."""
    recipe = _recipe(engine, settings)
    programs = sorted(recipe.glob(PROGRAMS)) if recipe else []
    digests = {
        f"engine.program.{path.name}": hash_file(path, path.name, None, None).sha256
        for path in programs
    }
    return {**_package_facts(engine, python), **digests}


def _recipe(engine: Engine, settings: Settings) -> Path | None:
    """The directory of the requirement files; None where none is declared."""
    requirements = given(engine.process.requirements) if engine.process else None
    return None if requirements is None else (settings.repository / requirements).parent


def _command(engine: Engine, python: Path, port: int, settings: Settings) -> list[str]:
    command = listen_on(engine.command, port)
    return with_pre_commands(engine.pre_commands, _resolved(engine, command, python, settings))


def _resolved(
    engine: Engine, command: Sequence[str], python: Path, settings: Settings
) -> list[str]:
    """The command with its program from the environment where that has it, and the recipe's own files by their place."""
    program = shutil.which(command[0], path=str(python.parent))
    recipe = _recipe(engine, settings)
    words = [word.replace(RECIPE_TARGET, str(recipe)) if recipe else word for word in command[1:]]
    return [program or command[0], *words]


def _variables(engine: Engine | None, python: Path, scratch: Path) -> dict[str, str]:
    """A fixed few variables and the plan's: what the person's shell holds does not change a measurement."""
    system = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    variables = {
        "PATH": f"{python.parent}:{system}",
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "XDG_CACHE_HOME": str(scratch / "cache"),
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
    }
    if engine is not None:
        variables |= engine.env
        for name in engine.unset_env:
            variables.pop(name, None)
    return variables


def _versions(python: Path) -> bytes | str:
    try:
        answer = subprocess.run(
            [str(python), "-I", "-c", about.VERSIONS_SCRIPT],
            capture_output=True,
            check=True,
            timeout=60,
        )
    except (OSError, subprocess.SubprocessError) as error:
        return f"the interpreter could not be asked: {error}"
    return answer.stdout


@contextlib.contextmanager
def _scratch() -> Iterator[Path]:
    # Short: engines put sockets in it, and a socket's path may have 107 bytes.
    path = Path(tempfile.mkdtemp(prefix="llmc-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def _group(
    command: list[str], variables: dict[str, str], log: Path, scratch: Path
) -> Iterator[subprocess.Popen[bytes]]:
    with contextlib.ExitStack() as stack:
        with _open_log(log) as stream, shielded():
            try:
                leader = subprocess.Popen(
                    command,
                    env=variables,
                    stdin=subprocess.DEVNULL,
                    stdout=stream,
                    stderr=subprocess.STDOUT,
                    cwd="/",
                    start_new_session=True,
                )
            except OSError as error:
                message = Sentence(
                    f"{command[0]} cannot be started: {error.strerror}",
                    f"无法启动 {command[0]}：{error.strerror}",
                )
                raise EngineError("engine-start-failed", message) from error
            # For a signal that was held back, and when starting the lifeline fails.
            stack.callback(_end_living, leader)
        with lifeline(["/bin/sh", "-c", f'kill -KILL -{leader.pid}; rm -rf "$0"', str(scratch)]):
            try:
                yield leader
            finally:
                end_group(leader)


def _open_log(log: Path) -> IO[bytes]:
    try:
        return log.open("ab")
    except OSError as error:
        raise SetupError("run-unwritable", unwritable(log, error)) from error


def _end_living(leader: subprocess.Popen[bytes]) -> None:
    if leader.poll() is None:
        end_group(leader)


def end_group(leader: subprocess.Popen[bytes]) -> None:
    """Ask the leader to end, then kill the whole group, and wait until no member is left."""
    leader.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        leader.wait(TERM_WAIT_S)
    deadline = time.monotonic() + KILL_WAIT_S
    while _signal_group(leader.pid) and time.monotonic() < deadline:
        leader.poll()
        time.sleep(0.05)
    with contextlib.suppress(subprocess.TimeoutExpired):
        leader.wait(KILL_WAIT_S)


def _signal_group(group: int) -> bool:
    """SIGKILL to all members; False when there are none."""
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return False
    return True
