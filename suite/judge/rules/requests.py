"""Rules about the load: did the requests fail, come late, overlap more than allowed, or count wrongly?"""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.declare.profiles.arrivals import probe_schedule
from suite.declare.scenarios.phase import has_exact_lengths, is_conversation, is_search
from suite.documents.document import given
from suite.judge.bilingual import Bilingual
from suite.judge.log.lengths import asked
from suite.judge.log.phases import phase_logs, rate_of
from suite.judge.metrics import in_flight
from suite.judge.rules.rule import (
    Finding,
    answered,
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
    from suite.documents.phase import Phase
    from suite.evidence import Evidence
    from suite.judge.log.phases import PhaseLog
    from suite.judge.metrics.compute import Results

COUNT_TOLERANCE = 0.01
"""Share of answers whose token counts may disagree by more than `COUNT_SLACK`."""
COUNT_BIAS = 0.02
"""By how much the engine's counts may exceed the suite's own over all answers, end tokens left out."""
COUNT_SLACK = 2
"""Tokens by which two counts of one text may differ: end-of-text and a special token."""
PROMPT_TOLERANCE = 2
"""Tokens by which the engine's count of a prompt may differ from the suite's."""
MOST_MERGED = 0.05
"""Share of a phase's chunks that may share the receive stamp of the chunk before."""
SCHEDULE_SLACK_NS = 1_000_000
"""How far an intended start may lie from the plan's arrival, once for the whole phase's origin."""

_Group = dict[tuple[str, int], "list[RequestEvent]"]


def _by_phase(evidence: Evidence) -> _Group:
    groups: _Group = collections.defaultdict(list)
    for request in measured(evidence):
        groups[request.phase, request.repeat].append(request)
    return groups


@rule(
    "R010",
    title=Bilingual("Few requests failed", "失败请求在限度内"),
    asks=Bilingual(
        "In no measured phase do more requests fail than its bound allows (the shipped "
        "profiles: 1 %). In a search a failure is a miss of the objectives (R041).",
        "任何测量阶段中，失败的请求均不超过其限度（随附配置：1 %）。在搜索中，失败即未达到目标"
        "（R041）。",
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
    groups = _by_phase(evidence)
    wrong, total = [], 0
    for phase in evidence.plan.workload.phases:
        requests = groups.get((phase.name, phase.repeat), [])
        if not phase.measured or not requests or is_search(phase):
            continue
        bad = [request for request in requests if request.outcome != "ok"]
        total += len(bad)
        if len(bad) > phase.failure_bound * len(requests):
            kinds = collections.Counter(request.outcome for request in bad)
            named = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
            wrong.append(f"{phase.name}/{phase.repeat}: {len(bad)} of {len(requests)} ({named})")
    if wrong:
        return failed(f"too many requests failed in {wrong[0]}", wrong)
    if not groups:
        return failed("no request of a measured phase is in the log")
    return passed(f"{total} failed requests in {len(groups)} measured phases, within the bounds")


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
    groups = _by_phase(evidence)
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
            wrong.append(f"{name}: {worst:.2f} ms late, bound {bound:g} ms")
    if wrong:
        return failed(f"the client sent late in {wrong[0]}", wrong)
    if not judged:
        return not_applicable("no open-loop phase")
    return passed(f"{judged} open-loop phases were sent on time")


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
                wrong.append(f"{log.name}: intended starts differ from the plan's")
    if wrong:
        return failed(wrong[0], wrong)
    if not judged:
        return not_applicable("no open-loop phase")
    return passed(f"the intended starts of {judged} phases are the plan's")


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
    search = log.doc.search
    for probe in log.probes:
        rate = rate_of(log, probe)
        if not probe.events:
            continue
        if rate is None:
            yield f"{log.name}: probe {probe.number} was not sent at a rate of the search"
            continue
        arrivals = probe_schedule(search, probe.number, rate)
        if not _on_time(probe.events, arrivals, probe.number * search.requests):
            yield f"{log.name}: intended starts of probe {probe.number} differ from its schedule"


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
    groups = _by_phase(evidence)
    wrong = []
    for phase in evidence.plan.workload.phases:
        limit = phase.concurrency
        requests = groups.get((phase.name, phase.repeat), [])
        if not phase.measured or limit is None or not requests:
            continue
        peak = in_flight.peak(requests)
        if peak > limit:
            wrong.append(f"{phase.name}/{phase.repeat}: {peak} in flight, planned {limit}")
    if wrong:
        return failed(f"more requests in flight than planned in {wrong[0]}", wrong)
    return passed("no phase had more requests in flight than planned")


def _with_lengths(evidence: Evidence) -> list[Phase]:
    """Measured phases that ask for exact lengths."""
    phases = evidence.plan.workload.phases
    return [doc for doc in phases if doc.measured and has_exact_lengths(doc)]


def _counts(request: Request) -> list[int]:
    """What the engine says that it generated, by usage and by ids."""
    usage = request.usage
    counts = [usage[key] for key in ("engine_completion", "ids_completion") if key in usage]
    if request.token_ids is not None:
        counts.append(len(request.token_ids))
    return counts


@rule(
    "R014",
    title=Bilingual("Token counts agree between sources", "各来源词元计数一致"),
    asks=Bilingual(
        "The engine's usage, its token ids and the suite's tokenizer count alike: to 2 tokens, "
        "in 99 % of the answers, and to 2 % over all of them. Not asked where exact lengths "
        "ignore the end token, which text does not show.",
        "引擎的用量、其 token 编号与本套件分词器的计数一致：99 % 的回答相差至多 2 个 token，全"
        "部回答合计相差至多 2 %。要求精确长度而忽略结束符的阶段不作此要求，因为文本不显示结束符"
        "。",
    ),
    reason=Bilingual(
        "A usage that claims more tokens than were generated inflates every throughput.",
        "虚报生成的 token 数会抬高所有吞吐。",
    ),
    phases="measured",
    broken=Bilingual("fail; warn where only one source counts", "fail；仅有一个来源计数时为 warn"),
)
def counts_agree(evidence: Evidence, _: Results) -> Finding:
    """The engine's usage, its token ids and the suite's own tokenizer count alike.

    Where end tokens are ignored to reach an exact length, text shows less than was generated: R042 counts there.
    """
    wrong, judged, claimed, own = [], 0, 0, 0
    exact = {(doc.name, doc.repeat) for doc in _with_lengths(evidence)}
    for request in answered(evidence):
        if (request.phase, request.repeat) in exact:
            continue
        usage = request.usage
        counts = _counts(request)
        if counts and given(usage.own_completion, 0) > 0:
            claimed += max(counts) - 1  # the end token, which text does not show
            own += usage.own_completion
            counts.append(usage.own_completion)
        if len(counts) < 2:
            continue
        judged += 1
        noted = given(usage.ids_completion)
        false = noted is not None and noted != len(request.token_ids or ())
        if max(counts) - min(counts) > COUNT_SLACK or false:
            wrong.append(f"{place(request)}: counts {counts}")
    if exact and exact == _by_phase(evidence).keys():
        return not_applicable("every phase asks for exact lengths, see R042")
    if own and claimed > own * (1 + COUNT_BIAS):
        why = f"the engine counts {claimed / own - 1:.1%} more tokens than its texts have"
        return failed(f"{why}, bound {COUNT_BIAS:.0%}", wrong)
    if not judged:
        return warned("only one source counts tokens: nothing to hold it against")
    if len(wrong) > COUNT_TOLERANCE * judged:
        return failed(
            f"{len(wrong)} of {judged} answers are counted differently by two sources", wrong
        )
    return passed(f"{judged} answers counted by at least two sources, {len(wrong)} differ")


@rule(
    "R015",
    title=Bilingual("Prompts were read whole", "提示词被完整读取"),
    asks=Bilingual(
        "The engine read the whole prompt: its count is the suite's, to 2 tokens.",
        "引擎读取了完整的提示词：其计数与本套件的计数相差至多 2 个 token。",
    ),
    reason=Bilingual(
        "A server that cuts long prompts answers faster and has read less.",
        "截断长提示词的服务器应答更快，却读得更少。",
    ),
    phases="measured",
    broken=Bilingual("fail; warn where nothing can be compared", "fail；无从比较时为 warn"),
)
def prompts_whole(evidence: Evidence, _: Results) -> Finding:
    """The engine read the whole prompt: its count is the suite's own."""
    wrong, judged = [], 0
    for request in answered(evidence):
        usage = request.usage
        if usage.engine_prompt is UNSET or usage.own_prompt is UNSET:
            continue
        judged += 1
        if abs(usage.engine_prompt - usage.own_prompt) > PROMPT_TOLERANCE:
            counts = f"engine {usage.engine_prompt}, suite {usage.own_prompt}"
            wrong.append(f"{place(request)}: {counts}")
    if not judged:
        return warned("the engine or the tokenizer does not count prompts: nothing to compare")
    if wrong:
        return failed(
            f"{len(wrong)} of {judged} prompts are counted differently by the engine", wrong
        )
    return passed(f"{judged} prompts, the engine and the suite count alike")


@rule(
    "R016",
    title=Bilingual("Answers keep the length limit", "回答遵守长度限制"),
    asks=Bilingual(
        "No answer is longer than asked, by the plan or by its phase's own lengths, and one "
        "that stops by length has that length, to one token.",
        "没有回答超过计划或其阶段所要求的长度；因长度而停止的回答恰为该长度，误差至多一个 token。",
    ),
    reason=Bilingual(
        "Answers that claim to have stopped by length and are short; more tokens than asked.",
        "声称因长度而停止却偏短的回答；超过要求的 token。",
    ),
    phases="measured",
    broken=Bilingual("fail", "fail"),
)
def length_kept(evidence: Evidence, _: Results) -> Finding:
    """No answer is longer than asked, and one that stops by length has exactly that length."""
    most = evidence.plan.workload.decoding.max_new_tokens
    exact = {(doc.name, doc.repeat): doc.lengths for doc in _with_lengths(evidence)}
    wrong = []
    for request in answered(evidence):
        lengths = exact.get((request.phase, request.repeat))
        limit = most if lengths is None else asked(lengths, request.index)[1]
        usage = request.usage
        count = given(usage.ids_completion, given(usage.engine_completion))
        if count is None:
            continue
        short = request.finish_reason == "length" and count < limit - 1
        if count > limit or short:
            reason = request.finish_reason
            wrong.append(f"{place(request)}: {count} tokens, limit {limit}, finish reason {reason}")
    if wrong:
        of = "the length limit of their phase" if exact else f"the length limit of {most} tokens"
        return failed(f"{len(wrong)} answers break {of}", wrong)
    if exact:
        return passed(f"no answer breaks its limit ({most} new tokens where no length is asked)")
    return passed(f"no answer breaks the limit of {most} new tokens")


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
        return warned(f"{len(turns)} turns were sent without their oldest history", turns)
    if cut:
        return warned(f"{len(cut)} requests carry a document cut to fit the model's context", cut)
    return passed("every document was sent whole")


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
    for (name, repeat), requests in _by_phase(evidence).items():
        chunks = sum(1 + len(r.chunk_dt) for r in requests if r.chunk_t0 is not None)
        merged = sum(r.merged_reads for r in requests)
        if chunks and merged / chunks > most:
            most, where = merged / chunks, f"{name}/{repeat}: {merged} of {chunks} chunks"
    if most > MOST_MERGED:
        why = f"{most:.0%} of the chunks came together with the one before: {where}"
        return warned(f"{why}; TTFT is then an upper bound", [where])
    return passed(f"at most {most:.1%} of a phase's chunks shared a stamp")
