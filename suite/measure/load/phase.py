"""Sends the requests of one phase from this process and records what comes back."""

from __future__ import annotations

import contextlib
import gc
import resource
import sys
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from suite.measure.load.decode.recorder import Recorder
from suite.measure.load.driver import Driver
from suite.measure.load.stats import PhaseStats
from suite.measure.load.transport.address import resolve
from suite.measure.load.transport.clock import ClockFacts, probe
from suite.measure.load.transport.loop import Loop
from suite.measure.load.transport.send_stamps import SendTimes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from suite.documents.event import Request
    from suite.documents.phase import Phase
    from suite.measure.load.driver import Hooks
    from suite.measure.load.sources import Source
    from suite.measure.load.target import Target

_SECRET: Final = 8
"""Characters from which a header's value is taken out of a server's error text; shorter ones are words."""
_SWITCH_S: Final = 0.0005
"""How long another thread may hold the interpreter during a phase."""


def send_here(
    target: Target,
    source: Source,
    *,
    phase: Phase,
    zero_ns: int,
    on_request: Callable[[Request], None],
    hooks: Hooks,
) -> PhaseStats:
    """Send a phase from this process; see `suite.measure.load.send.run_phase`.

    Args:
        target: the server.
        source: the requests.
        phase: the load.
        zero_ns: reading of the monotonic clock that is 0 in the events.
        on_request: takes each request's event.
        hooks: what the phase asks and tells the outside.
    """
    address = resolve(target)
    with probe() as kind, _quiet(), contextlib.ExitStack() as stack:
        kernel_sends = target.send_stamps == "kernel"
        loop = Loop(address, phase.timeout_s, stamp_sends=kernel_sends)
        stack.callback(loop.close)
        stats = PhaseStats(source.planned or phase.tasks, ClockFacts(kind, 0, 0, 0, 0, 0, 0))
        driver = Driver(loop, stats, source, hooks, SendTimes(asked=kernel_sends))
        secrets = [value for value in target.headers.values() if len(value) >= _SECRET]

        def record(event: Request) -> None:
            if event.error:
                event = replace(event, error=_without(secrets, event.error))
            on_request(event)
            if source.conversing:
                driver.ended(event, zero_ns)

        recorder = Recorder(phase, target.request, stats, zero_ns=zero_ns, on_request=record)
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
