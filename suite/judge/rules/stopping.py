"""Rules about endings and steadiness: stop rules, searches, drift, over-saturation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.base.bilingual import Bilingual, Sentence, chinese, placed
from suite.declare.scenarios.phase import is_search, kind
from suite.documents.value import NotMeasured
from suite.judge.log import due, endings, probes
from suite.judge.log.endings import began
from suite.judge.log.phases import phase_logs
from suite.judge.rules.rule import Finding, failed, not_applicable, passed, rule, warned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suite.evidence import Evidence
    from suite.judge.log.phases import PhaseLog
    from suite.judge.metrics.compute import PhaseResult, Results

LEAST_STEADY = 0.5
"""Share of a phase that must be steady."""
DRIFTS = {
    "drift_ttft": "TTFT",
    "drift_tpot": "TPOT",
    "drift_output_throughput": Sentence("throughput", "吞吐"),
}
"""What must not drift over a soak."""
LAST_ARRIVAL = 0.8
"""Share of a soak's duration that the last arrival of its plan must reach."""
FEWEST_TO_TELL = 64
"""Answers of a repeat below which no steady state is asked for."""


def _measured(evidence: Evidence) -> Iterator[PhaseLog]:
    return (log for log in phase_logs(evidence).values() if log.doc.measured and log.events)


@rule(
    "R040",
    title=Bilingual("Phases ended by their own rules", "各阶段按自身规则结束"),
    asks=Bilingual(
        "A phase ended by the rule that it names, and its events show that: minimums met, the "
        "interval as narrow as claimed, the longest duration kept, counted from the first "
        "intended start or send, the server over-saturated. The rule is asked again whatever "
        "ending is named, and nothing was sent more than 1 s after its decision.",
        "阶段按其所称的规则结束，且其事件可证明：达到各项下限，区间如所称之窄，未超过最长时长（"
        "自首个计划开始或首次发送起算），服务器确已过饱和。无论所称为何种结束，规则都会重新求证"
        "，且在其判定之后超过 1 秒不得再发送。",
    ),
    reason=Bilingual(
        "Stopping when the numbers look best; leaving out the slow end.",
        "在数字最好看时停止；略去缓慢的结尾。",
    ),
    phases="stop-rule",
    broken=Bilingual("fail", "fail"),
)
def stopped_by_rule(evidence: Evidence, _: Results) -> Finding:
    """Phases ended by the rule that they name, as their events show."""
    wrong: list[str] = []
    endings_of: list[str] = []
    for log in _measured(evidence):
        by = log.noted.text("ended_by")
        if log.doc.stop is UNSET:
            if by in due.CUT:
                wrong.append(
                    Sentence(
                        f"{log.name}: ended as {by}, and the plan has no stop rule for it",
                        f"{log.name}：以 {by} 结束，而计划中没有与之对应的停止规则",
                    )
                )
            continue
        endings_of.append(f"{log.name} {by}")
        problem = endings.problem(log)
        if problem:
            wrong.append(placed(log.name, problem))
    if wrong:
        return failed(
            Sentence(f"not ended by its rule: {wrong[0]}", f"未按其规则结束：{chinese(wrong[0])}"),
            wrong,
        )
    if not endings_of:
        return not_applicable(Sentence("no phase has a stop rule", "没有带停止规则的阶段"))
    shown = ", ".join(endings_of[:3]) + (" …" if len(endings_of) > 3 else "")
    return passed(
        Sentence(
            f"{len(endings_of)} phases ended by their rules: {shown}",
            f"{len(endings_of)} 个阶段按其规则结束：{shown}",
        )
    )


