"""A comparison of any number of cards for a terminal: what may be compared first, then the numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.bilingual import Bilingual
from suite.base.visible import columns
from suite.documents.document import given
from suite.judge.compare import manyview, subjects
from suite.judge.compare.formats.format import Format
from suite.judge.foreign import view as foreign
from suite.judge.report.texttable import WIDTH, wrapped
from suite.judge.report.words import Phrases

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suite.base.language import Language
    from suite.documents.comparison import ManyComparison, Pair


def _cards(result: ManyComparison, say: Phrases) -> Iterator[str]:
    of, indent = say.language.of, " " * 5
    for card in result.cards:
        side = card.side
        base = say.pick(" (baseline)", "（基准）") if card.letter == result.baseline else ""
        yield from wrapped(
            f"{of(manyview.runs(card))}{base}{say('colon')}{of(manyview.worth(side))}",
            WIDTH,
            indent=f"  {card.letter}  ",
            rest=indent,
        )
        tasks = say.pick("tasks", "任务")
        what = " · ".join(
            map(of, (side.vendor, side.devices, side.engine, side.model, f"{tasks} {side.taskset}"))
        )
        yield from wrapped(what, WIDTH, indent=indent)
        if side.trust:
            yield from wrapped(of(side.trust), WIDTH, indent=indent)
        for line in card.stated:
            yield from wrapped(of(line), WIDTH, indent=indent)


def _pair(result: ManyComparison, pair: Pair, say: Phrases) -> Iterator[str]:
    comparison, of, colon = pair.comparison, say.language.of, say("colon")
    answer = of(manyview.ANSWERS[comparison.comparable])
    yield f"{result.baseline} -> {pair.letter}{colon}{answer}"
    for item in comparison.differences:
        forbidden = of(manyview.families(item.forbids))
        text = (
            f"{say.pick(item.title.en, item.title.zh)}{colon}{of(item.a)} | {of(item.b)}"
            + say.pick(f"; forbids comparing {forbidden}", f"；不可比较：{forbidden}")
        )
        yield from wrapped(text, WIDTH, indent="  ! ", rest="    ")
    for remark in comparison.remarks:
        yield from wrapped(say.pick(remark.en, remark.zh), WIDTH, indent="  ! ", rest="    ")
    for lack in pair.lacking:
        yield from wrapped(of(lack), WIDTH, indent=say.pick("  lacks ", "  缺少 "), rest="    ")
    for subject in comparison.subjects:
        title = say.pick(subject.title.en, subject.title.zh)
        why = of(manyview.explains(subject))
        sides = " -> ".join(map(of, subjects.sides(subject)))
        text = f"{title}{colon}{sides}" + say.pick(f" ({why})", f"（{why}）")
        yield from wrapped(text, WIDTH, indent="  ", rest="    ")
    numbers = manyview.counts(comparison.metrics)
    yield "  " + say("comma").join(
        f"{number} {of(manyview.OUTCOMES[name])}" for name, number in numbers.items()
    )
    for side in pair.answers:
        same = say.pick(
            f"{side.identical} of {side.tasks} answers are identical",
            f"{side.tasks} 个回答中 {side.identical} 个相同",
        )
        agreed = "" if side.agreed is None else f"{side.agreed:.0%}"
        share = say.pick(
            f"; the others agree over {agreed} of their length",
            f"；其余回答在前 {agreed} 的长度内一致",
        )
        yield f"  {side.phase}{colon}{same}{share if agreed else ''}"


def _metrics(result: ManyComparison, say: Phrases) -> Iterator[str]:
    """What leads a card or was told apart; the rest is in the other formats."""
    phase, of = None, say.language.of
    for row in manyview.rows(result):
        apart = any(cell.outcome in manyview.APART for cell in row.cells)
        if not (row.headline or apart):
            continue
        if row.phase != phase:
            phase = row.phase
            yield from ("", phase or say.pick("the whole run", "整次运行"))
        yield f"  {of(row.title)}"
        for card, cell in zip(result.cards, row.cells, strict=True):
            mark = manyview.MARKS[cell.outcome] if cell.outcome else " "
            reason = of(cell.why) if cell.outcome == "not-comparable" else ""
            number = of(cell.number)
            room = " " * max(0, 18 - columns(number))
            line = f"    {mark} {card.letter:<2} {number}{room} {of(cell.ratio) or reason}".rstrip()
            yield from (
                wrapped(line.strip(), WIDTH, indent="    ", rest="        ")
                if columns(line) > WIDTH
                else [line]
            )


def _points(result: ManyComparison, say: Phrases) -> Iterator[str]:
    if not result.points:
        return
    yield from (
        "",
        say.pick(
            "Throughput against latency (* on the frontier: no other load has both better)",
            "吞吐与延迟（* 位于前沿：没有其他负载两者均更好）",
        ),
    )
    for item in result.points:
        speed, delay, first, cost = map(say.language.of, manyview.point(item))
        mark = "*" if item.frontier else " "
        price = say.pick(f", {cost} a million tokens", f"，每百万 token {cost}") if cost else ""
        numbers = say.pick(
            f"{speed}, {delay} per token, first {first}",
            f"{speed}，每 token {delay}，首 token {first}",
        )
        yield f"  {mark} {item.letter:<2} {item.phase}{say('colon')}{numbers}{price}"


def _foreign(result: ManyComparison, say: Phrases) -> Iterator[str]:
    results = given(result.foreign, ())
    if results:
        yield from (
            "",
            say("colon").join(foreign.APART[say.language]),
        )
    for item, (heading, rows) in zip(results, foreign.tables(results), strict=True):
        yield from wrapped(f"{item.file}: {foreign.heading(item)}", WIDTH, indent="  ", rest="    ")
        for row in rows:
            cells = [f"{name} {cell}" for name, cell in zip(heading[2:], row[2:], strict=True)]
            text = f"{row[0]}, {row[1]}: {', '.join(cells)}"
            yield from wrapped(text, WIDTH, indent="    ", rest="      ")


def render(result: ManyComparison, language: Language) -> bytes:
    """The whole comparison."""
    say = Phrases(language)
    legend = say("comma").join(
        f"{manyview.MARKS[name]} {language.of(manyview.OUTCOMES[name])}"
        for name in manyview.counts(
            [item for pair in result.pairs for item in pair.comparison.metrics]
        )
    )
    lines = [*_cards(result, say), ""]
    for pair in result.pairs:
        lines += _pair(result, pair, say)
    done = language.of(manyview.correction(result)) + say("stop").rstrip()
    lines += ["", *wrapped(done, WIDTH), say.pick(f"({legend})", f"（{legend}）")]
    lines += [*_metrics(result, say), *_points(result, say), *_foreign(result, say), ""]
    return "\n".join(lines).encode()


FORMAT = Format(Bilingual("a terminal table", "终端表格"), ".txt", render)
