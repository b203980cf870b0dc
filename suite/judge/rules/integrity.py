"""Rules about the log itself: is it whole, is it what the plan asked for, are its times possible?"""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING

from suite.base import jsonio
from suite.base.bilingual import Bilingual, Sentence, chinese, placed
from suite.declare.tasks.records import record_sha256
from suite.documents.document import given
from suite.judge.log import due
from suite.judge.log.phases import phase_logs
from suite.judge.rules.rule import Finding, failed, not_applicable, passed, place, rule, warned

if TYPE_CHECKING:
    from suite.evidence import Evidence
    from suite.judge.log.phases import PhaseLog
    from suite.judge.metrics.compute import Results

EARLY_NS = 1_000_000
"""How long before its intended start a request may have been sent: timers round."""
MAX_CLOCK_STEP_NS = 5_000_000
"""Largest drift of the wall clock against the monotonic one that a run may see. Kernel receive stamps are
wall-clock times; a slewing NTP moves at most 0.5 ms per second, a step moves more at once."""


@rule(
    "R001",
    title=Bilingual("The run is complete", "运行完整"),
    asks=Bilingual(
        'The log ends with a footer that says "complete" and counts its requests.',
        "日志以页脚结束，页脚注明“complete”并给出请求数。",
    ),
    reason=Bilingual(
        "A run that was stopped, or cut before its slow end, must not look finished; a slow "
        "request deleted from the log is missed by the footer.",
        "被中止的运行，或在缓慢的结尾之前截断的运行，不得看似完成；从日志中删去的慢请求会与页脚"
        "的数目不符。",
    ),
    phases="run",
    broken=Bilingual("fail", "fail"),
)
def complete(evidence: Evidence, _: Results) -> Finding:
    """The log ends with a footer that says complete and counts the requests."""
    footer = evidence.footer
    if footer is None:
        return failed(
            Sentence(
                "events.jsonl has no footer: the run was cut", "events.jsonl 没有页脚：运行被截断"
            ),
            [Sentence("events.jsonl: last line", "events.jsonl：最后一行")],
        )
    if footer.ended != "complete":
        error = footer.error
        detail = Sentence(f": {error.message}", f"：{error.message}") if error else ""
        return failed(
            Sentence(
                f"the run ended as {footer.ended}{detail}",
                f"运行以 {footer.ended} 结束{chinese(detail)}",
            ),
            [Sentence("events.jsonl: footer", "events.jsonl：页脚")],
        )
    if footer.requests != evidence.logged:
        why = Sentence(
            f"the footer counts {footer.requests} requests, the log holds {evidence.logged}",
            f"页脚记录 {footer.requests} 个请求，日志中有 {evidence.logged} 个",
        )
        return failed(why, [Sentence("events.jsonl: footer", "events.jsonl：页脚")])
    return passed(
        Sentence(f"complete, {footer.requests} requests", f"完整，共 {footer.requests} 个请求")
    )


@rule(
    "R002",
    title=Bilingual("Every planned request was sent, once", "每个计划请求均发送且仅一次"),
    asks=Bilingual(
        "Every planned request was sent once, for its planned task, and none besides. Only a "
        "stop rule, a search or a failed turn may leave requests unsent, from the end of what "
        "each client process was dealt; none may be far behind the others, and there are no "
        "more of them than requests in flight, twice the host's processors, or 64.",
        "每个计划请求均发送一次，且对应其计划任务，此外没有其他请求。只有停止规则、搜索或失败的"
        "对话轮次可以留下未发送的请求，且只能位于各客户端进程所分请求的末尾；任何进程不得远远落"
        "后于其他进程，进程数不得超过在途请求数、主机处理器数的两倍或 64。",
    ),
    reason=Bilingual(
        "A short task in place of a long one, a missing request, an extra phase to choose from.",
        "以短任务替换长任务，缺失的请求，多出来供挑选的阶段。",
    ),
    phases="every",
    broken=Bilingual("fail", "fail"),
)
def as_planned(evidence: Evidence, _: Results) -> Finding:
    """Every planned request was sent once, for the planned task, and none besides.

    Where a stop rule, a search or a failed turn leaves requests unsent, those that are due are counted: see
    `suite.judge.log.due`, and rules R040 and R041 for whether the ending was justified.
    """
    ids = list(evidence.tasks)
    logs = phase_logs(evidence)
    processors = _processors(evidence)
    strangers = {(event.phase, event.repeat, event.measured) for event in evidence.requests}
    wrong: list[str] = []
    sent = planned = 0
    for log in logs.values():
        doc, lacking = log.doc, due.missing(log)
        other = sum(
            event.index >= due.most(doc) or event.task != due.planned_task(doc, ids, event.index)
            for event in log.events
        )
        sent += len(log.events)
        planned += due.most(doc)
        if lacking or other:
            wrong.append(
                Sentence(
                    f"{log.name}: {lacking} missing, {other} not as planned",
                    f"{log.name}：缺少 {lacking} 个，{other} 个与计划不符",
                )
            )
        crowd = due.too_many_workers(log, processors)
        if crowd:
            wrong.append(placed(log.name, crowd))
    wrong += [
        Sentence(f"{name}/{repeat}: not in the plan", f"{name}/{repeat}：不在计划中")
        for name, repeat, _ in sorted(strangers - logs.keys())
    ]
    if wrong:
        return failed(
            Sentence(
                f"{len(wrong)} phases differ from the plan: {wrong[0]}",
                f"{len(wrong)} 个阶段与计划不符：{chinese(wrong[0])}",
            ),
            wrong,
        )
    if sent < planned:
        why = Sentence(
            f"{sent} of at most {planned} requests were sent, each once and for its task",
            f"至多 {planned} 个请求中已发送 {sent} 个，每个只发送一次且对应其任务",
        )
        return passed(Sentence(f"{why}; the rest was not due", f"{chinese(why)}；其余无需发送"))
    return passed(
        Sentence(
            f"all {planned} planned requests were sent, each once and for its task",
            f"计划的 {planned} 个请求已全部发送，每个只发送一次且对应其任务",
        )
    )


