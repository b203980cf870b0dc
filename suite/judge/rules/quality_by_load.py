"""The rule that holds quality under every load, not only where most tasks are asked.

Loads are put in order: one stream, then closed loops by their concurrency, then open loops by their rate. Each is
compared, task by task, with each task's answers under the lightest load that it was asked at. So the lightest
load at which quality falls is compared with sound answers only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from suite.base import statistics
from suite.base.bilingual import Bilingual, Sentence, chinese
from suite.declare.scenarios.phase import is_open_loop, is_search, kind
from suite.documents.value import Measured
from suite.judge import intervals
from suite.judge.log import due
from suite.judge.log.phases import phase_logs, rate_of
from suite.judge.metrics import rouge
from suite.judge.rules.rule import SHOWN, Finding, failed, not_applicable, passed, rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from suite.documents.event import Request
    from suite.documents.phase import Phase
    from suite.documents.taskline import TaskLine
    from suite.evidence import Evidence
    from suite.judge.log.phases import PhaseLog, ProbeLog
    from suite.judge.metrics.compute import Results
    from suite.judge.metrics.rouge_pairs import Scores

    Texts = dict[str, list[str]]
    """Answers by task id."""

COMPARED = ("rouge1", "rougeL")
LEAST_RATIO = 0.97
"""What each ROUGE must reach of its value on the same tasks under a lighter load. Batching alone changes ties and
with them some answers: a bound of 99 % would fail sound engines, one in ten runs of ten loads, by chance."""
FEWEST_TASKS = 16
"""Below this an interval is too wide to tell."""

_STREAM, _CLOSED, _OPEN = 0, 1, 2


@dataclass(frozen=True, slots=True)
class _Load:
    """A phase with all its repeats, or one probe of a search.

    Attributes:
        weight: how heavy it is: the kind of loop, then the concurrency, or requests per second.
    """

    name: str
    weight: tuple[int, float]
    texts: Texts


@dataclass(frozen=True, slots=True)
class _Pairing:
    """A load's answers and those under lighter loads, to the same tasks in the same order."""

    name: str
    tasks: list[str]
    here: list[list[str]]
    lighter: list[list[str]]

    @property
    def equal(self) -> bool:
        """Whether every task got the same answer here as there."""
        return all(map(_same, self.here, self.lighter))


def _same(ours: Sequence[str], theirs: Sequence[str]) -> bool:
    texts = set(ours)
    # One text has one mean however often it was given; several only when given equally often.
    return texts == set(theirs) and (len(texts) == 1 or sorted(ours) == sorted(theirs))


def _weight(doc: Phase) -> tuple[int, float]:
    if kind(doc).one_at_a_time:
        return _STREAM, 0.0
    if is_open_loop(doc):
        arrivals = doc.arrivals
        return _OPEN, math.inf if arrivals is None else arrivals.rate
    return _CLOSED, float(doc.concurrency or doc.tasks)


def _texts(events: Iterable[Request], tasks: Mapping[str, TaskLine]) -> Texts:
    texts: Texts = {}
    for event in sorted(events, key=lambda event: (event.repeat, event.index)):
        if due.is_answer(event) and event.task in tasks:
            texts.setdefault(event.task, []).append(event.text)
    return texts


def _whole(probe: ProbeLog) -> bool:
    """Whether a probe was sent to its end: one that was stopped lacks its longest answers."""
    early = probe.closed.text("ended_by") in ("", *due.EARLY)
    return not early and all(event.outcome != "cancelled" for event in probe.events)


def _probes(log: PhaseLog, tasks: Mapping[str, TaskLine]) -> Iterator[_Load]:
    for probe in log.probes:
        rate = rate_of(log, probe)
        if rate is not None and _whole(probe):
            name = Sentence(f"{log.name} probe {probe.number}", f"{log.name} 探测 {probe.number}")
            yield _Load(name, (_OPEN, rate), _texts(probe.events, tasks))


