"""Runs the plan's phases against a served engine, each in the way that it asks for.

Whatever its kind, a phase lies between the marks ``phase.start`` and ``phase.end``, its telemetry is sampled beside it,
its requests are in the log as they end, and a signal or the engine's death ends it with what it has.
"""

from __future__ import annotations

import http.client
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec import UNSET

from suite import evidence
from suite.base.bilingual import Sentence, chinese, placed
from suite.base.errors import EngineError
from suite.declare.analysis.stop import PhaseRule
from suite.declare.scenarios.phase import kind, session_of
from suite.documents.document import given
from suite.documents.environment import Fact
from suite.evidence import ENGINE_METRICS
from suite.measure import network, processors
from suite.measure.engine.readiness import probe
from suite.measure.engine.served import LOG_FILE, end_code, own_words
from suite.measure.enginepage import EnginePage
from suite.measure.live import Live
from suite.measure.load.requests.prepare import make_conversations, make_jobs
from suite.measure.load.sources import Sessions
from suite.measure.load.target import Target
from suite.measure.search import run_search
from suite.measure.sending import Sending, Stage
from suite.measure.telemetry import Sampler
from suite.measure.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from suite.base.jsonio import JSONObject
    from suite.measure.context import Run
    from suite.measure.engine import Served
    from suite.measure.load.requests.job import Job
    from suite.measure.load.sources import Source

Send: TypeAlias = "Callable[[], tuple[JSONObject, str]]"
"""Sends a phase; returns the detail of its closing mark and one sentence for a person."""


def run_phases(run: Run, served: Served) -> None:
    """Run every phase of the plan in order; one that can't be run with this model is passed over.

    In an attempt after the first, those that it left are not run again.

    Raises:
        EngineError: ``engine-died``, and those of the client.
        SetupError: ``client-lost``.
        Interrupted: a signal came.
    """
    target = Target(
        base_url=served.base_url,
        path=run.plan.engine.request.path,
        headers=run.load.headers,
        request=run.plan.engine.request,
        send_stamps=run.load.send_stamps,
        address=served.address,
    )
    network.note(run, served)
    phases = run.plan.workload.phases
    first = 0 if run.earlier is None else evidence.stays(phases, run.earlier.marks)
    for phase in phases[first:]:
        watch = Watch(
            served.alive,
            while_running=run.plan.runtime != "endpoint",
            always=run.plan.topology is not UNSET,
            healthy=partial(_health, run, served),
        )
        stage = Stage(run, target, phase, watch)
        if phase.not_run is not UNSET:
            why = Sentence(f"not run: {phase.not_run}", f"未运行：{chinese(phase.not_run)}")
            run.progress.line(placed(stage.title, why))
        else:
            _phase(stage, served)
            run.stamp("phase.end", phase)
            network.note(run, served)


def _health(run: Run, served: Served) -> str | None:
    """What the engine's health path answers instead of 200; None where it does."""
    path = run.plan.engine.readiness.path
    answer = probe(served.base_url, path, run.load.headers, address=served.address)
    if answer == http.client.OK:
        return None
    return Sentence(f"{path} answers: {answer}", f"{path} 应答：{answer}")


def _phase(stage: Stage, served: Served) -> None:
    run, phase = stage.run, stage.phase
    container = served.container_pid() if phase.measured else None
    send = SENDERS[kind(phase).source](stage)
    tools = run.plan.telemetry if phase.measured else []
    keep = partial(run.writer.lines, "telemetry.jsonl")
    sampler = Sampler(tools, run.zero_ns, served.inside, keep)
    page = EnginePage(
        served.base_url if phase.measured else "",
        run.load.headers,
        f"{phase.name}/{phase.repeat}",
        run.zero_ns,
    )
    try:
        with page, sampler, run.stop.deferred():
            before = processors.read(container)
            stage.mark("phase.start")
            detail, summary = send()
            used = processors.spent(before, processors.read(container))
            cost = {"telemetry": sampler.cost()} if phase.measured and run.plan.telemetry else {}
            stage.mark("phase.end", {**detail, "processors": used, **cost})
    finally:
        # After the sampler has ended, because it takes a last sample then; also when the phase broke off.
        keep(sampler.kept_back())
        if page.samples():
            run.writer.lines(ENGINE_METRICS, page.samples())
        run.problems.extend(p for p in sampler.problems() if p not in run.problems)
        run.outputs.extend(output for output in sampler.unread() if output not in run.outputs)
        for device, words in sampler.lost.items():
            run.facts.setdefault(f"telemetry.lost.{device}", Fact(value=words))
    run.stop.check()
    if run.farm is not None:
        run.farm.require_whole()
    dead = stage.watch.after(stage.watch.failed)
    if dead is not None:
        code = end_code(dead)
        if words := own_words(run.writer.directory / LOG_FILE):
            dead = Sentence(f"{dead}; its log says: {words}", f"{chinese(dead)}；其日志称：{words}")
        raise EngineError(
            code,
            Sentence(
                f"the engine died during {stage.title}: {dead}",
                f"引擎在{chinese(stage.title)}期间终止：{chinese(dead)}",
            ),
        )
    run.progress.line(placed(stage.title, summary))


def _requests(stage: Stage) -> Send:
    run, phase = stage.run, stage.phase
    jobs = make_jobs(run.plan, phase, run.tasks, run.tokenizer, run.fitted)
    return partial(_plain, stage, jobs)


def _sessions(stage: Stage) -> Send:
    run, phase = stage.run, stage.phase
    conversations = make_conversations(run.plan, phase, run.tasks, run.tokenizer, run.fitted)
    think_ns = round(session_of(phase).think_ms * 1e6)
    sessions = Sessions(conversations, phase.concurrency or 1, think_ns, planned=phase.tasks)
    return partial(_plain, stage, sessions)


def _search(stage: Stage) -> Send:
    return partial(run_search, stage)


def _plain(stage: Stage, jobs: Sequence[Job] | Source) -> tuple[JSONObject, str]:
    """Everything but a search: one load, with or without a stop rule."""
    phase = stage.phase
    stop, arrivals = given(phase.stop), phase.arrivals_ns
    rule = None if stop is None else PhaseRule(stop, arrivals_ns=arrivals)
    longest = None if stop is None else stop.max_duration_s
    live = Live(
        title=stage.title,
        planned=phase.tasks,
        start_ns=stage.run.now(),
        due_ns=arrivals[-1] if arrivals else None,
        longest_ns=None if longest is None else round(longest * 1e9),
    )
    sending = Sending(stage, live, rule=rule)
    stats = sending.send(jobs)
    stage.watch.failed += stats.failed
    state = "" if rule is None else rule.state()
    return sending.detail(stats), stats.summary() + (Sentence("; ", "；") + state if state else "")


SENDERS: Final[dict[str, Callable[[Stage], Send]]] = {
    "requests": _requests,
    "sessions": _sessions,
    "search": _search,
}
"""By the ``source`` of a scenario kind: makes prompts and serialises requests before the phase begins, and returns
what sends them."""
