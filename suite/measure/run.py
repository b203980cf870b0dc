"""Plan and engine in, run directory out. Whatever happens, the evidence so far is kept and the log is closed.

The order: write plan and tasks; convert weights if the plan says so; start the engine; for each phase send
its requests; stop the engine; write footer, environment and manifest. The footer says how it ended.
"""

from __future__ import annotations

import contextlib
import hashlib
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal

from msgspec import UNSET
from msgspec.structs import replace

from suite import evidence
from suite.base import jsonio
from suite.base.bilingual import Sentence
from suite.base.errors import EngineError, Interrupted, SetupError, SuiteError
from suite.declare.plan.make import plan_sha256
from suite.declare.tasks.lead import first_sentence
from suite.documents.document import given
from suite.documents.environment import Environment, Fact
from suite.documents.event import EVENT_SCHEMA, Footer, Header, RunError
from suite.documents.sentences import table
from suite.documents.taskline import TaskLine
from suite.evidence.manifest import BASIS
from suite.measure import convert, host, peak, resume
from suite.measure.context import Run
from suite.measure.deviceevidence import gather
from suite.measure.devices import hidden, observe, tool_facts
from suite.measure.engine import Settings, ready_tool, serve
from suite.measure.farm.farm import gathered
from suite.measure.load.send import stamp_kinds
from suite.measure.load.target import LoadOptions
from suite.measure.nodes import group
from suite.measure.phases import run_phases
from suite.measure.telemetry import Sampler

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from suite.declare.tasks.taskset import Task, TaskSet
    from suite.declare.tasks.tokenizer import Tokenizer
    from suite.documents.basis import Basis
    from suite.documents.plan import Plan
    from suite.measure.engine import Served
    from suite.measure.engine.served import FactValue
    from suite.measure.preflight import Answer
    from suite.measure.progress import Progress
    from suite.measure.signals import Stop
    from suite.measure.stamps import Stamps

FIRST_SAMPLE_S = 2.0
"""How long a telemetry tool may take for its first reading before the run goes on without an idle baseline."""
IDLE_S = 3.0
"""Length of the idle baseline: six samples at the usual 500 ms."""

DEATHS: Final = frozenset({"engine-died", "node-died", "node-paused", "node-unlinked", "node-lost"})
"""Codes of an engine, or a part of it, that was there and is gone."""

Ended = Literal["complete", "interrupted", "engine-died", "engine-failed", "failed"]


@dataclass(frozen=True, slots=True)
class RunResult:
    """How the run ended.

    Attributes:
        ended: the footer's word for it.
        error: the error that ended it; None when it ran to its planned end.
        directory: the evidence, complete with manifest.
    """

    ended: Ended
    error: SuiteError | None
    directory: Path


def execute(
    plan: Plan,
    tasks: TaskSet,
    tokenizer: Tokenizer | None,
    directory: Path,
    *,
    progress: Progress,
    stop: Stop,
    zero_ns: int,
    settings: Settings | None = None,
    load: LoadOptions | None = None,
    preflight: Sequence[Answer] = (),
    basis: Basis | None = None,
    stamps: Stamps | None = None,
    earlier: evidence.Evidence | None = None,
) -> RunResult:
    """Run a plan and leave its evidence.

    Args:
        plan: what to do.
        tasks: the task set that the plan names, with its texts.
        tokenizer: the model's own, for the suite's own counts; None if the model has none that it can read.
        directory: the run directory to create.
        progress: where to report.
        stop: the signals.
        zero_ns: reading of the monotonic clock that counts as the run's start.
        settings: of this machine; None takes the defaults.
        load: extra header fields, worker processes, send stamps; None takes the defaults.
        preflight: what was asked of this machine before, for the evidence.
        basis: what the plan was made from, for the evidence.
        stamps: keeps how the log grows; None where nobody asks for it.
        earlier: the run that was cut, where this is another attempt: `directory` holds it, `zero_ns` is its zero, and
            what it left stays.

    Returns:
        How it ended. Errors after the directory was created are in the result, not raised.

    Raises:
        UsageError: ``run-exists``.
        SetupError: ``run-busy``; the directory cannot be created (``run-unwritable``), or not even the little that every run
            needs fits (``disk-full``).
        Interrupted: a signal came before there was a directory.
    """
    with stop.deferred():
        stop.check()
        writer = (
            evidence.Writer(directory)
            if earlier is None
            else evidence.Writer.resumed(directory, earlier.logged)
        )
    with writer:
        run = Run(
            plan=plan,
            settings=settings,
            tasks=tasks,
            tokenizer=tokenizer,
            writer=writer,
            progress=progress,
            stop=stop,
            load=load or LoadOptions(),
            zero_ns=zero_ns,
            offset_ns=_clock_offset_ns(),
            basis=basis,
            stamps=stamps,
            earlier=earlier,
            salt=given(plan.nonce) or _salt(earlier) or secrets.token_hex(16),
            outputs=[answer.document() for answer in preflight],
        )
        ended, error = _carry_out(run, directory)
        _close(run, ended, error)
        return RunResult(ended, error, directory)


