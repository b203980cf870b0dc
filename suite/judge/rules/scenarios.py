"""Rules about the shape of a load: exact lengths, conversations, batches, replayed arrivals."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.base.bilingual import Bilingual, Sentence, chinese, placed
from suite.declare.scenarios.phase import has_exact_lengths, is_conversation, lengths_of, session_of
from suite.documents.document import given
from suite.judge.log.due import is_answer
from suite.judge.log.lengths import asked
from suite.judge.log.phases import phase_logs
from suite.judge.rules.rule import Finding, failed, not_applicable, passed, place, rule, warned
from suite.judge.rules.tokens import claimed_counts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from suite.documents.event import Request
    from suite.evidence import Evidence
    from suite.judge.log.phases import PhaseLog
    from suite.judge.metrics.compute import Results

PROMPT_SLACK = 2
"""Tokens by which the engine's count of a prompt may differ: a start token that only one side counts."""
LENGTH_TOLERANCE = 0.01
"""Share of a phase's answers that may miss the length asked for."""
LEAST_OWN = 0.85
"""Share of the claimed tokens that the suite's tokenizer must find in the texts; joined anew, tokens may merge."""
END_TOKEN = 1
"""An answer's end token need not come back with the history."""
THINK_SLACK_NS = 1_000_000
"""How much sooner than the thinking time a turn may follow: the rounding of two clocks."""
RATE_TOLERANCE = 0.01
"""By how much the mean rate of replayed arrivals may differ from the one that the plan states."""


def _measured(evidence: Evidence) -> Iterator[PhaseLog]:
    return (log for log in phase_logs(evidence).values() if log.doc.measured and log.events)


@rule(
    "R042",
    title=Bilingual("Lengths are those asked for", "长度与要求一致"),
    asks=Bilingual(
        "Where exact lengths are asked for, every prompt has its length (the engine may count "
        "2 tokens more or fewer) and 99 % of the answers have theirs; by the suite's tokenizer "
        "the texts of a phase hold at least 85 % of the tokens that the engine claims.",
        "要求精确长度时，每个提示词均为其长度（引擎的计数可相差至多 2 个 token），99 % 的回答亦"
        "然；以本套件分词器计，一个阶段的文本至少含引擎所称 token 的 85 %。",
    ),
    reason=Bilingual(
        "Answers shorter than asked take less time, and prompts that were cut are read sooner.",
        "短于要求的回答耗时更少，被截断的提示词读得更快。",
    ),
    phases="exact-length",
    broken=Bilingual("fail; warn where the engine alone counted", "fail；仅引擎计数时为 warn"),
)
def lengths_held(evidence: Evidence, _: Results) -> Finding:
    """Prompts and answers have exactly the lengths that were asked for."""
    wrong: list[str] = []
    alone: list[str] = []
    judged = 0
    for log in _measured(evidence):
        if not has_exact_lengths(log.doc):
            continue
        answers = [event for event in log.events if is_answer(event)]
        judged += len(answers)
        problems = [problem for event in answers if (problem := _length_problem(log, event))]
        prompts = [text for kind, text in problems if kind == "prompt"]
        outputs = [text for kind, text in problems if kind == "answer"]
        wrong += prompts
        if len(outputs) > LENGTH_TOLERANCE * len(answers):
            wrong.append(
                Sentence(
                    f"{log.name}: {len(outputs)} of {len(answers)} answers, {outputs[0]}",
                    f"{log.name}：{len(answers)} 个回答中有 {len(outputs)} 个，{chinese(outputs[0])}",
                )
            )
        wrong += _not_in_the_texts(log, answers)
        if any(_own(event) is None and not _has_ids(event) for event in answers):
            alone.append(
                Sentence(f"{log.name}: counted by the engine alone", f"{log.name}：仅由引擎计数")
            )
    if wrong:
        return failed(
            Sentence(
                f"lengths are not those asked for: {wrong[0]}",
                f"长度与要求不符：{chinese(wrong[0])}",
            ),
            wrong,
        )
    if not judged:
        return not_applicable(Sentence("no phase asks for exact lengths", "没有阶段要求精确长度"))
    if alone:
        return warned(
            Sentence(
                f"{alone[0]}: neither token ids nor the suite's tokenizer confirm it",
                f"{chinese(alone[0])}：既无 token 编号，也无套件分词器的计数可以佐证",
            ),
            alone,
        )
    return passed(
        Sentence(
            f"{judged} requests with prompts and answers of the lengths asked for",
            f"{judged} 个请求的提示与回答长度均与要求一致",
        )
    )


def _own(event: Request) -> int | None:
    return given(event.usage.own_completion)


def _has_ids(event: Request) -> bool:
    return event.token_ids is not None or event.usage.ids_completion is not UNSET


def _claimed(event: Request) -> int:
    """The most that the engine says it generated."""
    usage, ids = event.usage, event.token_ids
    return max(
        given(usage.engine_completion, 0),
        given(usage.ids_completion, 0),
        0 if ids is None else len(ids),
    )