def _processors(evidence: Evidence) -> int | None:
    """Processors that the client could use, as its environment says; with load clients elsewhere R122 asks for theirs."""
    if evidence.farm is not None:
        return None
    fact = evidence.environment.facts.get("host.cores")
    value = fact.value if fact else None
    return value if type(value) is int and value > 0 else None


@rule(
    "R003",
    title=Bilingual("The tasks are those of the plan", "任务与计划一致"),
    asks=Bilingual(
        "`tasks.jsonl` holds the very tasks of the plan, by both digests and in order.",
        "`tasks.jsonl` 所含正是计划中的任务：两个摘要与顺序均一致。",
    ),
    reason=Bilingual(
        "A changed document or reference, a task left out.",
        "被修改的文档或参考摘要，被略去的任务。",
    ),
    phases="run",
    broken=Bilingual("fail", "fail"),
)
def tasks_listed(evidence: Evidence, _: Results) -> Finding:
    """Tasks.jsonl holds the very task set of the plan: ids, documents' digests and references."""
    tasks = evidence.plan.workload.taskset
    false = [
        f"tasks.jsonl: {line.id}"
        for line in evidence.tasks.values()
        if line.record_sha256 != record_sha256(line.id, line.document_sha256, line.reference)
    ]
    if false:
        return failed(
            Sentence(
                f"{len(false)} references or documents do not belong to their digests",
                f"{len(false)} 个参考摘要或文档与其摘要值不符",
            ),
            false,
        )
    ids = jsonio.sha256_hex("\n".join(evidence.tasks).encode())
    records = jsonio.sha256_hex(
        "\n".join(line.record_sha256 for line in evidence.tasks.values()).encode()
    )
    if ids != tasks.ids_sha256 or len(evidence.tasks) != tasks.size:
        return failed(
            Sentence(
                "the ids in tasks.jsonl are not those of the plan", "tasks.jsonl 中的编号与计划不符"
            ),
            ["tasks.jsonl"],
        )
    if records != tasks.records_sha256:
        return failed(
            Sentence(
                "the records in tasks.jsonl are not those of the plan",
                "tasks.jsonl 中的记录与计划不符",
            ),
            ["tasks.jsonl"],
        )
    return passed(
        Sentence(
            f"{tasks.size} tasks, ids and records as in the plan",
            f"{tasks.size} 个任务，编号与记录均与计划一致",
        )
    )


@rule(
    "R004",
    title=Bilingual("The times are possible", "时间顺序合理"),
    asks=Bilingual(
        "Times are possible: sent, first chunk, last chunk, end, in this order and inside the "
        "phase; nothing is sent before its intended start (1 ms of rounding), and a phase begins when the one before it "
        "has ended.",
        "时间合理：发送、首个数据块、末个数据块、结束依次发生，且位于阶段之内；不早于计划开始时刻发送（允许 1 ms 舍入），且前一阶段结束后才开始下一阶段。",
    ),
    reason=Bilingual("Edited or invented times.", "被修改或捏造的时间。"),
    phases="every",
    broken=Bilingual("fail", "fail"),
)
def possible_times(evidence: Evidence, _: Results) -> Finding:
    """No effect before its cause: sent, first chunk, end in this order, inside the phase's marks."""
    bounds: dict[tuple[str, int, bool], list[int]] = collections.defaultdict(list)
    for mark in evidence.marks:
        if mark.name in ("phase.start", "phase.end"):
            key = given(mark.phase, ""), given(mark.repeat, 0), given(mark.measured, True)
            bounds[key].append(mark.t)
    wrong = []
    for request in evidence.requests:
        span = bounds.get((request.phase, request.repeat, request.measured), [])
        first = request.chunk_t0
        # Kernel stamps come from the wall clock: allow the mapping's own error.
        order = [request.t_send]
        if first is not None:
            order += [first, first + sum(request.chunk_dt)]
        order.append(request.t_end)
        inside = len(span) == 2 and span[0] <= request.t_send and request.t_end <= span[1]
        early = request.t_send < request.t_sched - EARLY_NS
        if order != sorted(order) or not inside or early:
            wrong.append(place(request))
    if overlapping := _overlapping(evidence):
        return failed(overlapping, wrong)
    if wrong:
        return failed(
            Sentence(
                f"{len(wrong)} requests have impossible times",
                f"{len(wrong)} 个请求的时间不可能成立",
            ),
            wrong,
        )
    return passed(
        Sentence(
            f"the times of all {len(evidence.requests)} requests are in causal order",
            f"全部 {len(evidence.requests)} 个请求的时间均符合因果次序",
        )
    )


