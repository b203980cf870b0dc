"""A comparison for a pull request or an issue: cards, what may be compared, what leads a card or was told apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.bilingual import Bilingual, joined
from suite.base.language import Language
from suite.base.markdown import escaped, table
from suite.documents.document import given
from suite.judge.compare import manyview, subjects
from suite.judge.compare.formats.format import Format
from suite.judge.foreign import view as foreign

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suite.documents.comparison import ManyComparison, Pair
    from suite.judge.compare.manyview import Cell

_MARKED = {
    "better": "**{}**",
    "worse": "**{}**",
    "better-once": "*{}*",
    "worse-once": "*{}*",
    "not-distinguishable": "≈",
    "not-comparable": "{}",
}
_CARDS = (
    ("card", "run", "verdict", "on", "engine", "signed"),
    ("评分卡", "运行", "结论", "设备", "推理引擎", "签名"),
)
"""Headings by language, as the others below."""
_METRICS = (("phase", "metric"), ("阶段", "指标"))


def _cell(cell: Cell, language: Language) -> str:
    of = language.of
    shown = escaped(", ".join(of(word) for word in (cell.number, cell.ratio) if word))
    if cell.outcome is None:
        return shown
    return f"{shown} {_MARKED[cell.outcome].format(of(manyview.OUTCOMES[cell.outcome]))}"


def _cards(result: ManyComparison, language: Language) -> str:
    rows = [
        (
            card.letter,
            manyview.runs(card),
            manyview.worth(card.side),
            joined((card.side.vendor, card.side.devices), ", ", "，"),
            card.side.engine,
            joined((card.side.trust, *card.stated), "; ", "；"),
        )
        for card in result.cards
    ]
    return table(
        _CARDS[language], [tuple(escaped(language.of(cell)) for cell in row) for row in rows]
    )


def _pair(pair: Pair, language: Language) -> Iterator[str]:
    def of(text: str) -> str:
        return escaped(language.of(text))

    english, comparison = language is Language.EN, pair.comparison
    if english:
        yield f"**{pair.letter}** may be compared: {comparison.comparable}\n"
    else:
        yield f"**{pair.letter}** {of(manyview.ANSWERS[comparison.comparable])}\n"
    for item in comparison.differences:
        families = of(manyview.families(item.forbids))
        sides = f"{of(item.a)} → {of(item.b)}"
        yield (
            f"- {escaped(item.title.en)}: {sides}; forbids {families}"
            if english
            else f"- {escaped(item.title.zh)}：{sides}；不可比较：{families}"
        )
    for remark in comparison.remarks:
        yield f"- {escaped((remark.en, remark.zh)[language])}"
    for lack in pair.lacking:
        yield f"- {('lacks', '缺少')[language]} {of(lack)}"
    for subject in comparison.subjects:
        sides, why = (
            " → ".join(map(of, subjects.sides(subject))),
            of(manyview.explains(subject)),
        )
        yield (
            f"- {escaped(subject.title.en)}: {sides} ({why})"
            if english
            else f"- {escaped(subject.title.zh)}：{sides}（{why}）"
        )


def render(result: ManyComparison, language: Language) -> bytes:
    """Tables of the cards, the metrics and the loads."""
    base = result.baseline
    parts = [f"# {(f'Comparison against {base}', f'与 {base} 比较')[language]}\n"]
    parts.append(_cards(result, language))
    parts += ["\n".join(_pair(pair, language)) + "\n" for pair in result.pairs]
    rows = [
        (
            escaped(row.phase or ("run", "整次运行")[language]),
            escaped(language.of(row.title)),
            *(_cell(cell, language) for cell in row.cells),
        )
        for row in manyview.rows(result)
        if row.headline or any(cell.outcome in manyview.APART for cell in row.cells)
    ]
    if rows:
        parts.append(table((*_METRICS[language], *(card.letter for card in result.cards)), rows))
    parts.append(language.of(manyview.correction(result)) + (".", "。")[language] + "\n")
    results = given(result.foreign, ())
    if results:
        parts.append("## {}\n\n{}\n".format(*foreign.APART[language]))
    for item, (names, loads) in zip(results, foreign.tables(results), strict=True):
        parts.append(f"**{escaped(item.file)}**: {escaped(foreign.heading(item))}\n")
        parts.append(
            table(tuple(map(escaped, names)), [tuple(map(escaped, load)) for load in loads])
        )
    return "\n".join(parts).encode()


FORMAT = Format(Bilingual("tables in Markdown", "Markdown 格式的表格"), ".md", render)
