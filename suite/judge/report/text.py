"""A scorecard as a terminal table: the verdict, what must not be missed, the headline numbers, the time.

The same content as the top of the page, taken through the same functions; sweeps, searches and conversations as
compact tables.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.base.bilingual import chinese
from suite.base.language import Language
from suite.documents.document import given
from suite.documents.engine import engine_title
from suite.documents.sentences import in_both
from suite.judge.report import clients, tables, textphases, view
from suite.judge.report.texttable import WIDTH, aligned, wrapped
from suite.judge.report.words import UNITS, WORDS, Phrases

if TYPE_CHECKING:
    from suite.documents.card import Scorecard


def render(card: Scorecard, language: Language = Language.EN) -> str:
    """Render the summary of a scorecard, without a final newline."""
    card = in_both(card)
    say = Phrases(language)
    verdict = say("conformant" if card.verdict.conformant else "not-conformant").upper()
    division = say(card.division.granted)
    if card.division.granted != card.division.requested:
        requested = f"{say('requested')}{say('colon')}{say(card.division.requested)}"
        division += say.pick(f" ({requested})", f"（{requested}）")
    heading = f"{verdict}   {say('division').lower()}{say('colon')}{division}   "
    heading += f"{say('level').lower()}{say('colon')}{_level(card, say)}"
    sentence = card.verdict.sentence
    lines = [heading, say.pick(sentence.en, sentence.zh)]
    for flag in view.flags(card):
        detail = f" [{language.of(flag.detail)}]" if flag.detail else ""
        words = f"{say(flag.key).upper()}{say('colon')}{say(f'{flag.key}-text')}{detail}"
        if language is Language.EN:
            lines += textwrap.wrap(
                f"! {words}", WIDTH, subsequent_indent="  ", break_long_words=False
            )
        else:
            lines += wrapped(words, WIDTH, indent="! ", rest="  ")
    lines += ["", *_subject(card, say), "", *_headline(card, say), ""]
    lines += [
        *textphases.render(card, language),
        *_clients(card, say),
        *_bad_rules(card, say),
        _time(card, say),
    ]
    return "\n".join(lines)


def _level(card: Scorecard, say: Phrases) -> str:
    """How far the whole can be trusted, in a word; of a challenged run with its round."""
    result = card.level
    word = say(result.level)
    return word if result.round is UNSET else f"{word} ({result.round})"


def _subject(card: Scorecard, say: Phrases) -> list[str]:
    version = f" {card.engine.version}" if card.engine.version else ""
    title = engine_title(card.engine.title) + version
    engine = view.named(title, card, "/engine/title")
    devices = view.named(card.devices.title, card, "/devices/count", "/devices/name")
    dtype = view.named(card.engine.dtype.executed, card, "/engine/dtype")
    model = view.named(card.model.id, card, "/model/id")
    taskset = card.workload.taskset
    texts = given(taskset.pinned)
    pinned = (
        ""
        if texts is None
        else say.pick(
            f", {texts.references:,} references and {texts.documents:,} documents pinned",
            f"，按摘要核对 {texts.references:,} 篇参考摘要、{texts.documents:,} 篇文档",
        )
    )
    return [
        say.pick(
            f"{devices} · {engine} ({card.runtime}, {dtype}) · {model}",
            f"{devices.zh} · {engine.zh}（{say(card.runtime)}，{dtype.zh}） · {model.zh}",
        ),
        say.pick(
            f"profile {card.workload.profile} · task set {taskset.name}, {taskset.size:,} tasks{pinned}",
            f"配置 {card.workload.profile} · 任务集 {taskset.name}，{taskset.size:,} 个任务{pinned}",
        ),
    ]


def _headline(card: Scorecard, say: Phrases) -> list[str]:
    of = say.language.of
    names = ("phase", "metric", "value", "", "interval", "", "n")
    rows = [names if say.language is Language.EN else ("阶段", "指标", "数值", "", "区间", "", "n")]
    for item in view.headlines(card):
        shown = item.shown
        phase = item.phase.name if item.phase else say("run").lower()
        name = say.pick(item.name.en, item.name.zh)
        if item.asserted and shown.measured:
            name += f" [{say('standing-asserted')}]"
        if shown.measured:
            rows.append(
                (
                    phase,
                    name,
                    shown.number,
                    say.pick(shown.unit, UNITS.get(shown.unit, shown.unit)),
                    shown.interval,
                    of(shown.method),
                    shown.n,
                )
            )
        else:
            rows.append((phase, name, say("na"), of(shown.reason), "", "", ""))
    return aligned(rows, "<<><<<>", reason_from=4)


def _clients(card: Scorecard, say: Phrases) -> list[str]:
    """The load clients, and how far each column can be trusted."""
    table = clients.columns(card)
    if not table:
        return []
    standings: dict[str, list[str]] = {}
    for column in table:
        standings.setdefault(say(f"standing-{column.standing}"), []).append(say(column.key))
    of = say.language.of
    rows = list(zip(*([say(each.key), *map(of, each.cells)] for each in table), strict=True))
    trust = say("semicolon").join(
        f"{word}{say('colon')}{say('comma').join(names)}" for word, names in standings.items()
    )
    return [
        say("clients"),
        *aligned(rows, "<" + ">" * (len(table) - 1)),
        *wrapped(trust, WIDTH, indent="  "),
        "",
    ]


def _bad_rules(card: Scorecard, say: Phrases) -> list[str]:
    counts = view.counts(card.checks)
    lines = [
        say.pick("rules   ", "规则    ")
        + say("comma").join(f"{number} {say(name)}" for name, number in counts.items())
    ]
    lines += [
        say.pick(
            f"  {check.rule} {say(check.outcome)}: {check.title.en}: {check.why}",
            f"  {check.rule} {say(check.outcome)}：{check.title.zh}：{chinese(check.why)}",
        )
        for check in card.checks
        if check.outcome in ("fail", "error", "warn")
    ]
    return lines


def _time(card: Scorecard, say: Phrases) -> str:
    parts: dict[str, float] = {}
    for item in card.time_breakdown:
        name = item.kind if item.kind in ("measured", "warm-up") else item.what
        if say.language is Language.ZH:
            name = WORDS.get(name, WORDS.get(f"time-{name}", (name, name)))[1]
        parts[name] = parts.get(name, 0.0) + item.seconds
    named = say("comma").join(f"{name} {seconds:.1f} s" for name, seconds in parts.items())
    return f"{say.pick('time', '时间')}    {tables.total_seconds(card)} s{say('colon')}{named}"
