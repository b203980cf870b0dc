"""Rules about quality: are the answers summaries, and as good as the reference's?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.base.bilingual import Bilingual, Sentence, chinese
from suite.declare.tasks.reference import reference_answers
from suite.documents.value import Measured
from suite.judge.log import fresh
from suite.judge.metrics import rouge
from suite.judge.rules.rule import (
    Finding,
    failed,
    not_applicable,
    passed,
    rule,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suite.evidence import Evidence
    from suite.judge.metrics.compute import Results

FEWEST_TASKS = 16
"""Of a phase whose mean length is held against the reference's, where any phase has as many."""
NO_TASKS = Sentence(
    "no phase asks the tasks alone: nothing to hold against summaries",
    "没有阶段单独提问任务：没有可与摘要对照的回答",
)


def of_phases(results: Results, metric: str) -> Iterator[tuple[str, Measured]]:
    """A metric's values by phase, where it was measured."""
    for name, phase in results.phases.items():
        value = phase.metrics.get(metric)
        if isinstance(value, Measured):
            yield name, value


def _held(results: Results, metric: str) -> Iterator[tuple[str, Measured]]:
    """Values of the phases that ask what the reference run was asked: each task alone."""
    return (
        (name, value)
        for name, value in of_phases(results, metric)
        if results.phases[name].questions == "tasks"
    )


def _asks_tasks(results: Results) -> bool:
    """Whether any phase asks the tasks alone; without a phase, what it would ask is unknown."""
    phases = results.phases.values()
    return not phases or any(phase.questions == "tasks" for phase in phases)


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
        return _known_tasks(evidence)
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


def _known_tasks(evidence: Evidence) -> Finding:
    """Under a challenge: the tasks that the reference run was asked too, against its answers to those very tasks."""
    nobody = not_applicable(
        Sentence(
            "no reference run is known for this model on this task set",
            "该模型在此任务集上没有已知的参考运行",
        )
    )
    workload = evidence.plan.workload
    shipped = workload.taskset.name == f"mini-{workload.taskset.size}"
    if evidence.plan.challenge is UNSET or not shipped:
        return nobody
    golden = reference_answers(evidence.plan.model.files, workload.decoding)
    given = {task: text for task, text in fresh.answers(evidence).items() if task in golden}
    if not given:
        return nobody
    lines = evidence.tasks
    sides = [
        [(lines[task].reference, text) for task, text in given.items()],
        [(lines[task].reference, golden[task]) for task in given],
    ]
    scored = rouge.score_texts([pair for side in sides for pair in side])
    ratios = {}
    for number, metric in enumerate(rouge.TYPES):
        here, there = (sum(scored[pair][number] for pair in side) for side in sides)
        ratios[metric] = here / there
    bound, (metric, least) = (
        workload.quality.rouge_ratio_min,
        min(ratios.items(), key=lambda item: item[1]),
    )
    why = Sentence(
        f"{metric} of the {len(given)} known tasks reaches {least:.2%} of the reference run's on them, bound {bound:.0%}",
        f"{len(given)} 个公开任务的 {metric} 达到参考运行在其上的 {least:.2%}，门槛 {bound:.0%}",
    )
    return passed(why) if least >= bound else failed(why)


@rule(
    "R021",
    title=Bilingual("Answers are as long as the reference's", "生成长度达到参考"),
    asks=Bilingual(
        "In every phase that asks at least 16 tasks alone, the mean generated length reaches the agreed share "
        "(90 %) of the reference run's, and the reference's the same share of it.",
        "在每个逐个单独提问至少 16 项任务的阶段，平均生成长度达到参考运行的约定比例（90 %），参考运行亦"
        "达到其同一比例。",
    ),
    reason=Bilingual(
        "Answers that stop early take less time; tokens that go on behind the answer raise throughput.",
        "提前停止的回答耗时更少；在回答之后续写的 token 抬高吞吐。",
    ),
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
    # The reference was taken over the whole set: few tasks may be shorter or longer than most.
    largest = max(value.n for _, value in scored)
    held = [item for item in scored if item[1].n >= min(FEWEST_TASKS, largest)]
    lines = []
    for name, value in held:
        ratio = value.value / reference["generated_tokens"]
        why = Sentence(
            f"{name}: {value.value:.2f} tokens on average, {ratio:.1%} of the reference",
            f"{name}：平均 {value.value:.2f} 个 token，为参考值的 {ratio:.1%}",
        )
        lines.append((min(ratio, 1 / ratio if ratio else 0.0), why))
    least, why = min(lines, key=lambda line: line[0])
    wrong = [line for share, line in lines if share < quality.length_ratio_min]
    return passed(why) if least >= quality.length_ratio_min else failed(why, wrong)


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
