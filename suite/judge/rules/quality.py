"""Rules about quality: are the answers summaries, and as good as the reference's?"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from suite.base.bilingual import Bilingual, Sentence, chinese
from suite.base.statistics import mean
from suite.documents.value import Measured
from suite.judge.log.reference import (
    answers_by_phase,
    goes_on,
    mean_tokens,
    paired,
    reference_answers,
)
from suite.judge.metrics import rouge
from suite.judge.rules.rule import (
    Finding,
    answered,
    failed,
    not_applicable,
    passed,
    place,
    rule,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from suite.documents.event import Request
    from suite.documents.reference import ReferenceAnswer
    from suite.evidence import Evidence
    from suite.judge.log.reference import Ratio
    from suite.judge.metrics.compute import Results

MOST_BEYOND = 0.03
"""Share of a phase's answers that may go on behind the reference's end: ties at the end token let about 1 % do so."""
FEWEST_TASKS = 16
"""Of a phase whose mean length is held against the reference's, where any phase has as many."""
NO_TASKS = Sentence(
    "no phase asks the tasks alone: nothing to hold against summaries",
    "没有阶段单独提问任务：没有可与摘要对照的回答",
)
NO_REFERENCE = not_applicable(
    Sentence(
        "no reference run is known for this model on this task set",
        "该模型在此任务集上没有已知的参考运行",
    )
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


def _paired(
    evidence: Evidence,
    results: Results,
    value: Callable[[str, Sequence[Request]], float | None],
    there: Callable[[ReferenceAnswer], float],
) -> dict[str, Ratio]:
    """By phase, a value of each task's answers over the reference's, over the tasks that both answered."""
    known = reference_answers(evidence)
    names = [name for name, phase in results.phases.items() if phase.questions == "tasks"]
    ratios = {}
    for name, answers in answers_by_phase(evidence, names).items():
        pairs = [
            (own, there(known[task]))
            for task, events in sorted(answers.items())
            if task in known and (own := value(task, events)) is not None
        ]
        ratio = paired([own for own, _ in pairs], [other for _, other in pairs])
        if ratio is not None:
            ratios[name] = ratio
    return ratios


def _quality_by_task(evidence: Evidence, results: Results) -> Iterator[tuple[str, str, Ratio]]:
    """Phase, metric and the ratio over the tasks that the reference run answered too."""
    lines, known = evidence.tasks, reference_answers(evidence)
    pairs = {
        (lines[event.task].reference, event.text)
        for event in answered(evidence)
        if event.task in known
    }
    scored = {**results.scores, **rouge.score_texts(pairs - results.scores.keys())}
    for number, metric in enumerate(rouge.TYPES):

        def own(task: str, events: Sequence[Request], number: int = number) -> float:
            return mean([scored[lines[task].reference, event.text][number] for event in events])

        def there(answer: ReferenceAnswer, number: int = number) -> float:
            return float(answer.rouge[number])

        for name, ratio in _paired(evidence, results, own, there).items():
            yield name, metric, ratio


def _interval(ratio: Ratio) -> str:
    if ratio.low == 0.0 and ratio.high == math.inf:
        return Sentence("too few for an interval", "任务过少，无区间")
    return Sentence(
        f"95 % interval {ratio.low:.1%} to {ratio.high:.1%}",
        f"95 % 区间 {ratio.low:.1%} 至 {ratio.high:.1%}",
    )


@rule(
    "R020",
    title=Bilingual("Summaries are as good as the reference's", "摘要质量达到参考"),
    asks=Bilingual(
        "Each ROUGE reaches the agreed share (99 %) of the reference run's on the same tasks, task by task: in the phase "
        "with most of them by value, in every other one unless the whole 95 % interval (paired bootstrap over tasks) lies "
        "below; and in the phase with most tasks the reference run's mean over its whole set. Here and in R021, R022 and "
        "R101, only phases count that ask each task alone: no history, no synthetic prompts.",
        "每项 ROUGE 在相同任务上逐任务达到参考运行的约定比例（99 %）：任务最多的阶段以数值计，其余阶段以 95 % 区间"
        "（对任务的配对自助法）不整体低于该比例计；任务最多的阶段还须达到参考运行在其全集上均值的该比例。此处以及 "
        "R021、R022、R101 仅计入逐个单独提问任务的阶段：无历史，无合成提示词。",
    ),
    reason=Bilingual(
        "A model that was cut, rounded or replaced is faster and worse; and a lighter phase may have another one.",
        "被裁剪、舍入或替换的模型更快，也更差；负载较轻的阶段可能另用模型。",
    ),
    phases="tasks",
    broken=Bilingual(
        "fail; not applicable where no reference run is known",
        "fail；没有已知参考运行时不适用",
    ),
)
def reaches_reference(evidence: Evidence, results: Results) -> Finding:
    """Each ROUGE reaches the agreed share of the reference run's, in every phase and on the very same tasks."""
    quality = evidence.plan.workload.quality
    bound, reference = quality.rouge_ratio_min, quality.reference
    ratios = list(_quality_by_task(evidence, results))
    if reference is None and not ratios:
        return NO_REFERENCE
    if not _asks_tasks(results):
        return not_applicable(NO_TASKS)
    below, least = [], 10.0
    for metric in rouge.TYPES if reference is not None else ():
        scored = list(_held(results, metric))
        if not scored:
            return failed(
                Sentence(f"{metric} was not measured in any phase", f"任何阶段均未测得 {metric}")
            )
        # The reference was taken over the whole set: judge the phase that covers most of it.
        name, value = max(scored, key=lambda item: item[1].n)
        assert reference is not None
        ratio = value.value / reference[metric]
        least = min(least, ratio)
        if ratio < bound:
            below.append(
                Sentence(
                    f"{name}: {metric} {value.value:.4f}, reference {reference[metric]:.4f}",
                    f"{name}：{metric} {value.value:.4f}，参考值 {reference[metric]:.4f}",
                )
            )
    most = max((ratio.tasks for _, _, ratio in ratios), default=0)
    for name, metric, pair in ratios:
        if pair.value < bound and (pair.tasks == most or pair.high < bound):
            below.append(
                Sentence(
                    f"{name}: {metric} {pair.value:.2%} of the reference's on the same {pair.tasks} tasks, {_interval(pair)}",
                    f"{name}：{metric} 在相同的 {pair.tasks} 个任务上为参考的 {pair.value:.2%}，{chinese(_interval(pair))}",
                )
            )
    if below:
        return failed(
            Sentence(
                f"below {bound:.0%} of the reference: {below[0]}",
                f"低于参考值的 {bound:.0%}：{chinese(below[0])}",
            ),
            below,
        )
    least = min([least, *(pair.value for _, _, pair in ratios)])
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
        "In every phase that asks at least 16 tasks alone, the mean generated length reaches the agreed share "
        "(90 %) of the reference run's on the same tasks, and the reference's the same share of it; in a phase of fewer "
        "tasks, unless the whole 95 % interval (paired bootstrap over tasks) lies beyond.",
        "在每个逐个单独提问至少 16 项任务的阶段，平均生成长度达到参考运行在相同任务上的约定比例（90 %），参考运行亦"
        "达到其同一比例；任务更少的阶段，以 95 % 区间（对任务的配对自助法）不整体越界计。",
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
    """The mean generated length reaches the agreed share of the reference run's, in every phase."""
    quality = evidence.plan.workload.quality
    reference, bound = quality.reference, quality.length_ratio_min
    ratios = _paired(
        evidence,
        results,
        lambda _, events: mean_tokens(events),
        lambda answer: float(answer.tokens),
    )
    if reference is None and not ratios:
        return NO_REFERENCE
    if not _asks_tasks(results):
        return not_applicable(NO_TASKS)
    scored = list(_held(results, "generated_tokens_mean"))
    if not scored:
        return failed(
            Sentence(
                "the generated length was not measured in any phase", "任何阶段均未测得生成长度"
            )
        )
    lines: list[tuple[float, str, bool]] = []
    # The reference was taken over the whole set: few tasks may be shorter or longer than most.
    largest = max(value.n for _, value in scored)
    for name, value in scored if reference is not None else ():
        if value.n >= min(FEWEST_TASKS, largest) and name not in ratios:
            assert reference is not None
            ratio = value.value / reference["generated_tokens"]
            why = Sentence(
                f"{name}: {value.value:.2f} tokens on average, {ratio:.1%} of the reference",
                f"{name}：平均 {value.value:.2f} 个 token，为参考值的 {ratio:.1%}",
            )
            lines.append((_share(ratio), why, _share(ratio) < bound))
    for name, pair in ratios.items():
        why = Sentence(
            f"{name}: {pair.value:.1%} of the reference's tokens on the same {pair.tasks} tasks, {_interval(pair)}",
            f"{name}：在相同的 {pair.tasks} 个任务上为参考 token 数的 {pair.value:.1%}，{chinese(_interval(pair))}",
        )
        surely = pair.tasks >= FEWEST_TASKS or pair.high < bound or pair.low > 1 / bound
        lines.append((_share(pair.value), why, _share(pair.value) < bound and surely))
    wrong = [line for _, line, beyond in lines if beyond]
    if wrong:
        first = min((line for line in lines if line[2]), key=lambda line: line[0])
        return failed(first[1], wrong)
    return passed(min(lines, key=lambda line: line[0])[1])


def _share(ratio: float) -> float:
    """How alike two lengths are, whichever is the longer: 1 for equal ones."""
    return min(ratio, 1 / ratio) if ratio > 0 else 0.0


@rule(
    "R101",
    title=Bilingual("Answers end where the reference ends", "回答止于参考结束之处"),
    asks=Bilingual(
        "Of a phase's answers to tasks of the reference run, at most 3 %, or one, say the reference's very words and then "
        "go on. Under greedy decoding the model ends there; an answer that left the reference's words before may be longer.",
        "一个阶段中，对参考运行所含任务的回答，至多 3 %（或 1 个）在说出与参考完全相同的词语后仍继续。贪心解码下模型"
        "在该处结束；此前已与参考不同的回答可以更长。",
    ),
    reason=Bilingual(
        "Throughput counts every token: full stops, words said again or a list that goes on behind the end are fast and say "
        "nothing. A tie at the end token lets a few honest answers go on.",
        "吞吐计入每个 token：结束之后的句号、重复的词语或没完没了的列举生成很快而毫无内容。结束符处的并列会使少数诚实的"
        "回答继续。",
    ),
    phases="tasks",
    broken=Bilingual(
        "fail; not applicable where no reference run is known",
        "fail；没有已知参考运行时不适用",
    ),
)
def ends_with_reference(evidence: Evidence, results: Results) -> Finding:
    """Few answers go on behind the reference's end."""
    known = reference_answers(evidence)
    names = [name for name, phase in results.phases.items() if phase.questions == "tasks"]
    wrong, places, total, count, beyond = [], [], 0, 0, 0
    for name, answers in answers_by_phase(evidence, names).items():
        events = [event for task, asked in answers.items() if task in known for event in asked]
        behind = [event for event in events if goes_on(event, known[event.task])]
        extra = sum(goes_on(event, known[event.task]) for event in behind)
        total, count, beyond = total + len(events), count + len(behind), beyond + extra
        if len(behind) > max(1.0, MOST_BEYOND * len(events)):
            wrong.append(
                Sentence(
                    f"{name}: {len(behind)} of {len(events)} answers go on behind the reference's last word, by {extra} tokens in all",
                    f"{name}：{len(events)} 个回答中有 {len(behind)} 个在参考的最后一词之后继续，共 {extra} 个 token",
                )
            )
            places += [place(event) for event in behind]
    if wrong:
        return failed(wrong[0], [*wrong, *places])
    if not total:
        return NO_REFERENCE
    return passed(
        Sentence(
            f"{count} of {total} answers go on behind the reference's last word, by {beyond} tokens in all",
            f"{total} 个回答中有 {count} 个在参考的最后一词之后继续，共 {beyond} 个 token",
        )
    )


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
