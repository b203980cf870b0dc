"""What a phase of a plan asks for, read off in one place.

A plan may come from a stranger: the members of the phase decide, so that what is asked here can be read there. That
they fit the kind is for the profile's check, and for rule R038, which expands the profile again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.declare.scenarios import SCENARIOS

if TYPE_CHECKING:
    from suite.declare.scenarios import Scenario
    from suite.documents.phase import Lengths, Phase, Search, Session
    from suite.documents.profile import ProfilePhase


def kind(phase: Phase | ProfilePhase) -> Scenario:
    """The record of a phase's scenario kind."""
    return SCENARIOS[phase.scenario]


def is_search(phase: Phase) -> bool:
    """Whether it looks for a rate, by the bounds in its ``search``."""
    return phase.search is not UNSET


def is_conversation(phase: Phase) -> bool:
    """Whether its requests are turns of the sessions in its ``session``."""
    return phase.session is not UNSET


def has_exact_lengths(phase: Phase) -> bool:
    """Whether its prompts and answers have the lengths in its ``lengths``, and are no tasks of the set."""
    return phase.lengths is not UNSET


def is_shortened(phase: Phase) -> bool:
    """Whether its answers end before the workload's do, by its ``max_new_tokens``."""
    return phase.max_new_tokens is not UNSET


def is_open_loop(phase: Phase) -> bool:
    """Whether its requests are due at times of their own, not when an earlier one has ended."""
    return kind(phase).open_loop or phase.arrivals is not None


def is_all_at_once(phase: Phase) -> bool:
    """Whether every request is sent at once, and the engine's own limit holds."""
    return (
        kind(phase).all_at_once
        and phase.concurrency is not None
        and phase.concurrency >= phase.tasks
    )


def search_of(phase: Phase) -> Search:
    """The bounds of a phase that is a search."""
    assert phase.search is not UNSET
    return phase.search


def session_of(phase: Phase) -> Session:
    """The sessions of a phase that is a conversation."""
    assert phase.session is not UNSET
    return phase.session


def lengths_of(phase: Phase) -> Lengths:
    """The lengths of a phase that has exact ones."""
    assert phase.lengths is not UNSET
    return phase.lengths
