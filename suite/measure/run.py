"""Plan and engine in, run directory out. Whatever happens, the evidence so far is kept and the log is closed.

The order: write plan and tasks; convert weights if the plan says so; start the engine; for each phase send
its requests; stop the engine; write footer, environment and manifest. The footer says how it ended.
"""

from __future__ import annotations

import contextlib
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import UNSET

from suite import evidence
from suite.base import jsonio
from suite.base.bilingual import Sentence, chinese
from suite.base.errors import CodedError, EngineError, Interrupted, SuiteError
from suite.declare.plan.basis import PACKAGE, release_beyond
from suite.declare.plan.make import plan_sha256
from suite.documents.document import given
from suite.documents.environment import Fact
from suite.measure import convert, host, peak, record, resume
from suite.measure.context import Run
from suite.measure.deviceevidence import gather
from suite.measure.devices import hidden, observe, tool_facts
from suite.measure.engine import Settings, ready_tool, serve
from suite.measure.engine.environment import environment_packages
from suite.measure.engine.served import Unknown
from suite.measure.farm.farm import gathered
from suite.measure.load.target import LoadOptions
from suite.measure.nodes import group
from suite.measure.phases import run_phases
from suite.measure.telemetry import Sampler

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    from suite.declare.tasks.taskset import TaskSet
    from suite.declare.tasks.tokenizer import Tokenizer
    from suite.documents.basis import Basis
    from suite.documents.plan import Plan
    from suite.measure.engine import Served
    from suite.measure.engine.served import FactValue
    from suite.measure.farm.farm import Farm
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


@dataclass(frozen=True, slots=True)
class RunResult:
    """How the run ended.

    Attributes:
        ended: the footer's word for it.
        error: the error that ended it; None when it ran to its planned end.
        directory: the evidence, complete with manifest.
    """

    ended: record.RunEnd
    error: CodedError | None
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
        writer = _writer(directory, earlier)
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
            offset_ns=record.clock_offset_ns(),
            basis=basis,
            stamps=stamps,
            earlier=earlier,
            salt=given(plan.nonce) or _salt(earlier) or secrets.token_hex(16),
            outputs=[answer.document() for answer in preflight],
        )
        ended, error = _carry_out(run)
        record.close(run, ended, error)
        return RunResult(ended, error, directory)


def _writer(directory: Path, earlier: evidence.Evidence | None) -> evidence.Writer:
    if earlier is None:
        return evidence.Writer(directory)
    return evidence.Writer.resumed(directory, earlier.logged)


def _carry_out(run: Run) -> tuple[record.RunEnd, CodedError | None]:
    """Do what the plan says, and tell how it ended and by which error."""
    try:
        try:
            run.stop.check()
            if earlier := run.earlier:
                resume.begin(run, earlier)
            else:
                record.begin(run)
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


def _salt(earlier: evidence.Evidence | None) -> str | None:
    """What an earlier attempt hashed its devices' identities with: only so can they be told to be the same."""
    return None if earlier is None else given(earlier.environment.device_salt)


def _measure(run: Run) -> None:
    run.facts.update(host.facts())
    if run.settings is not None and run.settings.bundle is not None:
        brought = run.settings.bundle
        run.facts[f"{brought.kind}.sha256"] = Fact(value=brought.sha256)
    devices, outputs = observe(run.plan)
    run.devices, run.outputs = hidden(devices, [*run.outputs, *outputs], run.salt)
    run.facts.update(host.served_facts(tool_facts(run.plan)))
    gather(run, "before", plan_sha256(run.plan))
    # Written at once and again with what the engine says: a killed run can still be judged.
    record.environment(run)
    if run.earlier is not None:
        resume.require_devices(run, run.earlier)
    if (process := run.plan.engine.process) is not None and process.python is not UNSET:
        packages = environment_packages(Path(process.python))
        _say_release(run, {PACKAGE + name: version for name, version in packages.items()})
    _prepare(run)
    _convert(run)
    if run.earlier is None:
        _sample_idle(run)
    run.facts.update(host.served_facts(_measured_peak(run)))
    with gathered(run) as farm:
        run.farm = farm
        run.mark("suite.setup.end")
        _serve(run, farm)


def _serve(run: Run, farm: Farm | None) -> None:
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
            record.environment(run)
            if run.plan.engine.process is None or run.plan.engine.process.python is UNSET:
                _say_release(run, served.facts)
            if run.earlier is not None:
                resume.require_image(run, run.earlier)
            address = served.address or served.base_url
            run.progress.line(
                Sentence(
                    f"{url or engine} answers at {address}", f"{url or engine} 在 {address} 应答"
                )
            )
            if farm is not None:
                farm.reach(served)
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


def _say_release(run: Run, facts: Mapping[str, FactValue]) -> None:
    """Say before anything is measured that the declaration does not describe the engine's release; R075 limits the card by it."""
    plan = run.plan
    if run.basis is None or plan.vendor.emulated or plan.runtime not in ("container", "process"):
        return
    versions = {
        name: value
        for name, value in facts.items()
        if isinstance(value, str) and not isinstance(value, Unknown)
    }
    if why := release_beyond(run.basis, plan.engine.id, versions):
        run.progress.line(
            Sentence(
                f"a release that the declaration does not describe: {why}; optimised at best (R075)",
                f"该版本不在声明所描述的范围内：{chinese(why)}；至多 optimised（R075）",
            )
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
        samples = sampler.samples()
        if any(sample.power_w is not UNSET or sample.energy_j is not UNSET for sample in samples):
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
