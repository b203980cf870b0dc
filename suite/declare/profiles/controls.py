"""Control requests: where they stand in a phase, and what each asks.

Tasks of the phase's first half are asked again in its second half, each four times in a drawn order: as it was, and with new
words at the start (and in the middle), in the middle, and at the end of the document. A server that keeps nothing takes as long for all of
them; one with a prefix cache is the faster the later the new words come; one that keeps answers, or knows the task
set, is fast only where nothing is new.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

from msgspec import UNSET

from suite.documents.document import given
from suite.documents.phase import Control

if TYPE_CHECKING:
    from suite.documents.phase import Phase, Salted
    from suite.documents.profile import ProfileControls

KINDS: Final[tuple[Salted, ...]] = ("nowhere", "start", "middle", "end")


def count(wanted: ProfileControls) -> int:
    """Control requests that a profile's phase has."""
    return len(KINDS) * wanted.tasks


def place(
    wanted: ProfileControls, repeat: int, *, ordinary: int, first_task: int, size: int
) -> tuple[Control, ...]:
    """The controls of a phase, by position.

    Args:
        wanted: how many, and the seed.
        repeat: of the phase.
        ordinary: requests of the phase beside the controls.
        first_task: number of its first task.
        size: tasks in the set.
    """
    draw = random.Random(f"controls:{wanted.seed + repeat}")  # noqa: S311 - public
    half = ordinary // 2
    repeats = sorted(draw.sample(range(half), wanted.tasks))
    controls = [((first_task + early) % size, salted) for early in repeats for salted in KINDS]
    draw.shuffle(controls)
    total = ordinary + len(controls)
    places = sorted(draw.sample(range(half, total), len(controls)))
    return tuple(
        Control(index=index, task=task, salted=salted, salt=_salt(draw, salted))
        for index, (task, salted) in zip(places, controls, strict=True)
    )


def _salt(draw: random.Random, salted: Salted) -> str:
    words = f"Page {draw.randrange(10, 1000)} of {draw.randrange(1000, 10_000)}."
    return "" if salted == "nowhere" else words


def salted(document: str, control: Control) -> str:
    """The document that a control asks about."""
    match control.salted:
        case "start":
            # In the middle too, so that the document stands nowhere as it was.
            return f"{control.salt} {_parted(document, control.salt)}"
        case "middle":
            return _parted(document, control.salt)
        case "end":
            return f"{document} {control.salt}"
        case "nowhere":
            return document


def _parted(document: str, salt: str) -> str:
    cut = document.find(" ", len(document) // 2)
    return f"{document} {salt}" if cut < 0 else f"{document[:cut]} {salt}{document[cut:]}"


def by_index(phase: Phase) -> dict[int, Control]:
    """The controls of a phase by position."""
    return {control.index: control for control in given(phase.controls, ())}


def salted_places(phase: Phase) -> frozenset[int]:
    """Positions of the controls whose documents have new words."""
    return frozenset(control.index for control in given(phase.controls, ()) if control.salt)


def task_name(name: str, control: Control) -> str:
    """The task id under which a control is logged; a salted document is no task of the set and has no reference."""
    return name if control.salted == "nowhere" else f"{name}+{control.salted}"


def number(phase: Phase, controls: dict[int, Control], index: int, size: int) -> int:
    """The task number of request `index`: a control's own, or counted over the others."""
    if phase.controls is UNSET:
        return (phase.first_task + index) % size
    if index in controls:
        return controls[index].task % size
    before = sum(place < index for place in controls)
    return (phase.first_task + index - before) % size
