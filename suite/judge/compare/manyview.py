"""What the reports of a comparison show, arranged: rows of metrics with a cell for each card."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from msgspec import UNSET

from suite.base.bilingual import Sentence, joined
from suite.base.language import Language
from suite.documents.document import given
from suite.documents.value import Measured
from suite.judge.compare.ratio import factor
from suite.judge.compare.subjects import ABSENT
from suite.judge.report.numbers import show
from suite.judge.report.view import unit
from suite.judge.report.words import WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from suite.documents.comparison import (
        Card,
        Change,
        ChangeOutcome,
        Family,
        ManyComparison,
        Point,
        Repetition,
        Side,
        Subject,
    )
    from suite.documents.value import Value

MARKS: Final[dict[ChangeOutcome, str]] = {
    "better": "+",
    "worse": "-",
    "better-once": ">",
    "worse-once": "<",
    "not-distinguishable": "=",
    "not-comparable": "x",
}
OUTCOMES: Final[dict[ChangeOutcome, Sentence]] = {
    "better": Sentence("better", "更好"),
    "worse": Sentence("worse", "更差"),
    "better-once": Sentence("better in one run", "一次运行中更好"),
    "worse-once": Sentence("worse in one run", "一次运行中更差"),
    "not-distinguishable": Sentence("not distinguishable", "无法区分"),
    "not-comparable": Sentence("not comparable", "不可比较"),
}
APART: Final = ("better", "worse", "better-once", "worse-once")
"""Outcomes of two values that were told apart."""
ANSWERS: Final = {
    "yes": Sentence("may be compared", "可以比较"),
    "partly": Sentence("may be compared in part", "可以部分比较"),
    "no": Sentence("may NOT be compared", "不可比较"),
}
_FAMILIES: Final[dict[Family, str]] = {
    "latency": "延迟",
    "throughput": "吞吐",
    "quality": "质量",
    "length": "长度",
    "utilisation": "利用率",
    "energy": "能耗",
    "start-up": "启动",
    "client": "客户端",
}
ENDED: Final = {
    "interrupted": "被中断",
    "engine-died": "引擎中途结束",
    "engine-failed": "引擎失败",
    "failed": "失败",
    "cut": "被切断",
}
"""How a run ended that did not reach its planned end, in Chinese."""
_NOT_MEASURED: Final = Sentence("n/a", WORDS["na"][Language.ZH])


@dataclass(frozen=True, slots=True)
class Cell:
    """One card's value of one metric; its texts are sentences where the languages differ.

    Attributes:
        number: with its unit; "n/a" without one.
        interval: "" without one.
        ratio: to the baseline, with its interval; "" without one.
        outcome: how it stands to the baseline; None for the baseline itself.
        why: what decided, or why there is no number.
    """

    number: str
    interval: str = ""
    ratio: str = ""
    outcome: ChangeOutcome | None = None
    why: str = ""
    measured: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One metric of one phase over all cards, in their order."""

    phase: str
    metric: str
    title: Sentence
    headline: bool
    cells: tuple[Cell, ...]

    @property
    def measured(self) -> bool:
        """Whether any card has a number."""
        return any(cell.measured for cell in self.cells)


def rows(result: ManyComparison) -> list[Row]:
    """Every metric, phase by phase in the order of the pairs."""
    changes: dict[tuple[str, str], dict[str, Change]] = {}
    for pair in result.pairs:
        for change in pair.comparison.metrics:
            changes.setdefault((change.phase, change.metric), {})[pair.letter] = change
    listed = []
    for (phase, metric), by_letter in changes.items():
        known = next(iter(by_letter.values()))
        base = next((item.a for item in by_letter.values() if item.a is not None), None)
        cells = tuple(
            _base(metric, base)
            if card.letter == result.baseline
            else _cell(metric, by_letter.get(card.letter))
            for card in result.cards
        )
        headline = any(item.headline for item in by_letter.values())
        title = Sentence(known.title.en, known.title.zh)
        listed.append(Row(phase, metric, title, headline, cells))
    phases = list(dict.fromkeys(row.phase for row in listed))
    return sorted(listed, key=lambda row: (phases.index(row.phase), not row.headline))


