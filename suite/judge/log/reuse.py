"""Whether a server reuses earlier work, from the control requests: ratios of paired times, with intervals.

Each control asks an early task again, as it was or with new words at the start, in the middle or at the end of the
document. The one with new words at the start (and in the middle, so that it holds the document nowhere) shares nothing with any earlier prompt beyond the template, whatever ran before
and warmed a cache: it is what the others are held against, task by task, by time per prompt token.
"""

from __future__ import annotations

import collections
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from suite.base.statistics import mean
from suite.declare.analysis.arrived import arrival, chunks, first_place
from suite.declare.profiles import controls
from suite.documents.document import given
from suite.judge.log.due import is_answer, planned_task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from suite.documents.event import Request
    from suite.judge.log.phases import PhaseLog

    Time = Callable[[Request], float | None]

Reuse: TypeAlias = Literal["none", "prefix", "known", "response"]
"""Nothing; beginnings of prompts; tasks that are known before they are asked, or that an earlier phase asked; answers
that were given before."""
FEWEST: Final = 4
"""Tasks below which nothing can be told."""
REUSED: Final = 0.9
"""A ratio is reuse when its whole interval lies below this: a tenth is more than noise is let through as."""
STUDENT: Final = {
    3: 10.215, 4: 7.173, 5: 5.893, 6: 5.208, 7: 4.785, 8: 4.501, 9: 4.297, 10: 4.144, 12: 3.930, 15: 3.733,
    20: 3.552, 30: 3.385, 60: 3.232, 120: 3.160,
}  # fmt: skip
"""Student's t that one in a thousand exceeds, by degrees of freedom; in between the next lower one holds."""
_LEAST_AFTER: Final = 4
"""Chunks after the first that an answer's pace needs."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """Geometric mean of paired times over those of prompts with a new beginning.

    Attributes:
        value: 1 where both take as long.
        high: upper end of its interval, which one honest run in a thousand lies above.
        n: pairs.
    """

    value: float
    high: float
    n: int

    @property
    def reused(self) -> bool:
        """Whether the times are surely shorter."""
        return self.high < REUSED


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the controls of a run say.

    Attributes:
        reuse: what follows.
        ratios: by what was asked: ``exact``, ``end``, ``first`` (the task's ordinary request); TTFT per prompt token.
        pace: the same of ``exact``, time per chunk after the first.
    """

    reuse: Reuse
    ratios: Mapping[str, Ratio]
    pace: Ratio | None


def compare(logs: Iterable[PhaseLog], ids: Sequence[str]) -> Comparison | None:
    """Compare the controls of all phases; None where too few of them were answered.

    Args:
        logs: measured phases.
        ids: of the tasks, in order.
    """
    asked = [group for log in logs for group in _groups(log, ids).values() if "start" in group]
    ratios = {
        kind: ratio
        for kind in ("exact", "end", "first")
        if (ratio := _ratio(asked, kind, _first_token)) is not None
    }
    if "exact" not in ratios or "end" not in ratios:
        return None
    pace = _ratio(asked, "exact", _pace)
    return Comparison(_reuse(ratios, pace), ratios, pace)


def _reuse(ratios: Mapping[str, Ratio], pace: Ratio | None) -> Reuse:
    if "first" in ratios and ratios["first"].reused:
        return "known"
    if ratios["end"].reused:
        return "prefix"
    if ratios["exact"].reused or (pace is not None and pace.reused):
        return "response"
    return "none"


def _groups(log: PhaseLog, ids: Sequence[str]) -> dict[int, dict[str, Request]]:
    """Answered controls of a phase by task and kind, and the first ordinary request for the task."""
    hidden = controls.by_index(log.doc)
    groups: dict[int, dict[str, Request]] = collections.defaultdict(dict)
    ordinary: dict[str, Request] = {}
    for event in sorted(log.events, key=lambda event: event.index):
        if not is_answer(event):
            continue
        control = hidden.get(event.index)
        if control is None:
            ordinary.setdefault(event.task, event)
        elif event.task == planned_task(log.doc, ids, event.index):
            kind = "exact" if control.salted == "nowhere" else control.salted
            groups[control.task][kind] = event
    for number, group in groups.items():
        # What an earlier repeat asked is known to a prefix cache, too.
        if log.doc.repeat == 0 and ids[number % len(ids)] in ordinary:
            group["first"] = ordinary[ids[number % len(ids)]]
    return groups


def _first_token(event: Request) -> float | None:
    """TTFT per prompt token, nanoseconds."""
    tokens = given(event.usage.own_prompt) or given(event.usage.engine_prompt) or 1
    return (arrival(event, first_place(event)) - event.t_send) / tokens


def _pace(event: Request) -> float | None:
    """Time per chunk after the first, nanoseconds."""
    after = chunks(event) - 1
    return sum(event.chunk_dt) / after if after >= _LEAST_AFTER else None


def _ratio(asked: Sequence[Mapping[str, Request]], kind: str, time: Time) -> Ratio | None:
    logs = []
    for group in asked:
        mine = time(group[kind]) if kind in group else None
        new = time(group["start"])
        if mine and new and mine > 0 and new > 0:
            logs.append(math.log(mine / new))
    return paired(logs)


def paired(logs: Sequence[float]) -> Ratio | None:
    """The ratio that logarithms of paired ratios give; None for too few."""
    count = len(logs)
    if count < FEWEST:
        return None
    middle = mean(logs)
    spread = math.fsum((value - middle) ** 2 for value in logs) / (count - 1)
    degrees = max(key for key in STUDENT if key <= count - 1)
    half = STUDENT[degrees] * math.sqrt(spread / count)
    return Ratio(math.exp(middle), math.exp(min(middle + half, 700.0)), count)
