"""The rule that no work is reused from one request to the next, by the times of control requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.base.bilingual import Bilingual
from suite.judge.log.phases import phase_logs
from suite.judge.log.reuse import REUSED, compare
from suite.judge.rules.rule import Finding, failed, not_applicable, passed, rule, warned

if TYPE_CHECKING:
    from suite.evidence import Evidence
    from suite.judge.log.reuse import Comparison, Ratio
    from suite.judge.metrics.compute import Results

_WORDS = {
    "prefix": "beginnings of prompts are reused",
    "known": "tasks of the set are answered faster than new ones, even the first time",
    "response": "answers that were given before are given again",
}


@rule(
    "R080",
    title=Bilingual("Repeats take as long as new prompts", "重复的提示词与新提示词耗时相同"),
    asks=Bilingual(
        "Unannounced repeats of early tasks take as long as the same tasks with new words at the start: TTFT per prompt "
        "token, and time per chunk after it, of exact repeats, of those with new words at the end, and of the first time "
        "that they were asked. A ratio below 0.9 with its whole interval (paired by task, Student's t, one honest "
        "run in a thousand beyond it) is reuse.",
        "不经声明而重复提问的早先任务，其耗时与在开头加入新词的同一任务相同：比较完全重复、末尾加入新词以及首次提问时每个提示词 "
        "token 的 TTFT，以及其后每个数据块的时间。若比值连同其整个区间（按任务配对，学生 t，千次诚实运行中至多一次越出）低于 "
        "0.9，即为复用。",
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
        return not_applicable("no phase has control requests")
    found = compare(logs, list(evidence.tasks))
    if found is None:
        return not_applicable("too few control requests were answered to compare")
    numbers = _numbers(found)
    if found.reuse == "none":
        return passed(f"nothing is reused: {numbers}")
    declared = evidence.plan.engine.prefix_caching
    # With a prefix cache the first time in a phase is no first time, if an earlier one asked the task.
    if declared and found.ratios["end"].reused and found.reuse in ("prefix", "known"):
        return passed(f"{_WORDS['prefix']}, as declared: {numbers}")
    why = f"{_WORDS[found.reuse]}: {numbers}, bound {REUSED:g}"
    if evidence.plan.runtime == "endpoint" and found.reuse == "prefix":
        return warned(why)
    return failed(why)


def _numbers(found: Comparison) -> str:
    names = {"exact": "exact repeats", "end": "new words at the end", "first": "first time"}
    parts = [f"{names[kind]} {_shown(ratio)}" for kind, ratio in found.ratios.items()]
    if found.pace is not None:
        parts.append(f"pace of repeats {_shown(found.pace)}")
    return f"TTFT of new prompts taken as 1, {', '.join(parts)}, n = {found.ratios['exact'].n}"


def _shown(ratio: Ratio) -> str:
    return f"{ratio.value:.2f} (at most {ratio.high:.2f})"