def _overlapping(evidence: Evidence) -> str:
    """Which phase began before the one before it, in the plan's order, had ended; "" where none did."""
    before: PhaseLog | None = None
    for log in phase_logs(evidence).values():
        if log.start is None:
            continue
        if before is not None and before.end is not None and log.start < before.end:
            early = (before.end - log.start) / 1e9
            return Sentence(
                f"{log.name} began {early:.3f} s before {before.name} ended",
                f"{log.name} 在 {before.name} 结束之前 {early:.3f} s 即已开始",
            )
        before = log
    return ""


@rule(
    "R005",
    title=Bilingual("The clock was steady", "时钟稳定"),
    asks=Bilingual(
        "The wall clock was not set during the run (at most 5 ms against the monotonic clock), "
        "nor during a measured phase or probe, by its own watch.",
        "运行期间墙上时钟未被调整（相对单调时钟至多 5 ms），各测量阶段与探测期间亦然，以其自身"
        "的监视为准。",
    ),
    reason=Bilingual(
        "Arrivals are stamped by the kernel in wall-clock time; a step moves them.",
        "到达时刻由内核以墙上时钟打戳，时钟跳变会移动它们。",
    ),
    phases="run",
    broken=Bilingual(
        "fail; warn where the kernel gave no stamps and the client stamped on reading",
        "fail；内核未打戳而由客户端读取时打戳者为 warn",
    ),
)
def steady_clock(evidence: Evidence, _: Results) -> Finding:
    """The wall clock, in which the kernel stamps arrivals, was not stepped during the run or a phase."""
    footer = evidence.footer
    if footer is None:
        return not_applicable(Sentence("no footer, see R001", "没有页脚，见 R001"))
    stepped, own = _phase_clocks(evidence)
    if stepped:
        return failed(
            Sentence(
                f"the wall clock was set during {stepped[0]}",
                f"墙上时钟在 {chinese(stepped[0])} 期间被调整",
            ),
            stepped,
        )
    if evidence.header.receive_stamps == "user":
        return warned(
            Sentence(
                "arrivals were stamped by the client on reading, not by the kernel",
                "到达时刻由客户端在读取时打戳，而非由内核打戳",
            )
        )
    step = footer.clock_steps_ns
    if abs(step) > MAX_CLOCK_STEP_NS:
        return failed(
            Sentence(
                f"the wall clock moved by {step / 1e6:.1f} ms against the monotonic clock",
                f"墙上时钟相对单调时钟变动了 {step / 1e6:.1f} ms",
            )
        )
    if own:
        why = Sentence(
            f"the kernel did not stamp every arrival of {own[0]}: the client did, on reading",
            f"{chinese(own[0])} 的到达时刻并非全由内核打戳：由客户端在读取时打戳",
        )
        return warned(why, own)
    return passed(
        Sentence(
            f"kernel stamps; the clocks drifted by {step / 1e6:.3f} ms",
            f"内核时间戳；两个时钟的偏移为 {step / 1e6:.3f} ms",
        )
    )


def _phase_clocks(evidence: Evidence) -> tuple[list[str], list[str]]:
    """Measured phases and probes whose clock was set, and those whose arrivals the client stamped itself."""
    stepped, own = [], []
    for log in phase_logs(evidence).values():
        if not log.doc.measured:
            continue
        noted = {log.name: log.noted}
        noted |= {
            Sentence(
                f"{log.name} probe {probe.number}", f"{log.name} 探测 {probe.number}"
            ): probe.closed
            for probe in log.probes
        }
        for name, note in noted.items():
            clock = note.detail.get("clock")
            if not isinstance(clock, dict):
                continue
            if clock.get("clock_step_ns", 0) != 0:
                stepped.append(name)
            if clock.get("receive_stamps") == "user":
                own.append(name)
    return stepped, own


@rule(
    "R006",
    title=Bilingual("The evidence is listed by digest", "证据文件均有摘要"),
    asks=Bilingual(
        "A manifest lists the digest of every evidence file.",
        "清单列出每个证据文件的摘要。",
    ),
    reason=Bilingual(
        "Without it nothing binds the signature to the files.",
        "没有清单，签名便与文件无关。",
    ),
    phases="run",
    broken=Bilingual("fail", "fail"),
)
def manifest(evidence: Evidence, _: Results) -> Finding:
    """A manifest lists the digests of all evidence files."""
    if evidence.manifest_sha256 is None:
        return failed(
            Sentence("there is no manifest.json", "没有 manifest.json"), ["manifest.json"]
        )
    return passed(
        Sentence(
            "manifest.json is there; verify re-hashes what it lists",
            "存在 manifest.json；verify 会重新计算其中各文件的摘要",
        )
    )