def _carry_out(run: Run, directory: Path) -> tuple[Ended, SuiteError | None]:
    """Do what the plan says, and tell how it ended and by which error."""
    try:
        try:
            run.stop.check()
            if earlier := run.earlier:
                resume.begin(run, earlier)
            else:
                _open(run, directory)
            _measure(run)
        finally:
            # Inside the outer block: a signal that comes until here is still caught below.
            run.stop.defer_for_good()
    except Interrupted as cause:
        return "interrupted", cause
    except EngineError as cause:
        return "engine-died" if cause.code in DEATHS else "engine-failed", cause
    except SuiteError as cause:
        return "failed", cause
    return "complete", None


def _withholds(plan: Plan) -> bool:
    """Whether devices are named by salted digests in the place of what they signed."""
    return any(tool.keep == "digest" for tool in given(plan.attestation, ()))


def _salt(earlier: evidence.Evidence | None) -> str | None:
    """What an earlier attempt hashed its devices' identities with: only so can they be told to be the same."""
    return None if earlier is None else given(earlier.environment.device_salt)


def _clock_offset_ns() -> int:
    return time.time_ns() - time.monotonic_ns()


def _open(run: Run, directory: Path) -> None:
    """Write what every run begins with, or what a full disk kept out of it the first time."""
    if not (directory / "plan.json").exists():
        run.writer.document("plan.json", run.plan)
    if run.basis is not None and not (directory / BASIS).exists():
        run.writer.document(BASIS, run.basis)
    if not run.writer.begun:
        _begin_log(run, directory)
    if not (directory / "tasks.jsonl").stat().st_size:
        run.writer.lines("tasks.jsonl", [_task_line(task) for task in run.tasks.tasks])


def _begin_log(run: Run, directory: Path) -> None:
    started = datetime.fromtimestamp((run.zero_ns + run.offset_ns) / 1e9, UTC)
    receive, send = stamp_kinds(run.plan, run.load)
    run.writer.event(
        Header(
            event_schema=EVENT_SCHEMA,
            run_id=directory.name,
            plan_sha256=plan_sha256(run.plan),
            started_utc=started.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            clock="CLOCK_MONOTONIC",
            clock_zero_ns=run.zero_ns,
            receive_stamps=receive,
            send_stamps=send,
            realtime_minus_monotonic_us=run.offset_ns // 1000,
        )
    )
    run.mark("run.start", at=0)
    if run.stamps is not None:
        run.stamps.take(run, "run.start")
        for line in run.stamps.missing:
            run.progress.line(line)


def _task_line(task: Task) -> TaskLine:
    return TaskLine(
        id=task.id,
        record_sha256=task.sha256,
        document_sha256=jsonio.sha256_hex(task.document.encode()),
        document_words=len(task.document.split()),
        lead=first_sentence(task.document),
        reference=task.summary,
        origin=UNSET if task.origin is None else task.origin,
    )


def _measure(run: Run) -> None:
    run.facts.update(host.facts())
    if run.settings is not None and run.settings.bundle is not None:
        run.facts["bundle.sha256"] = Fact(value=run.settings.bundle.sha256)
    devices, outputs = observe(run.plan)
    run.devices, run.outputs = hidden(devices, [*run.outputs, *outputs], run.salt)
    run.facts.update(host.served_facts(tool_facts(run.plan)))
    gather(run, "before", plan_sha256(run.plan))
    # Written at once and again with what the engine says: a killed run can still be judged.
    _write_environment(run)
    if run.earlier is not None:
        resume.require_devices(run, run.earlier)
    _prepare(run)
    _convert(run)
    if run.earlier is None:
        _sample_idle(run)
    run.facts.update(host.served_facts(_measured_peak(run)))
    with gathered(run) as run.farm:
        run.mark("suite.setup.end")
        _serve(run)


def _serve(run: Run) -> None:
    """Start the engine, run the phases, stop it."""
    engine = run.plan.engine.title
    url = run.plan.engine.url  # of a server that runs already: nothing is started or stopped
    run.progress.line(
        Sentence(f"measuring the server at {url}", f"正在测量 {url} 处的服务器")
        if url
        else Sentence(
            f"starting {engine} ({run.plan.runtime})", f"正在启动 {engine}（{run.plan.runtime}）"
        )
    )
    # Two stacks: the inner one stops the engine, then the outer one says when that was, however it ended.
    with contextlib.ExitStack() as after, contextlib.ExitStack() as stack:
        served = stack.enter_context(_served(run))
        after.callback(run.mark, "engine.stopped")
        try:
            for name, moment in served.marks:
                run.mark(name, at=moment - run.zero_ns)
            run.facts.update(host.served_facts(served.facts))
            _write_environment(run)
            if run.earlier is not None:
                resume.require_image(run, run.earlier)
            address = served.address or served.base_url
            run.progress.line(
                Sentence(
                    f"{url or engine} answers at {address}", f"{url or engine} 在 {address} 应答"
                )
            )
            if run.farm is not None:
                run.farm.reach(served)
            run_phases(run, served)
            run.serving, _ = hidden(observe(run.plan)[0], (), run.salt)
        finally:
            # From here on the engine is being stopped: a second Ctrl-C must not cut that.
            run.stop.defer_for_good()
            run.mark("engine.stop")
            run.progress.step(
                Sentence(f"leaving {url}", f"正在离开 {url}")
                if url
                else Sentence(f"stopping {engine}", f"正在停止 {engine}")
            )


