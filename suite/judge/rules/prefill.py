"""Rules about what prompts and load cost, and what is left of a phase beside them. Tripwires for times that nobody measured."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from suite.base.bilingual import Bilingual, Sentence
from suite.base.quantities import significant
from suite.declare.scenarios.phase import is_conversation, is_search, kind
from suite.documents.document import given
from suite.documents.value import Measured
from suite.judge.log.due import is_answer
from suite.judge.log.fresh import asks_apart
from suite.judge.log.phases import phase_logs
from suite.judge.log.prefill import growths, loads
from suite.judge.rules.clientload import small_ms
from suite.judge.rules.host import MOST_CLOSED, SHARE
from suite.judge.rules.rule import Finding, not_applicable, passed, rule, warned

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from suite.documents.event import Request
    from suite.documents.plan import Plan
    from suite.documents.value import Value
    from suite.evidence import Evidence
    from suite.judge.log.phases import PhaseLog
    from suite.judge.log.prefill import Growth
    from suite.judge.metrics.compute import Results

FLAT = 0.25
"""Power of the prompt's length by which TTFT must grow, where reading the prompt is what takes the time: engines show 0.6 to 1.1."""
LEAST_USED = 0.3
"""Share of the peak that reading prompts must use for it to be what takes the time: beyond it no start of kernels hides it."""
LEAST_STEPS = 8
"""The same where no peak is known: steps of decoding that TTFT must last."""
MOST_TOGETHER = 3
"""How many times faster prompts may be read together than alone; by this count engines show up to 1.0."""
MOST_FASTER = 2
"""How many times faster tokens may come under load than alone: engines on quiet hosts show up to 1.14."""
LONGEST_ENDING = 3
"""Mean gaps (or milliseconds, where those are shorter) that a stream may last beyond its last chunk: engines show up to 1.9."""
LEAST_GAPS = 4
"""Gaps of an answer whose ending is looked at."""
LEAST_ENDINGS = 8
"""Such answers of a phase, of which half must end so late."""
BEFORE_S = 5.0
"""How long a closed loop may take to send its first request: up to 3.5 s on hosts with much else to do."""
BEHIND_S = 2.0
"""How long a phase may last beyond its last answer: up to 1.1 s, as long as time stamps allow (R104)."""
GUESSED = Sentence(
    "speculation is declared: how much is guessed right differs by load",
    "已声明推测解码：猜中的比例随负载而异",
)
ALONE = Sentence(
    "no phase of one request at a time on a quiet host to hold a load against",
    "没有可供对照的安静主机上的单请求阶段，或没有负载阶段",
)
NO_HARDWARE = Sentence(
    "the times are those of a simulated or emulated engine, or of a server that somebody else runs",
    "时间来自模拟引擎、模拟厂商或他人运行的服务器",
)
REUSED = Sentence("a prefix cache is declared", "已声明前缀缓存")
UNTOLD = Sentence(
    "no phase of one request at a time tells: too few answers, too much alike in length, times too uneven, or too short beside "
    "the steps of decoding",
    "没有单请求阶段可供判断：回答过少、长度过于接近、时间过于参差，或与解码步相比过短",
)


def _unreal(plan: Plan) -> bool:
    """Whether the times are nobody's hardware's, or not of an engine that was started here."""
    return plan.runtime in ("sim", "endpoint") or plan.vendor.emulated


def _telling(evidence: Evidence, results: Results) -> dict[str, Growth] | Finding:
    """The phases of one request at a time in which reading the prompt is what takes the time to the first token."""
    if _unreal(evidence.plan):
        return not_applicable(NO_HARDWARE)
    if evidence.plan.engine.prefix_caching:
        return not_applicable(REUSED)
    return {
        name: growth
        for name, growth in growths(evidence).items()
        if _reads(growth, results.phases[name].metrics.get("mfu_prefill"))
    }