def _not_in_the_texts(log: PhaseLog, answers: Sequence[Request]) -> list[str]:
    """Fewer tokens in the texts of a phase than the engine claims, where the suite counted any."""
    if all(_own(event) is None for event in answers):
        return []
    own, claimed = sum(_own(event) or 0 for event in answers), sum(map(_claimed, answers))
    if own >= LEAST_OWN * claimed:
        return []
    return [
        Sentence(
            f"{log.name}: {claimed} tokens are claimed, its texts hold {own}",
            f"{log.name}：引擎声称 {claimed} 个 token，文本中只有 {own} 个",
        )
    ]


def _length_problem(log: PhaseLog, event: Request) -> tuple[str, str] | None:
    """Which of the two lengths is wrong, and how."""
    usage = event.usage
    prompt, output = asked(lengths_of(log.doc), event.index)
    own, engine = given(usage.own_prompt), given(usage.engine_prompt)
    if own is None and engine is None:
        return "prompt", Sentence(
            f"{place(event)}: nobody counted the prompt",
            f"{chinese(place(event))}：提示没有任何来源计数",
        )
    if own is not None and own != prompt:
        return "prompt", Sentence(
            f"{place(event)}: a prompt of {own} tokens, {prompt} asked",
            f"{chinese(place(event))}：提示有 {own} 个 token，要求 {prompt} 个",
        )
    if engine is not None and abs(engine - prompt) > PROMPT_SLACK:
        return "prompt", Sentence(
            f"{place(event)}: the engine read {engine} prompt tokens, {prompt} asked",
            f"{chinese(place(event))}：引擎读取了 {engine} 个提示 token，要求 {prompt} 个",
        )
    counts = claimed_counts(event)
    if not counts:
        return "answer", Sentence(
            f"{place(event)}: the engine did not count its answer",
            f"{chinese(place(event))}：引擎没有对其回答计数",
        )
    if any(count != output for count in counts):
        return "answer", Sentence(
            f"{place(event)}: an answer of {min(counts)} tokens, {output} asked",
            f"{chinese(place(event))}：回答有 {min(counts)} 个 token，要求 {output} 个",
        )
    return None