def _loads(evidence: Evidence, results: Results) -> list[_Load]:
    """Every load whose answers count and that asks the tasks alone, the lightest first."""
    held = {
        name
        for name, phase in results.phases.items()
        if phase.questions == "tasks" and isinstance(phase.metrics.get("rouge1"), Measured)
    }
    loads: list[_Load] = []
    phases: dict[str, tuple[tuple[int, float], list[Request]]] = {}
    for log in phase_logs(evidence).values():
        name = log.doc.name
        if name not in held or not log.doc.measured:
            continue
        if is_search(log.doc):
            loads += _probes(log, evidence.tasks)
        else:
            phases.setdefault(name, (_weight(log.doc), []))[1].extend(log.events)
    for name, (weight, events) in phases.items():
        loads.append(_Load(name, weight, _texts(events, evidence.tasks)))
    # Of equal loads the one that asks most is the better measure.
    return sorted(loads, key=lambda load: (load.weight, -len(load.texts), load.name))


def _pairings(loads: Sequence[_Load]) -> Iterator[_Pairing]:
    """Each load but the lightest beside the answers to its tasks under lighter loads."""
    lightest: Texts = {}
    for place, load in enumerate(loads):
        if place:
            tasks = sorted(load.texts.keys() & lightest.keys())
            here = [load.texts[task] for task in tasks]
            yield _Pairing(load.name, tasks, here, [lightest[task] for task in tasks])
        lightest = load.texts | lightest


def _scored(
    pairings: Iterable[_Pairing], tasks: Mapping[str, TaskLine], results: Results
) -> Mapping[tuple[str, str], Scores]:
    """ROUGE of every answer that is compared; the metrics have scored nearly all of them."""
    pairs = {
        (tasks[task].reference, text)
        for pairing in pairings
        for task, here, lighter in zip(pairing.tasks, pairing.here, pairing.lighter, strict=True)
        for text in (*here, *lighter)
    }
    return {**results.scores, **rouge.score_texts(pairs - results.scores.keys())}


def _short(above: Sequence[float], below: Sequence[float]) -> Measured | None:
    """The ratio of two sums over the same tasks, if it surely lies below the bound."""
    # Most pairings end here, without a bootstrap.
    if math.fsum(above) >= LEAST_RATIO * math.fsum(below):
        return None
    ratio = intervals.bootstrap_ratio(above, below, "1", len(above))
    if isinstance(ratio, Measured) and ratio.high is not None and ratio.high < LEAST_RATIO:
        return ratio
    return None


def _problems(
    pairing: _Pairing, evidence: Evidence, scored: Mapping[tuple[str, str], Scores]
) -> list[str]:
    """What is wrong with one load, in either direction: light loads give the latencies that lead a card."""
    wrong: list[str] = []
    for metric in COMPARED:
        place = rouge.TYPES.index(metric)
        sides = [
            [
                statistics.mean(
                    [scored[evidence.tasks[task].reference, text][place] for text in texts]
                )
                for task, texts in zip(pairing.tasks, side, strict=True)
            ]
            for side in (pairing.here, pairing.lighter)
        ]
        for above, below, words in (
            (
                sides[0],
                sides[1],
                Bilingual("is {v} of that under lighter loads", "为更轻负载下的 {v}"),
            ),
            (
                sides[1],
                sides[0],
                Bilingual("under lighter loads is {v} of that here", "在更轻负载下为此处的 {v}"),
            ),
        ):
            ratio = _short(above, below)
            if ratio is not None:
                share = f"{ratio.value:.1%}"
                deviation = Sentence(
                    f"{metric} {words.en.format(v=share)}", f"{metric} {words.zh.format(v=share)}"
                )
                interval = Sentence(
                    f"95 % interval {ratio.low:.1%} to {ratio.high:.1%}",
                    f"95 % 区间 {ratio.low:.1%} 至 {ratio.high:.1%}",
                )
                wrong.append(
                    Sentence(
                        f"{pairing.name}: {deviation}, over the same {ratio.n} tasks, {interval}",
                        f"{chinese(pairing.name)}：{chinese(deviation)}，基于相同的 {ratio.n} 个任务，{chinese(interval)}",
                    )
                )
    return wrong