def _reads(growth: Growth, used: Value | None) -> bool:
    """Whether it is the prompt that takes the time, by the share of the peak that reading it uses."""
    if isinstance(used, Measured):
        return used.value >= LEAST_USED
    return growth.steps >= LEAST_STEPS


@rule(
    "R086",
    title=Bilingual("Longer prompts take longer", "提示词越长耗时越长"),
    asks=Bilingual(
        "Where one request runs at a time and reading the prompt is what takes the time (30 % of the peak or more; where no "
        "peak is known, 8 steps of decoding), TTFT grows at least as the fourth root of the prompt's length, by the upper "
        "end of the interval (one run in a thousand). At least 32 answers, the longer half of the prompts 1.3 times the other.",
        "在单请求阶段，若耗时主要在于读取提示词（达峰值的 30 %；峰值未知时为 8 个解码步），则按区间上端（千分之一）TTFT 至少随提示词长度的四次方根增长。"
        "至少 32 个回答，较长一半提示词为另一半的 1.3 倍。",
    ),
    reason=Bilingual(
        "Times that were drawn or copied, and prompts that were cut before they were read, know nothing of the length. A tripwire: "
        "who draws times by the length passes, and an engine that pads prompts to one length does not.",
        "随意抽取或复制的时间，以及读取前被截断的提示词，与长度无关。仅为绊线：按长度抽取时间者可以通过，而把提示词填充到同一长度的引擎不能。",
    ),
    phases="measured",
    limits="open",
)
def grows_with_prompt(evidence: Evidence, results: Results) -> Finding:
    """TTFT grows with the prompt where reading it is what takes the time."""
    held = _telling(evidence, results)
    if isinstance(held, Finding):
        return held
    lines = {
        name: Sentence(
            f"{name}: TTFT grows as the power {known.value:.2f} of the prompt's length, at most {known.high:.2f}, over "
            f"{known.answers} answers whose longer half is {known.spread:.1f} times the other",
            f"{name}：TTFT 随提示词长度的 {known.value:.2f} 次方增长，至多 {known.high:.2f}；共 {known.answers} 个回答，"
            f"较长一半为另一半的 {known.spread:.1f} 倍",
        )
        for name, known in held.items()
    }
    flat = [lines[name] for name, known in held.items() if known.high < FLAT]
    if flat:
        return warned(flat[0], flat)
    proven = [lines[name] for name, known in held.items() if known.low > 0]
    return passed(proven[0]) if proven else not_applicable(UNTOLD)


@rule(
    "R087",
    title=Bilingual("Load takes the time of its prompts", "负载须有读取其提示词的时间"),
    asks=Bilingual(
        "Where several requests run at a time, their prompts are read at most 3 times as fast by each replica as alone: prompt tokens "
        "times what one more of them takes alone (lower end of the interval, one run in a thousand), over the time in which any "
        "request ran.",
        "多个请求同时运行时，每个副本读取提示词的速度至多为单独读取时的 3 倍：提示词 token 数乘以单独时每增加一个所需的时间"
        "（区间下端，千分之一），除以有请求运行的时间。",
    ),
    reason=Bilingual(
        "A device reads one prompt faster than many only by what it leaves idle; times that know nothing of the load, and a second "
        "machine behind it, read all at once. A tripwire.",
        "设备同时读取多个提示词所得的加速只能来自其闲置部分；与负载无关的时间或其后的第二台机器则可同时读取全部。仅为绊线。",
    ),
    phases="measured",
    limits="open",
)
def load_takes_time(evidence: Evidence, results: Results) -> Finding:
    """Under load prompts are read not much faster than alone."""
    held = _telling(evidence, results)
    if isinstance(held, Finding):
        return held
    phases = loads(evidence)
    cost = min((growth.cost_ns for growth in held.values()), default=0.0)
    replicas = _replicas(evidence.plan)
    if not cost or not phases:
        return not_applicable(UNTOLD)
    times = {name: read * cost / (busy * replicas) for name, (read, busy) in phases.items()}
    lines = {
        name: Sentence(
            f"{name}: prompts are read at least {faster:.2f} times as fast as alone, bound {MOST_TOGETHER}",
            f"{name}：读取提示词的速度至少为单独时的 {faster:.2f} 倍，限度 {MOST_TOGETHER}",
        )
        for name, faster in times.items()
    }
    wrong = [lines[name] for name, faster in times.items() if faster > MOST_TOGETHER]
    if wrong:
        return warned(wrong[0], wrong)
    return passed(lines[max(times, key=lambda name: times[name])])


