"""Whether times per output token say something about the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.bilingual import Sentence
from suite.declare.analysis.arrived import several
from suite.documents.document import given
from suite.judge.log.samples import NO_ARRIVALS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.judge.log.samples import Answer

MOST_WHOLE = 0.05
"""Share of answers that may arrive in one piece before TPOT says nothing about the engine."""
SHORT = Sentence("no answer has two tokens or more", "没有回答含两个或更多 token")
LEAST_OWN = 0.9
"""Share of the claimed tokens that the suite's tokenizer must find in the texts where chunks do not tell theirs."""


def samples(answers: Sequence[Answer]) -> list[float]:
    """(t_n − t_1) / tokens after the first chunk, milliseconds, of each answer that has some."""
    return [value for answer in answers if (value := answer.tpot) is not None]


def untold(answers: Sequence[Answer]) -> str:
    """Why an objective for TPOT cannot be checked; "" where it can, or no answer has two tokens and so a TPOT."""
    why = obstacle(answers)
    return "" if why == SHORT else why


def obstacle(answers: Sequence[Answer]) -> str:
    """Why times per output token say nothing about the engine; "" when they do."""
    longer = [answer for answer in answers if several(answer.event, answer.generated)]
    if not longer:
        return SHORT
    if any(answer.arrived is None for answer in answers):
        return NO_ARRIVALS
    # All tokens in one piece leave no time between first and last: that is not a speed of infinity.
    whole = sum(answer.decoding is None for answer in longer)
    if whole > MOST_WHOLE * len(longer):
        return Sentence(
            f"{whole} of {len(longer)} answers arrived in one piece",
            f"{len(longer)} 个回答中有 {whole} 个一次性到达",
        )
    return _claimed_beyond_text([answer for answer in longer if not answer.event.chunk_tokens])


def _claimed_beyond_text(answers: Sequence[Answer]) -> str:
    """Whether texts hold fewer tokens than are claimed, where chunks do not tell theirs; "" when they do not."""
    own = [given(answer.event.usage.own_completion) for answer in answers]
    if all(count is None for count in own):
        return ""
    in_texts = sum(count or 0 for count in own)
    generated = sum(answer.generated or 0 for answer in answers)
    if in_texts < LEAST_OWN * generated:
        return Sentence(
            f"{generated} tokens are claimed, the texts hold {in_texts}: nobody saw when the others came",
            f"引擎声称 {generated} 个 token，文本中有 {in_texts} 个：其余的到达时刻无从得知",
        )
    return ""
