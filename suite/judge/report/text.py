"""A scorecard as a terminal table: the verdict, what must not be missed, the headline numbers, the time.

The same content as the top of the page, taken through the same functions; sweeps, searches and conversations as
compact tables.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from suite.documents.document import given
from suite.judge.report import tables, textphases, view
from suite.judge.report.texttable import WIDTH, aligned
from suite.judge.report.words import WORDS

if TYPE_CHECKING:
    from suite.documents.card import Scorecard


def render(card: Scorecard) -> str:
    """Render the summary of a scorecard, in English, without a final newline."""
    verdict = "CONFORMANT" if card.verdict.conformant else "NOT CONFORMANT"
    division: str = card.division.granted
    if division != card.division.requested:
        division += f" (requested: {card.division.requested})"
    lines = [
        f"{verdict}   division: {division}   level: {view.level(card)}",
        card.verdict.sentence.en,
    ]
    for flag in view.flags(card):
        detail = f" [{flag.detail}]" if flag.detail else ""
        words = f"! {WORDS[flag.key][0].upper()}: {WORDS[f'{flag.key}-text'][0]}{detail}"
        lines += textwrap.wrap(words, WIDTH, subsequent_indent="  ", break_long_words=False)
    lines += ["", *_subject(card), "", *_headline(card), "", *textphases.render(card)]
    lines += [*_bad_rules(card), _time(card)]
    return "\n".join(lines)


def _subject(card: Scorecard) -> list[str]:
    title = f"{card.engine.title} {card.engine.version}".strip()
    engine = view.named(title, card, "/engine/title")
    devices = view.named(card.devices.title, card, "/devices/count", "/devices/name")
    dtype = view.named(card.engine.dtype.executed, card, "/engine/dtype")
    model = view.named(card.model.id, card, "/model/id")
    taskset = card.workload.taskset
    texts = given(taskset.pinned)
    pinned = (
        ""
        if texts is None
        else f", {texts.references:,} references and {texts.documents:,} documents pinned"
    )
    return [
        f"{devices} · {engine} ({card.runtime}, {dtype}) · {model}",
        f"profile {card.workload.profile} · task set {taskset.name}, {taskset.size:,} tasks{pinned}",
    ]


def _headline(card: Scorecard) -> list[str]:
    rows = [("phase", "metric", "value", "", "interval", "", "n")]
    for item in view.headlines(card):
        shown = item.shown
        phase = item.phase.name if item.phase else "run"
        name = item.name.en
        if item.asserted and shown.measured:
            name += f" [{WORDS['standing-asserted'][0]}]"
        if shown.measured:
            rows.append(
                (phase, name, shown.number, shown.unit, shown.interval, shown.method, shown.n)
            )
        else:
            rows.append((phase, name, "n/a", shown.reason, "", "", ""))
    return aligned(rows, "<<><<<>", reason_from=4)


def _bad_rules(card: Scorecard) -> list[str]:
    counts = view.counts(card.checks)
    lines = [
        "rules   " + ", ".join(f"{number} {WORDS[name][0]}" for name, number in counts.items())
    ]
    lines += [
        f"  {check.rule} {WORDS[check.outcome][0]}: {check.title.en}: {check.why}"
        for check in card.checks
        if check.outcome in ("fail", "error", "warn")
    ]
    return lines


def _time(card: Scorecard) -> str:
    parts: dict[str, float] = {}
    for item in card.time_breakdown:
        name = item.kind if item.kind in ("measured", "warm-up") else item.what
        parts[name] = parts.get(name, 0.0) + item.seconds
    named = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in parts.items())
    return f"time    {tables.total_seconds(card)} s: {named}"