@rule(
    "R088",
    title=Bilingual("Load makes no token faster", "负载不会使 token 更快"),
    asks=Bilingual(
        "Where several requests run at a time, tokens come at most twice as fast as alone (medians of TPOT), unless other programs "
        "used more than 10 % of the host's processors in the latter phase.",
        "多个请求同时运行时，token 的到达速度至多为单独时的 2 倍（TPOT 的中位数）；若单请求阶段中其他程序使用了主机处理器的 10 % 以上则不作判断。",
    ),
    reason=Bilingual(
        "A step for many requests takes at least as long as one for one; times of a load that nobody measured need not. A tripwire.",
        "为多个请求计算的一步至少与为一个请求计算的一步等长；未经测量的负载时间则不必如此。仅为绊线。",
    ),
    phases="measured",
    limits="open",
)
def load_slows_tokens(evidence: Evidence, results: Results) -> Finding:
    """Under load tokens come not much faster than alone."""
    plan = evidence.plan
    if _unreal(plan) or plan.engine.speculative_decoding:
        return not_applicable(NO_HARDWARE if _unreal(plan) else GUESSED)
    alone: list[float] = []
    loaded: dict[str, float] = {}
    for doc in plan.workload.phases:
        known = results.phases.get(doc.name)
        if known is None or not doc.measured or asks_apart(doc):
            continue
        pace, busy = known.metrics.get("tpot_p50"), known.metrics.get(SHARE)
        if not isinstance(pace, Measured) or pace.value <= 0:
            continue
        if not kind(doc).one_at_a_time:
            loaded[doc.name] = pace.value
        elif not isinstance(busy, Measured) or busy.value <= MOST_CLOSED:
            alone.append(pace.value)
    if not alone or not loaded:
        return not_applicable(ALONE)
    times = {name: min(alone) / pace for name, pace in loaded.items()}
    lines = {
        name: Sentence(
            f"{name}: tokens come {faster:.2f} times as fast as alone, bound {MOST_FASTER}",
            f"{name}：token 的到达速度为单独时的 {faster:.2f} 倍，限度 {MOST_FASTER}",
        )
        for name, faster in times.items()
    }
    wrong = [lines[name] for name, faster in times.items() if faster > MOST_FASTER]
    if wrong:
        return warned(wrong[0], wrong)
    return passed(lines[max(times, key=lambda name: times[name])])


