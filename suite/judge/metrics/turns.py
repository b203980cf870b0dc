"""Conversations by turn: how latency grows with the history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.bilingual import Sentence
from suite.documents.card_phase import Turn
from suite.documents.document import given
from suite.documents.value import NotMeasured, Value
from suite.judge import intervals
from suite.judge.log import tpot
from suite.judge.log.due import is_answer, last_turns
from suite.judge.log.samples import NO_COUNT
from suite.judge.metrics.latency import ascending

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.judge.log.samples import Answer, PhaseSamples


def turns(phase: PhaseSamples) -> tuple[Turn, ...]:
    """Latency and prompt length by turn; empty where the phase holds no conversations."""
    session = given(phase.doc.session)
    if session is None:
        return ()
    by_turn: list[list[Answer]] = [[] for _ in range(session.turns)]
    for answer in phase.answers:
        by_turn[answer.event.index % session.turns].append(answer)
    late = [0] * session.turns
    for repeat in phase.repeats:
        for last in last_turns(repeat.log, session.turns).values():
            if not is_answer(last):
                # Neither it nor the turns that were not sent because of it ever came.
                for number in range(last.index % session.turns, session.turns):
                    late[number] += 1
    return tuple(
        _turn(number, answers, phase, late[number]) for number, answers in enumerate(by_turn)
    )


def _turn(number: int, answers: Sequence[Answer], phase: PhaseSamples, late: int) -> Turn:
    prompts: Value = NotMeasured(Sentence("no source counted the prompts", "没有来源对提示计数"))
    if phase.counts_prompts:
        prompts = intervals.bootstrap_mean(
            [float(answer.prompt or 0) for answer in answers], "tokens"
        )
    per_token: Value = NotMeasured(NO_COUNT)
    if phase.counts_tokens:
        samples = ascending(tpot.samples(answers))
        per_token = intervals.percentile_value(samples, 50.0, "ms", late=late)
    waits = ascending([answer.ttft for answer in answers])
    return Turn(
        number=number,
        completed=len(answers),
        prompt_tokens=prompts,
        ttft=intervals.percentile_value(waits, 50.0, "ms", late=late),
        tpot=per_token,
    )