def _text(metric: str, value: Value | None) -> tuple[Sentence, str]:
    if value is None:
        return ABSENT, ""
    shown = show(metric, value)
    if not shown.measured:
        return _NOT_MEASURED, shown.interval
    en, zh = (f"{shown.number} {unit(shown.unit, language)}".strip() for language in Language)
    return Sentence(en, zh), shown.interval


def _base(metric: str, value: Value | None) -> Cell:
    return Cell(*_text(metric, value), measured=isinstance(value, Measured))


def _cell(metric: str, change: Change | None) -> Cell:
    if change is None:
        why = Sentence("only other cards have it", "只有其他评分卡有此指标")
        return Cell(ABSENT, outcome="not-comparable", why=why)
    ratio = change.ratio
    text = f"×{factor(ratio.value)} ({factor(ratio.low)}–{factor(ratio.high)})" if ratio else ""
    caption = Sentence(text, text)
    if change.paired is not UNSET:
        caption += Sentence(f", {change.paired} tasks paired", f"，{change.paired} 个任务配对")
    if change.repeated is not UNSET:
        caption += _repeated(change.repeated)
    number, interval = _text(metric, change.b)
    known = isinstance(change.b, Measured)
    return Cell(number, interval, caption, change.outcome, change.why, known)


def _repeated(made: Repetition) -> Sentence:
    a, b = ("–" if item is None else f"{item:.1%}" for item in (made.spread_a, made.spread_b))
    first, second = made.runs
    return Sentence(
        f", {first} and {second} runs that spread by {a} and {b}",
        f"，{first} 与 {second} 次运行，运行间波动 {a} 与 {b}",
    )


def runs(card: Card) -> Sentence:
    """The run, or all of those that a side gathers."""
    names = [item.run for item in given(card.runs, ())] or [card.side.run]
    return joined(names, ", ", "、")


def worth(side: Side) -> Sentence:
    """What a card is worth, in one line."""
    verdict = (
        Sentence("conformant", "合规") if side.conformant else Sentence("NOT CONFORMANT", "不合规")
    )
    if side.failed:
        rules = ", ".join(side.failed)
        verdict += Sentence(f" ({rules})", f"（{rules}）")
    division = Sentence(side.division, _word(side.division).zh)
    words = [verdict, division, Sentence(side.level, _word(side.level).zh), _word(side.runtime)]
    if side.ended != "complete":
        words.append(Sentence(side.ended.upper(), ENDED.get(side.ended, side.ended)))
    if side.emulated:
        words.append(Sentence(_word("flag-emulated").upper(), _word("flag-emulated").zh))
    return joined(words, " · ", " · ")


def _word(key: str) -> Sentence:
    return Sentence(*WORDS[key])


def families(names: Iterable[Family]) -> Sentence:
    """Families of metrics, named."""
    return joined([Sentence(name, _FAMILIES[name]) for name in names], ", ", "、")


def explains(subject: Subject) -> Sentence:
    """Which metrics a difference may explain."""
    named = given(subject.may_explain, ())
    if not named:
        return Sentence("differs", "不同")
    return Sentence("may explain ", "可能影响") + families(named)


def counts(changes: Sequence[Change]) -> dict[ChangeOutcome, int]:
    """How many metrics ended how, of the outcomes that there are."""
    counted = Counter(item.outcome for item in changes)
    return {name: counted[name] for name in MARKS if counted[name]}


def point(item: Point) -> tuple[Sentence, Sentence, Sentence, str]:
    """Throughput, time per token, time to first token, and cost of a load as text."""
    cost = ""
    if item.cost is not UNSET:
        cost = f"{item.cost.value:,.4g}" if isinstance(item.cost, Measured) else _NOT_MEASURED
    return (
        _text("output_throughput", item.throughput)[0],
        _text("tpot_mean", item.latency)[0],
        _text("ttft_mean", item.first)[0],
        cost,
    )


def correction(result: ManyComparison) -> Sentence:
    """What was done about the number of comparisons."""
    done = result.correction
    sentence = Sentence(
        f"{done.tests} ratios were tested at once: Holm's correction keeps the chance of any false verdict at {done.level:.0%}",
        f"同时检验了 {done.tests} 个比值：Holm 校正使出现任何误判的概率保持在 {done.level:.0%}",
    )
    if done.undone:
        sentence += Sentence(
            f"; {done.undone} verdicts did not stand", f"；其中 {done.undone} 个结论不成立"
        )
    return sentence
