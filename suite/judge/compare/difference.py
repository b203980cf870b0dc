"""Two scorecards compared: first whether they may be, then metric by metric.

What only one card has is never an improvement nor a regression. How two values stand to each other says
`suite.judge.compare.ratio`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from msgspec import UNSET

from suite.base.bilingual import Sentence, chinese
from suite.base.statistics import BEYOND_STUDENT
from suite.declare.analysis.arrived import NO_SOURCE
from suite.declare.scenarios import SCENARIOS
from suite.documents.card import Headline
from suite.documents.comparison import (
    DIFF_SCHEMA,
    Change,
    CheckChange,
    Comparison,
    Repetition,
)
from suite.documents.sentences import in_both
from suite.documents.text import Text
from suite.documents.value import Measured, NotMeasured, stored
from suite.judge.compare import counts, sides
from suite.judge.compare.inputs import (
    differences,
    load_difference,
    same_place,
)
from suite.judge.compare.ratio import (
    brackets_of,
    judge,
    judge_brackets,
    p_value,
    ratio_of,
)
from suite.judge.compare.spread import spread_of, widened
from suite.judge.compare.subjects import subjects
from suite.judge.metrics.registry import REGISTRY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from suite.documents.card import Scorecard
    from suite.documents.card_phase import CardPhase, Counted
    from suite.documents.comparison import ChangeOutcome, Family, ValueRatio
    from suite.documents.standing import Level
    from suite.documents.value import Value
    from suite.documents.workload import Objectives
    from suite.judge.compare.paired import PairedRatios
    from suite.judge.compare.ratio import Brackets
    from suite.judge.compare.spread import Spread
    from suite.judge.metrics.metric import Metric

_SIDES_ZH: Final = {"first": "第一张", "second": "第二张"}
ONCE: Final[dict[ChangeOutcome, ChangeOutcome]] = {"better": "better-once", "worse": "worse-once"}
MARGIN = 0.02
"""Practical margin: a ratio within 2 % of 1 is no difference that matters."""


def compare(
    a: Scorecard,
    b: Scorecard,
    *,
    margin: float = MARGIN,
    signers: tuple[str, str] = ("", ""),
    levels: tuple[Level | None, Level | None] = (None, None),
    paired: PairedRatios | None = None,
    runs: tuple[Sequence[Scorecard], Sequence[Scorecard]] = ((), ()),
    letters: tuple[str, str] = ("A", "B"),
) -> Comparison:
    """Compare two verified scorecards.

    Args:
        a: the base of every ratio.
        b: the other.
        margin: the practical margin, 0 ≤ margin < 1.
        paired: ratios over common tasks, see `suite.judge.compare.paired`; None without evidence.
        signers: who signed each, in words that claim no more than is known.
        runs: the cards that a side gathers (`suite.judge.compare.repeats`); empty for a single one.
        letters: what the sides are called.
        levels: that each reaches by what is stated about it; None takes its own.

    Returns:
        A document that obeys ``schemas/diff.schema.json``.

    Raises:
        ValueError: when the margin is out of range.
    """
    if not 0 <= margin < 1:
        raise ValueError(f"the margin must be at least 0 and below 1, not {margin}")
    a, b = in_both(a), in_both(b)
    differing = differences(a, b)
    forbidden: dict[Family, str] = {}
    for item in differing:
        for name in item.forbids:
            forbidden.setdefault(name, item.why)
    both = _Comparison(a, b, forbidden, margin, paired or {}, (runs[0] or (a,), runs[1] or (b,)))
    # Sorting is stable: what leads a card comes first, else the order of phases and metrics stands.
    metrics = sorted([*_phases(both), *_run(both)], key=lambda change: not change.headline)
    return Comparison(
        diff_schema=DIFF_SCHEMA,
        margin=margin,
        a=sides.side(a, signers[0], levels[0]),
        b=sides.side(b, signers[1], levels[1]),
        comparable=_answer(forbidden, metrics),
        differences=tuple(differing),
        subjects=tuple(subjects(a, b)),
        remarks=(
            *sides.remarks(a, b, letters),
            *sides.repeated(both.runs, letters),
            *([sides.ONE_EACH] if any(item.outcome in ONCE.values() for item in metrics) else []),
        ),
        metrics=tuple(metrics),
        checks=tuple(_checks(a, b)),
    )


def _answer(
    forbidden: Mapping[Family, str], metrics: list[Change]
) -> Literal["yes", "partly", "no"]:
    """Nothing that could be compared is a no, whatever the reason."""
    if all(change.outcome == "not-comparable" for change in metrics):
        return "no"
    return "partly" if forbidden else "yes"


@dataclass(frozen=True, slots=True)
class _Comparison:
    """What holds for every metric of one comparison.

    Attributes:
        runs: the cards of each side.
    """

    a: Scorecard
    b: Scorecard
    forbidden: Mapping[Family, str]
    margin: float
    paired: PairedRatios = field(default_factory=dict)
    runs: tuple[Sequence[Scorecard], Sequence[Scorecard]] = ((), ())

    def paired_ratio(self, pair: _Pair, metric: Metric) -> tuple[ValueRatio, int] | None:
        """The ratio over the tasks that both were asked, and their number; None where it is not known."""
        return self.paired.get((pair.phase, metric.id, pair.counted_by))

    def spread(self, pair: _Pair, metric: Metric) -> Spread | None:
        """How far the runs of the sides lie apart; None where none was repeated, or there is no logarithm."""
        numbers = []
        for cards, phase in zip(self.runs, pair.phases, strict=True):
            values = [_value_of(card, phase, metric.id, pair.count) for card in cards]
            numbers.append([value.value for value in values if isinstance(value, Measured)])
        return spread_of(*numbers) if all(numbers) else None

    def qualified(self, outcome: ChangeOutcome) -> ChangeOutcome:
        """What was told apart by one run of each is called so: the next runs may differ as much by themselves."""
        if max(map(len, self.runs)) > 1:
            return outcome
        return ONCE.get(outcome, outcome)

    def leads(self, phase: str, metric: str) -> bool:
        """Whether a metric is a headline number of either card."""
        return Headline(phase=phase, metric=metric) in (*self.a.headline, *self.b.headline)

    def depends_on_count(self, metric: Metric) -> bool:
        """Whether the source that counts generated tokens matters to a metric."""
        objective = any(_objectives(card).tpot_ms is not None for card in (self.a, self.b))
        return metric.depends_on_count(tpot_objective=objective)


def _metrics(*sides: Mapping[str, Value]) -> list[Metric]:
    """The metrics of either side in order; ones that this version of the suite does not know are left out."""
    return [metric for name, metric in REGISTRY.items() if any(name in side for side in sides)]


def _phases(both: _Comparison) -> Iterator[Change]:
    """Phase by phase, the points of a sweep or grid each with the point at the same place."""
    by_place = {same_place(phase): phase for phase in both.b.phases}
    places = {same_place(phase) for phase in both.a.phases}
    pairs: list[tuple[CardPhase | None, CardPhase | None]] = [
        (phase, by_place.get(same_place(phase))) for phase in both.a.phases
    ]
    pairs += [(None, phase) for phase in both.b.phases if same_place(phase) not in places]
    for first, second in pairs:
        phase = first or second
        assert phase is not None
        obstacle = _phase_obstacle(first, second)
        mine, theirs = first.metrics if first else {}, second.metrics if second else {}
        for metric in _metrics(mine, theirs):
            values = mine.get(metric.id), theirs.get(metric.id)
            pair = _Pair(phase.name, values, obstacle, phases=(first, second))
            if not obstacle and both.depends_on_count(metric):
                assert first is not None
                assert second is not None
                pair = _counted_alike(both, metric, first, second)
            brackets = brackets_of(first, second) if metric.id == "slo_rate" else None
            yield _change(both, metric, pair, brackets)


@dataclass(frozen=True, slots=True)
class _Pair:
    """One metric's values on both cards.

    Attributes:
        phase: "" for the whole run.
        values: None where a card has none.
        obstacle: why they cannot be compared; "" when nothing is known against it.
        count: which generated tokens of both were counted, and what did; None where the metric does not depend on it.
        phases: that they are of; None for the whole run.
    """

    phase: str
    values: tuple[Value | None, Value | None]
    obstacle: str = ""
    count: tuple[Counted, str] | None = None
    phases: tuple[CardPhase | None, CardPhase | None] = (None, None)

    @property
    def counted_by(self) -> str | None:
        """What counted the generated tokens of both."""
        return self.count[1] if self.count else None


def _counted_alike(both: _Comparison, metric: Metric, first: CardPhase, second: CardPhase) -> _Pair:
    """The values of a metric by a count that both cards hold, and that no rule refuted."""
    values = first.metrics.get(metric.id), second.metrics.get(metric.id)
    for side, card in (("first", both.a), ("second", both.b)):
        if counts.refuted(card):
            why = Sentence(
                f"the token counts of the {side} card contradict each other ({counts.COUNTS_RULE})",
                f"{_SIDES_ZH[side]}评分卡的 token 计数自相矛盾（{counts.COUNTS_RULE}）",
            )
            return _Pair(first.name, values, why)
    of = counts.counted(metric, first, second)
    feeding = counts.feeding(first, of), counts.feeding(second, of)
    if feeding == (NO_SOURCE, NO_SOURCE):
        return _Pair(first.name, values, phases=(first, second))
    searched = SCENARIOS[first.scenario].searches
    sources = counts.common_sources(first, second, of, exactly=searched)
    if not sources:
        by = f"{feeding[0]} and by {feeding[1]}"
        return _Pair(
            first.name,
            values,
            Sentence(
                f"tokens were counted by {by}",
                f"token 计数分别依{counts.source_zh(feeding[0])}与{counts.source_zh(feeding[1])}",
            ),
        )
    pairs = [
        _Pair(
            first.name,
            (
                counts.value(first, metric.id, of, source),
                counts.value(second, metric.id, of, source),
            ),
            count=(of, source),
            phases=(first, second),
        )
        for source in sources
    ]
    # What one count leaves open (does a chunk carry one token?) another may answer.
    return next((pair for pair in pairs if _measured(pair)), pairs[0])


def _value_of(
    card: Scorecard, phase: CardPhase | None, metric: str, count: tuple[Counted, str] | None
) -> Value | None:
    """A metric of one of the runs that a side gathers, as the side's own was read."""
    if phase is None:
        return card.startup.get(metric)
    of_run = next(item for item in card.phases if item.name == phase.name)
    return counts.value(of_run, metric, *count) if count else of_run.metrics.get(metric)


