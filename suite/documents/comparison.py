"""A comparison of two cards."""

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from suite.documents.card import OutcomeText
from suite.documents.card_phase import DeviceSeries
from suite.documents.document import Document, about
from suite.documents.foreign import ForeignResult
from suite.documents.plan import RuntimeKind
from suite.documents.scalars import (
    Count,
    Label,
    Line,
    Name,
    NonNegative,
    Number,
    Positive,
    Ratio,
    RuleId,
    Word,
)
from suite.documents.standing import Level, Standing
from suite.documents.text import Text
from suite.documents.value import Value
from suite.documents.workload import Division

Margin = Annotated[int, Meta(ge=0, lt=1)] | Annotated[float, Meta(ge=0, lt=1)]
Family = Literal[
    "latency", "throughput", "quality", "length", "utilisation", "energy", "start-up", "client"
]
ChangeOutcome = Literal[
    "better", "worse", "better-once", "worse-once", "not-distinguishable", "not-comparable"
]
"""``-once``: told apart by one run of each, which does not say how runs of the same plan differ."""


Statement = Annotated[str, Meta(max_length=1_000_000)]
"""A whole command line or environment; nothing of it is cut."""

DIFF_SCHEMA: Final = 2


class Side(Document):
    """Which card, and what it is worth: verdict, division, runtime and who signed come before any number."""

    run: Annotated[Name, about("Run id.")]
    conformant: Annotated[bool, about("Whether the run was judged and no rule failed.")]
    ended: Annotated[Word, about("How the run ended; complete when as planned.")]
    failed: Annotated[tuple[RuleId, ...], about("Rules that failed or could not be judged.")]
    division: Annotated[Division, about("Division granted.")]
    level: Annotated[Level, about("How far the whole can be trusted.")]
    runtime: Annotated[RuntimeKind, about("How the engine ran.")]
    emulated: Annotated[bool, about("Devices and commands were emulated.")]
    trust: Annotated[Line, about("Who signed, no more than is known; empty when nobody asked.")]
    vendor: Annotated[Label, about("Vendor.")]
    devices: Annotated[str, about("Devices.", max_length=240)]
    engine: Annotated[str, about("Engine and version.", max_length=401)]
    model: Annotated[Label, about("Model.")]
    taskset: Annotated[Label, about("Task set.")]
    locked: Annotated[bool, about("Whether the task set is one of those that the suite locks.")]
    asserted: Annotated[
        tuple[Word, ...], about("Which of devices, engine and model rest on somebody's word alone.")
    ]
    started_utc: Annotated[Word, about("Start.")]


class Difference(Document):
    """What stands in the way: an input that differs or a broken side, and which metrics that forbids."""

    what: Annotated[Name, about("Name of the input.")]
    title: Annotated[Text, about("Name for people.")]
    a: Annotated[Statement, about("In the first card.")]
    b: Annotated[Statement, about("In the second card.")]
    why: Annotated[Line, about("What stands in the metrics' way.")]
    forbids: Annotated[
        tuple[Family, ...], about("Families of metrics that may not be compared.", min_length=1)
    ]


class Subject(Document):
    """Something that differs and is what the comparison is about."""

    what: Annotated[Name, about("Name.")]
    title: Annotated[Text, about("Name for people.")]
    a: Annotated[Statement, about("In the first card.")]
    b: Annotated[Statement, about("In the second card.")]
    standing_a: Annotated[
        Standing | UnsetType, about("How far it can be trusted in the first card.")
    ] = UNSET
    standing_b: Annotated[
        Standing | UnsetType, about("How far it can be trusted in the second card.")
    ] = UNSET
    only_a: Annotated[
        tuple[Statement, ...] | UnsetType, about("Of several items: those of the first card alone.")
    ] = UNSET
    only_b: Annotated[
        tuple[Statement, ...] | UnsetType,
        about("Of several items: those of the second card alone."),
    ] = UNSET
    may_explain: Annotated[
        tuple[Family, ...] | UnsetType,
        about("Families of metrics that it may explain; absent where that is not known."),
    ] = UNSET


class ValueRatio(Document):
    """Second card over first, with its interval."""

    value: Annotated[Number, about("Ratio.")]
    low: Annotated[Number, about("Lower end.")]
    high: Annotated[Number, about("Upper end.")]