@rule(
    "R043",
    title=Bilingual("Turns carry their history", "每轮对话包含其历史"),
    asks=Bilingual(
        "In conversations every turn was sent after the answer before it, carries the history, "
        "and no more sessions run at once than planned.",
        "对话中每一轮均在前一回答之后发送并携带历史，同时进行的会话数不超过计划。",
    ),
    reason=Bilingual(
        "Turns without their history are cheap; turns sent at once are not a conversation.",
        "不带历史的轮次代价低；一次全部发送的轮次不是对话。",
    ),
    phases="conversation",
    broken=Bilingual("fail", "fail"),
)
def conversations(evidence: Evidence, _: Results) -> Finding:
    """Every turn was sent after the answer before it, and carries the history."""
    wrong: list[str] = []
    sessions = turns = 0
    for log in _measured(evidence):
        if not is_conversation(log.doc):
            continue
        by_session: dict[int, list[Request]] = {}
        for event in sorted(log.events, key=lambda event: event.index):
            by_session.setdefault(event.index // session_of(log.doc).turns, []).append(event)
        sessions += len(by_session)
        for events in by_session.values():
            turns += len(events)
            wrong += _session_problems(log, events)
        wrong += _too_many_sessions(log, by_session)
    if wrong:
        return failed(
            Sentence(
                f"not a conversation in {len(wrong)} places: {wrong[0]}",
                f"有 {len(wrong)} 处不成对话：{chinese(wrong[0])}",
            ),
            wrong,
        )
    if not sessions:
        return not_applicable(Sentence("no phase holds conversations", "没有包含对话的阶段"))
    return passed(
        Sentence(
            f"{turns} turns of {sessions} sessions, each after the answer before it",
            f"{sessions} 个会话共 {turns} 轮，每轮均在前一回答之后发送",
        )
    )


def _session_problems(log: PhaseLog, events: Sequence[Request]) -> list[str]:
    wrong: list[str] = []
    think_ns = round(session_of(log.doc).think_ms * 1e6) - THINK_SLACK_NS
    for before, after in itertools.pairwise(events):
        if not is_answer(before):
            wrong.append(
                Sentence(
                    f"{place(after)}: sent though the turn before it failed",
                    f"{chinese(place(after))}：前一轮失败后仍然发送",
                )
            )
        elif after.t_send < before.t_end + max(0, think_ns):
            wrong.append(
                Sentence(
                    f"{place(after)}: sent before its turn was due",
                    f"{chinese(place(after))}：在该轮应发送的时刻之前发送",
                )
            )
        elif not after.truncated and not _grew(before, after):
            wrong.append(
                Sentence(
                    f"{place(after)}: its prompt does not hold the history",
                    f"{chinese(place(after))}：提示未包含历史",
                )
            )
    return wrong


def _grew(before: Request, after: Request) -> bool:
    """Whether a prompt holds the one before it and its answer, by every count that both turns have."""
    earlier, later = before.usage, after.usage
    counts = (
        (given(earlier.own_prompt), given(earlier.own_completion), given(later.own_prompt)),
        (
            given(earlier.engine_prompt),
            given(earlier.engine_completion),
            given(later.engine_prompt),
        ),
    )
    return all(
        prompt is None or longer is None or longer >= prompt + max(1, (answer or 0) - END_TOKEN)
        for prompt, answer, longer in counts
    )


def _too_many_sessions(log: PhaseLog, by_session: dict[int, list[Request]]) -> list[str]:
    """More sessions under way than planned; one that waits while its user thinks is under way."""
    limit = log.doc.concurrency
    edges: list[tuple[int, int]] = []
    for mine in by_session.values():
        edges.append((min(event.t_send for event in mine), 1))
        edges.append((max(event.t_end for event in mine), -1))
    most = max(itertools.accumulate(step for _, step in sorted(edges)), default=0)
    if limit is None or most <= limit:
        return []
    return [
        Sentence(
            f"{log.name}: {most} sessions at once, planned {limit}",
            f"{log.name}：同时有 {most} 个会话，计划 {limit} 个",
        )
    ]


@rule(
    "R044",
    title=Bilingual("Batches were sent in step", "各批次同步发送"),
    asks=Bilingual(
        "In lockstep phases a batch was sent when the one before it had ended.",
        "在逐批同步的阶段，前一批结束后才发送下一批。",
    ),
    reason=Bilingual(
        "Batches that overlap hide how long one takes.",
        "重叠的批次会掩盖单批的耗时。",
    ),
    phases="lockstep",
    broken=Bilingual("fail", "fail"),
)
def batches_in_step(evidence: Evidence, _: Results) -> Finding:
    """In lockstep phases a batch was sent when the one before it had ended, not sooner."""
    wrong: list[str] = []
    judged = 0
    for log in _measured(evidence):
        size = log.doc.concurrency
        if not log.doc.lockstep or size is None:
            continue
        batches: dict[int, list[Request]] = {}
        for event in log.events:
            batches.setdefault(event.index // size, []).append(event)
        judged += len(batches)
        for number in sorted(batches):
            before = batches.get(number - 1, [])
            ended = max((event.t_end for event in before), default=0)
            wrong += [place(event) for event in batches[number] if event.t_send < ended]
    if wrong:
        return failed(
            Sentence(
                f"{len(wrong)} requests were sent before the batch before them ended",
                f"{len(wrong)} 个请求在前一批结束之前发送",
            ),
            wrong,
        )
    if not judged:
        return not_applicable(Sentence("no phase is sent in batches", "没有逐批发送的阶段"))
    return passed(
        Sentence(
            f"{judged} batches, each sent when the one before it had ended",
            f"{judged} 批，每批均在前一批结束后发送",
        )
    )


@rule(
    "R047",
    title=Bilingual("A replay follows its trace", "回放遵循其轨迹文件"),
    asks=Bilingual(
        "A replay's arrivals are in order, at the rate that the plan states, and of a trace "
        "that it names.",
        "回放的到达时刻依次排列，速率如计划所述，且出自其所称的轨迹文件。",
    ),
    reason=Bilingual("Arrivals from nowhere.", "来历不明的到达时刻。"),
    phases="replay",
    broken=Bilingual("fail", "fail"),
)
def replay_follows(evidence: Evidence, _: Results) -> Finding:
    """A replay's arrivals are a trace's: it is named, in order, and of the rate that is stated."""
    wrong: list[str] = []
    judged = 0
    for log in _measured(evidence):
        arrivals, times = log.doc.arrivals, log.doc.arrivals_ns
        if arrivals is None or arrivals.process != "replay":
            continue
        judged += 1
        if arrivals.trace is UNSET:
            wrong.append(
                Sentence(
                    f"{log.name}: the plan does not say which trace",
                    f"{log.name}：计划未说明使用哪个轨迹文件",
                )
            )
        if not times or list(times) != sorted(times) or times[0] < 0:
            wrong.append(
                Sentence(
                    f"{log.name}: the arrivals are not in order",
                    f"{log.name}：到达时刻未按次序排列",
                )
            )
        elif times[-1] > 0:
            rate = len(times) / (times[-1] / 1e9)
            if not math.isclose(rate, arrivals.rate, rel_tol=RATE_TOLERANCE):
                stated = Sentence(
                    f"{rate:.4g} requests per second, the plan says {arrivals.rate:.4g}",
                    f"每秒 {rate:.4g} 个请求，计划为 {arrivals.rate:.4g} 个",
                )
                wrong.append(placed(log.name, stated))
    if wrong:
        return failed(
            Sentence(
                f"not a replay of a trace: {wrong[0]}", f"不是轨迹文件的回放：{chinese(wrong[0])}"
            ),
            wrong,
        )
    if not judged:
        return not_applicable(Sentence("no phase replays a trace", "没有回放轨迹文件的阶段"))
    return passed(
        Sentence(
            f"{judged} phases replay a trace that the plan names",
            f"{judged} 个阶段回放了计划所指明的轨迹文件",
        )
    )