def _replicas(plan: Plan) -> int:
    """Groups of devices that each may read a prompt of their own: replicas and stages."""
    topology = given(plan.topology)
    if topology is not None:
        return topology.data * topology.pipeline
    return max(1, (plan.devices.count or 1) // plan.engine.tensor_parallel)


@rule(
    "R089",
    title=Bilingual("Pauses hide no time", "停顿不隐藏时间"),
    asks=Bilingual(
        "In a closed loop the next request follows an answer within 1 ms or a twentieth of the median time to first token, whichever "
        "is more, on average, and the first one within 5 s; half of the answers end within 3 mean gaps (of 1 ms at least) "
        "of their last chunk; a phase ends within 2 s of its last answer.",
        "闭环阶段中，回答结束后下一请求平均在 1 毫秒或首 token 时间中位数的二十分之一（取较大者）之内发出，首个请求在 5 s 之内发出；"
        "半数回答在其末个数据块之后 3 个平均间隔（每个至少按 1 毫秒计）之内结束；阶段在其最后一个回答之后 2 s 之内结束。",
    ),
    reason=Bilingual(
        "Requests that are said to be sent later than they were, chunks to have come sooner, a load to have been done before its phase was over: "
        "what is taken from the times is left over as pauses. A tripwire.",
        "谎称请求发送得更晚、数据块到达得更早、负载在阶段结束前早已完成：从时间中扣除的部分会以停顿的形式留下。仅为绊线。",
    ),
    phases="measured",
    limits="open",
)
def no_pauses(evidence: Evidence, _: Results) -> Finding:
    """No time is left over where the load leaves none."""
    if _unreal(evidence.plan):
        return not_applicable(NO_HARDWARE)
    held = [
        log
        for log in phase_logs(evidence).values()
        if log.doc.measured and log.events and not is_search(log.doc)
    ]
    alone = evidence.farm is None  # R123 asks each of several clients
    pauses = [
        Sentence(f"{log.name}: ", f"{log.name}：") + why
        for log in held
        for why in _pauses(log, alone=alone)
    ]
    if pauses:
        return warned(pauses[0], pauses)
    if not held:
        return not_applicable(Sentence("no phase has an answer", "没有阶段含有回答"))
    return passed(Sentence(f"{len(held)} phases without a pause", f"{len(held)} 个阶段，没有停顿"))


def _pauses(log: PhaseLog, *, alone: bool) -> Iterator[Sentence]:
    """Where time is left over in a phase; of several load clients only what each stream shows."""
    late = [
        (event.t_end - event.chunk_t0 - sum(event.chunk_dt))
        / max(statistics.fmean(event.chunk_dt), 1e6)
        for event in log.events
        if is_answer(event) and event.chunk_t0 is not None and len(event.chunk_dt) >= LEAST_GAPS
    ]
    if len(late) >= LEAST_ENDINGS and (ending := statistics.median(late)) > LONGEST_ENDING:
        yield Sentence(
            f"streams go on for {significant(ending)} mean gaps behind their last chunk, bound {LONGEST_ENDING}",
            f"数据流在末个数据块之后又持续 {significant(ending)} 个平均间隔，限度 {LONGEST_ENDING}",
        )
    share = log.doc.concurrency
    if (
        alone
        and share is not None
        and not (log.open_loop or log.doc.lockstep or is_conversation(log.doc))
    ):
        most = small_ms(
            [
                (event.chunk_t0 - event.t_send) / 1e6
                for event in log.events
                if event.chunk_t0 is not None
            ]
        )
        if (waited := _waited_ms(log.events, share)) > most:
            yield Sentence(
                f"the next request was sent {significant(waited)} ms after an answer, on average, bound {significant(most)} ms",
                f"回答之后平均 {significant(waited)} 毫秒才发出下一请求，限度 {significant(most)} 毫秒",
            )
    if not alone or log.start is None or log.end is None:
        return
    idle = (min(event.t_send for event in log.events) - log.start) / 1e9
    if not log.open_loop and idle > BEFORE_S:
        yield Sentence(
            f"the first request was sent {idle:.1f} s after the phase began, bound {BEFORE_S:g} s",
            f"阶段开始 {idle:.1f} s 后才发出首个请求，限度 {BEFORE_S:g} s",
        )
    idle = (log.end - max(event.t_end for event in log.events)) / 1e9
    if idle > BEHIND_S:
        yield Sentence(
            f"the phase ended {idle:.1f} s after its last answer, bound {BEHIND_S:g} s",
            f"阶段在最后一个回答之后 {idle:.1f} s 才结束，限度 {BEHIND_S:g} s",
        )


def _waited_ms(events: Sequence[Request], places: int) -> float:
    """Milliseconds from an answer's end to the next request in its place, on average; 0 where none followed."""
    ends = sorted(event.t_end for event in events)
    sends = sorted(event.t_send for event in events)[places:]
    waits = [send - end for end, send in zip(ends, sends, strict=False)]
    return statistics.fmean(waits) / 1e6 if waits else 0.0
