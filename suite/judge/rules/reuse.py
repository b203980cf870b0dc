"""The rule that no work is reused from one request to the next, by the times of control requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.base.bilingual import Bilingual, Sentence, chinese, joined
from suite.judge.log.phases import phase_logs
from suite.judge.log.reuse import KNOWN, REUSED, compare
from suite.judge.rules.rule import Finding, failed, not_applicable, passed, rule, warned

if TYPE_CHECKING:
    from suite.evidence import Evidence
    from suite.judge.log.reuse import Comparison
    from suite.judge.metrics.compute import Results

_WORDS = {
    "prefix": Sentence("beginnings of prompts are reused", "复用提示词的开头"),
    "known": Sentence(
        "tasks of the set are answered faster than new ones, even the first time",
        "任务集中的任务即使首次提问也比新任务回答得快",
    ),
    "response": Sentence(
        "answers that were given before are given again", "先前给出的回答被再次给出"
    ),
}


@rule(
    "R080",
    title=Bilingual("Repeats take as long as new prompts", "重复的提示词与新提示词耗时相同"),
    asks=Bilingual(
        "Unannounced repeats of early tasks take as long as the same tasks with new words: TTFT per prompt token, and time per "
        "chunk after it, of exact repeats, of those with new words at the end, and of the first time that they were asked, over "
        "those of prompts with new words at the start. A ratio below 0.9 with its whole interval (paired by task, trimmed "
        "t, one in a thousand beyond it) is reuse.",
        "不经声明而重复提问的早先任务，其耗时与加入新词的同一任务相同：完全重复、末尾加入新词以及首次提问时每个提示词 token 的 TTFT，以及其后每个数据块的时间，均与开头加入新词者相比。若比值连同其整个区间（按任务配对，截尾 t，千分之一越出）低于 0.9，即为复用。",
    ),
    reason=Bilingual(
        "A prefix cache that the plan denies, a memo of answers, or a faster path for the public tasks: counts can deny "
        "them, times cannot. The prompts with new words at the start are cold whatever ran before.",
        "计划所否认的前缀缓存、对回答的记忆，或公开任务的快速路径：计数可以否认，时间不能。开头有新词的提示词无论此前运行过什么都是冷的。",
    ),
    phases="measured",
    broken=Bilingual(
        "fail; warn (*optimised* at best) behind an address, where the plan cannot know the engine's flags; a declared "
        "prefix cache is no finding",
        "fail；计划无从知道引擎参数的远端地址为 warn（至多 *optimised*）；已声明的前缀缓存不算",
    ),
    limits="optimised",
)
def nothing_reused(evidence: Evidence, _: Results) -> Finding:
    """Repeats take as long as prompts with a new beginning."""
    logs = [
        log
        for log in phase_logs(evidence).values()
        if log.doc.measured and log.doc.controls is not UNSET
    ]
    if not logs:
        return not_applicable(Sentence("no phase has control requests", "没有含对照请求的阶段"))
    ratios = compare(logs, list(evidence.tasks))
    if ratios is None:
        return not_applicable(
            Sentence(
                "too few control requests were answered to compare",
                "得到回答的对照请求过少，无法比较",
            )
        )
    numbers = _numbers(ratios)
    if ratios.reuse == "none":
        return passed(Sentence(f"nothing is reused: {numbers}", f"没有复用：{numbers.zh}"))
    declared = evidence.plan.engine.prefix_caching
    # With a prefix cache the first time in a phase is no first time, if an earlier one asked the task.
    if declared and ratios.reuse in ("prefix", "known") and ratios.shown["end"] < KNOWN:
        return passed(
            Sentence(
                f"{_WORDS['prefix']}, as declared: {numbers}",
                f"{_WORDS['prefix'].zh}，与声明一致：{numbers.zh}",
            )
        )
    why = Sentence(
        f"{_WORDS[ratios.reuse]}: {numbers}, bound {REUSED:g}",
        f"{_WORDS[ratios.reuse].zh}：{numbers.zh}，限度 {REUSED:g}",
    )
    if evidence.plan.runtime == "endpoint" and ratios.reuse == "prefix":
        return warned(why)
    return failed(why)


def _numbers(comparison: Comparison) -> Sentence:
    names = {
        "exact": Sentence("exact repeats", "完全重复"),
        "end": Sentence("new words at the end", "末尾加入新词"),
        "first": Sentence("the first time", "首次提问"),
    }
    parts = [
        Sentence(f"{names[kind]} {value:.2f}", f"{names[kind].zh} {value:.2f}")
        for kind, value in comparison.shown.items()
    ]
    shown = joined(parts, ", ", "，")
    name, least = min(comparison.tests.items(), key=lambda item: item[1].high)
    why = Sentence(
        f"{name} {least.value:.2f}, at most {least.high:.2f}, n = {least.n}",
        f"{chinese(name)} {least.value:.2f}，至多 {least.high:.2f}，n = {least.n}",
    )
    return Sentence(
        f"TTFT with a new beginning taken as 1, {shown}; surest test: {why}",
        f"以开头加入新词时的 TTFT 为 1，{shown.zh}；最确定的检验：{why.zh}",
    )
