"""A run in several attempts: what of a cut one stays, and what is set aside because it is measured again.

The log of a resumed run goes on behind the cut one's last line, on the same clock, with the mark ``attempt.start``. Phases
that were followed by another stay. The one that ran last, finished or not, is measured again whole, and so are the warm-ups
right before it: the engine is another process. What was measured of it before stays in the log, and no number is made of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from suite.documents.document import given

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from suite.documents.attempt import Attempt
    from suite.documents.environment import Environment
    from suite.documents.event import Footer, Mark, Request
    from suite.documents.phase import Phase

ATTEMPT: Final = "attempt.start"
"""The mark with which an attempt after the first begins."""
MOST_ATTEMPTS: Final = 16
"""More attempts than this are no run."""
SAME: Final = ("host.cpu", "host.cores", "host.memory_bytes", "image.id", "engine.version")
"""Facts that no attempt may change."""
Key: TypeAlias = "tuple[str, int, bool]"


@dataclass(frozen=True, slots=True)
class EarlierAttempt:
    """An attempt that was cut.

    Attributes:
        footer: its last line; None where it was killed.
        cut_ns: when the first phase began that was measured again, on the run's clock; its end where none was.
        resumed_ns: when the next attempt began.
        phases: the phases that were set aside, each by name and repeat, in the plan's order.
        requests: how many requests were set aside with them.
        left: its environment and container; None where the run did not keep them.
    """

    footer: Footer | None
    cut_ns: int
    resumed_ns: int
    phases: tuple[str, ...]
    requests: int
    left: Attempt | None


def stays(phases: Sequence[Phase], marks: Iterable[Mark]) -> int:
    """How many of the plan's phases, from the first on, a cut attempt leaves to the next one.

    Args:
        phases: of the plan.
        marks: of the log so far, without those that were set aside.
    """
    begun = {phase_key(mark) for mark in marks if mark.name == "phase.start"}
    last = max((n for n, phase in enumerate(phases) if key(phase) in begun), default=0)
    while last and not phases[last].measured and not phases[last - 1].measured:
        last -= 1
    if phases and phases[last].measured:
        while last and not phases[last - 1].measured:
            last -= 1
    return last


def differences(first: Environment, later: Environment, prefix: str = "") -> list[str]:
    """What an attempt changed that must stay: the machine, its devices, image and engine.

    What one of the two does not know, such as the image of one that ended before it, is not compared.

    Args:
        first: of the first attempt.
        later: of another.
        prefix: beginning of the facts that are compared.
    """
    differences: list[str] = []
    for name in SAME:
        before, now = first.facts.get(name), later.facts.get(name)
        if name.startswith(prefix) and before and now and before.value != now.value:
            differences.append(f"{name}: {given(now.value)}, not {given(before.value)}")
    if _identities(first) != _identities(later):
        differences.append("the devices")
    return differences


def _identities(environment: Environment) -> list[tuple[object, ...]]:
    """What tells devices apart, in order; their state is left out."""
    return [
        (device.index, device.name, device.identity, device.firmware)
        for device in given(environment.devices, ())
    ]


def key(part: Phase | Request) -> Key:
    """What tells phases apart, of a phase or of a request in it."""
    name = part.name if hasattr(part, "name") else part.phase
    return name, part.repeat, part.measured


def phase_key(mark: Mark) -> Key:
    """The same of a phase's mark."""
    return given(mark.phase, ""), given(mark.repeat, 0), given(mark.measured, True)
