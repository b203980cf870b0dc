"""Sends the requests of one phase and records what comes back.

Closed loop: so many requests in flight at any time. Open loop: every request at its intended time, whatever
the server does; how late each was sent is in its event. `suite.measure.load.sources` has these and the rest.
"""

from __future__ import annotations

import contextlib
import gc
import resource
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from suite.measure.load.address import resolve
from suite.measure.load.clock import ClockFacts, probe, receive_stamps
from suite.measure.load.driver import Driver, Hooks
from suite.measure.load.job import Ending, Job, LoadOptions, PhaseStats, Target
from suite.measure.load.loop import Loop
from suite.measure.load.recorder import Recorder, planned_tokens
from suite.measure.load.sendstamps import SendTimes, send_stamps
from suite.measure.load.sources import Source, source_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from suite.declare.plandoc import PhaseDoc, PlanDoc
    from suite.eventdoc import RequestEvent
    from suite.measure.load.job import StampKind

__all__ = [
    "Ending",
    "Job",
    "LoadOptions",
    "PhaseStats",
    "Source",
    "Target",
    "run_phase",
    "stamp_kinds",
]

_SECRET: Final = 8
"""Characters from which a header's value is taken out of a server's error text; shorter ones are words."""
_SWITCH_S: Final = 0.0005
"""How long another thread may hold the interpreter during a phase."""


def stamp_kinds(plan: PlanDoc, load: LoadOptions | None = None) -> tuple[StampKind, StampKind]:
    """Where receive and send times will come from, for the log's header; each phase says what it had.

    Send times are the client's, read just before the first byte is written, unless `load` asks for the
    kernel's and this machine has them.
    """
    if (plan["engine"]["url"] or "").startswith("unix:"):
        return "user", "user"
    kernel = load is not None and load.send_stamps == "kernel"
    return receive_stamps(), (send_stamps() if kernel else "user")


def run_phase(
    target: Target,
    jobs: Sequence[Job] | Source,
    *,
    phase: PhaseDoc,
    zero_ns: int,
    on_request: Callable[[RequestEvent], None],
    stop: Callable[[], bool],
    on_progress: Callable[[int, int, int], None],
    enough: Callable[[], Ending | None] | None = None,
    workers: int = 1,
    begin: Callable[[], int | None] | None = None,
) -> PhaseStats:
    """Send the requests of a phase.

    Args:
        target: the server.
        jobs: the requests; with intended times, these rise. A list is sent as
            `suite.measure.load.sources.source_of` says.
        phase: the load.
        zero_ns: reading of the monotonic clock that is 0 in the events.
        on_request: takes each request's event, soon after it ended; complete but for
            ``usage.own_completion``. It runs between arrivals and should stay below a millisecond.
        stop: asked at least every 100 ms; True ends the phase, what is in flight as ``cancelled``.
        on_progress: takes completed, failed and in-flight requests, at most every 50 ms.
        enough: asked every 50 ms until nothing is in flight; an `Ending` ends the sending.
        workers: processes that send, each on a core of its own. A phase in batches or from a `Source` that is
            no list is sent by one.
        begin: asked once, when the connections stand, for the moment of the monotonic clock at which the phase
            starts; None when it was stopped meanwhile. Without it the phase starts at once.

    Returns:
        How it went. Whatever goes wrong with a request is its outcome, never an exception.

    Raises:
        UsageError: the address or a header field cannot be used.
        EngineError: the host is not known.
    """
    if workers > 1 and isinstance(jobs, Sequence) and not phase.get("lockstep"):
        from suite.measure.load.workers import run_workers  # noqa: PLC0415 - one process needs none of it

        return run_workers(
            target,
            jobs,
            phase=phase,
            zero_ns=zero_ns,
            on_request=on_request,
            stop=stop,
            on_progress=on_progress,
            enough=enough,
            workers=workers,
        )
    source = source_of(phase, jobs) if isinstance(jobs, Sequence) else jobs
    tokens = planned_tokens(jobs) if isinstance(jobs, Sequence) else 0
    hooks = Hooks(stop, enough, on_progress, begin)
    address = resolve(target)
    with probe() as kind, _quiet(), contextlib.ExitStack() as stack:
        asked = target.send_stamps == "kernel"
        loop = Loop(address, phase["timeout_s"], stamp_sends=asked)
        stack.callback(loop.close)
        stats = PhaseStats(source.planned or phase["tasks"], ClockFacts(kind, 0, 0, 0, 0, 0, 0))
        driver = Driver(loop, stats, source, hooks, SendTimes(asked=asked))
        secrets = [value for value in target.headers.values() if len(value) >= _SECRET]

        def heard(event: RequestEvent) -> None:
            if event["error"]:
                event["error"] = _without(secrets, event["error"])
            on_request(event)
            if source.conversing:
                driver.heard(event, zero_ns)

        recorder = Recorder(
            phase,
            target.request,
            stats,
            zero_ns=zero_ns,
            on_request=heard,
            planned_tokens=tokens,
        )
        stack.callback(recorder.close)
        driver.run(recorder, zero_ns)
        return stats


def _without(secrets: Sequence[str], text: str) -> str:
    """A server's error text without the header values that it may have repeated."""
    for secret in secrets:
        for part in (secret, secret.rpartition(" ")[2]):
            if len(part) >= _SECRET:
                text = _cut_secret(text.replace(part, "***"), part)
    return text


def _cut_secret(text: str, secret: str) -> str:
    """Without the beginning of a secret where the text was cut in the middle of it."""
    for length in range(len(secret) - 1, _SECRET // 2 - 1, -1):
        if text.endswith(secret[:length] + "…"):
            return text[: -length - 1] + "***…"
    return text


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the interpreter from pausing: no collection of cycles, short turns for other threads."""
    _raise_descriptor_limit()
    collecting, interval = gc.isenabled(), sys.getswitchinterval()
    gc.collect()
    gc.freeze()
    gc.disable()
    sys.setswitchinterval(_SWITCH_S)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)
        gc.unfreeze()
        if collecting:
            gc.enable()


def _raise_descriptor_limit() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
