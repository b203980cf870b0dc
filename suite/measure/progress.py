"""What a run reports while it goes on. The measuring side only says what happens; nothing here prints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Requests:
    """A phase or a probe under way.

    Attributes:
        title: of the phase.
        planned: requests at most.
        completed: requests that were answered.
        failed: requests that were not.
        in_flight: requests that were sent and have not ended.
        elapsed_s: seconds since it began.
        left_s: seconds until it ends at the latest, as far as is known; None while nothing is known.
        details: rates and latencies of the last seconds, and how far the stop rule is.
    """

    title: str
    planned: int
    completed: int
    failed: int
    in_flight: int
    elapsed_s: float
    left_s: float | None = None
    details: tuple[str, ...] = ()

    @property
    def ended(self) -> int:
        """Requests that are over, answered or not."""
        return self.completed + self.failed


class StepProgress(Protocol):
    """Takes the step that runs now: an image build, an engine's start, a conversion."""

    def __call__(self, title: str, *, log: Path | None = None) -> None:
        """A step goes on; may be called often and must not block.

        Args:
            title: what happens; the same text as before while the same step lasts.
            log: the file that the step's output goes to, for whoever shows its last line.
        """


class Progress(Protocol):
    """Where a run reports how it goes; the command line decides what is shown. Nothing of it blocks."""

    def line(self, text: str) -> None:
        """One finished step."""

    def step(self, title: str, *, log: Path | None = None) -> None:
        """A step goes on; see `StepProgress`."""

    def requests(self, state: Requests) -> None:
        """Requests are being sent; called a few times a second."""
