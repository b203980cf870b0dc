"""Exact lengths: what was asked for, and what was read and generated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.documents.document import given
from suite.judge.log.details import Lengths

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.documents.phase import Lengths as LengthsDocument
    from suite.judge.log.samples import PhaseSamples

SYNTHETIC = "synthetic prompts have no reference"


def asked(lengths: LengthsDocument, index: int) -> tuple[int, int]:
    """Prompt and answer tokens that request `index` asks for."""
    inputs, outputs = lengths.input_tokens, lengths.output_tokens
    return inputs[index % len(inputs)], outputs[index % len(outputs)]


def _range(counts: Sequence[int]) -> tuple[int, int] | None:
    return (min(counts), max(counts)) if counts else None


def lengths(phase: PhaseSamples) -> Lengths | None:
    """What a phase asked for and got; None where it asks for no exact length."""
    wanted = given(phase.doc.lengths)
    if wanted is None:
        return None
    answers = phase.answers
    return Lengths(
        input_asked=(min(wanted.input_tokens), max(wanted.input_tokens)),
        input_got=_range([one.prompt for one in answers if one.prompt is not None]),
        output_asked=(min(wanted.output_tokens), max(wanted.output_tokens)),
        output_got=_range([one.generated for one in answers if one.generated is not None]),
        source=phase.token_source,
    )
