"""Runs of one plan on one machine, gathered to one side of a comparison.

A side's numbers are the means over its runs, and its intervals those within a run, averaged: its runs ask the same tasks,
so that more of them do not narrow what tasks differ by. How far the runs lie apart enters the ratios
(`suite.judge.compare.spread`). What one of them lacks the side lacks; it is conformant where all of them are.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, get_args

from msgspec import UNSET
from msgspec.structs import replace

from suite.base.bilingual import Sentence, chinese, placed
from suite.base.statistics import mean
from suite.base.status import Outcome, worst
from suite.documents.card import OutcomeText
from suite.documents.document import given
from suite.documents.sentences import in_both
from suite.documents.standing import LEVELS
from suite.documents.value import NO_INTERVAL_EXACT, Measured, NotMeasured
from suite.judge.compare.inputs import compile_cache, conformant
from suite.judge.compare.subjects import unchanged
from suite.judge.rules.rule import DIVISIONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from msgspec import UnsetType

    from suite.documents.card import Check, Scorecard
    from suite.documents.card_phase import CardPhase, Series, TokenCount
    from suite.documents.scalars import Number
    from suite.documents.value import Value
    from suite.judge.compare.many import Entry

_MOST_DRAWN = 200
"""Values of a distribution that a card holds."""


def gathered(entries: Sequence[Entry]) -> list[Entry]:
    """The sides of a comparison: runs of one plan on one unchanged machine are one, in the order of their first.

    Where all are runs of one plan there would be nothing to compare: each then is a side of its own. So is a run that is
    given twice, which says nothing about spread, and one that did not reach its planned end.
    """
    groups: list[list[Entry]] = []
    for entry in entries:
        group = next((group for group in groups if _repeats(entry.card, group)), None)
        if group is None:
            groups.append([entry])
        else:
            group.append(entry)
    if len(groups) == 1:
        return list(entries)
    return [group[0] if len(group) == 1 else _side(group) for group in groups]


def _repeats(card: Scorecard, group: Sequence[Entry]) -> bool:
    first = group[0].card
    if any(card.run.id == other.card.run.id for other in group):
        return False
    return first.run.ended == card.run.ended == "complete" and unchanged(first, card)


def _side(group: Sequence[Entry]) -> Entry:
    prices = {entry.price for entry in group}
    return dataclasses.replace(
        group[0],
        card=_card([in_both(entry.card) for entry in group]),
        signer=" · ".join(dict.fromkeys(entry.signer for entry in group)),
        price=prices.pop() if len(prices) == 1 else None,
        level=min((entry.level or entry.card.level.level for entry in group), key=LEVELS.index),
        stated=tuple(placed(entry.card.run.id, line) for entry in group for line in entry.stated),
        runs=tuple(group),
    )


def _card(cards: Sequence[Scorecard]) -> Scorecard:
    """One card for all: of the first in what they share, of the least in what they are worth."""
    first = cards[0]
    checks = _checks(cards)
    names = [card.run.id for card in cards]
    caches = {compile_cache(card) for card in cards}
    startup = _values([card.startup for card in cards], names)
    if len(caches) > 1:
        why = Sentence(
            "some runs of this side started with a warm compile cache, others with a cold one",
            "此方的运行中，有的启动时编译缓存已存在，有的没有",
        )
        startup = dict.fromkeys(startup, NotMeasured(why))
    return replace(
        first,
        verdict=replace(
            first.verdict,
            conformant=all(map(conformant, cards)),
            outcome=worst(Outcome(check.outcome) for check in checks).value,
        ),
        division=max((card.division for card in cards), key=lambda d: DIVISIONS.index(d.granted)),
        level=min((card.level for card in cards), key=lambda level: LEVELS.index(level.level)),
        startup=startup,
        phases=tuple(
            _phase([by_name[phase.name] for by_name in map(_by_name, cards)], names)
            for phase in first.phases
        ),
        checks=checks,
        chinese=UNSET,
    )


def _by_name(card: Scorecard) -> dict[str, CardPhase]:
    return {phase.name: phase for phase in card.phases}


def _checks(cards: Sequence[Scorecard]) -> tuple[Check, ...]:
    """Of every rule the worst that a run met with."""
    by_rule: dict[str, list[tuple[str, Check]]] = {}
    for card in cards:
        for check in card.checks:
            by_rule.setdefault(check.rule, []).append((card.run.id, check))
    checks = []
    for rule in sorted(by_rule):
        ranked = {check.outcome: (run, check) for run, check in reversed(by_rule[rule])}
        run, check = ranked[max(ranked, key=get_args(OutcomeText).index)]
        alike = len(ranked) == 1 and len(by_rule[rule]) == len(cards)
        checks.append(check if alike else replace(check, why=placed(run, check.why)))
    return tuple(checks)


def _phase(phases: Sequence[CardPhase], names: Sequence[str]) -> CardPhase:
    first = phases[0]
    searches = tuple(item for phase in phases for item in given(phase.searches, ()))
    return replace(
        first,
        metrics=_values([phase.metrics for phase in phases], names),
        token_counts=_token_counts(phases, names) or UNSET,
        searches=searches or UNSET,
        series=_series([phase.series for phase in phases]),
    )


def _token_counts(phases: Sequence[CardPhase], names: Sequence[str]) -> tuple[TokenCount, ...]:
    """The sources that counted all answers in every run."""
    counts = [
        {(item.of, item.source): item for item in given(phase.token_counts, ())} for phase in phases
    ]
    return tuple(
        replace(
            item,
            tokens=sum(of_run[key].tokens for of_run in counts),
            differ=sum(of_run[key].differ for of_run in counts),
            metrics=_values([of_run[key].metrics for of_run in counts], names),
        )
        for key, item in counts[0].items()
        if all(key in of_run for of_run in counts)
    )


def _series(series: Sequence[Series]) -> Series:
    """The latencies of all runs in one distribution; what went on over time is of the first."""
    return replace(
        series[0],
        ttft_ms=_drawn([item.ttft_ms for item in series]),
        tpot_ms=_drawn([item.tpot_ms for item in series]),
        e2e_ms=_drawn([item.e2e_ms for item in series]),
    )


def _drawn(sides: Sequence[tuple[Number, ...] | UnsetType]) -> tuple[Number, ...] | UnsetType:
    values = sorted(value for side in sides for value in given(side, ()))
    if not values:
        return UNSET
    step = max(1, -(-len(values) // _MOST_DRAWN))
    return tuple(values[step // 2 :: step])


def _values(tables: Sequence[Mapping[str, Value]], names: Sequence[str]) -> dict[str, Value]:
    metrics = dict.fromkeys(name for table in tables for name in table)
    return {name: _value([table.get(name) for table in tables], names) for name in metrics}


def _value(values: Sequence[Value | None], names: Sequence[str]) -> Value:
    """The mean over the runs, or why one of them has no number."""
    numbers = [value for value in values if isinstance(value, Measured)]
    if len(numbers) < len(values):
        if all(value == values[0] for value in values) and isinstance(values[0], NotMeasured):
            return values[0]
        run, value = next(
            (name, value)
            for name, value in zip(names, values, strict=True)
            if not isinstance(value, Measured)
        )
        absent = Sentence("not on its card", "其评分卡上没有")
        return NotMeasured(placed(run, value.why if isinstance(value, NotMeasured) else absent))
    return replace(
        numbers[0],
        value=mean([item.value for item in numbers]),
        n=sum(item.n for item in numbers),
        **_interval(numbers),
    ).stored()


def _interval(numbers: Sequence[Measured]) -> dict[str, float | str | None]:
    """The intervals within the runs, averaged; of counts that differ from run to run the smallest and the largest."""
    first, count = numbers[0].interval, len(numbers)
    values = [item.value for item in numbers]
    if first == NO_INTERVAL_EXACT:
        if min(values) == max(values):
            return {}
        counted = Sentence(
            f"mean of {count} runs; the smallest and the largest",
            f"{count} 次运行的均值；最小值与最大值",
        )
        return {"low": min(values), "high": max(values), "interval": counted}
    return {
        "low": _mean_of_all([item.low for item in numbers]),
        "high": _mean_of_all([item.high for item in numbers]),
        "interval": Sentence(
            f"mean of {count} runs; within a run: {first}",
            f"{count} 次运行的均值；单次运行内：{chinese(first)}",
        ),
    }


def _mean_of_all(ends: Sequence[float | None]) -> float | None:
    finite = [end for end in ends if end is not None]
    return mean(finite) if len(finite) == len(ends) else None
