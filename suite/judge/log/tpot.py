"""Whether times per output token say something about the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.documents.document import given

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.judge.log.samples import Answer

MOST_WHOLE = 0.05
"""Share of answers that may arrive in one piece before TPOT says nothing about the engine."""
MOST_UNSEEN = 0.1
"""Share of the tokens that may come after the last chunk with text: special tokens, which engines leave out."""
LEAST_OWN = 0.9
"""Share of the claimed tokens that the suite's tokenizer must find in the texts where chunks do not tell theirs."""


def samples(answers: Sequence[Answer]) -> list[float]:
    """(t_n − t_1) / (n − 1) of each answer of two tokens or more, milliseconds."""
    return [value for answer in answers if (value := answer.tpot) is not None]


def obstacle(answers: Sequence[Answer]) -> str:
    """Why times per output token say nothing about the engine; "" when they do."""
    several = [answer for answer in answers if answer.tpot is not None]
    if not several:
        return "no answer has two tokens or more"
    # All tokens in one piece leave no time between first and last: that is not a speed of infinity.
    whole = sum(1 for answer in several if answer.last <= answer.first)
    if whole > MOST_WHOLE * len(several):
        return f"{whole} of {len(several)} answers arrived in one piece"
    stated = [answer for answer in several if answer.event.chunk_tokens]
    made = sum(answer.generated or 0 for answer in stated)
    if _unseen(stated) > MOST_UNSEEN * made:
        return f"{_unseen(stated)} of {made} tokens came without text: nobody saw when"
    return _claimed_beyond_text([answer for answer in several if not answer.event.chunk_tokens])


def _claimed_beyond_text(answers: Sequence[Answer]) -> str:
    """Whether texts hold fewer tokens than are claimed, where chunks do not tell theirs; "" when they do not."""
    own = [given(answer.event.usage.own_completion) for answer in answers]
    if all(count is None for count in own):
        return ""
    in_texts, made = (
        sum(count or 0 for count in own),
        sum(answer.generated or 0 for answer in answers),
    )
    if in_texts < LEAST_OWN * made:
        return (
            f"{made} tokens are claimed, the texts hold {in_texts}: nobody saw when the others came"
        )
    return ""


def _unseen(answers: Sequence[Answer]) -> int:
    """Tokens after the last chunk with text, but for one end token of each answer."""
    return sum(
        max(0, (answer.generated or 0) - sum(answer.event.chunk_tokens or ()) - 1)
        for answer in answers
    )
