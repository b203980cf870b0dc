"""What a store says of its runs: their history, and whether the newest of each series is worse than those before it."""

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, UnsetType

from suite.documents.card import Direction
from suite.documents.comparison import Subject
from suite.documents.document import Document, about
from suite.documents.scalars import Count, Label, Line, Name, Number, Ratio, Sha256, Word
from suite.documents.value import Value

HISTORY_SCHEMA: Final = 1

Trend = Literal["worse", "better", "steady", "lost", "too-few"]


class HistoryRun(Document):
    """One run of a series."""

    run: Annotated[Name, about("Run id.")]
    payload_sha256: Annotated[Sha256, about("Digest of what was, or would be, signed.")]
    started_utc: Annotated[Word, about("Start.")]
    signer: Annotated[Line, about("Who signed; empty for an unsigned run.")]
    conformant: Annotated[bool, about("Whether no rule failed.")]
    division: Annotated[Word, about("Division granted.")]
    engine: Annotated[Line, about("Engine and version.")]
    image: Annotated[Line, about("Image, by digest where it is known.")]
    suite: Annotated[Line, about("Suite's version and commit.")]
    values: Annotated[
        dict[str, dict[str, Value]],
        about("Values by phase and metric; the phase is empty for those of the whole run."),
    ]


class MetricTrend(Document):
    """One metric of the newest run against the runs before it."""

    phase: Annotated[Label, about("Phase; empty for the whole run.")]
    metric: Annotated[Name, about("Metric.")]
    unit: Annotated[Word, about("Unit.")]
    direction: Annotated[Direction, about("Which way is better.")]
    trend: Annotated[
        Trend, about("worse, better, steady; lost: it had a number before; too-few runs to tell.")
    ]
    before: Annotated[Number | UnsetType, about("Mean of the runs before the change.")] = UNSET
    now: Annotated[Number | UnsetType, about("Mean of the runs since, the newest among them.")] = (
        UNSET
    )
    runs_before: Annotated[Count, about("Runs behind `before`.")]
    runs_since: Annotated[Count, about("Runs behind `now`.")]
    p: Annotated[
        Ratio | UnsetType,
        about("Chance of such a step without a change, one-sided, not yet corrected."),
    ] = UNSET
    since: Annotated[Label, about("First run after the change; empty where there is none.")]
    why: Annotated[Line, about("What decided.")]


class SeriesTrend(Document):
    """The newest run of a series."""

    series: Annotated[Sha256, about("Digest of what the runs of a series share.")]
    title: Annotated[Line, about("Vendor, devices, engine, model, profile.")]
    newest: Annotated[Name, about("Run id of the newest run.")]
    runs: Annotated[Count, about("Runs looked at.")]
    metrics: Annotated[tuple[MetricTrend, ...], about("Metrics that were judged.")]
    broken: Annotated[
        tuple[Line, ...], about("What the newest run lost as a whole, such as its conformance.")
    ]
    changed: Annotated[
        dict[str, tuple[Subject, ...]],
        about(
            "What differs between the last run before a change and the first after it, by the latter's id."
        ),
    ]


class Regressions(Document):
    """Whether the newest run of each series is worse than those before it by more than noise."""

    SCHEMA: ClassVar[str] = "regressions"

    history_schema: Annotated[Literal[1], about("Version of this schema.")]
    level: Annotated[Ratio, about("Chance of any false alarm in a series, at most.")]
    margin: Annotated[Ratio, about("Smallest relative change that counts.")]
    worse: Annotated[bool, about("Whether any series is worse, lost a number or its conformance.")]
    series: Annotated[tuple[SeriesTrend, ...], about("Each series, by its title.")]


class HistorySeries(Document):
    """Runs whose numbers are one history."""

    series: Annotated[Sha256, about("Digest of what they share.")]
    title: Annotated[Line, about("Vendor, devices, engine, model, profile.")]
    runs: Annotated[tuple[HistoryRun, ...], about("Oldest first.")]


class History(Document):
    """The runs of a store."""

    SCHEMA: ClassVar[str] = "history"

    history_schema: Annotated[Literal[1], about("Version of this schema.")]
    series: Annotated[tuple[HistorySeries, ...], about("Each series, by its title.")]