@rule(
    "R041",
    title=Bilingual("The search follows from its probes", "搜索结果可由探测推出"),
    asks=Bilingual(
        "A search follows from its probes: every rate from the verdicts before it, every "
        "length from its rate, every verdict from its events, and no probe is left out.",
        "搜索可由其探测推出：每个速率来自此前的判定，每个长度来自其速率，每个判定来自其事件，且"
        "没有略去探测。",
    ),
    reason=Bilingual(
        "A slow probe dropped, a rate or a verdict edited: a higher rate than was held.",
        "丢弃缓慢的探测，修改速率或判定：得出高于实际可维持的速率。",
    ),
    phases="search",
    broken=Bilingual("fail", "fail"),
)
def search_follows(evidence: Evidence, _: Results) -> Finding:
    """Rates follow from verdicts, verdicts from events, and no probe is left out."""
    wrong: list[str] = []
    interrupted: list[str] = []
    searches: list[str] = []
    objectives = evidence.plan.workload.objectives
    for log in _measured(evidence):
        if not is_search(log.doc):
            continue
        again = probes.replay(log, objectives)
        if again.problem:
            problems = interrupted if again.interrupted else wrong
            problems.append(placed(log.name, again.problem))
        searches.append(
            Sentence(
                f"{len(again.probes)} probes, {again.answer.why}",
                f"{len(again.probes)} 次探测，{chinese(again.answer.why)}",
            )
        )
    if wrong:
        return failed(
            Sentence(
                f"the search does not follow from its events: {wrong[0]}",
                f"搜索结果与其事件不符：{chinese(wrong[0])}",
            ),
            [*wrong, *interrupted],
        )
    if interrupted:
        return failed(
            Sentence(
                f"the search has no answer: {interrupted[0]}",
                f"搜索没有结果：{chinese(interrupted[0])}",
            ),
            interrupted,
        )
    if not searches:
        return not_applicable(Sentence("no phase is a search", "没有搜索阶段"))
    return passed(
        Sentence(
            f"{len(searches)} searches replayed: {searches[0]}",
            f"{len(searches)} 个搜索已重演：{chinese(searches[0])}",
        )
    )


@rule(
    "R045",
    title=Bilingual("The soak did not drift", "长稳测试无漂移"),
    asks=Bilingual(
        "A soak lasted as long as planned, and neither TTFT nor TPOT nor throughput drifts "
        "over it; what cannot be told to drift or not is named.",
        "长稳测试持续了计划的时长，TTFT、TPOT 与吞吐均不漂移；无法判断是否漂移者予以列明。",
    ),
    reason=Bilingual(
        "A server that slows down over hours looks well in minutes.",
        "数小时后变慢的服务器在数分钟内看来良好。",
    ),
    phases="soak",
    broken=Bilingual(
        "fail when too short; warn on drift, and where it cannot be told",
        "时长不足为 fail；漂移或无法判断时为 warn",
    ),
)
def no_drift(evidence: Evidence, results: Results) -> Finding:
    """A soak lasted as long as planned, nothing drifts over it, and that could be told of all it asks."""
    short: list[str] = []
    drifting: list[str] = []
    untold: list[str] = []
    judged = 0
    for log in _measured(evidence):
        if not kind(log.doc).watches_drift:
            continue
        judged += 1
        least, lasted = _least_s(log), _seconds(log)
        if lasted < least:
            short.append(
                Sentence(
                    f"{log.name}: {lasted:.1f} s, at least {least:g} s were planned",
                    f"{log.name}：{lasted:.1f} 秒，计划至少 {least:g} 秒",
                )
            )
        phase = results.phases[log.doc.name]
        sentences = phase.details.drifting.get(log.doc.repeat, ())
        drifting += [placed(log.name, text) for text in sentences]
        # The card's value is over all repeats: it says once what cannot be told of any of them.
        untold += [text for text in _untold(phase) if text not in untold]
    if short:
        return failed(Sentence(f"too short: {short[0]}", f"时间过短：{chinese(short[0])}"), short)
    if drifting:
        return warned(
            Sentence(f"it drifts: {drifting[0]}", f"存在漂移：{chinese(drifting[0])}"),
            [*drifting, *untold],
        )
    if untold:
        return warned(
            Sentence(
                f"whether it drifts cannot be told: {'; '.join(untold)}",
                f"无法判断是否漂移：{'；'.join(map(chinese, untold))}",
            ),
            untold,
        )
    if not judged:
        return not_applicable(Sentence("no phase is a soak", "没有长稳测试阶段"))
    return passed(
        Sentence(
            f"{judged} soaks lasted as planned, nothing drifts",
            f"{judged} 个长稳测试达到计划时长，无漂移",
        )
    )


def _untold(phase: PhaseResult) -> Iterator[str]:
    """What cannot be told to drift or not, and why."""
    for metric, name in DRIFTS.items():
        value = phase.metrics[metric]
        if isinstance(value, NotMeasured):
            yield Sentence(
                f"{name} of {phase.name}: {value.why}",
                f"{phase.name} 的{chinese(name)}：{chinese(value.why)}",
            )


def _least_s(log: PhaseLog) -> float:
    """How long a soak must last; an open loop may end with its last arrival, a little before that."""
    least = log.doc.stop.min_duration_s if log.doc.stop is not UNSET else 0.0
    arrivals = log.doc.arrivals_ns
    if not arrivals:
        return least
    return min(least, max(LAST_ARRIVAL * least, arrivals[-1] / 1e9))


