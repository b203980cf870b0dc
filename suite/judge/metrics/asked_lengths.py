"""Exact lengths and growing histories: what was asked for, and what was read and generated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.values import NotMeasured, Value, exact
from suite.judge.metrics import latency, statistics
from suite.judge.metrics.outcomes import Lengths, Turn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.declare.plandoc import LengthsDoc
    from suite.judge.metrics.samples import Answer, PhaseSamples

NO_LENGTH = "no exact length was asked for"
SYNTHETIC = "synthetic prompts have no reference"


def asked(lengths: LengthsDoc, index: int) -> tuple[int, int]:
    """Prompt and answer tokens that request `index` asks for."""
    inputs, outputs = lengths["input_tokens"], lengths["output_tokens"]
    return inputs[index % len(inputs)], outputs[index % len(outputs)]


def _range(counts: Sequence[int]) -> tuple[int, int] | None:
    return (min(counts), max(counts)) if counts else None


def lengths(phase: PhaseSamples) -> Lengths | None:
    """What a phase asked for and got; None where it asks for no exact length."""
    wanted = phase.doc.get("lengths")
    if wanted is None:
        return None
    answers = phase.answers
    return Lengths(
        input_asked=(min(wanted["input_tokens"]), max(wanted["input_tokens"])),
        input_got=_range([one.prompt for one in answers if one.prompt is not None]),
        output_asked=(min(wanted["output_tokens"]), max(wanted["output_tokens"])),
        output_got=_range([one.generated for one in answers if one.generated is not None]),
        source=phase.token_source,
    )


def exact_share(phase: PhaseSamples) -> Value:
    """Share of the answers that have exactly the length asked for."""
    wanted = phase.doc.get("lengths")
    if wanted is None:
        return NotMeasured(NO_LENGTH)
    if not phase.counts_tokens:
        return NotMeasured(latency.NO_COUNT)
    answers = phase.answers
    right = sum(one.generated == asked(wanted, one.event["index"])[1] for one in answers)
    return exact(right / len(answers), "1", len(answers))


def turns(phase: PhaseSamples) -> tuple[Turn, ...]:
    """Latency and prompt length by turn; empty where the phase holds no conversations."""
    session = phase.doc.get("session")
    if session is None:
        return ()
    by_turn: list[list[Answer]] = [[] for _ in range(session["turns"])]
    for answer in phase.answers:
        by_turn[answer.event["index"] % session["turns"]].append(answer)
    return tuple(_turn(number, answers, phase) for number, answers in enumerate(by_turn))


def _turn(number: int, answers: Sequence[Answer], phase: PhaseSamples) -> Turn:
    prompts: Value = NotMeasured("no source counted the prompts")
    if phase.counts_prompts:
        prompts = statistics.bootstrap_mean([float(one.prompt or 0) for one in answers], "tokens")
    tpot: Value = NotMeasured(latency.NO_COUNT)
    if phase.counts_tokens:
        per_token = latency.ascending(latency.tpot(answers))
        tpot = statistics.percentile_value(per_token, 50.0, "ms")
    return Turn(
        number=number,
        completed=len(answers),
        prompt_tokens=prompts,
        ttft=statistics.percentile_value(latency.ascending(latency.ttft(answers)), 50.0, "ms"),
        tpot=tpot,
    )
