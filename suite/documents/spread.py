"""How much identical machines differ: one document over the cards of a fleet."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from suite.documents.card import Direction
from suite.documents.document import Document, about
from suite.documents.fleet import CellName, MachineName
from suite.documents.scalars import Count, Line, Name, Number, Positive, Sha256
from suite.documents.text import Text
from suite.documents.value import Value


class SpreadMachine(Document):
    """What one machine measured."""

    machine: Annotated[MachineName, about("Its name.")]
    values: Annotated[tuple[Number, ...], about("Of its repeats, in their order.", min_length=1)]
    mean: Annotated[Number, about("Their mean.")]


class SpreadOutlier(Document):
    """A machine whose mean lies far from the others'."""

    machine: Annotated[MachineName, about("Its name.")]
    mean: Annotated[Number, about("Its mean.")]
    deviation: Annotated[Number, about("Its mean over the median of all machines, less 1.")]
    score: Annotated[
        Number | None,
        about(
            "0.6745 times its distance from the median over the median of all such distances; null where all the others are equal."
        ),
    ]
    reasons: Annotated[
        tuple[Text, ...],
        about("In which recorded conditions it differs from the others; empty where in none."),
    ]
    unknown: Annotated[
        tuple[Text, ...], about("Conditions that nobody recorded, which therefore explain nothing.")
    ]


class SpreadMetric(Document):
    """One number over all machines of a kind."""

    phase: Annotated[str, about("Phase; empty for the whole run.")]
    metric: Annotated[Name, about("Metric.")]
    title: Annotated[Text, about("Name for people.")]
    unit: Annotated[str, about("Unit.")]
    direction: Annotated[Direction, about("Which way is better.")]
    machines: Annotated[Positive, about("Machines with a value.")]
    repeats: Annotated[Positive, about("Values of all machines.")]
    median: Annotated[Value, about("Median of the machines' means.")]
    smallest: Annotated[Number, about("Smallest mean.")]
    largest: Annotated[Number, about("Largest mean.")]
    means: Annotated[
        Value,
        about("Standard deviation of the machines' means: what a buyer of one machine meets."),
    ]
    between: Annotated[
        Value, about("Standard deviation between machines, their own repeats taken out.")
    ]
    within: Annotated[Value, about("Standard deviation between the repeats of one machine.")]
    icc: Annotated[
        Value, about("Intraclass correlation: the machines' share of the whole variance.")
    ]
    values: Annotated[tuple[SpreadMachine, ...], about("Each machine, in the fleet's order.")]
    outliers: Annotated[tuple[SpreadOutlier, ...], about("Machines far from the others.")]


class SpreadMissing(Document):
    """A machine without a card for every repeat."""

    machine: Annotated[MachineName, about("Its name.")]
    cards: Annotated[Count, about("Cards that it left for this cell.")]
    reason: Annotated[Line, about("Why not more, as the fleet statement has it.")]


class SpreadCell(Document):
    """The machines that ran one plan."""

    cell: Annotated[CellName, about("Its name.")]
    vendor: Annotated[Name, about("The vendor.")]
    devices: Annotated[str, about("The devices, as the cards name them.")]
    engine: Annotated[str, about("The engine.")]
    model: Annotated[str, about("The model.")]
    metrics: Annotated[tuple[SpreadMetric, ...], about("Numbers, as chosen.")]
    missing: Annotated[tuple[SpreadMissing, ...], about("Machines that lack cards.")]


class Spread(Document):
    """Spread between identical machines: medians, ranges and components, never the best machine."""

    SCHEMA: ClassVar[str] = "fleet-spread"

    spread_schema: Annotated[Literal[1], about("Version of this schema.")]
    fleet: Annotated[MachineName, about("Name of the fleet.")]
    statement_sha256: Annotated[
        Sha256, about("Digest of the fleet statement that it follows from.")
    ]
    machines_for_median: Annotated[
        Positive, about("Machines from which the median has a 95 % interval.")
    ]
    machines_to_see: Annotated[
        Positive, about("Machines of which with 95 % one at least is of a kind of 1 in 20.")
    ]
    cells: Annotated[
        Annotated[tuple[SpreadCell, ...], Meta(min_length=1)],
        about("Those with two machines at least."),
    ]
