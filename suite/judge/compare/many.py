"""Any number of cards against one of them: each by `suite.judge.compare.difference`, the verdicts corrected together.

Every metric of every pair is a chance to be told apart by luck. Holm's method goes through the probabilities from the
smallest: the i-th of n stands where it is at most 0.05 / (n - i), and once one does not stand, neither do the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from msgspec import UNSET
from msgspec.structs import replace

from suite.base.bilingual import Sentence, chinese, joined, placed
from suite.base.errors import UsageError
from suite.declare.scenarios import SCENARIOS
from suite.documents.comparison import (
    Card,
    Correction,
    Curve,
    ManyComparison,
    OverTime,
    Pair,
    Point,
    RepeatedRun,
)
from suite.documents.document import given
from suite.documents.value import Measured, NotMeasured, stored
from suite.judge.compare import difference, manyview
from suite.judge.compare.inputs import conformant
from suite.judge.compare.paired import answers, paired_ratios

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from msgspec import UnsetType

    from suite.documents.card import Scorecard
    from suite.documents.card_phase import CardPhase
    from suite.documents.comparison import Answers, Change, Comparison
    from suite.documents.foreign import ForeignResult
    from suite.documents.scalars import Number
    from suite.documents.standing import Level
    from suite.documents.value import Value
    from suite.evidence import Evidence
    from suite.judge.compare.paired import PairedRatios

LEVEL: Final = 0.05
_COMPARE_SCHEMA: Final = 2


@dataclass(frozen=True, slots=True)
class Entry:
    """A card that is compared.

    Attributes:
        path: where it lay, for people.
        signer: who signed, in words that claim no more than is known.
        evidence: of the run; None where only the card is at hand.
        stated: what reviewers and signer stated about it, in a line each.
        price: of one device for an hour, in any currency; None without one.
        level: that the card reaches by its evidence and by what is stated about it.
        runs: the entries of a side that was run several times; see `suite.judge.compare.repeats`.
    """

    path: str
    card: Scorecard
    signer: str = ""
    evidence: Evidence | None = None
    price: float | None = None
    stated: tuple[str, ...] = ()
    level: Level | None = None
    runs: tuple[Entry, ...] = ()

    @property
    def singles(self) -> tuple[Entry, ...]:
        """The runs of this side, one at least."""
        return self.runs or (self,)


def letter(index: int) -> str:
    """A to Z, then AA to ZZ."""
    return chr(65 + index) if index < 26 else letter(index // 26 - 1) + letter(index % 26)


def compare(
    entries: Sequence[Entry],
    *,
    baseline: int = 0,
    margin: float = difference.MARGIN,
    foreign: tuple[ForeignResult, ...] = (),
) -> ManyComparison:
    """Compare cards.

    Args:
        entries: at least two.
        baseline: which of them is the base of every ratio.
        margin: the practical margin, 0 ≤ margin < 1.
        foreign: results of other tools, which only stand beside the cards.

    Raises:
        UsageError: ``usage-wrong`` for fewer than two.
        ValueError: when the margin is out of range.
    """
    if len(entries) < 2:
        raise UsageError(
            "usage-wrong",
            Sentence("a comparison needs two cards at least", "比较至少需要两张评分卡"),
        )
    base = entries[baseline]
    verdicts = {
        index: _compared(base, other, margin, (letter(baseline), letter(index)))
        for index, other in enumerate(entries)
        if index != baseline
    }
    comparisons, correction = corrected(list(verdicts.values()))
    pairs = [
        Pair(
            letter=letter(index),
            comparison=comparison,
            lacking=tuple(_lacking(comparison)),
            answers=tuple(_answers(base, entries[index])),
        )
        for index, comparison in zip(verdicts, comparisons, strict=True)
    ]
    admitted = {index for index, verdict in verdicts.items() if verdict.comparable != "no"} | {
        baseline
    }
    sides = {index: comparison.b for index, comparison in verdicts.items()}
    sides[baseline] = comparisons[0].a
    return ManyComparison(
        compare_schema=_COMPARE_SCHEMA,
        margin=margin,
        baseline=letter(baseline),
        correction=correction,
        cards=tuple(
            Card(
                letter=letter(index),
                path=entry.path,
                side=sides[index],
                stated=entry.stated,
                runs=tuple(map(_run, entry.runs)) or UNSET,
            )
            for index, entry in enumerate(entries)
        ),
        pairs=tuple(pairs),
        points=tuple(_frontier(entries, admitted)),
        curves=tuple(_curves(entries)),
        telemetry=tuple(_telemetry(entries)),
        foreign=foreign or UNSET,
    )


def _compared(a: Entry, b: Entry, margin: float, letters: tuple[str, str]) -> Comparison:
    return difference.compare(
        a.card,
        b.card,
        margin=margin,
        signers=(a.signer, b.signer),
        levels=(a.level, b.level),
        paired=_ratios(a, b),
        runs=(_cards(a), _cards(b)),
        letters=letters,
    )


def _cards(entry: Entry) -> tuple[Scorecard, ...]:
    return tuple(single.card for single in entry.singles)


def _run(entry: Entry) -> RepeatedRun:
    run = entry.card.run
    return RepeatedRun(run=run.id, path=entry.path, started_utc=run.started_utc)


def _ratios(a: Entry, b: Entry) -> PairedRatios | None:
    sides = [[single.evidence for single in entry.singles if single.evidence] for entry in (a, b)]
    whole = all(len(side) == len(entry.singles) for side, entry in zip(sides, (a, b), strict=True))
    return paired_ratios(*sides) if whole else None


def _answers(a: Entry, b: Entry) -> Iterator[Answers]:
    if a.evidence is not None and b.evidence is not None:
        yield from answers(a.evidence, b.evidence)


def corrected(comparisons: Sequence[Comparison]) -> tuple[list[Comparison], Correction]:
    """Comparisons whose verdicts stand together, and how many did not."""
    places = sorted(
        (change.p, row, column)
        for row, comparison in enumerate(comparisons)
        for column, change in enumerate(comparison.metrics)
        if change.p is not UNSET and change.outcome != "not-comparable"
    )
    standing = 0
    for probability, *_ in places:
        if probability > LEVEL / (len(places) - standing):
            break
        standing += 1
    undone = 0
    metrics = [list(comparison.metrics) for comparison in comparisons]
    for _, row, column in places[standing:]:
        change = metrics[row][column]
        if change.outcome in manyview.APART:
            undone += 1
            metrics[row][column] = _undone(change, len(places))
    whole = [
        replace(comparison, metrics=tuple(changes))
        for comparison, changes in zip(comparisons, metrics, strict=True)
    ]
    return whole, Correction(method="holm", level=LEVEL, tests=len(places), undone=undone)


def _undone(change: Change, tests: int) -> Change:
    alone = manyview.OUTCOMES[change.outcome]
    why = Sentence(
        f"{alone} alone, not among {tests} comparisons (Holm, p = {given(change.p, 1):.2g})",
        f"单独看为{alone.zh}，在 {tests} 次比较中则不然（Holm，p = {given(change.p, 1):.2g}）",
    )
    return replace(change, outcome="not-distinguishable", why=why)


def _lacking(comparison: Comparison) -> Iterator[Sentence]:
    """What the baseline measured and the other card did not: a phase as a whole, else its metrics, those with one reason together."""
    lost: dict[str, list[Change]] = {}
    kept: set[str] = set()
    for change in comparison.metrics:
        if isinstance(change.b, Measured):
            kept.add(change.phase)
        elif isinstance(change.a, Measured):
            lost.setdefault(change.phase, []).append(change)
    for phase, changes in lost.items():
        if phase and phase not in kept:
            yield Sentence(f"phase {phase}: nothing measured", f"阶段 {phase}：没有任何测量")
            continue
        absent = Sentence("absent", "没有")
        by_reason: dict[str, list[Sentence]] = {}
        for change in changes:
            why = change.b.why if isinstance(change.b, NotMeasured) else absent
            by_reason.setdefault(why, []).append(Sentence(change.title.en, change.title.zh))
        for why, titles in by_reason.items():
            names = joined(titles, "; ", "；")
            yield placed(placed(phase, names) if phase else names, why)


def is_worse(result: ManyComparison) -> list[Sentence]:
    """Why a gate should not let the other cards pass; empty where nothing is worse than the baseline."""
    reasons = []
    for pair in result.pairs:
        changes = [
            change
            for change in pair.comparison.metrics
            if change.outcome in ("worse", "worse-once")
        ]
        reasons += [
            Sentence(
                f"{pair.letter}: {change.phase or 'run'}: {change.title.en} is {manyview.OUTCOMES[change.outcome]}",
                f"{pair.letter}：{change.phase or '整次运行'}：{change.title.zh}{manyview.OUTCOMES[change.outcome].zh}",
            )
            for change in changes
        ]
        if pair.comparison.comparable == "no":
            reasons.append(
                Sentence(
                    f"{pair.letter}: cannot be compared with {result.baseline}",
                    f"{pair.letter}：不可与 {result.baseline} 比较",
                )
            )
        reasons += [
            Sentence(f"{pair.letter}: lacks {item}", f"{pair.letter}：缺少 {chinese(item)}")
            for item in pair.lacking
        ]
    return reasons


def _frontier(entries: Sequence[Entry], admitted: Collection[int]) -> list[Point]:
    """Every load of every card; on the frontier is what no other load beats in throughput and latency both.

    Args:
        entries: all cards.
        admitted: those that may be compared with the baseline, and it itself.
    """
    rows = [
        (index, phase, _number(phase, "output_throughput"), _number(phase, "tpot_mean"))
        for index, entry in enumerate(entries)
        for phase in entry.card.phases
    ]
    sound = {index for index in admitted if _is_whole(entries[index].card)}
    rivals = [
        (speed, delay)
        for index, _, speed, delay in rows
        if index in sound and speed is not None and delay is not None
    ]
    return [
        Point(
            letter=letter(index),
            phase=phase.name,
            load=_load(phase),
            throughput=_value(phase, "output_throughput"),
            latency=_value(phase, "tpot_mean"),
            first=_value(phase, "ttft_mean"),
            frontier=index in sound and delay is not None and not _beaten(speed, delay, rivals),
            cost=_cost(entries[index], phase) or UNSET,
        )
        for index, phase, speed, delay in rows
        if speed is not None
    ]


def _is_whole(card: Scorecard) -> bool:
    return conformant(card) and card.run.ended == "complete"


def _beaten(speed: float, delay: float, rivals: Sequence[tuple[float, float]]) -> bool:
    return any(
        faster >= speed and quicker <= delay and (faster, quicker) != (speed, delay)
        for faster, quicker in rivals
    )


def _value(phase: CardPhase, metric: str) -> Value:
    return phase.metrics.get(metric, NotMeasured(Sentence("not on this card", "此卡上没有")))


def _number(phase: CardPhase, metric: str) -> float | None:
    value = _value(phase, metric)
    return value.value if isinstance(value, Measured) else None


def _load(phase: CardPhase) -> Sentence:
    load = phase.load
    kind = Sentence(phase.scenario, SCENARIOS[phase.scenario].title.zh)
    if load.rate is not None:
        return kind + Sentence(f", {load.rate:g}/s", f"，{load.rate:g}/s")
    if load.concurrency:
        kind += Sentence(f", {load.concurrency} at once", f"，同时 {load.concurrency} 个")
    return kind


def _curves(entries: Sequence[Entry]) -> Iterator[Curve]:
    """What the cards hold of their latencies, phase by phase."""
    for index, entry in enumerate(entries):
        for phase in entry.card.phases:
            series: tuple[
                tuple[Literal["ttft", "tpot", "e2e"], tuple[Number, ...] | UnsetType], ...
            ]
            series = (
                ("ttft", phase.series.ttft_ms),
                ("tpot", phase.series.tpot_ms),
                ("e2e", phase.series.e2e_ms),
            )
            for metric, values in series:
                if values is not UNSET and len(values) > 1:
                    yield Curve(
                        letter=letter(index), phase=phase.name, metric=metric, values=values
                    )


def _telemetry(entries: Sequence[Entry]) -> Iterator[OverTime]:
    """What the cards hold of devices and engine over time."""
    for index, entry in enumerate(entries):
        for phase in entry.card.phases:
            for series in given(phase.series.devices, ()):
                yield OverTime(letter=letter(index), phase=phase.name, series=series)


def _cost(entry: Entry, phase: CardPhase) -> Value | None:
    """Price of a million output tokens: devices × price per hour over throughput."""
    if entry.price is None:
        return None
    speed, devices = _value(phase, "output_throughput"), entry.card.devices.count
    if not isinstance(speed, Measured) or speed.value <= 0:
        return NotMeasured(Sentence("no throughput was measured", "没有测得吞吐"))
    if devices is None:
        return NotMeasured(
            Sentence("nobody knows on how many devices it ran", "无人知道它在多少设备上运行")
        )
    per = entry.price * devices / 3600 * 1e6
    bounds = speed.low, speed.high
    return Measured(
        value=stored(per / speed.value),
        unit="per million tokens",
        n=speed.n,
        low=stored(per / bounds[1]) if bounds[0] and bounds[1] else None,
        high=stored(per / bounds[0]) if bounds[0] and bounds[1] else None,
        interval=speed.interval,
    )
