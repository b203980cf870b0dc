"""A comparison as terminal text: first whether the two may be compared, then what changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.judge.report.numbers import show

if TYPE_CHECKING:
    from suite.documents.comparison import Change, Comparison, Side
    from suite.documents.value import Value

_ANSWERS = {
    "yes": "These two cards may be compared.",
    "partly": "These two cards may be compared in part.",
    "no": "These two cards may NOT be compared.",
}
_MARKS = {"better": "+", "worse": "-", "not-distinguishable": "=", "not-comparable": "x"}


def render(diff: Comparison, *, every: bool = False) -> str:
    """Render a comparison, without a final newline.

    Args:
        diff: the comparison.
        every: list metrics that cannot be compared or told apart as well, not only their number.
    """
    lines = [
        _ANSWERS[diff.comparable],
        f"  A  {_side(diff.a)}",
        f"  B  {_side(diff.b)}",
    ]
    for item in diff.differences:
        lines.append(f"! {item.what} differs: {_short(item.a)} | {_short(item.b)}")
        lines.append(f"  forbids comparing: {', '.join(item.forbids)}")
    lines += [
        f"  {subject.what}: {_short(subject.a)} -> {_short(subject.b)}" for subject in diff.subjects
    ]
    lines += ["", *_changes(diff, every=every)]
    lines += [f"  rule {rule.rule}: {rule.a} -> {rule.b}" for rule in diff.checks]
    return "\n".join(lines)


def _side(side: Side) -> str:
    return f"{side.run}  {side.devices} · {side.engine} · {side.model}"


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"


def _changes(diff: Comparison, *, every: bool) -> list[str]:
    lines = []
    for outcome, mark in _MARKS.items():
        changes = [change for change in diff.metrics if change.outcome == outcome]
        if not changes:
            continue
        lines.append(f"{mark} {outcome.replace('-', ' ')}: {len(changes)}")
        if outcome in ("better", "worse") or every:
            lines += [f"    {_change(change)}" for change in changes]
    return lines


def _change(change: Change) -> str:
    name = f"{change.phase} {change.metric}".strip()
    values = f"{_value(change.metric, change.a)} -> {_value(change.metric, change.b)}"
    ratio = change.ratio
    tail = f"x {ratio.value:.3f} ({ratio.low:.3f} – {ratio.high:.3f})" if ratio else change.why
    return f"{name:<34} {values:<38} {tail}"


def _value(metric: str, value: Value | None) -> str:
    if value is None:
        return "absent"
    shown = show(metric, value)
    return f"{shown.number} {shown.unit}".strip() if shown.measured else "n/a"
