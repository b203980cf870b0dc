"""How long a run will take, as far as its plan says: from counts, arrivals and durations.

What the plan cannot say is how long the server takes for an answer. So the phases are computed for several such times,
each as a range where a stop rule or a search decides, and what is not in the figures is named.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec import UNSET
from rich.cells import cell_len, set_cell_size

from suite.base.bilingual import Sentence, joined
from suite.base.language import Language
from suite.base.quantities import duration
from suite.declare.analysis.bisection import planned
from suite.documents.document import given

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.documents.phase import Phase, Search
    from suite.documents.plan import Plan

ANSWERS_S: Final = (0.1, 1.0, 10.0)
"""Answer times for which the phases are computed, in seconds."""
SETTLE_S: Final = 1.0
"""Pause between two probes of a search."""


class Span(NamedTuple):
    """The least and the most that something takes, in seconds."""

    least: float
    most: float

    def __str__(self) -> str:
        """Both ends, or the one where they are equal."""
        return self.words()

    def words(self) -> Sentence:
        """Both ends, or the one where they are equal, in both languages."""
        least, most = duration(self.least), duration(self.most)
        if math.isclose(self.least, self.most, rel_tol=0.01):
            return Sentence(most, most)
        return Sentence(f"{least} to {most}", f"{least} 至 {most}")


def phase_span(phase: Phase, answer_s: float) -> Span:
    """How long a phase takes when every answer takes `answer_s` seconds at its load.

    Args:
        phase: of a plan; one that is not run takes no time.
        answer_s: from a request's send to the end of its answer; its time-out ends a longer one.
    """
    if phase.not_run is not UNSET:
        return Span(0.0, 0.0)
    answer = min(answer_s, phase.timeout_s)
    if phase.search is not UNSET:
        return _search(phase.search, answer)
    span = _sent(phase, phase.tasks, answer)
    stop = given(phase.stop)
    if stop is None:
        return Span(span, span)
    most = span
    if stop.max_duration_s is not None:
        most = min(span, stop.max_duration_s + answer)
    if stop.saturation:
        return Span(0.0, most)
    enough = _sent(phase, min(stop.min_requests, phase.tasks), answer)
    return Span(min(max(stop.min_duration_s, enough), most), most)


def _sent(phase: Phase, requests: int, answer_s: float) -> float:
    """Seconds until that many requests of a phase have ended."""
    if requests <= 0:
        return 0.0
    if phase.arrivals_ns:
        return phase.arrivals_ns[requests - 1] / 1e9 + answer_s
    streams = phase.concurrency or 1
    session = given(phase.session)
    if session is None:
        return math.ceil(requests / streams) * answer_s
    turns = session.turns
    rounds = math.ceil(math.ceil(requests / turns) / streams)
    return rounds * (turns * answer_s + (turns - 1) * session.think_ms / 1000)


def _search(search: Search, answer_s: float) -> Span:
    """One probe that is decided at once, up to all of them at the lowest rate, whose arrivals take longest."""
    probe = planned(search, search.min_rate) / search.min_rate + answer_s
    return Span(answer_s, search.max_probes * (probe + SETTLE_S))


def duration_lines(plan: Plan) -> list[str]:
    """The estimate as lines of text: one row for each phase and one for all of them, a column for each answer time."""
    rows: dict[str, list[Span]] = {}
    for phase in plan.workload.phases:
        name = phase.group.name if phase.group is not UNSET else phase.name
        spans = [phase_span(phase, answer) for answer in ANSWERS_S]
        earlier = rows.get(name, [Span(0.0, 0.0)] * len(spans))
        rows[name] = [_sum(pair) for pair in zip(earlier, spans, strict=True)]
    total = [_sum(column) for column in zip(*rows.values(), strict=True)]
    table: list[tuple[str, ...]] = [
        (Sentence("an answer takes", "每个回答耗时"), *(duration(answer) for answer in ANSWERS_S)),
        *((name, *(span.words() for span in spans)) for name, spans in rows.items()),
        (Sentence("all phases", "全部阶段"), *(span.words() for span in total)),
    ]
    written = map(Sentence, _columns(table, Language.EN), _columns(table, Language.ZH))
    return [
        Sentence(
            "Duration of the phases, repeats and warm-up included, by how long an answer takes at their load:",
            "各阶段所需时间（含重复与预热），按负载下每个回答的耗时：",
        ),
        *written,
        *_beyond(plan),
    ]


def _columns(table: Sequence[Sequence[str]], language: Language) -> list[str]:
    """A table's rows in one language, each cell padded to its column's width on a terminal."""
    rows = [[language.of(cell) for cell in row] for row in table]
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    return [
        "  "
        + "  ".join(
            set_cell_size(cell, width) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]


def _sum(spans: tuple[Span, ...]) -> Span:
    return Span(sum(span.least for span in spans), sum(span.most for span in spans))


def _beyond(plan: Plan) -> list[str]:
    """What is not in the figures."""
    phases = plan.workload.phases
    lines: list[str] = []
    if any(phase.search or phase.stop for phase in phases):
        lines.append(
            Sentence(
                "A range: a stop rule or a search ends such a phase as soon as it is decided.",
                "区间：停止规则或搜索在得出结论后即结束该阶段。",
            )
        )
    parts = {
        "container": [Sentence("getting the image", "获取镜像")],
        "process": [Sentence("making the Python environment", "创建 Python 环境")],
    }.get(plan.runtime, [])
    if plan.conversion is not None:
        parts.append(Sentence("converting the weights", "转换权重"))
    limit = duration(plan.engine.readiness.timeout_s)
    parts.append(Sentence(f"the engine's start ({limit} at most)", f"引擎启动（至多 {limit}）"))
    lines.append(
        Sentence("Not in it: ", "不含：")
        + joined(parts, ", ", "、")
        + Sentence(", scoring and signing.", "、评分与签名。")
    )
    return lines
