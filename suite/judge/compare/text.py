"""A comparison as terminal text: first whether the two may be compared, then what changed. Nothing is cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.documents.document import given
from suite.judge.compare.subjects import ABSENT
from suite.judge.report.numbers import show
from suite.judge.report.texttable import columns, wrapped
from suite.judge.report.words import WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from msgspec import UnsetType

    from suite.documents.comparison import (
        Change,
        CheckChange,
        Comparison,
        Difference,
        Side,
        Subject,
    )
    from suite.documents.standing import Standing
    from suite.documents.value import Value

WIDTH = 80
"""Columns of a line at most."""
_ANSWERS = {
    "yes": "These two cards may be compared.",
    "partly": "These two cards may be compared in part.",
    "no": "These two cards may NOT be compared.",
}
_MARKS = {"better": "+", "worse": "-", "not-distinguishable": "=", "not-comparable": "x"}


def render(diff: Comparison, *, every: bool = False) -> str:
    """Render a comparison in English, without a final newline.

    Args:
        diff: the comparison.
        every: list the metrics that cannot be told apart or compared one by one, not only by reason.
    """
    lines = [_ANSWERS[diff.comparable], *_side("A", diff.a), *_side("B", diff.b)]
    for item in diff.differences:
        lines += _difference(item)
    for remark in diff.remarks:
        lines += wrapped(remark.en, WIDTH, indent="! ", rest="  ")
    lines += _headline(diff)
    lines += _subjects(diff.subjects)
    lines += _changes(diff, every=every)
    lines += _checks(diff.checks)
    return "\n".join(lines)


def _side(letter: str, side: Side) -> list[str]:
    verdict = "CONFORMANT" if side.conformant else "NOT CONFORMANT"
    if side.failed:
        verdict += f" ({', '.join(side.failed)})"
    if side.ended != "complete":
        verdict += f", {side.ended.upper()}"
    worth = [verdict, side.division, side.level, WORDS[side.runtime][0]]
    if side.emulated:
        worth.append(WORDS["flag-emulated"][0].upper())
    tasks = side.taskset if side.locked else f"{side.taskset} (custom)"
    lines = [
        f"{side.run}: {' · '.join(worth)}",
        " · ".join((side.vendor, *_named(side), f"tasks {tasks}")),
        side.trust,
    ]
    first = wrapped(lines[0], WIDTH, indent=f"  {letter}  ", rest="     ")
    return [*first, *(row for line in lines[1:] if line for row in _indented(line, 5))]


def _named(side: Side) -> list[str]:
    """Devices, engine and model, each with the word where it rests on somebody's alone."""
    names = (("devices", side.devices), ("engine", side.engine), ("model", side.model))
    return [_said(text, "asserted" if name in side.asserted else UNSET) for name, text in names]


def _said(text: str, standing: Standing | UnsetType) -> str:
    return f"{text} [{WORDS['standing-asserted'][0]}]" if standing == "asserted" else text


def _indented(text: str, by: int) -> list[str]:
    return wrapped(text, WIDTH, indent=" " * by)


def _difference(item: Difference) -> list[str]:
    lines = _pair("! ", item.title.en, item.a, item.b, " | ")
    return [*lines, *_indented(f"forbids comparing: {', '.join(item.forbids)}", 2)]


def _pair(mark: str, name: str, a: str, b: str, between: str) -> list[str]:
    """A name with what it is on both cards: in one line where there is room, else each in lines of its own."""
    whole = f"{mark}{name}: {a}{between}{b}"
    if columns(whole) <= WIDTH:
        return [whole]
    sides = zip("AB", (a, b), strict=True)
    rows = [wrapped(text, WIDTH, indent=f"    {side} ", rest="      ") for side, text in sides]
    return [*wrapped(f"{name}:", WIDTH, indent=mark, rest="  "), *rows[0], *rows[1]]


def _headline(diff: Comparison) -> list[str]:
    """The numbers that lead the cards, whatever came of them; reasons follow below."""
    changes = [change for change in diff.metrics if change.headline]
    if not changes:
        return []
    legend = ", ".join(f"{mark} {outcome.replace('-', ' ')}" for outcome, mark in _MARKS.items())
    lines = ["", "Headline numbers, A -> B", f"  ({legend})"]
    for change in changes:
        lines += _change(change, mark=True)
    return lines


