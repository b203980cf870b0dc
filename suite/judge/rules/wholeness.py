"""Rules about what the answers consist of: an answer, or thinking, or the same words again and again."""

from __future__ import annotations

import collections
import re
from typing import TYPE_CHECKING

from suite.base.bilingual import Bilingual, Sentence, chinese
from suite.declare.scenarios.phase import has_exact_lengths
from suite.declare.tasks.thinking import thinking_in
from suite.documents.document import given
from suite.judge.log.loops import ends_in_loop
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
    from collections.abc import Callable, Sequence

    from suite.declare.tasks.thinking import Share
    from suite.documents.event import Request
    from suite.evidence import Evidence
    from suite.judge.metrics.compute import Results

MOST_EMPTY = 0.1
"""Largest share of a phase's answers that may hold only reasoning."""
MOST_PADDED = 0.1
"""Largest share of a phase's answers that may be padded."""
PADDING = 0.2
"""Share of an answer's words from which on it is padded."""
MOST_LOOPS = 0.1
"""Largest share of a phase's answers that may end in a loop without a word about it."""


def _questions(evidence: Evidence) -> dict[str, list[Request]]:
    """Answers to the task set's questions, by phase; texts of exact length are cut and padded on purpose."""
    synthetic = {doc.name for doc in evidence.plan.workload.phases if has_exact_lengths(doc)}
    groups: dict[str, list[Request]] = collections.defaultdict(list)
    for request in answered(evidence):
        if request.phase not in synthetic:
            groups[request.phase].append(request)
    return groups


def _few(
    evidence: Evidence,
    is_poor: Callable[[str], bool],
    what: Bilingual,
    most: float,
    more: Callable[[Sequence[Request]], Sentence] = lambda _: Sentence("", ""),
) -> Finding:
    """Warn where more than a share of a phase's answers are poor.

    Args:
        evidence: of the run.
        is_poor: judges a text.
        what: such answers do.
        most: largest share without a word.
        more: to say of a phase's poor answers.
    """
    groups = _questions(evidence)
    total = sum(map(len, groups.values()))
    if not total:
        return not_applicable(Sentence("no task was answered", "没有任务得到回答"))
    wrong, places, count = [], [], 0
    for name, requests in groups.items():
        poor = [request for request in requests if is_poor(request.text)]
        count += len(poor)
        if len(poor) > most * len(requests):
            tail = more(poor)
            wrong.append(
                Sentence(
                    f"{len(poor)} of {len(requests)} answers of {name} {what.en}{tail}",
                    f"{name} 的 {len(requests)} 个回答中有 {len(poor)} 个{what.zh}{chinese(tail)}",
                )
            )
            places += [place(request) for request in poor]
    if wrong:
        return warned(wrong[0], places)
    return passed(
        Sentence(f"{count} of {total} answers {what.en}", f"{total} 个回答中有 {count} 个{what.zh}")
    )


def _reasoning(request: Request, *, begun: bool) -> Share:
    """How much of an answer is reasoning."""
    if given(request.reasoning):
        return "part" if request.text.strip() else "all"
    # Where the template begins the thinking, a text without its end is thinking still, if it was cut.
    return thinking_in(request.text, begun=begun and request.finish_reason == "length")


@rule(
    "R050",
    title=Bilingual("Answers are more than reasoning", "回答不只是推理"),
    asks=Bilingual(
        "No answer holds reasoning, in a field of its own or between tags, and at most 10 % of a phase's answers hold "
        "nothing else.",
        "没有回答包含推理（无论在单独字段还是标签之间），且一个阶段中只含推理的回答至多占 10 %。",
    ),
    reason=Bilingual(
        "A model that thinks spends the length limit on it: what is scored is no summary, and its tokens are not those that "
        "were asked for.",
        "会推理的模型把长度限额用于推理：被评分的不是摘要，其 token 也不是所要求的。",
    ),
    phases="tasks",
    broken=Bilingual("fail; warn where the answers are there too", "fail；同时含有回答时为 warn"),
)
def more_than_reasoning(evidence: Evidence, _: Results) -> Finding:
    """Answers hold more than reasoning, and better none of it."""
    begun = evidence.plan.engine.request.thinking == "begun"
    groups = _questions(evidence)
    total = sum(map(len, groups.values()))
    if not total:
        return not_applicable(Sentence("no task was answered", "没有任务得到回答"))
    only: list[str] = []
    part: list[str] = []
    worst = ""
    for name, requests in groups.items():
        shares = [(request, _reasoning(request, begun=begun)) for request in requests]
        mine = [place(request) for request, share in shares if share == "all"]
        only += mine
        part += [place(request) for request, share in shares if share == "part"]
        if len(mine) > MOST_EMPTY * len(requests):
            worst = worst or Sentence(
                f"{len(mine)} of {len(requests)} answers of {name} hold only reasoning",
                f"{name} 的 {len(requests)} 个回答中有 {len(mine)} 个只含推理",
            )
    if worst:
        return failed(worst, only)
    if only or part:
        why = Sentence(
            f"{len(only)} of {total} answers hold only reasoning, {len(part)} hold some",
            f"{total} 个回答中有 {len(only)} 个只含推理，{len(part)} 个含部分推理",
        )
        return warned(why, only + part)
    return passed(Sentence(f"none of {total} answers holds reasoning", f"{total} 个回答均不含推理"))