def _measured(pair: _Pair) -> bool:
    return all(isinstance(value, Measured) for value in pair.values)


def _run(both: _Comparison) -> Iterator[Change]:
    for metric in _metrics(both.a.startup, both.b.startup):
        values = both.a.startup.get(metric.id), both.b.startup.get(metric.id)
        yield _change(both, metric, _Pair("", values), None)


def _phase_obstacle(first: CardPhase | None, second: CardPhase | None) -> str:
    if first is None or second is None:
        return Sentence("only one card has this phase", "只有一张评分卡有此阶段")
    return load_difference(first, second)


def _change(both: _Comparison, metric: Metric, pair: _Pair, brackets: Brackets | None) -> Change:
    first, second = pair.values
    outcome: ChangeOutcome = "not-comparable"
    ratio: ValueRatio | None = None
    why = pair.obstacle or _obstacle(both, metric, first, second)
    why = both.forbidden.get(metric.family, why)
    paired = None if why else both.paired_ratio(pair, metric)
    chance: float | None = None
    spread = None if why or brackets is not None else both.spread(pair, metric)
    if not why:
        assert isinstance(first, Measured)
        assert isinstance(second, Measured)
        if brackets is not None:
            outcome, why, ratio = judge_brackets(first, second, brackets, both.margin)
        else:
            ratio = paired[0] if paired is not None else ratio_of(first, second)
            freedom = BEYOND_STUDENT
            if ratio is not None and spread is not None:
                ratio, freedom = widened(ratio, spread)
            outcome, why, ratio = judge(first, second, ratio, metric.direction, both.margin)
            if ratio is not None and metric.direction != "none":
                chance = p_value(ratio, both.margin, freedom)
        outcome = both.qualified(outcome)
    return Change(
        phase=pair.phase,
        metric=metric.id,
        title=Text(en=metric.title.en, zh=metric.title.zh),
        headline=both.leads(pair.phase, metric.id),
        family=metric.family,
        outcome=outcome,
        why=why,
        a=first,
        b=second,
        ratio=ratio,
        counted_by=pair.counted_by or UNSET,
        paired=paired[1] if paired is not None else UNSET,
        p=stored(chance) if chance is not None else UNSET,
        repeated=_repetition(both, spread) if spread is not None else UNSET,
    )


