"""Rules about the answers themselves: are they answers to their own tasks, and can they be given again?"""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING

from suite.base.bilingual import Bilingual, Sentence, chinese
from suite.declare.scenarios.phase import has_exact_lengths, is_conversation, is_shortened
from suite.judge.log import texts
from suite.judge.log.reference import answers_by_phase, goes_on, reference_answers
from suite.judge.metrics.rouge_pairs import words
from suite.judge.rules.quality import NO_REFERENCE
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

MOST_BEYOND = 0.03
"""Share of a phase's answers that may go on behind the reference's end: ties at the end token let about 1 % do so."""
MOST_ALIKE = 0.5
"""Largest share of one phase's answers, to different tasks, that may be the same text."""
MOST_ECHOES = 0.1
"""Largest share of answers that may repeat the prompt's own instruction."""
SAME_TASK = 0.98
"""Share of tasks answered in several phases whose greedy answers are expected to be equal."""
NO_QUESTIONS = Sentence(
    "every phase asks for exact lengths with synthetic prompts",
    "每个阶段都以合成提示词要求精确长度",
)


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