@rule(
    "R053",
    title=Bilingual("Answers do not go round in circles", "回答不陷入循环"),
    asks=Bilingual(
        "At most 10 % of a phase's answers end in a loop: a stretch to the end, half of the answer or more, that says the "
        "same at least three times, or twice where it is long; or in four sentences (of short items, six) that differ by a "
        "name or a number alone.",
        "一个阶段中以循环结尾的回答至多占 10 %：即直至末尾、占回答一半以上、同样内容重复至少三次（较长者两次）的部分；"
        "或四个（短条目为六个）仅名称或数字不同的句子。",
    ),
    reason=Bilingual(
        "Such answers run to the length limit and count as much as good ones, where nothing holds them to a reference.",
        "这样的回答会一直生成到长度上限；没有参考可对照时，与好的回答同样计数。",
    ),
    phases="tasks",
    broken=Bilingual("warn", "warn"),
)
def no_loops(evidence: Evidence, _: Results) -> Finding:
    """Few answers end in a loop."""
    return _few(
        evidence,
        ends_in_loop,
        Bilingual("end in a loop", "以循环结尾"),
        MOST_LOOPS,
        _at_the_limit,
    )


def _at_the_limit(loops: Sequence[Request]) -> Sentence:
    cut = sum(request.finish_reason == "length" for request in loops)
    return Sentence(f", {cut} of them at the length limit", f"，其中 {cut} 个止于长度上限")


_WORD = re.compile(r"\w+|[^\w\s]+")
_TWICE = re.compile(r"\b(\w++)\s++\1\b")
_MARKS = re.compile(r"[^\w\s]\s*+[^\w\s]\s*+[^\w\s]")
_BESIDE = 2
"""Marks in a row that punctuation may have, such as a full stop and a closing quote."""


def is_padded(text: str) -> bool:
    """Whether `PADDING` of a text's words or more say nothing."""
    # Nearly every answer has neither, which is quickly seen.
    if _TWICE.search(text) is None and _MARKS.search(text) is None:
        return False
    return padding(text) >= PADDING


def padding(text: str) -> float:
    """Share of a text's words that say nothing: words said twice in a row, and marks beyond what sentences need."""
    words = _WORD.findall(text)
    empty = marks = 0
    before = ""
    for word in words:
        if word[0].isalnum() or word[0] == "_":
            empty += word == before
            marks = 0
        else:
            marks += len(word)
            empty += marks > _BESIDE
        before = word
    return empty / len(words) if words else 0.0


@rule(
    "R085",
    title=Bilingual("Answers are not padded", "回答未被填充"),
    asks=Bilingual(
        "At most 10 % of a phase's answers are padded: a fifth of their words or more are said twice in a row, or are "
        "punctuation beyond two marks together.",
        "一个阶段中至多 10 % 的回答被填充：五分之一以上的词连续重复，或为超过两个连续符号的标点。",
    ),
    reason=Bilingual(
        "Padding is made without a model, ROUGE hardly sees it, and every token of it counts as throughput.",
        "填充无需模型即可生成，ROUGE 几乎看不见，而每个 token 都计入吞吐。",
    ),
    phases="tasks",
    limits="open",
)
def not_padded(evidence: Evidence, _: Results) -> Finding:
    """Few answers are padded."""
    return _few(evidence, is_padded, Bilingual("are padded", "被填充"), MOST_PADDED)
