"""Rules about quality: are the answers summaries, and as good as the reference's?"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from suite.base.bilingual import Bilingual, Sentence, chinese
from suite.base.statistics import mean
from suite.base.status import Outcome
from suite.documents.value import Measured
from suite.judge.log.reference import (
    Ratio,
    answers_by_phase,
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
    rule,
    warned,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from suite.documents.event import Request
    from suite.documents.reference import ReferenceAnswer
    from suite.evidence import Evidence
    from suite.judge.metrics.compute import Results

MANY_TASKS = 256
"""From here on a ratio decides by its value."""
MARGIN = 0.02
"""How far below the agreed share the interval of fewer tasks may begin: a model beyond it passes in 3 runs of a hundred."""
FEWEST_TASKS = 16
"""Of a phase whose mean length is held against the reference's, where any phase has as many; below, intervals are too narrow."""
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
        "Each ROUGE reaches the agreed share (99 %) of the reference run's on the same tasks, task by task. In the phase with most "
        "of them by value from 256 tasks on; of fewer, and in every other phase, the rule is broken where the whole 95 % interval "
        "(paired bootstrap over tasks) lies below, and fewer than 256 can tell only where the value reaches the share and the interval "
        "begins at most 2 % below it (of fewer than 16 tasks, not below it). The phase with most tasks also reaches the share of the reference run's mean over its whole set; "
        "of fewer than 256, where no task is the reference's. Here and in R021, R022 and R101, only phases count that ask each task "
        "alone: no history, no synthetic prompts.",
        "每项 ROUGE 在相同任务上逐任务达到参考运行的约定比例（99 %）。任务最多的阶段自 256 个任务起以数值计；任务较少时以及其余阶段，"
        "95 % 区间（对任务的配对自助法）整体低于该比例即为违反；不足 256 个任务时，仅当数值达到该比例且区间下端至多低 2 %（不足 16 个任务时不低于该比例）才可判断。"
        "任务最多的阶段还须达到参考运行在其全集上均值的该比例；不足 256 个任务时，仅当没有任务属于参考运行。此处以及 R021、R022、R101 "
        "仅计入逐个单独提问任务的阶段：无历史，无合成提示词。",
    ),
    reason=Bilingual(
        "A model that was cut, rounded or replaced is faster and worse; a lighter phase may have another one; and few tasks hide both.",
        "被裁剪、舍入或替换的模型更快，也更差；负载较轻的阶段可能另用模型；任务过少则二者皆看不出。",
    ),
    phases="tasks",
    broken=Bilingual(
        "fail; warn, *open* at best, where the tasks are too few to tell; not applicable where no reference run is known",
        "fail；任务过少而无法判断时为 warn，至多 *open*；没有已知参考运行时不适用",
    ),
    limits="open",
)
def reaches_reference(evidence: Evidence, results: Results) -> Finding:
    """Each ROUGE reaches the agreed share of the reference run's, in every phase and on the very same tasks."""
    quality = evidence.plan.workload.quality
    bound = float(quality.rouge_ratio_min)
    ratios = list(_quality_by_task(evidence, results))
    if quality.reference is None and not ratios:
        return NO_REFERENCE
    if not _asks_tasks(results):
        return not_applicable(NO_TASKS)
    most = max((ratio.tasks for _, _, ratio in ratios), default=0)
    lines = [
        (_told(pair, bound, decides=pair.tasks == most), pair.value, _compared(name, metric, pair))
        for name, metric, pair in ratios
    ]
    for metric in rouge.TYPES if quality.reference is not None else ():
        scored = list(_held(results, metric))
        if not scored:
            return failed(
                Sentence(f"{metric} was not measured in any phase", f"任何阶段均未测得 {metric}")
            )
        # The reference was taken over the whole set: judge the phase that covers most of it.
        name, value = max(scored, key=lambda item: item[1].n)
        if most and value.n < MANY_TASKS:
            continue
        assert quality.reference is not None
        known = float(quality.reference[metric])
        why = Sentence(
            f"{name}: {metric} {value.value:.4f}, reference {known:.4f}",
            f"{name}：{metric} {value.value:.4f}，参考值 {known:.4f}",
        )
        high = math.inf if value.high is None else value.high
        # How far below the mean of other tasks may lie says nothing of the model.
        means = Ratio(value.value / known, math.inf, high / known, value.n)
        lines.append((_told(means, bound, decides=True), means.value, why))
    return _reached(lines, bound)


def _told(ratio: Ratio, bound: float, *, decides: bool) -> Outcome:
    """Whether a ratio reaches its bound, as far as so many tasks tell.

    Args:
        ratio: over the reference's.
        bound: the share that is asked.
        decides: no other phase has more tasks.
    """
    if ratio.high < bound:
        return Outcome.FAIL
    if not decides:
        return Outcome.PASS
    below = ratio.value < bound
    if ratio.tasks >= MANY_TASKS:
        return Outcome.FAIL if below else Outcome.PASS
    # The bootstrap's interval over so few tasks is narrower than it claims.
    margin = MARGIN if ratio.tasks >= FEWEST_TASKS else 0.0
    return Outcome.WARN if below or ratio.low < bound - margin else Outcome.PASS


def _compared(name: str, metric: str, pair: Ratio) -> Sentence:
    return Sentence(
        f"{name}: {metric} {pair.value:.2%} of the reference's on the same {pair.tasks} tasks, {_interval(pair)}",
        f"{name}：{metric} 在相同的 {pair.tasks} 个任务上为参考的 {pair.value:.2%}，{chinese(_interval(pair))}",
    )


def _reached(lines: Sequence[tuple[Outcome, float, Sentence]], bound: float) -> Finding:
    """The finding of what the phases told: outcome, ratio and what was compared."""
    below = [line for outcome, _, line in lines if outcome is Outcome.FAIL]
    if below:
        return failed(
            Sentence(
                f"below {bound:.0%} of the reference: {below[0]}",
                f"低于参考值的 {bound:.0%}：{chinese(below[0])}",
            ),
            below,
        )
    unsure = [line for outcome, _, line in lines if outcome is Outcome.WARN]
    if unsure:
        return warned(
            Sentence(
                f"too few tasks tell whether {bound:.0%} of the reference are reached: {unsure[0]}",
                f"任务过少，无法判断是否达到参考值的 {bound:.0%}：{chinese(unsure[0])}",
            ),
            unsure,
        )
    least = min([10.0, *(value for _, value, _ in lines)])
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
