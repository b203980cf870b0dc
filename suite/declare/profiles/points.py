"""The points of a profile's phase: one for each concurrency of a sweep, each pair of lengths, each cell of a grid."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from msgspec import UNSET
from msgspec.structs import replace

from suite.base.bilingual import Sentence, chinese
from suite.documents.phase import Group, Lengths

if TYPE_CHECKING:
    from suite.declare.profiles.trace import Trace
    from suite.documents.profile import ProfilePhase

CONCURRENCY: Final = "concurrency"
INPUT: Final = "input_tokens"
OUTPUT: Final = "output_tokens"
_LETTERS: Final = {INPUT: "i", OUTPUT: "o", CONCURRENCY: "c"}


@dataclass(frozen=True, slots=True)
class Room:
    """What fits into a model and its engine.

    Attributes:
        positions: tokens of prompt and answer together at most; None refuses nothing.
        shortest_prompt: tokens of the shortest prompt that can be sent; shorter ones are raised to it.
    """

    positions: int | None = None
    shortest_prompt: int = 1


@dataclass(frozen=True, slots=True)
class Point:
    """One measured phase to be.

    Attributes:
        name: of the phase in the plan.
        concurrency: streams, or None.
        group: where it lies in its table, or None for a phase of one point.
        lengths: exact lengths, or None for the task set's prompts.
        not_run: why the model cannot hold it, or None.
    """

    name: str
    concurrency: int | None
    group: Group | None = None
    lengths: Lengths | None = None
    not_run: str | None = None


def has_exact_lengths(phase: ProfilePhase) -> bool:
    """Whether a profile's phase sends prompts of exact length, which only the model's tokenizer can make."""
    return phase.lengths is not UNSET or phase.grid is not UNSET


def point_names(phase: ProfilePhase) -> list[str]:
    """The names that a phase's points get in a plan, in running order."""
    table = _table(phase)
    return [_name(phase, axes) for axes in table] if table is not None else [phase.name]


def points(phase: ProfilePhase, room: Room, trace: Trace | None, tasks: int) -> list[Point]:
    """The points of a phase in running order.

    Args:
        phase: of a consistent profile.
        room: what the model can hold.
        trace: where lengths come from that are no list, if they do.
        tasks: requests of the phase, for lengths that come from the trace.
    """
    table = _table(phase)
    if table is None:
        return [_single(phase, room, trace, tasks)]
    varying = [axis for axis in table[0] if len({axes[axis] for axes in table}) > 1]
    names = varying or list(table[0])
    resolved = []
    for axes in table:
        lengths = None
        if INPUT in axes:
            lengths = _lengths(phase, [(axes[INPUT], axes[OUTPUT])], room)
        resolved.append(
            Point(
                name=_name(phase, axes),
                concurrency=axes.get(CONCURRENCY, phase.concurrency),
                group=Group(name=phase.name, axes={axis: axes[axis] for axis in names}),
                lengths=lengths,
                not_run=None if lengths is None else _too_long(lengths, room),
            )
        )
    return resolved


def _table(phase: ProfilePhase) -> list[dict[str, int]] | None:
    """The axes of each point, or None for a phase that is one point."""
    if phase.sweep is not UNSET:
        return [{CONCURRENCY: streams} for streams in phase.sweep]
    if phase.grid is not UNSET:
        grid = phase.grid
        cells = itertools.product(grid.input, grid.output, grid.concurrency)
        return [dict(zip((INPUT, OUTPUT, CONCURRENCY), cell, strict=True)) for cell in cells]
    if phase.lengths is not UNSET and phase.lengths.pairs is not UNSET:
        return [{INPUT: pair[0], OUTPUT: pair[1]} for pair in phase.lengths.pairs]
    return None


def _name(phase: ProfilePhase, axes: dict[str, int]) -> str:
    return "-".join([phase.name, *(f"{_LETTERS[axis]}{axes[axis]}" for axis in axes)])


def _single(phase: ProfilePhase, room: Room, trace: Trace | None, tasks: int) -> Point:
    if phase.lengths is UNSET:
        return Point(phase.name, phase.concurrency)
    if phase.lengths.data is not UNSET:
        return _of_data(phase, room, trace)
    assert trace is not None
    assert trace.lengths is not None
    lengths = _lengths(phase, list(trace.lengths[:tasks]), room)
    not_run = _too_long(lengths, room)
    return Point(phase.name, phase.concurrency, lengths=lengths, not_run=not_run)


def _of_data(phase: ProfilePhase, room: Room, data: Trace | None) -> Point:
    if data is None or data.lengths is None:
        why = Sentence(
            "the lengths are the data's, which were not read", "长度来自数据，而数据未被读取"
        )
        return Point(phase.name, phase.concurrency, not_run=why)
    lengths = _lengths(phase, list(data.lengths), Room(room.positions))
    too_long = _too_long(lengths, room)
    lengths = replace(lengths, own=True)
    return Point(phase.name, phase.concurrency, lengths=lengths, not_run=too_long)


def _lengths(phase: ProfilePhase, pairs: list[tuple[int, int]], room: Room) -> Lengths:
    drawn = phase.grid if phase.grid is not UNSET else phase.lengths
    assert drawn is not UNSET
    return Lengths(
        input_tokens=tuple(max(length, room.shortest_prompt) for length, _ in pairs),
        output_tokens=tuple(length for _, length in pairs),
        seed=drawn.seed,
    )


def _too_long(lengths: Lengths, room: Room) -> str | None:
    if room.positions is None:
        return None
    pairs = list(zip(lengths.input_tokens, lengths.output_tokens, strict=True))
    worst = max(pairs, key=sum)
    if sum(worst) <= room.positions:
        return None
    problem = Sentence(
        f"{worst[0]:,} tokens in and {worst[1]:,} out, the model holds {room.positions:,}",
        f"输入 {worst[0]:,} 个 token、输出 {worst[1]:,} 个，模型可容纳 {room.positions:,} 个",
    )
    if len(pairs) == 1:
        return problem
    many = sum(sum(pair) > room.positions for pair in pairs)
    return Sentence(
        f"{many:,} of {len(pairs):,} requests are too long: up to {problem}",
        f"{len(pairs):,} 个请求中有 {many:,} 个过长：最长{chinese(problem)}",
    )
