"""What a metric is: all that is said of it in one record, beside the function that computes it.

For request i: t_sched intended start, t_send first byte written, t_1 first chunk that holds a token and shows
something, t_n last chunk with generated text, p prompt tokens, n generated tokens that arrived.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from suite.base.bilingual import Bilingual

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from suite.documents.card import Direction
    from suite.documents.comparison import Family
    from suite.documents.standing import Standing
    from suite.documents.value import Value
    from suite.evidence import Evidence
    from suite.judge.metrics.inputs import PhaseInputs

    ComputeOne = Callable[[PhaseInputs], Value]
    ComputePhase = Callable[[PhaseInputs], Mapping[str, Value]]
    ComputeRun = Callable[[Evidence], Mapping[str, Value]]

Needs = Literal["one-load", "answers", "requests"]
"""What a phase must have: one load that was sent as planned; answers that count; or merely requests, if any."""
Place = Literal["search", "busy", "quiet", "served", "unserved", "soak", "scored"]
"""Which phase shows a headline number; see `suite.judge.card.headline`."""


@dataclass(frozen=True, slots=True)
class Headline:
    """A place among the numbers that lead a card: the lowest rank first."""

    rank: int
    place: Place


@dataclass(frozen=True, slots=True)
class Statistic:
    """What is taken of many samples.

    Attributes:
        percentile: 0 to 100; None for the mean.
    """

    id: str
    name: Bilingual
    percentile: float | None


STATISTICS = (
    Statistic("p50", Bilingual("median", "中位数"), 50.0),
    Statistic("p90", Bilingual("90th percentile", "第 90 百分位"), 90.0),
    Statistic("p99", Bilingual("99th percentile", "第 99 百分位"), 99.0),
    Statistic("p999", Bilingual("99.9th percentile", "第 99.9 百分位"), 99.9),
    Statistic("mean", Bilingual("mean", "均值"), None),
)
"""What is taken of every latency."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """What several metrics are statistics of; the fields are as those of `Metric`."""

    id: str
    title: Bilingual
    formula: Bilingual
    definition: str


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric.

    Attributes:
        id: its name on the card, in the comparison and in the documentation; never used for something else.
        unit: ``ms``, ``tokens/s``, ``requests/s``, ``s``, ``J``, ``W``, ``tokens``, ``requests``, ``1`` (a ratio).
        direction: which way is better.
        family: what it is forbidden with where two cards' inputs differ.
        title: name for people.
        formula: in the symbols of the module's docstring.
        definition: one sentence.
        headline: its place among the numbers that lead a card; None for none.
        percent: a ratio that the field writes in per cent.
        by_tokens: depends on the count of generated tokens, so that two counts by different sources do not compare.
        by_objectives: depends on the service-level objectives.
        withheld: not given of an open loop beyond the server's capacity, because it depends on how long it was
            measured: with less of it, or with a server that fails sooner, it would look better.
        unasked: the reason that stands where a phase never asks for it; such an absence is not listed.
        standing: how far its value can be trusted; asserted where a declared figure divides it.
        quantity: what it is a statistic of, as one row of the latency table; None for any other metric.
        statistic: which one.
    """

    id: str
    unit: str
    direction: Direction
    family: Family
    title: Bilingual
    formula: Bilingual
    definition: str
    headline: Headline | None = None
    percent: bool = False
    by_tokens: bool = False
    by_objectives: bool = False
    withheld: bool = False
    unasked: str = ""
    standing: Standing = "recomputed"
    quantity: Quantity | None = None
    statistic: Statistic | None = None

    @property
    def by_claim(self) -> bool:
        """Whether it counts tokens as claimed; every other metric counts those that arrived."""
        return self.by_tokens and self.family == "length"

    def depends_on_count(self, *, tpot_objective: bool) -> bool:
        """Whether the source that counts generated tokens matters; an objective for TPOT needs them too."""
        return self.by_tokens or (self.by_objectives and tpot_objective)


def statistics_of(
    quantity: Quantity, *, by_tokens: bool = False, headline: Mapping[str, Headline] | None = None
) -> tuple[Metric, ...]:
    """The metrics of a latency: every statistic of it, in milliseconds."""
    return tuple(
        Metric(
            id=f"{quantity.id}_{statistic.id}",
            unit="ms",
            direction="lower",
            family="latency",
            title=Bilingual(
                f"{quantity.title.en}, {statistic.name.en}",
                f"{quantity.title.zh}，{statistic.name.zh}",
            ),
            formula=Bilingual(
                f"{statistic.name.en} of {quantity.formula.en}",
                f"{quantity.formula.zh} 的{statistic.name.zh}",
            ),
            definition=quantity.definition,
            headline=(headline or {}).get(statistic.id),
            by_tokens=by_tokens,
            withheld=True,
            quantity=quantity,
            statistic=statistic,
        )
        for statistic in STATISTICS
    )


@dataclass(frozen=True, slots=True)
class PhaseSource:
    """Metrics of a phase that are computed together."""

    metrics: tuple[Metric, ...]
    needs: Needs
    compute: ComputePhase
    module: str


@dataclass(frozen=True, slots=True)
class RunSource:
    """Metrics of the whole run that are computed together."""

    metrics: tuple[Metric, ...]
    compute: ComputeRun
    module: str


SOURCES: list[PhaseSource | RunSource] = []
"""What the decorators have gathered; `suite.judge.metrics.registry` puts it in order."""


def phase_metric(
    metric: Metric, *, needs: Needs = "one-load"
) -> Callable[[ComputeOne], ComputeOne]:
    """Register a function that computes one metric of a phase."""

    def register(compute: ComputeOne) -> ComputeOne:
        def alone(inputs: PhaseInputs) -> dict[str, Value]:
            return {metric.id: compute(inputs)}

        SOURCES.append(PhaseSource((metric,), needs, alone, compute.__module__))
        return compute

    return register


def phase_metrics(
    metrics: Iterable[Metric], *, needs: Needs = "one-load"
) -> Callable[[ComputePhase], ComputePhase]:
    """Register a function that computes several metrics of a phase, by id."""

    def register(compute: ComputePhase) -> ComputePhase:
        SOURCES.append(PhaseSource(tuple(metrics), needs, compute, compute.__module__))
        return compute

    return register


def run_metrics(metrics: Iterable[Metric]) -> Callable[[ComputeRun], ComputeRun]:
    """Register a function that computes metrics of the whole run, by id."""

    def register(compute: ComputeRun) -> ComputeRun:
        SOURCES.append(RunSource(tuple(metrics), compute, compute.__module__))
        return compute

    return register
