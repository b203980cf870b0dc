"""Sweeps, grids, searches and conversations as terminal tables, in English."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.base.language import Language
from suite.judge.report import details, groups, searches
from suite.judge.report.loadtext import load_text
from suite.judge.report.texttable import aligned
from suite.judge.report.words import UNITS, WORDS

if TYPE_CHECKING:
    from suite.documents.card import Scorecard
    from suite.documents.card_phase import CardPhase
    from suite.judge.report.groups import Block, Point
    from suite.judge.report.numbers import ShownNumber


def render(card: Scorecard, language: Language = Language.EN) -> list[str]:
    """Lines for every group, search and phase of conversations, each followed by an empty line."""
    lines: list[str] = []
    for block in groups.blocks(card):
        if block.group:
            lines += [*_group(block, language), ""]
            continue
        phase = block.phases[0]
        if phase.searches is not UNSET:
            lines += [*_searches(card, phase, language), ""]
        if phase.turns is not UNSET:
            lines += [*_turns(phase, language), ""]
    lines += _endings(card, language)
    return lines


def _unit(name: str, at: Language) -> str:
    return UNITS.get(name, name) if at is Language.ZH else name


def _number(shown: ShownNumber | None) -> str:
    return shown.number if shown is not None and shown.measured else "-"


def _group(block: Block, at: Language) -> list[str]:
    table = groups.table(block)
    common = f": {table.common[at]}" if table.common[at] else ""
    units = ", ".join(
        dict.fromkeys(_unit(column.unit, at) for column in table.columns if column.unit)
    )
    heading = (
        *(name[at] for name in table.axes),
        *(column.name[at] for column in table.columns),
    )
    rows = [heading, *(_point(row, len(table.columns)) for row in table.rows)]
    return [
        f"{WORDS[table.title][at]} ({block.group}){common}   [{units}]",
        *aligned(rows, ">" * len(rows[0])),
        *(
            f"  {row.label[at]}: {WORDS['not-run'][at].lower()}: {at.of(row.not_run)}"
            for row in table.rows
            if row.not_run
        ),
    ]


def _point(row: Point, columns: int) -> tuple[str, ...]:
    cells = ["-"] * columns if row.not_run else [_number(cell) for cell in row.cells]
    return (*row.values, *cells)


def _searches(card: Scorecard, phase: CardPhase, at: Language) -> list[str]:
    lines = [f"{_title(phase, at)}{WORDS['colon'][at]}{load_text(phase.load)[at]}"]
    for search in searches.searches(card, phase):
        name = search.title[at]
        if search.answer.measured:
            answer = f"{search.answer.number} {_unit(search.answer.unit, at)}{WORDS['comma'][at]}{search.bracket[at]}"
        else:
            answer = (
                f"{WORDS['no-answer'][at]}: {at.of(search.answer.reason)}"
                if at
                else f"no answer: {search.answer.reason}"
            )
        lines.append(f"  {name}{answer}{WORDS['semicolon'][at]}{search.ended[at]}")
        names = (("probe", "rate, 1/s", ""), ("探测", "速率, 1/s", ""))[at]
        heading = (*names, *(f"{column}, ms" for column in search.columns))
        tail = (("goodput, 1/s", "sent", "failed"), ("有效吞吐量, 1/s", "已发送", "失败"))[at]
        rows = [(*heading, *tail)]
        rows += [
            (
                row.number,
                row.rate,
                WORDS[searches.probe_word(row.met)][at],
                *(_number(cell) for cell in row.cells),
                _number(row.goodput),
                row.sent,
                str(row.failed),
            )
            for row in search.rows
        ]
        lines += aligned(rows, ">><" + ">" * (len(heading)))
    return lines


def _turns(phase: CardPhase, at: Language) -> list[str]:
    heading = (("turn", "answered", "conversation, tokens"), ("轮次", "已回答", "对话，token"))[at]
    rows = [(*heading, "TTFT p50, ms", "TPOT p50, ms")]
    rows += [
        (row.number, row.completed, _number(row.prompt), _number(row.ttft), _number(row.tpot))
        for row in details.turns(phase)
    ]
    return [
        f"{_title(phase, at)}{WORDS['colon'][at]}{load_text(phase.load)[at]}",
        *aligned(rows, ">>>>>"),
    ]


def _title(phase: CardPhase, at: Language) -> str:
    return f"{WORDS[f'scenario-{phase.scenario}'][at]} ({phase.name})"


def _endings(card: Scorecard, at: Language) -> list[str]:
    """What limited phases, and how those with stop rules ended, one line each."""
    lines = []
    for phase in card.phases:
        for remark in details.remarks(card, phase):
            if remark.key in ("limit", "ended"):
                texts = WORDS["semicolon"][at].join(line[at] for line in remark.lines)
                head = {"ended": ("ended", "结束原因"), "limit": ("limited by", "受限于")}[
                    remark.key
                ][at]
                lines.append(f"{phase.name} {head}{WORDS['colon'][at]}{texts}")
    return [*lines, ""] if lines else []
