"""What a backend does: it places attempts on machines and knows whether they are still there. It judges nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from suite.documents.fleet import BackendName, Machine
    from suite.measure.fleet.attempt import Files


@dataclass(frozen=True, slots=True)
class Gone:
    """An attempt that the backend knows to be over.

    Attributes:
        code: of the refusal that it comes to, where the attempt left no exit status.
        reason: in words.
    """

    code: str
    reason: str


class Backend(Protocol):
    """Places attempts.

    Attributes:
        name: as the journal has it.
        batch: most attempts that one machine is given at once; they run one after the other.
        settle_s: how long after an attempt is gone its exit status may still appear, seconds (a shared file system).
    """

    name: ClassVar[BackendName]
    batch: ClassVar[int]
    settle_s: float

    def submit(self, machine: Machine, attempts: Sequence[Files], name: str) -> list[str]:
        """Hand attempts to a machine, in their order; returns a handle for each.

        Args:
            machine: that works on them.
            attempts: where they lie.
            name: under which `find` looks for them; the journal has it already, and no two calls have the same.

        Raises:
            SetupError: ``fleet-unplaced``; ``fleet-backend-failed`` where nothing at all can be placed.
        """

    def find(self, machine: str, at: Files, name: str, index: int) -> str:
        """The handle of an attempt whose controller was killed before it wrote down where it was placed; "" for none.

        Args:
            machine: that it was for.
            at: where it lies.
            name: of the call of `submit` that may have placed it.
            index: which of that call's attempts it is, from 0.

        Raises:
            SetupError: ``fleet-backend-failed``.
        """

    def gone(self, handles: Mapping[str, Files]) -> dict[str, Gone]:
        """Those of some attempts that are over, with what became of them where they left no exit status.

        Raises:
            SetupError: ``fleet-backend-failed``.
        """

    def release(self, handle: str) -> None:
        """Let go of what was held for an attempt that ended."""

    def close(self) -> None:
        """Let go of what was opened; attempts run on."""
