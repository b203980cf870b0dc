"""What one of several processes is to do, as its parent writes it and as it reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from suite.documents.engine import RequestFormat
    from suite.documents.phase import Phase
    from suite.measure.load.target import StampKind


@dataclass(frozen=True, slots=True)
class Order:
    """What a worker is to do; only plain values, so that it can go through a pipe.

    Attributes:
        base_url, path, headers, request, send_stamps: the target.
        phase: the phase, with this worker's share of the concurrency.
        zero_ns: reading of the monotonic clock that is 0 in the events.
        jobs: how many follow.
        core: the processor to run on; None leaves it to the system.
    """

    base_url: str
    path: str
    headers: Mapping[str, str]
    request: RequestFormat
    send_stamps: StampKind
    phase: Phase
    zero_ns: int
    jobs: int
    core: int | None
