"""Rules about the requests as sent: did they fail, come late, overlap more than allowed, or were they cut?"""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING

from suite.base.bilingual import Bilingual, Sentence, chinese
from suite.declare.profiles.arrivals import probe_schedule
from suite.declare.scenarios.phase import is_conversation, is_search, search_of
from suite.documents.event import has_failed
from suite.judge.log.phases import phase_logs, rate_of
from suite.judge.metrics import in_flight
from suite.judge.rules.rule import (
    Finding,
    by_phase,
    failed,
    measured,
    not_applicable,
    passed,
    place,
    rule,
    warned,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from suite.documents.event import Request
    from suite.evidence import Evidence
    from suite.judge.log.phases import PhaseLog
    from suite.judge.metrics.compute import Results

MOST_MERGED = 0.05
"""Share of a phase's chunks that may share the receive stamp of the chunk before."""
SCHEDULE_SLACK_NS = 1_000_000
"""How far an intended start may lie from the plan's arrival, once for the whole phase's origin."""


@rule(
    "R010",
    title=Bilingual("Few requests failed", "失败请求在限度内"),
    asks=Bilingual(
        "In no measured phase do more requests fail than its bound allows (the shipped "
        "profiles: 1 %); an answer whose finish reason is neither stop nor length has failed. "
        "In a search a failure is a miss of the objectives (R041).",
        "任何测量阶段中，失败的请求均不超过其限度（随附配置：1 %）；结束原因既非 stop 亦非 length "
        "的回答即为失败。在搜索中，失败即未达到目标（R041）。",
    ),
    reason=Bilingual(
        "Failed requests enter no latency: an engine that drops what is slow would look fast.",
        "失败的请求不计入任何延迟：丢弃慢请求的引擎会显得很快。",
    ),
    phases="measured",
    broken=Bilingual(
        "fail, also when no measured phase left a request",
        "fail；没有任何测量阶段留下请求时亦然",
    ),
)
def few_failures(evidence: Evidence, _: Results) -> Finding:
    """In no measured phase does the share of failed requests exceed the phase's bound.

    A search is held to its bound probe by probe: failures are misses of the objectives (R041).
    """
    groups = by_phase(evidence)
    wrong, total = [], 0
    for phase in evidence.plan.workload.phases:
        requests = groups.get((phase.name, phase.repeat), [])
        if not phase.measured or not requests or is_search(phase):
            continue
        bad = [request for request in requests if has_failed(request)]
        total += len(bad)
        if len(bad) > phase.failure_bound * len(requests):
            kinds = collections.Counter(_fault(request) for request in bad)
            named = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
            wrong.append(
                Sentence(
                    f"{phase.name}/{phase.repeat}: {len(bad)} of {len(requests)} ({named})",
                    f"{phase.name}/{phase.repeat}：{len(requests)} 个中有 {len(bad)} 个（{named}）",
                )
            )
    if wrong:
        return failed(
            Sentence(
                f"too many requests failed in {wrong[0]}", f"失败的请求过多：{chinese(wrong[0])}"
            ),
            wrong,
        )
    if not groups:
        return failed(
            Sentence("no request of a measured phase is in the log", "日志中没有任何测量阶段的请求")
        )
    return passed(
        Sentence(
            f"{total} failed requests in {len(groups)} measured phases, within the bounds",
            f"{len(groups)} 个测量阶段中共有 {total} 个失败请求，在限度之内",
        )
    )


def _fault(request: Request) -> str:
    return "aborted" if request.outcome == "ok" else request.outcome


@rule(
    "R011",
    title=Bilingual("Requests were sent on time", "请求按时发出"),
    asks=Bilingual(
        "Open-loop requests were sent on time: the 99th percentile of lateness is within the "
        "phase's bound (20 ms).",
        "开环请求按时发出：滞后的第 99 百分位在阶段限度（20 ms）之内。",
    ),
    reason=Bilingual(
        "A late client makes the load lighter and hides queueing.",
        "迟到的客户端会减轻负载并掩盖排队。",
    ),
    phases="open-loop",
    broken=Bilingual("fail", "fail"),
)
def punctual(evidence: Evidence, _: Results) -> Finding:
    """In open-loop phases the client sent on time (99th percentile of lateness within the bound)."""
    groups = by_phase(evidence)
    wrong, judged = [], 0
    for phase in evidence.plan.workload.phases:
        bound = phase.lateness_bound_ms
        requests = groups.get((phase.name, phase.repeat), [])
        if not phase.measured or bound is None or not requests:
            continue
        judged += 1
        late = sorted(request.t_send - request.t_sched for request in requests)
        worst = late[min(len(late) - 1, int(0.99 * len(late)))] / 1e6
        if worst > bound:
            name = f"{phase.name}/{phase.repeat}"
            wrong.append(
                Sentence(
                    f"{name}: {worst:.2f} ms late, bound {bound:g} ms",
                    f"{name}：滞后 {worst:.2f} ms，限度 {bound:g} ms",
                )
            )
    if wrong:
        return failed(
            Sentence(f"the client sent late in {wrong[0]}", f"客户端发送滞后：{chinese(wrong[0])}"),
            wrong,
        )
    if not judged:
        return not_applicable(Sentence("no open-loop phase", "没有开环阶段"))
    return passed(
        Sentence(f"{judged} open-loop phases were sent on time", f"{judged} 个开环阶段均按时发送")
    )


@rule(
    "R012",
    title=Bilingual("Arrivals follow the plan", "到达时间符合计划"),
    asks=Bilingual(
        "The intended starts in the log are the plan's arrival times, to 1 ms; those of a "
        "search's probe follow from its seed and its rate.",
        "日志中的计划开始时刻即计划的到达时刻，误差至多 1 ms；搜索各探测的到达时刻由其种子与速"
        "率得出。",
    ),
    reason=Bilingual(
        "Starts that were moved apart make the load lighter.",
        "被拉开的开始时刻会减轻负载。",
    ),
    phases="open-loop",
    broken=Bilingual("fail", "fail"),
)
def on_schedule(evidence: Evidence, _: Results) -> Finding:
    """The intended starts in the log are the plan's arrival times."""
    wrong: list[str] = []
    judged = 0
    for log in phase_logs(evidence).values():
        arrivals = log.doc.arrivals_ns
        if not log.doc.measured or not log.events:
            continue
        if is_search(log.doc):
            judged += 1
            wrong += _probes_off_schedule(log)
        elif arrivals is not None:
            judged += 1
            if not _on_time(log.events, arrivals, 0):
                wrong.append(
                    Sentence(
                        f"{log.name}: intended starts differ from the plan's",
                        f"{log.name}：计划开始时刻与计划不符",
                    )
                )
    if wrong:
        return failed(wrong[0], wrong)
    if not judged:
        return not_applicable(Sentence("no open-loop phase", "没有开环阶段"))
    return passed(
        Sentence(
            f"the intended starts of {judged} phases are the plan's",
            f"{judged} 个阶段的计划开始时刻与计划一致",
        )
    )


def _on_time(events: Sequence[Request], arrivals: Sequence[int], first: int) -> bool:
    """Whether all intended starts lie the same time after the planned ones."""
    origins = [
        event.t_sched - arrivals[event.index - first]
        for event in events
        if 0 <= event.index - first < len(arrivals)
    ]
    return bool(origins) and max(origins) - min(origins) <= SCHEDULE_SLACK_NS


def _probes_off_schedule(log: PhaseLog) -> Iterator[str]:
    """Probes whose intended starts are not drawn from the search's seed at the probe's rate."""
    search = search_of(log.doc)
    for probe in log.probes:
        rate = rate_of(log, probe)
        if not probe.events:
            continue
        if rate is None:
            yield Sentence(
                f"{log.name}: probe {probe.number} was not sent at a rate of the search",
                f"{log.name}：探测 {probe.number} 的发送速率不属于该搜索",
            )
            continue
        arrivals = probe_schedule(search, probe.number, rate)
        if not _on_time(probe.events, arrivals, probe.number * search.requests):
            yield Sentence(
                f"{log.name}: intended starts of probe {probe.number} differ from its schedule",
                f"{log.name}：探测 {probe.number} 的计划开始时刻与其时间表不符",
            )


@rule(
    "R013",
    title=Bilingual("Concurrency stayed within the plan", "并发未超计划"),
    asks=Bilingual(
        "No closed-loop phase has more requests in flight than planned.",
        "闭环阶段的在途请求数从不超过计划。",
    ),
    reason=Bilingual(
        "More concurrency than declared buys throughput.",
        "超过声明的并发可换取吞吐。",
    ),
    phases="closed-loop",
    broken=Bilingual("fail", "fail"),
)
def concurrency_held(evidence: Evidence, _: Results) -> Finding:
    """Closed-loop phases never have more requests in flight than planned."""
    groups = by_phase(evidence)
    wrong = []
    for phase in evidence.plan.workload.phases:
        limit = phase.concurrency
        requests = groups.get((phase.name, phase.repeat), [])
        if not phase.measured or limit is None or not requests:
            continue
        peak = in_flight.peak(requests)
        if peak > limit:
            wrong.append(
                Sentence(
                    f"{phase.name}/{phase.repeat}: {peak} in flight, planned {limit}",
                    f"{phase.name}/{phase.repeat}：在途 {peak} 个，计划 {limit} 个",
                )
            )
    if wrong:
        return failed(
            Sentence(
                f"more requests in flight than planned in {wrong[0]}",
                f"在途请求数超过计划：{chinese(wrong[0])}",
            ),
            wrong,
        )
    return passed(
        Sentence(
            "no phase had more requests in flight than planned", "没有阶段的在途请求数超过计划"
        )
    )


@rule(
    "R017",
    title=Bilingual("Documents were sent whole", "文档未被截断"),
    asks=Bilingual(
        "Documents were sent whole, and conversations with all of their history.",
        "文档完整发送，对话携带全部历史。",
    ),
    reason=Bilingual(
        "What does not fit the model's context is cut, by the suite, and that must be said.",
        "超出模型上下文的部分会被本套件截断，这必须说明。",
    ),
    phases="measured",
    broken=Bilingual("warn", "warn"),
)
def truncation(evidence: Evidence, _: Results) -> Finding:
    """Documents were sent whole."""
    talks = {doc.name for doc in evidence.plan.workload.phases if is_conversation(doc)}
    shortened = [request for request in measured(evidence) if request.truncated]
    cut = [place(request) for request in shortened if request.phase not in talks]
    turns = [place(request) for request in shortened if request.phase in talks]
    if turns and not cut:
        return warned(
            Sentence(
                f"{len(turns)} turns were sent without their oldest history",
                f"{len(turns)} 轮对话在发送时略去了最早的历史",
            ),
            turns,
        )
    if cut:
        return warned(
            Sentence(
                f"{len(cut)} requests carry a document cut to fit the model's context",
                f"{len(cut)} 个请求的文档为适应模型上下文而被截断",
            ),
            cut,
        )
    return passed(Sentence("every document was sent whole", "每篇文档均完整发送"))


@rule(
    "R018",
    title=Bilingual("Chunks could be told apart", "数据块到达时间可区分"),
    asks=Bilingual(
        "Chunks could be told apart: at most 5 % of a phase's chunks share the arrival of the "
        "one before.",
        "数据块可以区分：一个阶段中与前一数据块同时到达的数据块至多占 5 %。",
    ),
    reason=Bilingual(
        "A client too busy to read, or an engine that sends bursts: TTFT is then an upper bound.",
        "客户端过忙而来不及读取，或引擎成批发送：此时 TTFT 只是上限。",
    ),
    phases="measured",
    broken=Bilingual("warn", "warn"),
)
def told_apart(evidence: Evidence, _: Results) -> Finding:
    """The chunks' arrivals could be told apart; several in one read share one stamp."""
    most, where = 0.0, ""
    for (name, repeat), requests in by_phase(evidence).items():
        chunks = sum(1 + len(r.chunk_dt) for r in requests if r.chunk_t0 is not None)
        merged = sum(r.merged_reads for r in requests)
        if chunks and merged / chunks > most:
            most, where = (
                merged / chunks,
                Sentence(
                    f"{name}/{repeat}: {merged} of {chunks} chunks",
                    f"{name}/{repeat}：{chunks} 个数据块中的 {merged} 个",
                ),
            )
    if most > MOST_MERGED:
        why = Sentence(
            f"{most:.0%} of the chunks came together with the one before: {where}",
            f"{most:.0%} 的数据块与前一数据块同时到达：{chinese(where)}",
        )
        return warned(
            Sentence(f"{why}; TTFT is then an upper bound", f"{chinese(why)}；此时 TTFT 只是上限"),
            [where],
        )
    return passed(
        Sentence(
            f"at most {most:.1%} of a phase's chunks shared a stamp",
            f"任一阶段至多 {most:.1%} 的数据块共用同一时间戳",
        )
    )
