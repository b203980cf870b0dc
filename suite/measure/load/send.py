"""Sends the requests of one phase and records what comes back, from this process or from several.

Closed loop: so many requests in flight at any time. Open loop: every request at its intended time, whatever
the server does; how late each was sent is in its event. `suite.measure.load.sources` has these and the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from suite.measure.load.driver import Hooks
from suite.measure.load.phase import send_here
from suite.measure.load.sources import Source, source_of
from suite.measure.load.transport.clock import receive_stamps
from suite.measure.load.transport.send_stamps import send_stamps

if TYPE_CHECKING:
    from collections.abc import Callable

    from suite.documents.event import Request, StampSource
    from suite.documents.phase import Phase
    from suite.documents.plan import Plan
    from suite.measure.load.requests.job import Job
    from suite.measure.load.stats import Ending, PhaseStats
    from suite.measure.load.target import LoadOptions, Target


class Farm(Protocol):
    """Load clients on other machines; see `suite.measure.farm.farm.Farm`."""

    def send(
        self,
        target: Target,
        jobs: Sequence[Job],
        *,
        phase: Phase,
        zero_ns: int,
        on_request: Callable[[Request], None],
        hooks: Hooks,
    ) -> PhaseStats:
        """Send the requests of a phase."""

    def require_whole(self) -> None:
        """Refuse to go on without a client."""

    def on_the_runs_clock(self, event: Request) -> Request:
        """A client's request as the judge will see it."""


def stamp_kinds(plan: Plan, load: LoadOptions | None = None) -> tuple[StampSource, StampSource]:
    """Where receive and send times will come from, for the log's header; each phase says what it had.

    Send times are the client's, read just before the first byte is written, unless `load` asks for the
    kernel's and this machine has them.
    """
    if (plan.engine.url or "").startswith("unix:"):
        return "user", "user"
    kernel = load is not None and load.send_stamps == "kernel"
    return receive_stamps(), (send_stamps() if kernel else "user")


def run_phase(
    target: Target,
    jobs: Sequence[Job] | Source,
    *,
    phase: Phase,
    zero_ns: int,
    on_request: Callable[[Request], None],
    stop: Callable[[], bool],
    on_progress: Callable[[int, int, int], None],
    enough: Callable[[], Ending | None] | None = None,
    workers: int = 1,
    farm: Farm | None = None,
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
        workers: processes that send, each on a core of its own; fewer where the phase has not so many
            requests, or not so many in flight. A phase in batches, from a `Source` that is no list, or over a
            TLS context, which cannot be handed to another process, is sent by this one.
        farm: sends what several processes could send, in their place.

    Returns:
        How it went. Whatever goes wrong with a request is its outcome, never an exception.

    Raises:
        UsageError: the address or a header field cannot be used.
        EngineError: the host is not known.
        SetupError: as the farm's clients.
    """
    hooks = Hooks(stop, enough, on_progress)
    if not isinstance(jobs, Sequence):
        return send_here(
            target, jobs, phase=phase, zero_ns=zero_ns, on_request=on_request, hooks=hooks
        )
    if farm is not None and jobs and target.tls is None and not phase.lockstep:
        return farm.send(
            target, jobs, phase=phase, zero_ns=zero_ns, on_request=on_request, hooks=hooks
        )
    if workers > 1 and target.tls is None and not phase.lockstep:
        from suite.measure.load.processes import coordinator  # noqa: PLC0415 - one process needs none of it

        number = coordinator.count_for(phase, jobs, workers)
        if number > 1:
            return coordinator.send_apart(
                target,
                jobs,
                phase=phase,
                zero_ns=zero_ns,
                on_request=on_request,
                hooks=hooks,
                workers=number,
            )
    source = source_of(phase, jobs)
    return send_here(
        target, source, phase=phase, zero_ns=zero_ns, on_request=on_request, hooks=hooks
    )
