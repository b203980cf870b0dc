"""A comparison as terminal text: first whether the two may be compared, then what changed. Nothing is cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.base.bilingual import Sentence
from suite.base.language import Language
from suite.base.visible import columns
from suite.documents.document import given
from suite.judge.compare import manyview
from suite.judge.compare.counts import source_zh
from suite.judge.compare.manyview import APART, MARKS, OUTCOMES
from suite.judge.compare.ratio import factor
from suite.judge.compare.subjects import ABSENT, sides
from suite.judge.report.numbers import show
from suite.judge.report.texttable import wrapped
from suite.judge.report.view import unit
from suite.judge.report.words import Phrases

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
    "yes": Sentence("These two cards may be compared.", "这两张评分卡可以比较。"),
    "partly": Sentence("These two cards may be compared in part.", "这两张评分卡可以部分比较。"),
    "no": Sentence("These two cards may NOT be compared.", "这两张评分卡不可比较。"),
}


def render(diff: Comparison, language: Language = Language.EN, *, every: bool = False) -> str:
    """Render a comparison, without a final newline.

    Args:
        diff: the comparison.
        language: in which it speaks.
        every: list the metrics that cannot be told apart or compared one by one, not only by reason.
    """
    say = Phrases(language)
    lines = [language.of(_ANSWERS[diff.comparable])]
    lines += [*_side("A", diff.a, say), *_side("B", diff.b, say)]
    for item in diff.differences:
        lines += _difference(item, say)
    for remark in diff.remarks:
        lines += wrapped(say.pick(remark.en, remark.zh), WIDTH, indent="! ", rest="  ")
    lines += _headline(diff, say)
    lines += _subjects(diff.subjects, say)
    lines += _changes(diff, say, every=every)
    lines += _checks(diff.checks, say)
    return "\n".join(lines)


def _side(letter: str, side: Side, say: Phrases) -> list[str]:
    verdict = say("conformant" if side.conformant else "not-conformant").upper()
    if side.failed:
        verdict += f" ({', '.join(side.failed)})"
    if side.ended != "complete":
        ended = say.pick(side.ended.upper(), manyview.ENDED.get(side.ended, side.ended))
        verdict += f"{say('comma')}{ended}"
    worth = [
        verdict,
        say.pick(side.division, say(side.division)),
        say.pick(side.level, say(side.level)),
        say(side.runtime),
    ]
    if side.emulated:
        worth.append(say("flag-emulated").upper())
    tasks = (
        side.taskset
        if side.locked
        else say.pick(f"{side.taskset} (custom)", f"{side.taskset}（自定义）")
    )
    lines = [
        f"{side.run}{say('colon')}{' · '.join(worth)}",
        " · ".join((side.vendor, *_named(side, say), say.pick(f"tasks {tasks}", f"任务 {tasks}"))),
        say.language.of(side.trust),
    ]
    first = wrapped(lines[0], WIDTH, indent=f"  {letter}  ", rest="     ")
    return [*first, *(row for line in lines[1:] if line for row in _indented(line, 5))]


def _named(side: Side, say: Phrases) -> list[str]:
    """Devices, engine and model, each with the word where it rests on somebody's alone."""
    names = (("devices", side.devices), ("engine", side.engine), ("model", side.model))
    return [
        _marked(text, "asserted" if name in side.asserted else UNSET, say) for name, text in names
    ]


def _marked(text: str, standing: Standing | UnsetType, say: Phrases) -> str:
    shown = say.language.of(text)
    return f"{shown} [{say('standing-asserted')}]" if standing == "asserted" else shown


def _indented(text: str, by: int) -> list[str]:
    return wrapped(text, WIDTH, indent=" " * by)


def _difference(item: Difference, say: Phrases) -> list[str]:
    of = say.language.of
    lines = _pair(
        "! ", say.pick(item.title.en, item.title.zh), (of(item.a), of(item.b)), " | ", say
    )
    forbidden = Sentence("forbids comparing: ", "不可比较：") + manyview.families(item.forbids)
    return [*lines, *_indented(of(forbidden), 2)]