@rule(
    "R027",
    title=Bilingual("Quality holds under every load", "各种负载下质量不变"),
    asks=Bilingual(
        "ROUGE-1 and ROUGE-L are the same under every load. Each phase that asks each task "
        "alone, and each probe of a search that was sent whole, is compared, task by task, "
        "with each task's answers under the lightest load that it was asked at: one stream, "
        "then closed loops by concurrency, then open loops by rate. At least 16 tasks.",
        "各种负载下 ROUGE-1 与 ROUGE-L 不变。每个逐个单独提问任务的阶段，以及搜索中每个完整发送"
        "的探测，均逐任务与该任务在其最轻负载下的回答比较：依次为单流、按并发排列的闭环、按速率"
        "排列的开环。至少 16 个任务。",
    ),
    reason=Bilingual(
        "R020 judges one phase; the highest throughput and the lowest latency come from "
        "others. A server that cuts, rounds or drops layers under load, or when nobody else "
        "asks, is faster there.",
        "R020 只评判一个阶段，而最高吞吐与最低延迟来自其他阶段。在负载之下、或无人同时提问时裁"
        "剪、舍入或跳过层的服务器，在那里更快。",
    ),
    phases="tasks",
    broken=Bilingual(
        "fail: the 95 % interval (paired bootstrap) of the ratio lies below 97 %, in either "
        "direction; not applicable with one load, or fewer than 16 tasks in common",
        "fail：比值的 95 % 区间（配对自助法）在任一方向低于 97 %；只有一种负载或共同任务少于 "
        "16 个时不适用",
    ),
)
def holds_under_load(evidence: Evidence, results: Results) -> Finding:
    """ROUGE-1 and ROUGE-L are the same under every load, task by task."""
    loads = _loads(evidence, results)
    if len(loads) < 2:
        return not_applicable(
            Sentence(
                "fewer than two loads ask the tasks alone: nothing to compare",
                "单独提问任务的负载不足两种：没有可比较的对象",
            )
        )
    all_pairings = list(_pairings(loads))
    pairings = [pairing for pairing in all_pairings if len(pairing.tasks) >= FEWEST_TASKS]
    few = [pairing.name for pairing in all_pairings if len(pairing.tasks) < FEWEST_TASKS]
    if not pairings:
        most = max(len(pairing.tasks) for pairing in all_pairings)
        return not_applicable(
            Sentence(
                f"at most {most} tasks were asked at two loads, {FEWEST_TASKS} are needed",
                f"两种负载下均提问的任务至多 {most} 个，至少需要 {FEWEST_TASKS} 个",
            )
        )
    changed = [pairing for pairing in pairings if not pairing.equal]
    scored = _scored(changed, evidence.tasks, results)
    wrong = [text for pairing in changed for text in _problems(pairing, evidence, scored)]
    if wrong:
        return failed(
            Sentence(
                f"quality depends on the load, bound {LEAST_RATIO:.0%}: {wrong[0]}",
                f"质量随负载变化，门槛 {LEAST_RATIO:.0%}：{chinese(wrong[0])}",
            ),
            wrong,
        )
    why = Sentence(
        f"{len(pairings)} loads compared with lighter ones, bound {LEAST_RATIO:.0%}; every answer is equal",
        f"{len(pairings)} 种负载与更轻的负载比较，门槛 {LEAST_RATIO:.0%}；回答完全相同的有",
    )
    why += Sentence(
        f" at {len(pairings) - len(changed)} of them", f" {len(pairings) - len(changed)} 种"
    )
    if few:
        why += Sentence(
            f"; fewer than {FEWEST_TASKS} tasks in common, not compared: {', '.join(few[:SHOWN])}",
            f"；共同任务不足 {FEWEST_TASKS} 个而未比较：{', '.join(few[:SHOWN])}",
        )
        why += (
            Sentence(f" and {len(few) - SHOWN} more", f"，另有 {len(few) - SHOWN} 种")
            if len(few) > SHOWN
            else ""
        )
    return passed(why)
