"""A comparison of two cards."""

from typing import Annotated, ClassVar, Final, Literal

from msgspec import Meta

from suite.documents.card import OutcomeText
from suite.documents.document import Document, about
from suite.documents.scalars import Label, Line, LongLine, Name, Number, RuleId, Word
from suite.documents.value import Value

Margin = Annotated[int, Meta(ge=0, lt=1)] | Annotated[float, Meta(ge=0, lt=1)]
Family = Literal[
    "latency", "throughput", "quality", "length", "utilisation", "energy", "start-up", "client"
]
ChangeOutcome = Literal["better", "worse", "not-distinguishable", "not-comparable"]


DIFF_SCHEMA: Final = 1


class Side(Document):
    """Which card."""

    run: Annotated[Name, about("Run id.")]
    vendor: Annotated[Label, about("Vendor.")]
    devices: Annotated[Label, about("Devices.")]
    engine: Annotated[str, about("Engine and version.", max_length=400)]
    model: Annotated[Label, about("Model.")]
    started_utc: Annotated[Word, about("Start.")]


class Difference(Document):
    """An input that differs, and which families of metrics may therefore not be compared."""

    what: Annotated[Name, about("Name of the input.")]
    a: Annotated[LongLine, about("In the first card.")]
    b: Annotated[LongLine, about("In the second card.")]
    forbids: Annotated[
        tuple[Family, ...], about("Families of metrics that may not be compared.", min_length=1)
    ]


class Subject(Document):
    """Something that differs and is what the comparison is about."""

    what: Annotated[Name, about("Name.")]
    a: Annotated[LongLine, about("In the first card.")]
    b: Annotated[LongLine, about("In the second card.")]


class ValueRatio(Document):
    """Second card over first, with its interval."""

    value: Annotated[Number, about("Ratio.")]
    low: Annotated[Number, about("Lower end.")]
    high: Annotated[Number, about("Upper end.")]


class Change(Document):
    """One metric of one phase ("" for the whole run) on both cards."""

    phase: Annotated[Label, about("Phase; empty for the whole run.")]
    metric: Annotated[Name, about("Metric.")]
    family: Annotated[Family, about("Family.")]
    outcome: Annotated[ChangeOutcome, about("How the second stands to the first.")]
    why: Annotated[Line, about("What decided.")]
    a: Annotated[Value | None, about("The card's value; null when it has none.")]
    b: Annotated[Value | None, about("The card's value; null when it has none.")]
    ratio: Annotated[ValueRatio | None, about("Second over first, with its interval.")]


class CheckChange(Document):
    """A rule that ended differently; ``absent`` where a card does not have it."""

    rule: Annotated[RuleId, about("Number.")]
    a: Annotated[
        OutcomeText | Literal["absent"],
        about("Outcome in the first card; absent when it has no such rule."),
    ]
    b: Annotated[OutcomeText | Literal["absent"], about("Outcome in the second card.")]


class Comparison(Document):
    """The whole comparison."""

    SCHEMA: ClassVar[str] = "diff"

    diff_schema: Annotated[Literal[1], about("Version of this schema.")]
    margin: Annotated[Margin, about("Practical margin: a ratio nearer to 1 is no difference.")]
    a: Annotated[Side, about("The first card, the base of every ratio.")]
    b: Annotated[Side, about("The second card.")]
    comparable: Annotated[Literal["yes", "partly", "no"], about("Whether the two may be compared.")]
    differences: Annotated[
        tuple[Difference, ...], about("Inputs that differ, with what that forbids.")
    ]
    subjects: Annotated[
        tuple[Subject, ...], about("What is being compared: differences that forbid nothing.")
    ]
    metrics: Annotated[tuple[Change, ...], about("Every metric of either card.")]
    checks: Annotated[
        tuple[CheckChange, ...],
        about("Rules whose outcome differs, also those that only one card has."),
    ]
