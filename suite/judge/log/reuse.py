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

from suite.base.bilingual import Sentence
from suite.base.statistics import mean
from suite.declare.analysis.arrived import arrival, chunks, first_place
from suite.declare.profiles import controls
from suite.documents.document import given
from suite.judge.log.due import is_answer, planned_task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

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


KNOWN: Final = 0.8
"""Below this, where anything is reused, tasks are taken to be known the first time that a phase asks them."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """Geometric mean of paired times over those of cold prompts.

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
        tests: the ratios that decide, by what is tested.
        shown: what was asked over the prompt with a new beginning, TTFT per prompt token: ``exact``, ``end``, ``first``.
    """

    reuse: Reuse
    tests: Mapping[str, Ratio]
    shown: Mapping[str, float]


def compare(logs: Iterable[PhaseLog], ids: Sequence[str]) -> Comparison | None:
    """Compare the controls of all phases; None where too few of them were answered.

    Args:
        logs: measured phases.
        ids: of the tasks, in order.
    """
    asked = [group for log in logs for group in _groups(log, ids).values() if "start" in group]
    tests = {
        name: ratio
        for name, fast, cold, time in _TESTS
        if (ratio := paired(list(_logs(asked, fast, cold, time)))) is not None
    }
    shown = {
        kind: math.exp(mean(ratios))
        for kind in ("exact", "end", "first")
        if (ratios := list(_logs(asked, (kind,), ("start",), _first_token)))
    }
    if "exact" not in shown or "end" not in shown or "repeats" not in tests:
        return None
    alarm = any(ratio.reused for ratio in tests.values())
    return Comparison(_kind(shown) if alarm else "none", tests, shown)


def _kind(shown: Mapping[str, float]) -> Reuse:
    """What is reused, by where the times lie."""
    if shown.get("first", 1.0) < KNOWN:
        return "known"
    # Behind a prefix cache new words at the end cost hardly more than none.
    return "prefix" if shown["end"] < min(1.0, shown["exact"] ** 0.5) else "response"


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


_TESTS: Final[tuple[tuple[str, tuple[str, ...], tuple[str, ...], Time], ...]] = (
    (Sentence("repeats", "重复"), ("exact",), ("start", "middle", "first"), _first_token),
    (Sentence("beginnings", "开头"), ("exact", "end"), ("start", "first"), _first_token),
    (Sentence("known tasks", "已知任务"), ("exact", "first"), ("start",), _first_token),
    (
        Sentence("pace of repeats", "重复的步调"),
        ("exact",),
        ("start", "middle", "end", "first"),
        _pace,
    ),
)
"""What is tested: name, what would be fast, what is cold beside it, and which time."""


def _logs(
    asked: Sequence[Mapping[str, Request]],
    fast: Sequence[str],
    cold: Sequence[str],
    time: Time,
) -> Iterator[float]:
    """Logarithms of the ratios, task by task; each side is the mean of what was answered."""
    for group in asked:
        sides = []
        for kinds in (fast, cold):
            times = [time(group[kind]) for kind in kinds if kind in group]
            logs = [math.log(value) for value in times if value is not None and value > 0]
            sides.append(mean(logs) if logs else None)
        mine, other = sides
        if mine is not None and other is not None:
            yield mine - other


def paired(logs: Sequence[float]) -> Ratio | None:
    """The ratio that logarithms of paired ratios give; None for too few."""
    drawn = middle(logs)
    if drawn is None:
        return None
    value, half = drawn
    return Ratio(math.exp(value), math.exp(min(value + half, 700.0)), len(logs))


def middle(values: Sequence[float]) -> tuple[float, float] | None:
    """Trimmed mean of some values, and how far its interval reaches to either side; None for too few.

    Of eight or more the eighth part at each end is left out, and the interval is Yuen's: a stalled request must neither make a
    ratio nor hide one. One run in a thousand lies beyond either end.
    """
    count = len(values)
    if count < FEWEST:
        return None
    ordered, cut = sorted(values), count // 8
    kept = ordered[cut : count - cut]
    drawn_in = [min(max(value, kept[0]), kept[-1]) for value in ordered]
    centre = mean(drawn_in)
    spread = math.fsum((value - centre) ** 2 for value in drawn_in) / (count - 1)
    degrees = max(key for key in STUDENT if key <= len(kept) - 1)
    return mean(kept), STUDENT[degrees] * math.sqrt(spread / count) / (len(kept) / count)