class Repetition(Document):
    """How far the runs of the two sides lie apart in one metric: what repeating adds to the ratio's interval."""

    runs: Annotated[tuple[Positive, Positive], about("Runs of either side.")]
    spread_a: Annotated[
        NonNegative | None,
        about(
            "Standard deviation of the first side's runs, of the logarithm; null for a single one."
        ),
    ]
    spread_b: Annotated[NonNegative | None, about("The same of the second side.")]


class Change(Document):
    """One metric of one phase ("" for the whole run) on both cards."""

    phase: Annotated[Label, about("Phase; empty for the whole run.")]
    metric: Annotated[Name, about("Metric.")]
    title: Annotated[Text, about("Name of the metric for people.")]
    headline: Annotated[bool, about("It leads one of the two cards.")]
    family: Annotated[Family, about("Family.")]
    outcome: Annotated[
        ChangeOutcome,
        about(
            "How the second stands to the first; -once: in one run of each, without the spread between runs."
        ),
    ]
    why: Annotated[Line, about("What decided.")]
    a: Annotated[Value | None, about("The card's value; null when it has none.")]
    b: Annotated[Value | None, about("The card's value; null when it has none.")]
    ratio: Annotated[ValueRatio | None, about("Second over first, with its interval.")]
    counted_by: Annotated[
        Name | UnsetType,
        about("What counted the generated tokens in both values, where the metric depends on it."),
    ] = UNSET
    paired: Annotated[
        Count | UnsetType,
        about("Tasks that both were asked and the ratio pairs; absent where it is of two values."),
    ] = UNSET
    p: Annotated[
        Ratio | UnsetType,
        about(
            "Probability of such a ratio, or a further one, where the true one lies within the margin; before correction."
        ),
    ] = UNSET
    repeated: Annotated[
        Repetition | UnsetType,
        about("The spread between runs that the ratio's interval holds; absent without repeats."),
    ] = UNSET


class CheckChange(Document):
    """A rule that ended differently, or failed on both; ``absent`` where a card does not have it."""

    rule: Annotated[RuleId, about("Number.")]
    title: Annotated[Text, about("What it asks.")]
    a: Annotated[
        OutcomeText | Literal["absent"],
        about("Outcome in the first card; absent when it has no such rule."),
    ]
    b: Annotated[OutcomeText | Literal["absent"], about("Outcome in the second card.")]
    why_a: Annotated[Line, about("What decided in the first card; empty when absent.")]
    why_b: Annotated[Line, about("What decided in the second card; empty when absent.")]


class Comparison(Document):
    """The whole comparison."""

    SCHEMA: ClassVar[str] = "diff"

    diff_schema: Annotated[Literal[2], about("Version of this schema.")]
    margin: Annotated[Margin, about("Practical margin: a ratio nearer to 1 is no difference.")]
    a: Annotated[Side, about("The first card, the base of every ratio.")]
    b: Annotated[Side, about("The second card.")]
    comparable: Annotated[Literal["yes", "partly", "no"], about("Whether the two may be compared.")]
    differences: Annotated[
        tuple[Difference, ...],
        about("Broken sides and inputs that differ, with what that forbids."),
    ]
    subjects: Annotated[
        tuple[Subject, ...], about("What is being compared: differences that forbid nothing.")
    ]
    remarks: Annotated[tuple[Text, ...], about("What a reader must know of both cards.")]
    metrics: Annotated[
        tuple[Change, ...], about("Every metric of either card, those that lead a card first.")
    ]
    checks: Annotated[
        tuple[CheckChange, ...],
        about(
            "Rules whose outcome differs, also those that only one card has; and shared failures."
        ),
    ]


class RepeatedRun(Document):
    """One of the runs of the same plan on the same hardware that make one side."""

    run: Annotated[Name, about("Run id.")]
    path: Annotated[str, about("Where it lay.")]
    started_utc: Annotated[Word, about("Start.")]


class Card(Document):
    """One of the cards that are compared, or several runs of one plan on the same hardware together."""

    letter: Annotated[Word, about("What the comparison calls it.")]
    path: Annotated[str, about("Where it lay; of several the first.")]
    side: Annotated[
        Side,
        about("Which card, and what it is worth; of several the first's name, the least worth."),
    ]
    stated: Annotated[
        tuple[Line, ...],
        about(
            "What reviewers and signer stated of a submission; withdrawal and successor among it."
        ),
    ]
    runs: Annotated[
        tuple[RepeatedRun, ...] | UnsetType,
        about("The runs that the side gathers; absent for a single one."),
    ] = UNSET