def _repetition(both: _Comparison, spread: Spread) -> Repetition:
    a, b = (None if item is None else stored(item) for item in spread.deviations)
    return Repetition(runs=(len(both.runs[0]), len(both.runs[1])), spread_a=a, spread_b=b)


def _obstacle(both: _Comparison, metric: Metric, first: Value | None, second: Value | None) -> str:
    """Why two values cannot be compared although their inputs agree, "" when they can."""
    if first is None or second is None:
        return Sentence("only one card has this metric", "只有一张评分卡有此指标")
    if metric.by_objectives and _objectives(both.a) != _objectives(both.b):
        return Sentence("the service-level objectives differ", "服务目标不同")
    if isinstance(first, NotMeasured) and first == second:
        return Sentence(
            f"not measured on either card: {first.why}", f"两张评分卡均未测得：{chinese(first.why)}"
        )
    for side, value in (("first", first), ("second", second)):
        if isinstance(value, NotMeasured):
            return Sentence(
                f"not measured on the {side} card: {value.why}",
                f"{_SIDES_ZH[side]}评分卡未测得：{chinese(value.why)}",
            )
    assert isinstance(first, Measured)
    assert isinstance(second, Measured)
    if first.unit != second.unit:
        return Sentence(
            f"units differ: {first.unit} and {second.unit}",
            f"单位不同：{first.unit} 与 {second.unit}",
        )
    return ""


def _objectives(card: Scorecard) -> Objectives:
    return card.workload.objectives


def _checks(a: Scorecard, b: Scorecard) -> Iterator[CheckChange]:
    """Rules that ended differently, and those that failed on both."""
    first, second = ({check.rule: check for check in card.checks} for card in (a, b))
    for rule in sorted({*first, *second}):
        mine, theirs = first.get(rule), second.get(rule)
        known = mine or theirs
        assert known is not None
        change = CheckChange(
            rule=rule,
            title=known.title,
            a=mine.outcome if mine else "absent",
            b=theirs.outcome if theirs else "absent",
            why_a=mine.why if mine else "",
            why_b=theirs.why if theirs else "",
        )
        if change.a != change.b or change.a in ("fail", "error"):
            yield change
