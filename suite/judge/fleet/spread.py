"""Spread between identical machines, from the cards of a fleet: components, intervals, outliers and what explains them.

An outlier's modified z-score is above 3.5 (Iglewicz and Hoaglin, How to Detect and Handle Outliers, 1993), and its mean lies
farther from the median than the practical margin of all comparisons. The score is by median and median absolute deviation, which
an outlier does not move. Nobody's number leads: a spread names medians and ranges, and outliers on both sides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from suite.base.bilingual import Sentence
from suite.base.errors import EvidenceError
from suite.base.statistics import mean, median
from suite.documents.document import given
from suite.documents.fleet import PREFLIGHT
from suite.documents.spread import (
    Spread,
    SpreadCell,
    SpreadMachine,
    SpreadMetric,
    SpreadMissing,
    SpreadOutlier,
)
from suite.documents.value import Measured, NotMeasured, stored
from suite.judge.compare.chosen import chosen
from suite.judge.compare.difference import MARGIN
from suite.judge.fleet.components import components, machines_for_median, machines_to_see
from suite.judge.fleet.conditions import reasons
from suite.judge.intervals import percentile_value
from suite.judge.report.view import values

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from suite.documents.card import Scorecard
    from suite.documents.fleet import Cell, FleetMachine, FleetStatement
    from suite.documents.value import Value
    from suite.judge.fleet.components import Components

FEWEST_MACHINES: Final = 2
FEWEST_FOR_OUTLIERS: Final = 4
"""Of three machines one is always far from the other two."""
SCORE: Final = 3.5
_NORMAL_MAD: Final = 0.6745
"""Median absolute deviation of the normal distribution, in standard deviations."""
RARE: Final = 1 / 20
"""Share of machines that a fleet should be large enough to meet one of."""


def spread(
    document: FleetStatement,
    statement_sha256: str,
    cards: Mapping[str, Mapping[str, Sequence[Scorecard]]],
    metrics: Collection[str] = (),
) -> Spread:
    """The spread of every cell that two machines at least left cards for.

    Args:
        document: a verified fleet statement.
        statement_sha256: of its signed bytes.
        cards: that it names, by cell and machine, in the order of repeats.
        metrics: names, or PHASE/METRIC; what leads the cards where none is named.

    Raises:
        EvidenceError: ``fleet-spread-none``.
        UsageError: ``metric-unknown``.
    """
    cells = [
        _cell(cell, document, cards[cell.name], metrics)
        for cell in document.cells
        if len(cards.get(cell.name, {})) >= FEWEST_MACHINES
    ]
    if not cells:
        raise EvidenceError("fleet-spread-none", "no cell has cards of two machines")
    return Spread(
        spread_schema=1,
        fleet=document.fleet,
        statement_sha256=statement_sha256,
        machines_for_median=machines_for_median(),
        machines_to_see=machines_to_see(RARE),
        cells=tuple(cells),
    )


def _cell(
    cell: Cell,
    document: FleetStatement,
    cards: Mapping[str, Sequence[Scorecard]],
    metrics: Collection[str],
) -> SpreadCell:
    everyone = [card for listed in cards.values() for card in listed]
    first = everyone[0]
    made = [_metric(phase, metric, cards, everyone) for phase, metric in chosen(everyone, metrics)]
    return SpreadCell(
        cell=cell.name,
        vendor=first.vendor.id,
        devices=first.devices.title,
        engine=f"{first.engine.title} {first.engine.version}".strip(),
        model=first.model.id,
        metrics=tuple(item for item in made if item is not None),
        missing=tuple(_missing(cell, document, cards)),
    )


def _missing(
    cell: Cell, document: FleetStatement, cards: Mapping[str, Sequence[Scorecard]]
) -> list[SpreadMissing]:
    """Machines of a cell with fewer cards than the others, with the statement's reason."""
    most = max(map(len, cards.values()))
    return [
        SpreadMissing(
            machine=machine.name, cards=len(cards.get(machine.name, ())), reason=machine.reason
        )
        for machine in document.machines
        if machine.name in cell.machines and len(cards.get(machine.name, ())) < most
    ]


@dataclass(frozen=True, slots=True)
class _Machine:
    name: str
    values: list[float]

    @property
    def mean(self) -> float:
        return mean(self.values)


