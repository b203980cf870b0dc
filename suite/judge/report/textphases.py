"""Sweeps, grids, searches and conversations as terminal tables, in English."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.judge.report import details, groups
from suite.judge.report.loadtext import load_text
from suite.judge.report.texttable import aligned
from suite.judge.report.words import SCENARIOS, WORDS

if TYPE_CHECKING:
    from suite.documents.card import Scorecard
    from suite.documents.card_phase import CardPhase
    from suite.judge.report.groups import Block, Point
    from suite.judge.report.numbers import Shown


def render(card: Scorecard) -> list[str]:
    """Lines for every group, search and phase of conversations, each followed by an empty line."""
    lines: list[str] = []
    for block in groups.blocks(card):
        if block.group:
            lines += [*_group(block), ""]
            continue
        phase = block.phases[0]
        if phase.searches is not UNSET:
            lines += [*_searches(card, phase), ""]
        if phase.turns is not UNSET:
            lines += [*_turns(phase), ""]
    lines += _endings(card)
    return lines


def _number(shown: Shown | None) -> str:
    return shown.number if shown is not None and shown.measured else "-"


def _group(block: Block) -> list[str]:
    table = groups.table(block)
    common = f": {table.common[0]}" if table.common[0] else ""
    units = ", ".join(dict.fromkeys(column.unit for column in table.columns if column.unit))
    heading = (
        *(name[0] for name in table.axes),
        *(column.name[0] for column in table.columns),
    )
    rows = [heading, *(_point(row, len(table.columns)) for row in table.rows)]
    return [
        f"{WORDS[table.title][0]} ({block.group}){common}   [{units}]",
        *aligned(rows, ">" * len(rows[0])),
        *(f"  {row.label[0]}: not run: {row.not_run}" for row in table.rows if row.not_run),
    ]


def _point(row: Point, columns: int) -> tuple[str, ...]:
    cells = ["-"] * columns if row.not_run else [_number(cell) for cell in row.cells]
    return (*row.values, *cells)


def _searches(card: Scorecard, phase: CardPhase) -> list[str]:
    lines = [f"{_title(phase)}: {load_text(phase.load)[0]}"]
    for search in details.searches(card, phase):
        name = search.title[0]
        if search.answer.measured:
            answer = f"{search.answer.number} {search.answer.unit}, {search.bracket[0]}"
        else:
            answer = f"no answer: {search.answer.reason}"
        lines.append(f"  {name}{answer}; {search.ended[0]}")
        heading = ("probe", "rate, 1/s", "", *(f"{column}, ms" for column in search.columns))
        rows = [(*heading, "goodput, 1/s", "sent", "failed")]
        rows += [
            (
                row.number,
                row.rate,
                details.probe_word(row.met),
                *(_number(cell) for cell in row.cells),
                _number(row.goodput),
                row.sent,
                str(row.failed),
            )
            for row in search.rows
        ]
        lines += aligned(rows, ">><" + ">" * (len(heading)))
    return lines


def _turns(phase: CardPhase) -> list[str]:
    rows = [("turn", "answered", "conversation, tokens", "TTFT p50, ms", "TPOT p50, ms")]
    rows += [
        (row.number, row.completed, _number(row.prompt), _number(row.ttft), _number(row.tpot))
        for row in details.turns(phase)
    ]
    return [f"{_title(phase)}: {load_text(phase.load)[0]}", *aligned(rows, ">>>>>")]


def _title(phase: CardPhase) -> str:
    return f"{WORDS[SCENARIOS[phase.scenario]][0]} ({phase.name})"


def _endings(card: Scorecard) -> list[str]:
    """What limited phases, and how those with stop rules ended, one line each."""
    lines = []
    for phase in card.phases:
        for remark in details.remarks(card, phase):
            if remark.key in ("limit", "ended"):
                texts = "; ".join(line[0] for line in remark.lines)
                head = "ended" if remark.key == "ended" else "limited by"
                lines.append(f"{phase.name} {head}: {texts}")
    return [*lines, ""] if lines else []
