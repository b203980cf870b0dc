"""Searches the highest rate that meets the objectives: probe after probe, each ended as soon as it is decided.

Between two probes the server is left alone for `SETTLE_S`. At that moment none of the client's requests is in flight:
they have ended, or their connections were closed, upon which servers drop the request.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from suite.base.bilingual import Sentence, placed
from suite.base.quantities import latency
from suite.declare.analysis.bisection import answer, next_rate
from suite.declare.analysis.objective import ProbeRule, verdict
from suite.declare.profiles.arrivals import probe_schedule
from suite.declare.scenarios.phase import search_of
from suite.measure.live import Live
from suite.measure.load.requests.prepare import make_jobs
from suite.measure.sending import Sending

if TYPE_CHECKING:
    from suite.base.jsonio import JSONObject
    from suite.declare.analysis.objective import Verdict
    from suite.documents.phase import Search
    from suite.measure.sending import Stage

SETTLE_S: Final = 1.0
_POLL_S: Final = 0.05


def run_search(stage: Stage) -> tuple[JSONObject, str]:
    """Run a search to its end, or to a signal or the engine's death.

    Args:
        stage: its phase has a ``search``.

    Returns:
        The detail of the phase's closing mark, and one sentence for a person.
    """
    search = search_of(stage.phase)
    history: list[tuple[float, bool]] = []
    ended_by = "searched"
    while (rate := next_rate(search, history)) is not None:
        if history and not _settled(stage):
            ended_by = "stopped"
            break
        probed = _probe(stage, len(history), rate)
        if probed.met is None:
            ended_by = "stopped"
            break
        history.append((rate, probed.met))
        if probed.failed and stage.watch.after(probed.failed) is not None:
            # A dead engine misses every objective; that says nothing of any rate.
            ended_by = "stopped"
            break
    result = answer(search, history)
    detail: JSONObject = {
        "ended_by": ended_by,
        "stopped": ended_by == "stopped",
        "probes": len(history),
        "rate": result.rate,
        "above": result.above,
        "ended": result.ended,
        "why": result.why,
    }
    return detail, result.why


def _settled(stage: Stage) -> bool:
    """Leave the server alone for a moment; False when the search is to end."""
    deadline = time.monotonic() + SETTLE_S
    while not stage.ending():
        if time.monotonic() >= deadline:
            return True
        time.sleep(_POLL_S)
    return False


def _probe(stage: Stage, number: int, rate: float) -> Verdict:
    run, phase = stage.run, stage.phase
    search, objectives = search_of(phase), run.plan.workload.objectives
    first = number * search.requests
    times = probe_schedule(search, number, rate)
    jobs = make_jobs(
        run.plan,
        phase,
        run.tasks,
        run.tokenizer,
        run.fitted,
        indexes=range(first, first + len(times)),
        arrivals_ns=times,
    )
    probe: JSONObject = {"probe": number, "rate": rate}
    title = stage.title + Sentence(
        f", probe {number + 1} at {rate:g} requests/s",
        f"，第 {number + 1} 次探测，{rate:g} 请求/秒",
    )
    rule = ProbeRule(search, objectives, arrivals_ns=times, first_index=first)
    live = Live(title, len(times), run.now(), due_ns=times[-1])
    sending = Sending(stage, live, rule=rule, cancel=True, keep=True)
    stage.mark("probe.start", {**probe, "first_index": first})
    stats = sending.send(jobs)
    outcome = verdict(sending.requests, search, objectives, rate=rate, ended_by=stats.ended_by)
    detail = {**sending.detail(stats), **probe, "met": outcome.met, "why": outcome.why}
    stage.mark("probe.end", detail)
    # What was cancelled because the probe was decided says nothing of the engine.
    stage.watch.failed += outcome.failed
    run.progress.line(placed(title, _words(outcome, search)))
    return outcome


def _words(outcome: Verdict, search: Search) -> Sentence:
    """A probe's outcome on one line."""
    head = {
        True: Sentence("met", "达标"),
        False: Sentence("missed", "未达标"),
        None: Sentence("undecided", "未决"),
    }[outcome.met]
    values = [
        f"{label} {latency(value)}"
        for label, value in (
            ("TTFT", outcome.ttft_ms),
            ("TPOT", outcome.tpot_ms),
            ("E2E", outcome.e2e_ms),
        )
        if value is not None
    ]
    listed = f"p{search.percentile:g}: {', '.join(values)}"
    measured = Sentence(f" ({listed})", f"（{listed}）") if values else ""
    whole = head + measured
    return whole if outcome.met else placed(whole, outcome.why)
