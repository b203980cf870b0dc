"""A comparison of any number of cards for a terminal: what may be compared first, then the numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.bilingual import Bilingual
from suite.documents.document import given
from suite.judge.compare import manyview
from suite.judge.compare.formats.format import Format
from suite.judge.foreign import view as foreign
from suite.judge.report.texttable import WIDTH, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suite.documents.comparison import ManyComparison, Pair

_ANSWERS = {
    "yes": "may be compared",
    "partly": "may be compared in part",
    "no": "may NOT be compared",
}


def _cards(result: ManyComparison) -> Iterator[str]:
    for card in result.cards:
        side = card.side
        base = " (baseline)" if card.letter == result.baseline else ""
        indent = " " * 5
        yield from wrapped(
            f"{side.run}{base}: {manyview.worth(side)}",
            WIDTH,
            indent=f"  {card.letter}  ",
            rest=indent,
        )
        what = (
            f"{side.vendor} · {side.devices} · {side.engine} · {side.model} · tasks {side.taskset}"
        )
        yield from wrapped(what, WIDTH, indent=indent)
        if side.trust:
            yield from wrapped(side.trust, WIDTH, indent=indent)
        for line in card.stated:
            yield from wrapped(line, WIDTH, indent=indent)


def _pair(result: ManyComparison, pair: Pair) -> Iterator[str]:
    comparison = pair.comparison
    yield f"{result.baseline} -> {pair.letter}: {_ANSWERS[comparison.comparable]}"
    for item in comparison.differences:
        text = f"{item.title.en}: {item.a} | {item.b}; forbids comparing {', '.join(item.forbids)}"
        yield from wrapped(text, WIDTH, indent="  ! ", rest="    ")
    for remark in comparison.remarks:
        yield from wrapped(remark.en, WIDTH, indent="  ! ", rest="    ")
    for lack in pair.lacking:
        yield from wrapped(lack, WIDTH, indent="  lacks ", rest="    ")
    for subject in comparison.subjects:
        text = f"{subject.title.en}: {subject.a} -> {subject.b} ({manyview.explains(subject)})"
        yield from wrapped(text, WIDTH, indent="  ", rest="    ")
    counts = manyview.counts(comparison.metrics)
    yield "  " + ", ".join(f"{number} {name.replace('-', ' ')}" for name, number in counts.items())
    for side in pair.answers:
        share = (
            ""
            if side.agreed is None
            else f"; the others agree over {side.agreed:.0%} of their length"
        )
        yield f"  {side.phase}: {side.identical} of {side.tasks} answers are identical{share}"


def _metrics(result: ManyComparison) -> Iterator[str]:
    """What leads a card or was told apart; the rest is in the other formats."""
    phase = None
    for row in manyview.rows(result):
        apart = any(cell.outcome in ("better", "worse") for cell in row.cells)
        if not (row.headline or apart):
            continue
        if row.phase != phase:
            phase = row.phase
            yield from ("", phase or "the whole run")
        yield f"  {row.title}"
        for card, cell in zip(result.cards, row.cells, strict=True):
            mark = manyview.MARKS[cell.outcome] if cell.outcome else " "
            reason = cell.why if cell.outcome == "not-comparable" else ""
            line = f"    {mark} {card.letter:<2} {cell.number:<18} {cell.ratio or reason}".rstrip()
            yield from (
                wrapped(line.strip(), WIDTH, indent="    ", rest="        ")
                if len(line) > WIDTH
                else [line]
            )


def _points(result: ManyComparison) -> Iterator[str]:
    if not result.points:
        return
    yield from ("", "Throughput against latency (* on the frontier: no other load has both better)")
    for item in result.points:
        speed, delay, first, cost = manyview.point(item)
        mark = "*" if item.frontier else " "
        price = f", {cost} a million tokens" if cost else ""
        yield f"  {mark} {item.letter:<2} {item.phase}: {speed}, {delay} per token, first {first}{price}"


def _foreign(result: ManyComparison) -> Iterator[str]:
    results = given(result.foreign, ())
    if results:
        yield from (
            "",
            "Results of other tools: unsigned, not recomputed, not ranked with the cards",
        )
    for item, (heading, rows) in zip(results, foreign.tables(results), strict=True):
        yield from wrapped(f"{item.file}: {foreign.heading(item)}", WIDTH, indent="  ", rest="    ")
        for row in rows:
            cells = [f"{name} {cell}" for name, cell in zip(heading[2:], row[2:], strict=True)]
            text = f"{row[0]}, {row[1]}: {', '.join(cells)}"
            yield from wrapped(text, WIDTH, indent="    ", rest="      ")


def render(result: ManyComparison) -> bytes:
    """The whole comparison, in English."""
    legend = ", ".join(f"{mark} {name.replace('-', ' ')}" for name, mark in manyview.MARKS.items())
    lines = [*_cards(result), ""]
    for pair in result.pairs:
        lines += _pair(result, pair)
    lines += ["", *wrapped(manyview.correction(result) + ".", WIDTH), f"({legend})"]
    lines += [*_metrics(result), *_points(result), *_foreign(result), ""]
    return "\n".join(lines).encode()


FORMAT = Format(Bilingual("a terminal table", "终端表格"), ".txt", render)
