"""What a scenario kind is: its record, and the registry that every kind's file fills."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from suite.base.bilingual import Bilingual
    from suite.documents.phase import ScenarioKind
    from suite.documents.profile import Profile, ProfilePhase


Contradiction: TypeAlias = tuple[str, str, str]
"""JSON pointer (relative to what was looked at), what is wrong, what would be right."""
LoadMember: TypeAlias = Literal["arrivals", "concurrency", "sweep", "grid"]
PhaseMember: TypeAlias = Literal[
    "sweep", "grid", "lockstep", "lengths", "rounds", "stop", "search", "session", "controls"
]
LOAD_MEMBERS: Final[tuple[LoadMember, ...]] = ("arrivals", "concurrency", "sweep", "grid")
"""Members of a profile's phase that say its load."""
SCENARIOS: Final[dict[ScenarioKind, Scenario]] = {}
"""Every kind by its name; complete once `suite.declare.scenarios` is imported."""


@dataclass(frozen=True, slots=True)
class Headline:
    """Which of the numbers that lead a card a phase of this kind can give.

    Attributes:
        throughput: its place in the order in which throughput is looked for, the busiest load first; None: never.
        latency: the same for latency, the lightest load first.
        points: its phases are points of a curve: the best one is taken; else the first one.
        goodput: goodput is read here, where there are objectives.
    """

    throughput: int | None = None
    latency: int | None = None
    points: bool = False
    goodput: bool = False


def _nothing_more(doc: Profile, phase: ProfilePhase) -> Iterator[Contradiction]:
    del doc, phase
    yield from ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scenario:
    """A scenario kind.

    Attributes:
        name: as profiles, plans and cards write it.
        title: as the page says it.
        load: members of a profile's phase of which exactly one says the load; empty: none may.
        load_rule: the same as a sentence.
        own: members that go with this kind alone.
        required: members that it needs beside the load, and why.
        forbidden: members that others may have and it must not: (why, what would be right).
        source: which of the senders of `suite.measure.phases` sends it.
        open_loop: requests are due at times of their own even where the plan has no arrivals.
        searches: it looks for a rate: its load and the number of its requests follow from ``search``.
        one_at_a_time: exactly one request is in flight.
        all_at_once: where nothing says the load, every request is sent at once, and the engine's own limit holds.
        overlaps: prefill and decode of different requests may overlap even at concurrency 1.
        asks_tasks: it is a plain load of the task set, where quality is looked for first.
        must_be_steady: it stands for a steady load: a phase that is long enough to tell has to be steady for most of its time (R048).
        watches_drift: what changes from its start to its end is judged (R045) and shown over time.
        headline: its part in the numbers that lead a card.
        check: contradictions that only this kind can have, beyond the members above.
    """

    name: ScenarioKind
    title: Bilingual
    load: tuple[LoadMember, ...]
    load_rule: str
    own: tuple[PhaseMember, ...] = ()
    required: Mapping[PhaseMember, str] = field(default_factory=dict)
    forbidden: Mapping[PhaseMember, tuple[str, str]] = field(default_factory=dict)
    source: Literal["requests", "sessions", "search"] = "requests"
    open_loop: bool = False
    searches: bool = False
    one_at_a_time: bool = False
    all_at_once: bool = False
    overlaps: bool = False
    asks_tasks: bool = False
    must_be_steady: bool = False
    watches_drift: bool = False
    headline: Headline = field(default_factory=Headline)
    check: Callable[[Profile, ProfilePhase], Iterator[Contradiction]] = _nothing_more


def register(scenario: Scenario) -> None:
    """Make a kind known; each kind's file does so once.

    Raises:
        ValueError: two files register the same name.
    """
    if scenario.name in SCENARIOS:
        message = f"two scenario kinds are called {scenario.name}"
        raise ValueError(message)
    SCENARIOS[scenario.name] = scenario
