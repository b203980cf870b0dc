"""Where a run's wall time went, from the marks of its log: every instant belongs to exactly one stretch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.documents.card import TimeKind, TimeShare
from suite.documents.document import given
from suite.documents.event import Mark
from suite.documents.value import stored
from suite.evidence import ATTEMPT

if TYPE_CHECKING:
    from suite.evidence import Evidence


_SUITE: tuple[str, TimeKind] = ("suite", "suite")
_CUT = "attempt.cut"
"""Stands for the moment from which on nothing of an earlier attempt counts; no log has such a mark."""
_AFTER: dict[str, tuple[str, TimeKind]] = {
    "run.start": _SUITE,
    "conversion.start": ("conversion", "conversion"),
    "conversion.end": _SUITE,
    "engine.prepare": ("preparation", "preparation"),
    "engine.prepared": _SUITE,
    "engine.start": ("engine-start", "engine"),
    "engine.first_answer": _SUITE,
    "phase.end": _SUITE,
    "engine.stop": ("engine-stop", "engine"),
    "engine.stopped": _SUITE,
    _CUT: ("cut attempt", "suite"),
    ATTEMPT: _SUITE,
}
"""What begins with a mark; other marks change nothing."""


def _begins(mark: Mark) -> tuple[str, TimeKind] | None:
    if mark.name == "phase.start":
        kind: TimeKind = "measured" if given(mark.measured, True) else "warm-up"
        return given(mark.phase, "phase"), kind
    return _AFTER.get(mark.name)


def breakdown(evidence: Evidence) -> list[TimeShare]:
    """Seconds by stretch, in the order in which stretches first occur; repeats of a phase are added up.

    The sum is the time from the run's start to the footer, or to the last mark of a log without one.
    """
    lost = [(attempt.cut_ns, attempt.resumed_ns) for attempt in evidence.attempts]
    cuts = [Mark(t=cut, name=_CUT) for cut, _ in lost]
    whole = [m for m in evidence.marks if not any(cut <= m.t < again for cut, again in lost)]
    marks = sorted([*whole, *cuts], key=lambda mark: mark.t)
    last = marks[-1].t if marks else 0
    end = evidence.footer.t if evidence.footer is not None else last
    spent: dict[tuple[str, TimeKind], int] = {_SUITE: 0}
    now, since = _SUITE, 0
    for mark in marks:
        following = _begins(mark)
        if following is None:
            continue
        spent[now] = spent.get(now, 0) + mark.t - since
        now, since = following, mark.t
    spent[now] = spent.get(now, 0) + max(0, end - since)
    return [
        TimeShare(what=what, kind=kind, seconds=stored(round(ns / 1e9, 3)))
        for (what, kind), ns in spent.items()
    ]
