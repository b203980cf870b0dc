"""Two scorecards compared: first whether they may be, then metric by metric.

What only one card has is never an improvement nor a regression. How two values stand to each other says
`suite.judge.compare.ratio`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from msgspec import UNSET

from suite.base.bilingual import Sentence, chinese
from suite.declare.analysis.arrived import NO_SOURCE
from suite.declare.scenarios import SCENARIOS
from suite.documents.card import Headline
from suite.documents.comparison import DIFF_SCHEMA, Change, CheckChange, Comparison, Side
from suite.documents.sentences import in_both
from suite.documents.text import Text
from suite.documents.value import Measured, NotMeasured, stored
from suite.judge.compare import counts
from suite.judge.compare.inputs import (
    conformant,
    differences,
    failed_rules,
    load_difference,
    same_place,
)
from suite.judge.compare.ratio import (
    brackets_of,
    judge,
    judge_brackets,
    judge_ratio,
    p_value,
)
from suite.judge.compare.subjects import LEADING, subjects
from suite.judge.metrics.registry import REGISTRY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from suite.documents.card import Scorecard
    from suite.documents.card_phase import CardPhase
    from suite.documents.comparison import ChangeOutcome, Family, ValueRatio
    from suite.documents.standing import Level
    from suite.documents.value import Value
    from suite.documents.workload import Objectives
    from suite.judge.compare.paired import PairedRatios
    from suite.judge.compare.ratio import Brackets
    from suite.judge.metrics.metric import Metric

_SIDES_ZH: Final = {"first": "第一张", "second": "第二张"}
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
) -> Comparison:
    """Compare two verified scorecards.

    Args:
        a: the base of every ratio.
        b: the other.
        margin: the practical margin, 0 ≤ margin < 1.
        paired: ratios over common tasks, see `suite.judge.compare.paired`; None without evidence.
        signers: who signed each, in words that claim no more than is known.
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
    both = _Comparison(a, b, forbidden, margin, paired or {})
    # Sorting is stable: what leads a card comes first, else the order of phases and metrics stands.
    metrics = sorted([*_phases(both), *_run(both)], key=lambda change: not change.headline)
    return Comparison(
        diff_schema=DIFF_SCHEMA,
        margin=margin,
        a=_side(a, signers[0], levels[0]),
        b=_side(b, signers[1], levels[1]),
        comparable=_answer(forbidden, metrics),
        differences=tuple(differing),
        subjects=tuple(subjects(a, b)),
        remarks=tuple(_remarks(a, b)),
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


def _side(card: Scorecard, signer: str, level: Level | None) -> Side:
    taskset = card.workload.taskset
    return Side(
        run=card.run.id,
        conformant=conformant(card),
        ended=card.run.ended,
        failed=failed_rules(card),
        division=card.division.granted,
        level=level or card.level.level,
        runtime=card.runtime,
        emulated=card.vendor.emulated,
        trust=signer,
        vendor=card.vendor.name,
        devices=card.devices.title,
        engine=f"{card.engine.title} {card.engine.version}".strip(),
        model=card.model.id,
        taskset=taskset.name,
        locked=taskset.locked,
        asserted=tuple(
            name
            for name, pointer in LEADING.items()
            if card.standing.get(pointer, "asserted") == "asserted"
        ),
        started_utc=card.run.started_utc,
    )


def _remarks(a: Scorecard, b: Scorecard) -> Iterator[Text]:
    """What holds for both cards and still limits what the comparison says."""
    if a.runtime == b.runtime == "sim":
        yield Text(
            en="No model ran on either side: this compares scripts, not engines or hardware.",
            zh="双方均未运行模型：此比较针对脚本，而非推理引擎或硬件。",
        )
    for letter, card in (("A", a), ("B", b)):
        if card.runtime == "endpoint":
            yield Text(
                en=f"{letter} answered from a server that the suite did not start: its operator says what ran there.",
                zh=f"{letter} 的服务并非由本套件启动：其内部运行的内容仅凭运营方声明。",
            )
    if a.vendor.emulated and b.vendor.emulated:
        yield Text(
            en="Both sides are emulated: this says nothing about real hardware.",
            zh="双方均为模拟设备：此比较不代表真实硬件。",
        )
    tasks = a.workload.taskset, b.workload.taskset
    same = tasks[0].records_sha256 == tasks[1].records_sha256
    if same and not (tasks[0].locked and tasks[1].locked):
        yield Text(
            en="The tasks are custom, the same on both sides: no other card can be held against these.",
            zh="任务为自定义任务集，双方相同：不能与其他任务的评分卡比较。",
        )


@dataclass(frozen=True, slots=True)
class _Comparison:
    """What holds for every metric of one comparison."""

    a: Scorecard
    b: Scorecard
    forbidden: Mapping[Family, str]
    margin: float
    paired: PairedRatios = field(default_factory=dict)

    def paired_ratio(self, pair: _Pair, metric: Metric) -> tuple[ValueRatio, int] | None:
        """The ratio over the tasks that both were asked, and their number; None where it is not known."""
        return self.paired.get((pair.phase, metric.id, pair.counted_by))

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
    seen = {same_place(phase) for phase in both.a.phases}
    pairs: list[tuple[CardPhase | None, CardPhase | None]] = [
        (phase, by_place.get(same_place(phase))) for phase in both.a.phases
    ]
    pairs += [(None, phase) for phase in both.b.phases if same_place(phase) not in seen]
    for first, second in pairs:
        phase = first or second
        assert phase is not None
        obstacle = _phase_obstacle(first, second)
        mine, theirs = first.metrics if first else {}, second.metrics if second else {}
        for metric in _metrics(mine, theirs):
            values = mine.get(metric.id), theirs.get(metric.id)
            pair = _Pair(phase.name, values, obstacle)
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
        counted_by: what counted the generated tokens of both; None where the metric does not depend on it.
    """

    phase: str
    values: tuple[Value | None, Value | None]
    obstacle: str = ""
    counted_by: str | None = None


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
        return _Pair(first.name, values)
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
            counted_by=source,
        )
        for source in sources
    ]
    # What one count leaves open (does a chunk carry one token?) another may answer.
    return next((pair for pair in pairs if _measured(pair)), pairs[0])


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
    if not why:
        assert isinstance(first, Measured)
        assert isinstance(second, Measured)
        if brackets is not None:
            outcome, why, ratio = judge_brackets(first, second, brackets, both.margin)
        elif paired is not None:
            outcome, why, ratio = judge_ratio(paired[0], metric.direction, both.margin)
        else:
            outcome, why, ratio = judge(first, second, metric.direction, both.margin)
        if ratio is not None and brackets is None and metric.direction != "none":
            chance = p_value(ratio, both.margin)
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
    )


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