def _pair(mark: str, name: str, sides: tuple[str, str], between: str, say: Phrases) -> list[str]:
    """A name with what it is on both cards: in one line where there is room, else each in lines of its own."""
    a, b = sides
    whole = f"{mark}{name}{say('colon')}{a}{between}{b}"
    if columns(whole) <= WIDTH:
        return [whole]
    lettered = zip("AB", sides, strict=True)
    rows = [wrapped(text, WIDTH, indent=f"    {side} ", rest="      ") for side, text in lettered]
    heading = f"{name}{say('colon')}".rstrip()
    return [*wrapped(heading, WIDTH, indent=mark, rest="  "), *rows[0], *rows[1]]


def _headline(diff: Comparison, say: Phrases) -> list[str]:
    """The numbers that lead the cards, whatever came of them; reasons follow below."""
    changes = [change for change in diff.metrics if change.headline]
    if not changes:
        return []
    legend = say("comma").join(
        f"{MARKS[outcome]} {say.language.of(OUTCOMES[outcome])}"
        for outcome in manyview.counts(changes)
    )
    lines = [
        "",
        say.pick("Headline numbers, A -> B", "核心数字，A -> B"),
        say.pick(f"  ({legend})", f"  （{legend}）"),
    ]
    for change in changes:
        lines += _change(change, say, mark=True)
    return lines


def _subjects(subjects: Iterable[Subject], say: Phrases) -> list[str]:
    """What differs and forbids nothing; facts that only one card has stand together."""
    lines: list[str] = []
    alone: dict[str, list[str]] = {"A": [], "B": []}
    for subject in subjects:
        if subject.only_a is not UNSET or subject.only_b is not UNSET:
            lines += _items(subject, say)
        elif ABSENT in (subject.a, subject.b):
            first, second = sides(subject)
            side, value = ("B", second) if subject.a == ABSENT else ("A", first)
            alone[side].append(f"{_title(subject, say)} {say.language.of(value)}".strip())
        else:
            first, second = sides(subject)
            both = (
                _marked(first, subject.standing_a, say),
                _marked(second, subject.standing_b, say),
            )
            lines += _pair("  ", _title(subject, say), both, " -> ", say)
    for side, names in alone.items():
        if names:
            listed = say("comma").join(names)
            text = say.pick(f"Only {side} states: {listed}", f"仅 {side} 说明：{listed}")
            lines += wrapped(text, WIDTH, indent="  ", rest="    ")
    heading = say.pick("What differs and may explain it", "不同之处及可能的原因")
    return ["", heading, *lines] if lines else []


def _title(named: Subject | Change | CheckChange, say: Phrases) -> str:
    return say.pick(named.title.en, named.title.zh)


def _items(subject: Subject, say: Phrases) -> list[str]:
    alone = (("A", given(subject.only_a, ())), ("B", given(subject.only_b, ())))
    heading = f"  {_title(subject, say)}{say('colon')}"
    if not any(items for _, items in alone):
        return [heading + say.pick("the same in another order", "相同，顺序不同")]
    lines = [heading.rstrip()]
    for side, items in alone:
        text = "  ".join(items) or say.pick("nothing", "无")
        indent = say.pick(f"    only {side} ", f"    仅 {side}   ")
        lines += wrapped(text, WIDTH, indent=indent, rest="           ")
    return lines


def _changes(diff: Comparison, say: Phrases, *, every: bool) -> list[str]:
    lines = ["", say.pick("All metrics, A -> B", "全部指标，A -> B")]
    for outcome, mark in MARKS.items():
        changes = [change for change in diff.metrics if change.outcome == outcome]
        if not changes:
            continue
        lines.append(f"{mark} {say.language.of(OUTCOMES[outcome])}{say('colon')}{len(changes)}")
        if outcome in APART:
            others = [change for change in changes if not change.headline]
            lines += [row for change in others for row in _change(change, say)]
        elif outcome == "not-comparable":
            lines += _reasons(changes, say)
        if every and outcome not in APART:
            lines += [row for change in changes for row in _change(change, say, reason=True)]
    return [*lines, *_counted(diff.metrics, say)]


