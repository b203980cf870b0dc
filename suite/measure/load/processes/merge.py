"""The statistics of a phase from those of the processes that sent it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.measure.load.stats import PhaseStats
from suite.measure.load.transport.clock import ClockFacts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.measure.load.processes.coordinator import Member


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
