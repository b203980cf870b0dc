"""Exact lengths: what was asked for, and what was read and generated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.bilingual import Sentence
from suite.documents.card_phase import LengthsResult
from suite.documents.document import given

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.documents.phase import Lengths
    from suite.judge.log.samples import PhaseSamples

SYNTHETIC = Sentence("synthetic prompts have no reference", "合成提示词没有参考摘要")


def asked(lengths: Lengths, index: int) -> tuple[int, int]:
    """Prompt and answer tokens that request `index` asks for."""
    inputs, outputs = lengths.input_tokens, lengths.output_tokens
    return inputs[index % len(inputs)], outputs[index % len(outputs)]


def _range(counts: Sequence[int]) -> tuple[int, int] | None:
    return (min(counts), max(counts)) if counts else None


def lengths(phase: PhaseSamples) -> LengthsResult | None:
    """What a phase asked for and got: smallest and largest; None where it asks for no exact length."""
    asked_lengths = given(phase.doc.lengths)
    if asked_lengths is None:
        return None
    answers = phase.answers
    return LengthsResult(
        input_asked=(min(asked_lengths.input_tokens), max(asked_lengths.input_tokens)),
        input_got=_range([answer.prompt for answer in answers if answer.prompt is not None]),
        output_asked=(min(asked_lengths.output_tokens), max(asked_lengths.output_tokens)),
        output_got=_range([answer.claimed for answer in answers if answer.claimed is not None]),
        source=phase.token_source,
    )