def _reasons(changes: Iterable[Change], say: Phrases) -> list[str]:
    """Every reason once, the commonest first, with the numbers that lead a card and fall to it."""
    reasons: dict[str, list[Change]] = {}
    for change in changes:
        reasons.setdefault(change.why, []).append(change)
    lines = []
    for why, mine in sorted(reasons.items(), key=lambda item: -len(item[1])):
        lines += wrapped(say.language.of(why), WIDTH, indent=f"  {len(mine):>4}  ", rest="        ")
        leading = say("comma").join(_name(change, say) for change in mine if change.headline)
        if leading:
            lines += _indented(say.pick(f"among them {leading}", f"其中有 {leading}"), 8)
    return lines


def _counted(changes: Iterable[Change], say: Phrases) -> list[str]:
    """By which counts numbers per token were compared, phase by phase."""
    sources: dict[str, dict[str, None]] = {}
    for change in changes:
        if change.counted_by is not UNSET and change.outcome != "not-comparable":
            sources.setdefault(change.counted_by, {})[change.phase] = None
    lines = []
    for source, phases in sources.items():
        listed = say("comma").join(phases)
        text = say.pick(
            f"Tokens counted by {source} on both sides: {listed}",
            f"双方的 token 计数均依{source_zh(source)}：{listed}",
        )
        lines += wrapped(text, WIDTH, indent="  ", rest="    ")
    return lines


def _checks(checks: Iterable[CheckChange], say: Phrases) -> list[str]:
    lines: list[str] = []
    for check in checks:
        shared = check.a == check.b
        a, b = (say.pick(end, _outcome(end, say)) for end in (check.a, check.b))
        ends = say.pick(f"{a} on both", f"双方均{a}") if shared else f"{a} -> {b}"
        text = f"{check.rule} {_title(check, say)}{say('colon')}{ends}"
        lines += wrapped(text, WIDTH, indent="  ", rest="    ")
        for side, outcome, why in (("A", check.a, check.why_a), ("B", check.b, check.why_b)):
            if outcome in ("fail", "error", "warn"):
                lines += wrapped(say.language.of(why), WIDTH, indent=f"    {side} ", rest="      ")
    heading = say.pick(
        "Rules that ended differently, or failed on both", "结果不同或双方均未通过的规则"
    )
    return ["", heading, *lines] if lines else []


def _outcome(end: str, say: Phrases) -> str:
    return "没有" if end == ABSENT else say(end)


def _name(change: Change, say: Phrases) -> str:
    title = _title(change, say)
    return f"{change.phase}{say('colon')}{title}" if change.phase else title


def _change(change: Change, say: Phrases, *, mark: bool = False, reason: bool = False) -> list[str]:
    """A metric, and below it both values with their ratio; with a mark, how the second stands to the first."""
    indent = f"  {MARKS[change.outcome]} " if mark else "    "
    lines = wrapped(_name(change, say), WIDTH, indent=indent, rest="    ")
    values = f"{_value(change.metric, change.a, say)} -> {_value(change.metric, change.b, say)}"
    ratio = change.ratio
    tail = f"x {factor(ratio.value)} ({factor(ratio.low)} – {factor(ratio.high)})" if ratio else ""
    row = f"{' ' * 8}{values:<36}  {tail}".rstrip()
    lines += [row] if columns(row) <= WIDTH else [*_indented(values, 8), *_indented(tail, 8)]
    return [*lines, *(_indented(say.language.of(change.why), 8) if reason else [])]


def _value(metric: str, value: Value | None, say: Phrases) -> str:
    if value is None:
        return say.pick(ABSENT, "没有")
    shown = show(metric, value)
    return f"{shown.number} {unit(shown.unit, say.language)}".strip() if shown.measured else "n/a"
