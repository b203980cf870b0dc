"""Runs the plan's phases against a served engine, each in the way that it asks for.

Whatever its kind, a phase lies between the marks ``phase.start`` and ``phase.end``, its telemetry is sampled beside it,
its requests are in the log as they end, and a signal or the engine's death ends it with what it has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.errors import EngineError
from suite.declare.stopping.phase import PhaseRule
from suite.measure.live import Live
from suite.measure.load.requests.prepare import make_conversations, make_jobs
from suite.measure.load.sources import Sessions
from suite.measure.load.target import Target
from suite.measure.search import run_search
from suite.measure.stretch import Stage, Stretch
from suite.measure.telemetry import Sampler
from suite.measure.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.base.jsonio import JSONObject
    from suite.declare.plandoc import PhaseDoc
    from suite.measure.engine import Served
    from suite.measure.load.requests.job import Job
    from suite.measure.load.sources import Source
    from suite.measure.running import Run


def run_phases(run: Run, served: Served) -> None:
    """Run every phase of the plan in order; one that can't be run with this model is passed over.

    Raises:
        EngineError: ``engine-died``, and those of the client.
        Interrupted: a signal came.
    """
    target = Target(
        base_url=served.base_url,
        path=run.plan["engine"]["request"]["path"],
        headers=run.load.headers,
        request=run.plan["engine"]["request"],
        send_stamps=run.load.send_stamps,
    )
    for phase in run.plan["workload"]["phases"]:
        watch = Watch(served.alive, while_running=run.plan["runtime"] != "endpoint")
        stage = Stage(run, target, phase, watch)
        if "not_run" in phase:
            run.progress.line(f"{stage.title}: not run: {phase['not_run']}")
        else:
            _phase(stage)


def _phase(stage: Stage) -> None:
    run, phase = stage.run, stage.phase
    # Prompts are made and requests serialised before the phase begins.
    jobs = [] if "search" in phase else _jobs(run, phase)
    sampler = Sampler(run.plan["telemetry"] if phase["measured"] else [], run.zero_ns)
    try:
        with sampler, run.stop.deferred():
            stage.mark("phase.start")
            detail, summary = run_search(stage) if "search" in phase else _plain(stage, jobs)
            stage.mark("phase.end", detail)
    finally:
        # After the sampler has ended, because it takes a last sample then; also when the phase broke off.
        run.writer.lines("telemetry.jsonl", [dict(sample) for sample in sampler.samples()])
        run.problems.extend(p for p in sampler.problems() if p not in run.problems)
    run.stop.check()
    dead = stage.watch.after(stage.watch.failed)
    if dead is not None:
        raise EngineError("engine-died", f"the engine died during {stage.title}: {dead}")
    run.progress.line(f"{stage.title}: {summary}")


def _jobs(run: Run, phase: PhaseDoc) -> Sequence[Job] | Source:
    session = phase.get("session")
    if session is None:
        return make_jobs(run.plan, phase, run.tasks, run.tokenizer, run.fitted)
    conversations = make_conversations(run.plan, phase, run.tasks, run.tokenizer, run.fitted)
    return Sessions(
        conversations,
        phase["concurrency"] or 1,
        round(session["think_ms"] * 1e6),
        planned=phase["tasks"],
    )


def _plain(stage: Stage, jobs: Sequence[Job] | Source) -> tuple[JSONObject, str]:
    """Everything but a search: one stretch, with or without a stop rule."""
    phase = stage.phase
    stop, arrivals = phase.get("stop"), phase["arrivals_ns"]
    rule = None if stop is None else PhaseRule(stop, arrivals_ns=arrivals)
    longest = None if stop is None else stop["max_duration_s"]
    live = Live(
        title=stage.title,
        planned=phase["tasks"],
        start_ns=stage.run.now(),
        due_ns=arrivals[-1] if arrivals else None,
        longest_ns=None if longest is None else round(longest * 1e9),
    )
    stretch = Stretch(stage, live, rule=rule)
    stats = stretch.send(jobs)
    stage.watch.failed += stats.failed
    state = "" if rule is None else rule.state()
    return stretch.detail(stats), stats.summary() + (f"; {state}" if state else "")