def _seconds(log: PhaseLog) -> float:
    """From its first intended start, or its first send, to the last end; a mark proves nothing."""
    return (max(event.t_end for event in log.events) - began(log)) / 1e9


@rule(
    "R046",
    title=Bilingual("The server kept up", "服务器跟得上请求"),
    asks=Bilingual(
        "In every open-loop phase the server served requests as fast as they came: the latency "
        "from the intended start did not climb, few were in flight at the last arrival, Little's "
        "law holds. What cannot be told is named.",
        "在每个开环阶段，服务器的处理速度不低于请求到达速度：自计划开始起的延迟没有攀升，最后一个请求到"
        "达时在途请求不多，且满足 Little 定律。无法判断者予以列明。",
    ),
    reason=Bilingual(
        "When requests come faster than they are served, latency grows for as long as one "
        "measures: such a phase has no steady latency, and its card gives none: throughput and "
        "counts only.",
        "请求来得比服务快时，测得越久延迟越大：这样的阶段没有稳定的延迟，评分卡也不给出，只有吞"
        "吐与计数。",
    ),
    phases="open-loop",
    broken=Bilingual(
        "warn when it fell behind, and where it cannot be told", "落后或无法判断时为 warn"
    ),
)
def kept_up(_: Evidence, results: Results) -> Finding:
    """No open loop asked for more than the server can do, and that could be told of each."""
    over: list[str] = []
    untold: list[str] = []
    judged = 0
    for name, phase in results.phases.items():
        for repeat, backlog in phase.details.backlogs.items():
            judged += 1
            text = placed(f"{name}/{repeat}", backlog.why)
            if backlog.verdict == "fell-behind":
                over.append(text)
            elif backlog.verdict == "untold":
                untold.append(text)
    if over:
        why = placed(Sentence("over-saturated", "过饱和"), over[0])
        return warned(
            Sentence(
                f"{why}; its latency depends on how long one measures",
                f"{chinese(why)}；其延迟取决于测量的时长",
            ),
            [*over, *untold],
        )
    if untold:
        return warned(
            Sentence(
                f"whether the server kept up cannot be told: {untold[0]}",
                f"无法判断服务器是否跟得上请求：{chinese(untold[0])}",
            ),
            untold,
        )
    if not judged:
        return not_applicable(Sentence("no open-loop phase", "没有开环阶段"))
    return passed(
        Sentence(
            f"the server kept up with {judged} open-loop phases",
            f"服务器跟上了 {judged} 个开环阶段的请求",
        )
    )


@rule(
    "R048",
    title=Bilingual("The load was steady", "负载处于稳态"),
    asks=Bilingual(
        "Every measured phase that is long enough to tell was steady for at least half of its "
        "time.",
        "每个足够长、可以判断的测量阶段，至少一半时间处于稳态。",
    ),
    reason=Bilingual(
        "Filling up and running empty are not the state that a number stands for.",
        "填充与排空不是一个数字所代表的状态。",
    ),
    phases="measured",
    broken=Bilingual("warn", "warn"),
)
def was_steady(evidence: Evidence, results: Results) -> Finding:
    """Phases that are long enough to tell were steady for most of their time."""
    names = {log.doc.name for log in _measured(evidence) if _must_be_steady(log)}
    unsteady: list[str] = []
    judged = 0
    for name, phase in results.phases.items():
        if name not in names:
            continue
        for window in phase.details.steady:
            judged += 1
            if not window.found:
                unsteady.append(placed(f"{name}/{window.repeat}", window.why))
            elif window.share < LEAST_STEADY:
                unsteady.append(
                    Sentence(
                        f"{name}/{window.repeat}: steady for {window.share:.0%} of its time",
                        f"{name}/{window.repeat}：仅 {window.share:.0%} 的时间处于稳态",
                    )
                )
    if unsteady:
        return warned(
            Sentence(
                f"{len(unsteady)} of {judged} not in steady state: {unsteady[0]}",
                f"{judged} 个中有 {len(unsteady)} 个未处于稳态：{chinese(unsteady[0])}",
            ),
            unsteady,
        )
    if not judged:
        return not_applicable(Sentence("no phase is long enough to tell", "没有阶段长到足以判断"))
    return passed(
        Sentence(
            f"{judged} phases were steady for at least {LEAST_STEADY:.0%} of their time",
            f"{judged} 个阶段至少 {LEAST_STEADY:.0%} 的时间处于稳态",
        )
    )


def _must_be_steady(log: PhaseLog) -> bool:
    answers = sum(due.is_answer(event) for event in log.events)
    return kind(log.doc).must_be_steady and answers >= FEWEST_TO_TELL
