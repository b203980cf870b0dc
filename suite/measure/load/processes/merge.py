"""Who may send a share of a phase, and the statistics of the phase from those of all its shares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from suite.measure.load.stats import PhaseStats
from suite.measure.load.transport.clock import ClockFacts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from suite.documents.event import Request
    from suite.measure.load.requests.job import Job


class Member(Protocol):
    """Who sends a share of the phase: a process here, or one on another machine.

    Attributes:
        events_fd: where its messages come from.
        commands_fd: where its commands go; another descriptor than the one before.
        ready: its connections stand.
        over: it has sent its last message, or can send no more.
        error: class, code, message and hint of the error that ended it, None usually.
        stats: how its share went; None before the end, and for ever when it died.
        in_flight: requests, by its last message.
        heard_at: reading of the monotonic clock, in seconds, of its last message.
        loss: what the phase has ended by when it died.
        silent_s: one that has said nothing for this long counts as dead.
    """

    ready: bool
    over: bool
    error: tuple[str, str, str, str] | None
    stats: PhaseStats | None
    in_flight: int
    heard_at: float
    loss: str
    silent_s: float

    @property
    def events_fd(self) -> int: ...  # noqa: D102 - see above
    @property
    def commands_fd(self) -> int: ...  # noqa: D102 - see above
    @property
    def unsent(self) -> int:
        """Requests that it never sent, once it is over."""

    def tell(self, *command: object) -> None:
        """Send a command: ``start``, ``ending`` or ``stop``."""

    def flush(self) -> bool:
        """Go on with what was not taken yet; True when there is still more."""

    def receive(self) -> Iterator[Request]:
        """Take what it says; gives the events among it."""

    def lose(self, start_ns: int) -> list[Job]:
        """Of one that died: the requests that it had sent and not ended."""

    def died(self) -> str:
        """How it died, as the end of a sentence."""

    def kill(self) -> None:
        """End it at once."""


def merge(members: Sequence[Member], planned: int, ended_by: str) -> PhaseStats:
    """The statistics of the whole from those of its parts: sums, and of each quality the weakest.

    Args:
        members: who sent, and has ended.
        planned: requests of the phase.
        ended_by: what ended it from outside; "" takes the parts' word for it.
    """
    parts = [member.stats for member in members if member.stats is not None]
    words = [part.ended_by for part in parts if part.ended_by != "all-sent"]
    total = PhaseStats(planned, _clock([part.clock for part in parts]))
    total.ended_by = ended_by or (words[0] if words else "all-sent")
    total.stopped = total.ended_by in ("stopped", *(member.loss for member in members))
    total.workers = len(members)
    total.unsent = sum(member.unsent for member in members)
    total.sent = planned - total.unsent
    total.real_time = bool(parts) and all(part.real_time for part in parts)
    for part in parts:
        total.merged_reads += part.merged_reads
        total.connections += part.connections
        total.resent += part.resent
        total.without_done += part.without_done
        total.backward_stamps += part.backward_stamps
        total.usage_in_choice += part.usage_in_choice
        total.half_characters += part.half_characters
        total.cpu_s += part.cpu_s
        total.decode_cpu_s += part.decode_cpu_s
        total.undecoded_peak_bytes += part.undecoded_peak_bytes
    return total


def _clock(parts: Sequence[ClockFacts]) -> ClockFacts:
    if not parts:
        return ClockFacts("user", 0, 0, 0, 0, 0, 0)
    return ClockFacts(
        receive_stamps=min((part.receive_stamps for part in parts), key=("user", "kernel").index),
        offset_before_ns=parts[0].offset_before_ns,
        offset_after_ns=parts[0].offset_after_ns,
        offset_error_ns=max(part.offset_error_ns for part in parts),
        step_ns=max((part.step_ns for part in parts), key=abs),
        reads=sum(part.reads for part in parts),
        unstamped_reads=sum(part.unstamped_reads for part in parts),
        send_stamps=min((part.send_stamps for part in parts), key=("user", "kernel").index),
        unstamped_sends=sum(part.unstamped_sends for part in parts),
    )