def _metric(
    phase: str,
    metric: str,
    cards: Mapping[str, Sequence[Scorecard]],
    everyone: Sequence[Scorecard],
) -> SpreadMetric | None:
    """One number over all machines; None where fewer than two have it."""
    machines, unit = [], ""
    for name, listed in cards.items():
        measured = [
            value
            for card in listed
            for at, of, value in values(card)
            if (at, of) == (phase, metric) and isinstance(value, Measured)
        ]
        if measured:
            machines.append(_Machine(name, [float(value.value) for value in measured]))
            unit = measured[0].unit
    if len(machines) < FEWEST_MACHINES:
        return None
    about = next(card.metrics[metric] for card in everyone if metric in card.metrics)
    means = sorted(machine.mean for machine in machines)
    parts = components([machine.values for machine in machines])
    return SpreadMetric(
        phase=phase,
        metric=metric,
        title=about.title,
        unit=unit,
        direction=about.direction,
        machines=parts.machines,
        repeats=parts.repeats,
        median=percentile_value(np.asarray(means), 50.0, unit).stored(),
        smallest=stored(means[0]),
        largest=stored(means[-1]),
        **_components(parts, unit),
        values=tuple(
            SpreadMachine(
                machine=machine.name,
                values=tuple(map(stored, machine.values)),
                mean=stored(machine.mean),
            )
            for machine in machines
        ),
        outliers=tuple(_outliers(machines, cards, phase)),
    )


def _components(parts: Components, unit: str) -> dict[str, Value]:
    """The components as values of the document."""
    chi = Sentence("95 %, chi-square", "95 %，卡方")
    none = NotMeasured(
        Sentence("no machine ran twice", "没有机器运行两次")
        if parts.within is None
        else Sentence("nothing differs", "没有差异")
    )
    by_component = Sentence("a component of variance; see icc", "方差分量；见 icc")
    within: Value = none
    between: Value = none
    icc: Value = none
    if parts.within is not None:
        within = Measured(parts.within, unit, parts.repeats, None, None, by_component)
        between = Measured(parts.between, unit, parts.machines, None, None, by_component)
    if parts.icc is not None:
        value, low, high = parts.icc
        icc = Measured(value, "1", parts.repeats, low, high, Sentence("95 %, F", "95 %，F"))
    deviation, low, high = parts.means
    return {
        "means": Measured(deviation, unit, parts.machines, low, high, chi).stored(),
        "between": between.stored(),
        "within": within.stored(),
        "icc": icc.stored(),
    }


def _outliers(
    machines: Sequence[_Machine], cards: Mapping[str, Sequence[Scorecard]], phase: str
) -> list[SpreadOutlier]:
    result = []
    for name, (score, deviation) in far({item.name: item.mean for item in machines}).items():
        others = [card for other, listed in cards.items() if other != name for card in listed]
        different, unknown = reasons(cards[name], others, phase)
        result.append(
            SpreadOutlier(
                machine=name,
                mean=stored(next(item.mean for item in machines if item.name == name)),
                deviation=stored(deviation),
                score=None if score is None else stored(score),
                reasons=different,
                unknown=unknown,
            )
        )
    return result


def far(means: Mapping[str, float]) -> dict[str, tuple[float | None, float]]:
    """Machines whose mean lies far from the others': score (None where all others are equal) and relative deviation."""
    if len(means) < FEWEST_FOR_OUTLIERS:
        return {}
    centre = median(list(means.values()))
    usual = median([abs(value - centre) for value in means.values()])
    result: dict[str, tuple[float | None, float]] = {}
    for name, value in means.items():
        distance = value - centre
        if abs(distance) <= MARGIN * abs(centre) or not centre:
            continue
        score = _NORMAL_MAD * distance / usual if usual else None
        if score is None or abs(score) > SCORE:
            result[name] = (score, distance / centre)
    return result


def cards_of(machine: FleetMachine, cell: str) -> list[tuple[int, str, str]]:
    """Repeat, folder and digest of the cards that a machine left for a cell, in the order of repeats."""
    return sorted(
        (item.repeat, f"{item.cell}.r{item.repeat}.a{item.attempt}", sha256)
        for item in machine.attempts
        if item.cell == cell != PREFLIGHT and (sha256 := given(item.card_sha256))
    )