def _subjects(subjects: Iterable[Subject]) -> list[str]:
    """What differs and forbids nothing; facts that only one card has stand together."""
    lines: list[str] = []
    alone: dict[str, list[str]] = {"A": [], "B": []}
    for subject in subjects:
        if subject.only_a is not UNSET or subject.only_b is not UNSET:
            lines += _items(subject)
        elif ABSENT in (subject.a, subject.b):
            side, value = ("B", subject.b) if subject.a == ABSENT else ("A", subject.a)
            alone[side].append(f"{subject.title.en} {value}".strip())
        else:
            a, b = _said(subject.a, subject.standing_a), _said(subject.b, subject.standing_b)
            lines += _pair("  ", subject.title.en, a, b, " -> ")
    for side, names in alone.items():
        if names:
            text = f"Only {side} states: {', '.join(names)}"
            lines += wrapped(text, WIDTH, indent="  ", rest="    ")
    return ["", "What differs and may explain it", *lines] if lines else []


def _items(subject: Subject) -> list[str]:
    alone = (("A", given(subject.only_a, ())), ("B", given(subject.only_b, ())))
    lines = [f"  {subject.title.en}:"]
    if not any(items for _, items in alone):
        return [f"{lines[0]} the same in another order"]
    for side, items in alone:
        text = "  ".join(items) or "nothing"
        lines += wrapped(text, WIDTH, indent=f"    only {side} ", rest="           ")
    return lines


def _changes(diff: Comparison, *, every: bool) -> list[str]:
    lines = ["", "All metrics, A -> B"]
    for outcome, mark in _MARKS.items():
        changes = [change for change in diff.metrics if change.outcome == outcome]
        if not changes:
            continue
        lines.append(f"{mark} {outcome.replace('-', ' ')}: {len(changes)}")
        if outcome in ("better", "worse"):
            lines += [row for change in changes if not change.headline for row in _change(change)]
        elif outcome == "not-comparable":
            lines += _reasons(changes)
        if every and outcome not in ("better", "worse"):
            lines += [row for change in changes for row in _change(change, reason=True)]
    return [*lines, *_counted(diff.metrics)]


def _reasons(changes: Iterable[Change]) -> list[str]:
    """Every reason once, the commonest first, with the numbers that lead a card and fall to it."""
    reasons: dict[str, list[Change]] = {}
    for change in changes:
        reasons.setdefault(change.why, []).append(change)
    lines = []
    for why, mine in sorted(reasons.items(), key=lambda item: -len(item[1])):
        lines += wrapped(why, WIDTH, indent=f"  {len(mine):>4}  ", rest="        ")
        leading = [_name(change) for change in mine if change.headline]
        if leading:
            lines += _indented(f"among them {', '.join(leading)}", 8)
    return lines


def _counted(changes: Iterable[Change]) -> list[str]:
    """By which counts numbers per token were compared, phase by phase."""
    sources: dict[str, dict[str, None]] = {}
    for change in changes:
        if change.counted_by is not UNSET and change.outcome != "not-comparable":
            sources.setdefault(change.counted_by, {})[change.phase] = None
    lines = []
    for source, phases in sources.items():
        text = f"Tokens counted by {source} on both sides: {', '.join(phases)}"
        lines += wrapped(text, WIDTH, indent="  ", rest="    ")
    return lines


def _checks(checks: Iterable[CheckChange]) -> list[str]:
    lines: list[str] = []
    for check in checks:
        shared = check.a == check.b
        ends = f"{check.a} on both" if shared else f"{check.a} -> {check.b}"
        text = f"{check.rule} {check.title.en}: {ends}"
        lines += wrapped(text, WIDTH, indent="  ", rest="    ")
        for side, outcome, why in (("A", check.a, check.why_a), ("B", check.b, check.why_b)):
            if outcome in ("fail", "error", "warn"):
                lines += wrapped(why, WIDTH, indent=f"    {side} ", rest="      ")
    return ["", "Rules that ended differently, or failed on both", *lines] if lines else []


def _name(change: Change) -> str:
    return f"{change.phase}: {change.title.en}" if change.phase else change.title.en


def _change(change: Change, *, mark: bool = False, reason: bool = False) -> list[str]:
    """A metric, and below it both values with their ratio; with a mark, how the second stands to the first."""
    indent = f"  {_MARKS[change.outcome]} " if mark else "    "
    lines = wrapped(_name(change), WIDTH, indent=indent, rest="    ")
    values = f"{_value(change.metric, change.a)} -> {_value(change.metric, change.b)}"
    ratio = change.ratio
    tail = f"x {ratio.value:.3f} ({ratio.low:.3f} – {ratio.high:.3f})" if ratio else ""
    row = f"{' ' * 8}{values:<36}  {tail}".rstrip()
    lines += [row] if columns(row) <= WIDTH else [*_indented(values, 8), *_indented(tail, 8)]
    return [*lines, *(_indented(change.why, 8) if reason else [])]


def _value(metric: str, value: Value | None) -> str:
    if value is None:
        return ABSENT
    shown = show(metric, value)
    return f"{shown.number} {shown.unit}".strip() if shown.measured else "n/a"
