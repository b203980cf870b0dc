"""Rules about the answers: are they summaries, as good as the reference's, and is the arithmetic possible?"""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING

from suite.base.bilingual import Bilingual, Sentence, chinese
from suite.declare.scenarios.phase import has_exact_lengths, is_conversation, is_shortened
from suite.documents.value import Measured
from suite.judge.log import texts
from suite.judge.metrics import rouge, utilisation
from suite.judge.metrics.rouge_pairs import words
from suite.judge.rules.rule import (
    Finding,
    answered,
    failed,
    not_applicable,
    passed,
    place,
    rule,
    warned,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from suite.documents.event import Request
    from suite.documents.phase import Phase
    from suite.evidence import Evidence
    from suite.judge.metrics.compute import Results

MOST_ALIKE = 0.5
"""Largest share of one phase's answers, to different tasks, that may be the same text."""
MOST_ECHOES = 0.1
"""Largest share of answers that may repeat the prompt's own instruction."""
SAME_TASK = 0.98
"""Share of tasks answered in several phases whose greedy answers are expected to be equal."""
NO_TASKS = Sentence(
    "no phase asks the tasks alone: nothing to hold against summaries",
    "没有阶段单独提问任务：没有可与摘要对照的回答",
)
NO_QUESTIONS = Sentence(
    "every phase asks for exact lengths with synthetic prompts",
    "每个阶段都以合成提示词要求精确长度",
)


def _scored(results: Results, metric: str) -> Iterator[tuple[str, Measured]]:
    for name, phase in results.phases.items():
        value = phase.metrics.get(metric)
        if isinstance(value, Measured):
            yield name, value


def _held(results: Results, metric: str) -> Iterator[tuple[str, Measured]]:
    """Values of the phases that ask what the reference run was asked: each task alone."""
    return (
        (name, value)
        for name, value in _scored(results, metric)
        if results.phases[name].questions == "tasks"
    )


def _asks_tasks(results: Results) -> bool:
    """Whether any phase asks the tasks alone; without a phase, what it would ask is unknown."""
    phases = results.phases.values()
    return not phases or any(phase.questions == "tasks" for phase in phases)


def _names(evidence: Evidence, asks: Callable[[Phase], bool]) -> set[str]:
    """Names of the phases that ask for something."""
    return {doc.name for doc in evidence.plan.workload.phases if asks(doc)}


def _questions(evidence: Evidence) -> Iterator[Request]:
    """Whole answers to the task set's questions; prompts of exact length are no questions."""
    others = _names(evidence, lambda doc: has_exact_lengths(doc) or is_shortened(doc))
    return (request for request in answered(evidence) if request.phase not in others)


def _only_synthetic(evidence: Evidence) -> bool:
    phases = [doc for doc in evidence.plan.workload.phases if doc.measured]
    return bool(phases) and all(map(has_exact_lengths, phases))


@rule(
    "R020",
    title=Bilingual("Summaries are as good as the reference's", "摘要质量达到参考"),
    asks=Bilingual(
        "Each ROUGE reaches the agreed share (99 %) of the reference run's, in the phase with "
        "most tasks. Here and in R021 and R022, only phases count that ask each task alone: no "
        "history, no synthetic prompts.",
        "在任务最多的阶段，每项 ROUGE 均达到参考运行的约定比例（99 %）。此处以及 R021、R022 仅"
        "计入逐个单独提问任务的阶段：无历史，无合成提示词。",
    ),
    reason=Bilingual(
        "A model that was cut, rounded or replaced is faster and worse.",
        "被裁剪、舍入或替换的模型更快，也更差。",
    ),
    phases="tasks",
    broken=Bilingual(
        "fail; not applicable where no reference run is known",
        "fail；没有已知参考运行时不适用",
    ),
)
def reaches_reference(evidence: Evidence, results: Results) -> Finding:
    """Each ROUGE reaches the agreed share of the reference run's, over the phase with most tasks."""
    quality = evidence.plan.workload.quality
    reference = quality.reference
    if reference is None:
        return not_applicable(
            Sentence(
                "no reference run is known for this model on this task set",
                "该模型在此任务集上没有已知的参考运行",
            )
        )
    if not _asks_tasks(results):
        return not_applicable(NO_TASKS)
    below, least = [], 10.0
    for metric in rouge.TYPES:
        scored = list(_held(results, metric))
        if not scored:
            return failed(
                Sentence(f"{metric} was not measured in any phase", f"任何阶段均未测得 {metric}")
            )
        # The reference was taken over the whole set: judge the phase that covers most of it.
        name, value = max(scored, key=lambda item: item[1].n)
        ratio = value.value / reference[metric]
        least = min(least, ratio)
        if ratio < quality.rouge_ratio_min:
            below.append(
                Sentence(
                    f"{name}: {metric} {value.value:.4f}, reference {reference[metric]:.4f}",
                    f"{name}：{metric} {value.value:.4f}，参考值 {reference[metric]:.4f}",
                )
            )
    bound = quality.rouge_ratio_min
    if below:
        return failed(
            Sentence(
                f"below {bound:.0%} of the reference: {below[0]}",
                f"低于参考值的 {bound:.0%}：{chinese(below[0])}",
            ),
            below,
        )
    return passed(
        Sentence(
            f"every ROUGE reaches at least {least:.2%} of the reference, bound {bound:.0%}",
            f"每项 ROUGE 至少达到参考值的 {least:.2%}，门槛 {bound:.0%}",
        )
    )


@rule(
    "R021",
    title=Bilingual("Answers are as long as the reference's", "生成长度达到参考"),
    asks=Bilingual(
        "The mean generated length reaches the agreed share (90 %) of the reference run's.",
        "平均生成长度达到参考运行的约定比例（90 %）。",
    ),
    reason=Bilingual("Answers that stop early take less time.", "提前停止的回答耗时更少。"),
    phases="tasks",
    broken=Bilingual(
        "fail; not applicable where no reference run is known",
        "fail；没有已知参考运行时不适用",
    ),
)
def long_enough(evidence: Evidence, results: Results) -> Finding:
    """The mean generated length reaches the agreed share of the reference run's."""
    quality = evidence.plan.workload.quality
    reference = quality.reference
    if reference is None:
        return not_applicable(
            Sentence(
                "no reference run is known for this model on this task set",
                "该模型在此任务集上没有已知的参考运行",
            )
        )
    if not _asks_tasks(results):
        return not_applicable(NO_TASKS)
    scored = list(_held(results, "generated_tokens_mean"))
    if not scored:
        return failed(
            Sentence(
                "the generated length was not measured in any phase", "任何阶段均未测得生成长度"
            )
        )
    name, value = max(scored, key=lambda item: item[1].n)
    ratio = value.value / reference["generated_tokens"]
    why = Sentence(
        f"{name}: {value.value:.2f} tokens on average, {ratio:.1%} of the reference",
        f"{name}：平均 {value.value:.2f} 个 token，为参考值的 {ratio:.1%}",
    )
    return passed(why) if ratio >= quality.length_ratio_min else failed(why)


@rule(
    "R022",
    title=Bilingual("ROUGE lies where summaries lie", "ROUGE 处于合理范围"),
    asks=Bilingual(
        "ROUGE-1 and ROUGE-2 lie between the profile's floor and ceiling.",
        "ROUGE-1 与 ROUGE-2 位于配置的下限与上限之间。",
    ),
    reason=Bilingual(
        "Below the floor lie texts that summarise nothing, such as an echo of the instruction; "
        "above the ceiling only the references themselves.",
        "低于下限的是未做摘要的文本，例如复述指令；高于上限的只有参考摘要本身。",
    ),
    phases="tasks",
    broken=Bilingual("fail", "fail"),
)
def plausible(evidence: Evidence, results: Results) -> Finding:
    """ROUGE lies where summaries lie: above what an echo scores, below what memory alone explains."""
    quality = evidence.plan.workload.quality
    if not _asks_tasks(results):
        return not_applicable(NO_TASKS)
    wrong, judged = [], 0
    for metric, floor, ceiling in (
        ("rouge1", quality.rouge1_floor, quality.rouge1_ceiling),
        ("rouge2", quality.rouge2_floor, quality.rouge2_ceiling),
    ):
        for name, value in _held(results, metric):
            judged += 1
            if value.value < floor:
                wrong.append(
                    Sentence(
                        f"{name}: {metric} {value.value:.4f} is below the floor {floor:g}",
                        f"{name}：{metric} {value.value:.4f}，低于下限 {floor:g}",
                    )
                )
            elif value.value > ceiling:
                wrong.append(
                    Sentence(
                        f"{name}: {metric} {value.value:.4f} is above the ceiling {ceiling:g}",
                        f"{name}：{metric} {value.value:.4f}，高于上限 {ceiling:g}",
                    )
                )
    if not judged:
        return failed(
            Sentence(
                "no ROUGE was measured: the answers were not judged",
                "没有测得任何 ROUGE：回答未经评判",
            )
        )
    if wrong:
        return failed(
            Sentence(
                f"not credible as summaries: {wrong[0]}", f"作为摘要不可信：{chinese(wrong[0])}"
            ),
            wrong,
        )
    return passed(
        Sentence(
            f"ROUGE-1 and ROUGE-2 of all phases lie in the plausible range ({judged} values)",
            f"所有阶段的 ROUGE-1 与 ROUGE-2 均在可信范围内（{judged} 个数值）",
        )
    )


def _normal(text: str) -> str:
    return b" ".join(words(text)).decode("ascii")


@rule(
    "R023",
    title=Bilingual("Answers differ between tasks", "不同任务的回答不同"),
    asks=Bilingual(
        "Different tasks get different answers, and answers are not the prompt's instruction.",
        "不同任务得到不同回答，且回答不是提示词中的指令。",
    ),
    reason=Bilingual("One canned answer; an echo.", "千篇一律的回答；复述。"),
    phases="tasks",
    broken=Bilingual(
        "fail: more than half of a phase's answers alike, or more than 10 % echoes",
        "fail：一个阶段超过半数的回答相同，或超过 10 % 为复述",
    ),
)
def answers_differ(evidence: Evidence, _: Results) -> Finding:
    """Different tasks get different answers, and the answers are not the prompt's instruction."""
    template = _normal(evidence.plan.workload.prompt.template.replace("{document}", " "))
    groups: dict[tuple[str, int], dict[str, str]] = collections.defaultdict(dict)
    if _only_synthetic(evidence):
        return not_applicable(NO_QUESTIONS)
    echoes, total = [], 0
    for request in _questions(evidence):
        text = _normal(request.text)
        groups[request.phase, request.repeat][request.task] = text
        total += 1
        if len(text) > 20 and (text in template or template in text):
            echoes.append(place(request))
    if total and len(echoes) > MOST_ECHOES * total:
        return failed(
            Sentence(
                f"{len(echoes)} of {total} answers repeat the prompt's instruction",
                f"{total} 个回答中有 {len(echoes)} 个复述了提示词中的指令",
            ),
            echoes,
        )
    for (name, repeat), answers in groups.items():
        text, count = collections.Counter(answers.values()).most_common(1)[0]
        if len(answers) >= 4 and count > MOST_ALIKE * len(answers):
            why = Sentence(
                f"{name}/{repeat}: {count} of {len(answers)} tasks got the same answer {text[:60]!r}",
                f"{name}/{repeat}：{len(answers)} 个任务中有 {count} 个得到同一回答 {text[:60]!r}",
            )
            return failed(why)
    if not total:
        return failed(Sentence("no request was answered", "没有请求得到回答"))
    return passed(
        Sentence(
            f"{total} answers, different for different tasks", f"{total} 个回答，不同任务各不相同"
        )
    )


@rule(
    "R026",
    title=Bilingual("Answers are not the first sentence", "回答不是文章首句"),
    asks=Bilingual("The answers are not the article's first sentence.", "回答不是文章的首句。"),
    reason=Bilingual(
        "A server without a model that copies the lead scores above the floor on news.",
        "没有模型而照抄首句的服务器，在新闻上得分高于下限。",
    ),
    phases="tasks",
    broken=Bilingual("fail: more than 10 % of the answers", "fail：超过 10 % 的回答"),
)
def not_the_lead(evidence: Evidence, _: Results) -> Finding:
    """The answers are not simply the first sentence of the article."""
    if _only_synthetic(evidence):
        return not_applicable(NO_QUESTIONS)
    copies, total = [], 0
    for request in _questions(evidence):
        task = evidence.tasks.get(request.task)
        if task is None:
            continue
        total += 1
        lead = _normal(task.lead)
        if lead and lead == _normal(request.text) and lead != _normal(task.reference):
            copies.append(place(request))
    if not total:
        return failed(Sentence("no request was answered", "没有请求得到回答"))
    if len(copies) > MOST_ECHOES * total:
        return failed(
            Sentence(
                f"{len(copies)} of {total} answers are the article's first sentence",
                f"{total} 个回答中有 {len(copies)} 个是文章的首句",
            ),
            copies,
        )
    return passed(
        Sentence(
            f"{len(copies)} of {total} answers are the article's first sentence",
            f"{total} 个回答中有 {len(copies)} 个是文章的首句",
        )
    )


@rule(
    "R024",
    title=Bilingual("Greedy answers repeat", "贪心解码可重复"),
    asks=Bilingual(
        "Under greedy decoding a task gets the same answer in every phase, in 98 % of the tasks.",
        "贪心解码下，98 % 的任务在各阶段得到相同的回答。",
    ),
    reason=Bilingual(
        "Another model, or other settings, from one phase to the next. Batching alone changes "
        "rare ties.",
        "各阶段使用了不同的模型或设置。批处理本身只改变罕见的并列情形。",
    ),
    phases="tasks",
    broken=Bilingual("warn", "warn"),
)
def repeatable(evidence: Evidence, _: Results) -> Finding:
    """Under greedy decoding a task gets the same answer in every phase, but for rare ties."""
    if evidence.plan.workload.decoding.temperature != 0:
        return not_applicable(Sentence("decoding is not greedy", "解码不是贪心方式"))
    answers: dict[str, set[str]] = collections.defaultdict(set)
    times: collections.Counter[str] = collections.Counter()
    talks = _names(evidence, is_conversation)
    for request in _questions(evidence):
        if request.phase in talks:
            continue  # its answer depends on the history before it
        answers[request.task].add(request.text)
        times[request.task] += 1
    again = [task for task, count in times.items() if count > 1]
    if not again:
        return not_applicable(Sentence("no task was asked twice", "没有任务被提问两次"))
    same = sum(1 for task in again if len(answers[task]) == 1)
    why = Sentence(
        f"{same} of {len(again)} tasks asked more than once got one and the same answer",
        f"{len(again)} 个被多次提问的任务中，{same} 个每次得到同一回答",
    )
    if same < SAME_TASK * len(again):
        changed = [
            Sentence(f"task {task}", f"任务 {task}") for task in again if len(answers[task]) > 1
        ]
        return warned(
            Sentence(
                f"{why}; batching changes the arithmetic's order",
                f"{chinese(why)}；批处理会改变运算次序",
            ),
            changed,
        )
    return passed(why)


@rule(
    "R025",
    title=Bilingual("Nothing runs above its peak", "未超过峰值"),
    asks=Bilingual("No utilisation exceeds 1.", "任何利用率均不超过 1。"),
    reason=Bilingual(
        "A peak declared too low, or FLOPs that were not computed.",
        "峰值声明过低，或 FLOPs 并未真正计算。",
    ),
    phases="measured",
    broken=Bilingual("fail", "fail"),
)
def below_peak(evidence: Evidence, results: Results) -> Finding:
    """No utilisation exceeds 1: no device computes or reads faster than its declared or measured peak."""
    wrong, judged = [], 0
    for metric in (*utilisation.NAMES, *utilisation.MEASURED_NAMES):
        for name, value in _scored(results, metric):
            judged += 1
            if value.value > 1:
                wrong.append(
                    Sentence(
                        f"{name}: {metric} is {value.value:.3f}",
                        f"{name}：{metric} 为 {value.value:.3f}",
                    )
                )
    if wrong:
        return failed(
            Sentence(f"above the peak: {wrong[0]}", f"超过峰值：{chinese(wrong[0])}"), wrong
        )
    if not judged:
        unknown = evidence.plan.peaks.compute_unknown
        return not_applicable(
            unknown or Sentence("no utilisation was measured", "没有测得任何利用率")
        )
    return passed(
        Sentence(f"{judged} utilisations, all at most 1", f"{judged} 个利用率，均不超过 1")
    )


@rule(
    "R071",
    title=Bilingual("Answers are no longer than their tokens", "回答不长于其 token 所能构成的长度"),
    asks=Bilingual(
        "No answer has 256 characters or more for each token that could be asked for, or 262,144 in all.",
        "没有回答达到可请求的每个 token 256 个字符，或总计 262,144 个字符。",
    ),
    reason=Bilingual(
        "Such texts are cut there before they are judged: no model writes them, and reading them to the end takes hours.",
        "此类文本在评判前于该处截断：没有模型会写出它们，而读完它们要花数小时。",
    ),
    phases="measured",
    broken=Bilingual("fail", "fail"),
)
def no_longer_than_tokens(evidence: Evidence, _: Results) -> Finding:
    """No text is so long that it was judged only in part."""
    limit = texts.characters(evidence.plan)
    asked = [request for request in evidence.requests if request.measured]
    beyond = [place(request) for request in asked if texts.is_beyond(request, limit)]
    if beyond:
        why = Sentence(
            f"{len(beyond)} of {len(asked)} answers have {limit:,} characters or more: judged so far, and no further",
            f"{len(asked)} 个回答中有 {len(beyond)} 个达到 {limit:,} 个字符：仅评判到此，其后不评",
        )
        return failed(why, beyond)
    return passed(
        Sentence(
            f"each of {len(asked)} answers has fewer than {limit:,} characters",
            f"{len(asked)} 个回答均少于 {limit:,} 个字符",
        )
    )