class Point(Document):
    """One load of one card: what it costs in latency to be that fast."""

    letter: Annotated[Word, about("Which card.")]
    phase: Annotated[Label, about("Phase.")]
    load: Annotated[Label, about("Scenario and concurrency or rate.")]
    throughput: Annotated[Value, about("Output throughput, tokens per second.")]
    latency: Annotated[Value, about("Mean time per output token, ms.")]
    first: Annotated[Value, about("Mean time to first token, ms.")]
    frontier: Annotated[
        bool,
        about(
            "No other load has both more throughput and less time per token; never of a card that is not conformant, or may not be compared."
        ),
    ]
    cost: Annotated[
        Value | UnsetType,
        about("Cost of a million output tokens, in the price's currency; absent without a price."),
    ] = UNSET


class Curve(Document):
    """How one latency of one phase of one card is distributed."""

    letter: Annotated[Word, about("Which card.")]
    phase: Annotated[Label, about("Phase.")]
    metric: Annotated[Literal["ttft", "tpot", "e2e"], about("Which latency.")]
    values: Annotated[
        tuple[Number, ...], about("Ordered, milliseconds; quantiles where there are many.")
    ]


class OverTime(Document):
    """What one card's devices, or its engine, did over one phase."""

    letter: Annotated[Word, about("Which card.")]
    phase: Annotated[Label, about("Phase.")]
    series: Annotated[DeviceSeries, about("As the card holds it.")]


class TaskAnswers(Document):
    """One task and what both cards' engines answered."""

    task: Annotated[Name, about("Task.")]
    reference: Annotated[str, about("The reference summary.")]
    a: Annotated[str, about("The baseline's answer.")]
    b: Annotated[str, about("The other's answer.")]
    rouge1: Annotated[tuple[Ratio, Ratio], about("ROUGE-1 of both.")]


class Answers(Document):
    """The answers of one phase side by side."""

    phase: Annotated[Label, about("Phase.")]
    tasks: Annotated[Count, about("Tasks that both answered.")]
    identical: Annotated[Count, about("Of these, with the same text.")]
    agreed: Annotated[
        Ratio | None,
        about("Median share of the shorter text before the first difference; null when all agree."),
    ]
    furthest: Annotated[
        tuple[TaskAnswers, ...], about("Those whose ROUGE-1 differs most.", max_length=5)
    ]


class Pair(Document):
    """One card held against the baseline."""

    letter: Annotated[Word, about("Which card; it is b of the comparison.")]
    comparison: Annotated[Comparison, about("The baseline as a, the card as b.")]
    lacking: Annotated[
        tuple[Line, ...],
        about(
            "What the baseline has and the card lacks: phases, measured metrics. Never an improvement."
        ),
    ]
    answers: Annotated[
        tuple[Answers, ...], about("By phase; empty where the evidence of both is not at hand.")
    ]


class Correction(Document):
    """How the verdicts were corrected for their number."""

    method: Annotated[Literal["holm"], about("Holm's step-down method.")]
    level: Annotated[Ratio, about("Chance that any of the verdicts is false, at most.")]
    tests: Annotated[Count, about("Ratios that were tested, over all pairs.")]
    undone: Annotated[Count, about("Verdicts that did not stand.")]


class ManyComparison(Document):
    """Any number of cards against one of them."""

    SCHEMA: ClassVar[str] = "compare"

    compare_schema: Annotated[Literal[2], about("Version of this schema.")]
    margin: Annotated[Margin, about("Practical margin: a ratio nearer to 1 is no difference.")]
    baseline: Annotated[Word, about("The card that is the base of every ratio.")]
    correction: Annotated[Correction, about("For the number of comparisons.")]
    cards: Annotated[tuple[Card, ...], about("In the order given.", min_length=2)]
    pairs: Annotated[tuple[Pair, ...], about("Every other card against the baseline.")]
    points: Annotated[tuple[Point, ...], about("Throughput against latency over the loads.")]
    curves: Annotated[tuple[Curve, ...], about("Distributions of latencies, to be overlaid.")]
    telemetry: Annotated[
        tuple[OverTime, ...], about("Devices and engines over time, to be overlaid.")
    ]
    foreign: Annotated[
        tuple[ForeignResult, ...] | UnsetType,
        about("Results of other tools: unsigned, beside the cards and never ranked with them."),
    ] = UNSET
