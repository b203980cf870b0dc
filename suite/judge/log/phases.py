"""What the log holds of each phase: its marks, what they noted, and its requests in the order of the lines.

Notes in marks are the run's own word. They are read here without trust: a member that is missing or of the wrong
kind counts as not said.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from suite.declare.scenarios.phase import is_open_loop, search_of
from suite.documents.document import given
from suite.evidence.attempts import phase_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from suite.documents.event import Mark, Request
    from suite.documents.phase import Phase
    from suite.evidence import Evidence

Key = tuple[str, int, bool]
"""Name, repeat and whether it is measured: what tells phases apart."""
SLOWEST = 1e-6
"""Requests per second below which a schedule has no meaning, and no number."""
_LOGS: WeakKeyDictionary[Evidence, Mapping[Key, PhaseLog]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Noted:
    """The detail of a mark.

    Attributes:
        detail: whatever the mark holds.
    """

    detail: Mapping[str, object] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """A text, "" where there is none."""
        value = self.detail.get(name)
        return value if isinstance(value, str) else ""

    def count(self, name: str) -> int | None:
        """An integer from 0, None where there is none."""
        value = self.detail.get(name)
        return value if type(value) is int and value >= 0 else None

    def number(self, name: str) -> float | None:
        """A number, None where there is none."""
        value = self.detail.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        return float(value)

    def inner(self, name: str) -> Noted:
        """What a member holds that is an object itself; nothing where there is none."""
        value = self.detail.get(name)
        return Noted(value if isinstance(value, dict) else {})

    def yes(self, name: str) -> bool | None:
        """A truth value, None where there is none."""
        value = self.detail.get(name)
        return value if isinstance(value, bool) else None


@dataclass(frozen=True, slots=True)
class ProbeLog:
    """One probe of a search.

    Attributes:
        start: the ``probe.start`` mark's time.
        end: the ``probe.end`` mark's time; None where it is missing.
        opened: what the first mark noted.
        closed: what the last mark noted.
        events: its requests, in the order of the lines.
    """

    number: int
    start: int
    end: int | None
    opened: Noted
    closed: Noted
    events: tuple[Request, ...]


@dataclass(frozen=True, slots=True)
class PhaseLog:
    """One repeat of a phase.

    Attributes:
        doc: what was planned.
        start: the ``phase.start`` mark's time; None where it is missing.
        end: the same of ``phase.end``.
        noted: what ``phase.end`` noted.
        events: its requests, in the order of the lines, which is the order in which the run saw them end.
        probes: of a search, by number.
    """

    doc: Phase
    start: int | None
    end: int | None
    noted: Noted
    events: tuple[Request, ...]
    probes: tuple[ProbeLog, ...]

    @property
    def name(self) -> str:
        """How findings name it."""
        return f"{self.doc.name}/{self.doc.repeat}"

    @property
    def open_loop(self) -> bool:
        """Whether requests are due at times of their own."""
        return is_open_loop(self.doc)


def rate_of(log: PhaseLog, probe: ProbeLog) -> float | None:
    """The rate at which a probe says it was sent; None where that is no rate of its search."""
    doc, rate = search_of(log.doc), probe.opened.number("rate")
    if rate is None or not max(doc.min_rate, SLOWEST) <= rate <= doc.max_rate:
        return None
    return rate


def key(doc: Phase) -> Key:
    """What tells this phase from the others."""
    return doc.name, doc.repeat, doc.measured


def phase_logs(evidence: Evidence) -> Mapping[Key, PhaseLog]:
    """The log by phase, in the plan's order; requests and marks of no planned phase are left out.

    Many rules ask for it: it is made once for as long as the evidence is held.
    """
    logs = _LOGS.get(evidence)
    if logs is None:
        logs = _LOGS[evidence] = _phase_logs(evidence)
    return logs


def _phase_logs(evidence: Evidence) -> dict[Key, PhaseLog]:
    phases = evidence.plan.workload.phases
    events: dict[Key, list[Request]] = {key(doc): [] for doc in phases}
    for event in evidence.requests:
        mine = events.get((event.phase, event.repeat, event.measured))
        if mine is not None:
            mine.append(event)
    marks: dict[Key, list[Mark]] = {key(doc): [] for doc in phases}
    for mark in evidence.marks:
        of_phase = marks.get(phase_key(mark))
        if of_phase is not None:
            of_phase.append(mark)
    return {key(doc): _log(doc, marks[key(doc)], events[key(doc)]) for doc in phases}


def _log(doc: Phase, marks: Sequence[Mark], events: Sequence[Request]) -> PhaseLog:
    first = next((mark for mark in marks if mark.name == "phase.start"), None)
    last = next((mark for mark in marks if mark.name == "phase.end"), None)
    return PhaseLog(
        doc=doc,
        start=None if first is None else first.t,
        end=None if last is None else last.t,
        noted=Noted({} if last is None else given(last.detail, {})),
        events=tuple(events),
        probes=tuple(_probes(doc, marks, events)),
    )


def _probes(doc: Phase, marks: Sequence[Mark], events: Sequence[Request]) -> Iterator[ProbeLog]:
    """A search's probes, cut at its marks; request i belongs to probe ``i // requests``."""
    search = given(doc.search)
    if search is None:
        return
    starts: dict[int, Mark] = {}
    ends: dict[int, Mark] = {}
    for mark in marks:
        number = Noted(given(mark.detail, {})).count("probe")
        if number is not None and mark.name == "probe.start":
            starts.setdefault(number, mark)
        elif number is not None and mark.name == "probe.end":
            ends.setdefault(number, mark)
    by_probe: dict[int, list[Request]] = {}
    for event in events:
        by_probe.setdefault(event.index // search.requests, []).append(event)
    for number in sorted(starts):
        end = ends.get(number)
        yield ProbeLog(
            number=number,
            start=starts[number].t,
            end=None if end is None else end.t,
            opened=Noted(given(starts[number].detail, {})),
            closed=Noted({} if end is None else given(end.detail, {})),
            events=tuple(by_probe.get(number, ())),
        )