def _served(run: Run) -> AbstractContextManager[Served]:
    """The plan's engine, on one node or over several."""
    directory, step = run.writer.directory, run.step
    if run.plan.topology is UNSET:
        return serve(run.plan, directory, on_progress=step, settings=run.settings)
    return group.serve(
        run.plan, directory, on_progress=step, settings=run.settings or Settings(), salt=run.salt
    )


def _prepare(run: Run) -> None:
    """Get what the engine runs from before anything else asks for it, so that the time is counted as preparation."""
    if run.plan.conversion is None and run.plan.engine.peak_probe is UNSET:
        return  # nothing runs in it before the engine, which gets it itself
    run.mark("engine.prepare")
    ready_tool(run.plan, run.writer.directory, on_progress=run.step, settings=run.settings)
    run.mark("engine.prepared")


def _measured_peak(run: Run) -> dict[str, FactValue]:
    """What a device reaches in the engine's environment, while nothing else runs on it."""
    return peak.measure(run.plan, run.writer.directory, on_progress=run.step, settings=run.settings)


def _sample_idle(run: Run) -> None:
    """Read the devices' power before anything runs on them; the energy above idle is counted from it."""
    with Sampler(run.plan.telemetry, run.zero_ns) as sampler:
        deadline = time.monotonic() + FIRST_SAMPLE_S
        while run.plan.telemetry and not sampler.samples() and time.monotonic() < deadline:
            time.sleep(0.05)
        known = sampler.samples()
        if any(sample.power_w is not UNSET or sample.energy_j is not UNSET for sample in known):
            time.sleep(IDLE_S)
    run.writer.lines("telemetry.jsonl", sampler.samples())


def _convert(run: Run) -> None:
    """Converted weights as the plan needs them; those of an earlier run cost no time that could be measured."""
    conversion = run.plan.conversion
    if conversion is None:
        return
    started: list[None] = []

    def start() -> None:
        started.append(None)
        run.mark("conversion.start")

    made = convert.convert(
        run.plan,
        run.writer.directory,
        on_progress=run.step,
        settings=run.settings,
        on_make=start,
    )
    if made is not None:
        run.facts["conversion.outputs_sha256"] = Fact(value=jsonio.digest(made.outputs))
    run.mark("conversion.end" if started else "conversion.reused")


def _defects(tasks: TaskSet) -> dict[str, int]:
    """What was found in the task file: defects of what ran, peculiarities of the file, what was left out."""
    left_out = {f"left-out-{reason}": count for reason, count in tasks.excluded.items()}
    return {**tasks.defects, **tasks.notes, **left_out}


def _write_environment(run: Run) -> None:
    # The names only: values may be secret.
    names = ", ".join(sorted(run.load.headers))
    headers = (
        Sentence(
            f"extra header fields of every request: {names}", f"每个请求附加的请求头字段：{names}"
        )
        if names
        else ""
    )
    notes = (run.plan.runtime_note, run.tasks.why_not_locked, headers, *run.problems)
    environment = Environment(
        environment_schema=1,
        facts=dict(run.facts),
        task_defects=_defects(run.tasks),
        devices=tuple(run.devices) or UNSET,
        devices_serving=tuple(run.serving) or UNSET,
        device_salt=run.salt if run.devices or _withholds(run.plan) else UNSET,
        outputs=tuple(run.outputs) or UNSET,
        notes=tuple(note for note in notes if note),
    )
    environment = replace(environment, chinese=table(environment) or UNSET)
    run.writer.document("environment.json", environment)


def _log_sha256(directory: Path) -> str:
    with (directory / "events.jsonl").open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _close(run: Run, ended: Ended, error: SuiteError | None) -> None:
    footer = Footer(
        t=run.now(),
        ended=ended,
        requests=run.writer.requests,
        error=None if error is None else RunError(code=error.code, message=str(error)[:1000]),
        clock_steps_ns=_clock_offset_ns() - run.offset_ns,
    )
    run.writer.release()
    # A run that was stopped, or met a full disk, before all of its beginning was there gets it now.
    with contextlib.suppress(SetupError):
        _open(run, run.writer.directory)
    # On a full disk the log keeps what it has: a missing footer is itself a statement, one alone would be none.
    if run.writer.begun:
        with contextlib.suppress(SetupError):
            run.writer.event(footer)
            if run.stamps is not None:
                # Whoever ends a run early does not want to wait for an authority.
                why = "" if ended == "complete" else f"the run ended early: {ended}"
                run.stamps.take(run, "run.end", why=why)
            if ended == "complete":
                gather(run, "after", _log_sha256(run.writer.directory))
    with contextlib.suppress(SetupError):
        _write_environment(run)
    with contextlib.suppress(SetupError):
        run.writer.close()
    with contextlib.suppress(SetupError):
        evidence.write_manifest(run.writer.directory)
