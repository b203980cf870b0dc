"""What the page and the terminal table show, taken from a scorecard and arranged; nothing is computed anew.

The templates only place these; both renderers share them, so that they cannot disagree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from suite.base.bilingual import Sentence, chinese
from suite.base.language import Language
from suite.documents.text import Text
from suite.documents.value import Measured, NotMeasured
from suite.judge.report.numbers import ShownNumber, plain, scaled, show
from suite.judge.report.words import UNITS, WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from suite.documents.card import Check, Scorecard
    from suite.documents.card_phase import CardPhase
    from suite.documents.standing import Standing
    from suite.documents.value import Value


ASSERTED: Final = "asserted"


@dataclass(frozen=True, slots=True)
class Flag:
    """A label that nobody may overlook.

    Attributes:
        key: phrase in the words; its explanation is the phrase ``<key>-text``.
        severity: ``fail`` or ``warn``.
        detail: what the run itself says about it, "" when nothing.
    """

    key: str
    severity: str
    detail: str


def flags(card: Scorecard) -> list[Flag]:
    """Labels of a card, the gravest first."""
    labels = []
    if card.run.ended != "complete":
        labels.append(Flag("flag-ended", "fail", card.run.error))
    plausibility = card.quality.plausibility
    if plausibility == "below-floor":
        labels.append(Flag("flag-floor", "fail", _rouge_beyond(card, "<", card.quality.floor)))
    if plausibility == "above-ceiling":
        labels.append(Flag("flag-ceiling", "fail", _rouge_beyond(card, ">", card.quality.ceiling)))
    if card.vendor.emulated:
        labels.append(Flag("flag-emulated", "warn", ""))
    if card.runtime != "container":
        labels.append(Flag(f"flag-{card.runtime}", "warn", card.runtime_note))
    if not card.workload.taskset.locked:
        labels.append(Flag("flag-custom", "warn", ""))
    return labels


def _rouge_beyond(card: Scorecard, sign: str, bounds: dict[str, float]) -> str:
    """``ROUGE-1 0.1013 < 0.15`` for each metric that lies beyond its bound."""
    parts = []
    for row in card.quality.rows:
        bound = bounds.get(row.metric)
        if bound is None or not isinstance(row.value, Measured):
            continue
        number = row.value.value
        if (number < bound) if sign == "<" else (number > bound):
            title = metric_name(card, row.metric).en
            parts.append(f"{title} {plain(number, 4)} {sign} {bound:g}")
    return ", ".join(parts)


def metric_name(card: Scorecard, metric: str) -> Text:
    """A metric's name for people; its own name when the card does not define it."""
    definition = card.metrics.get(metric)
    return definition.title if definition else Text(en=metric, zh=metric)


def value_of(card: Scorecard, phase: str, metric: str) -> Value:
    """A value by phase ("" for the whole run) and name; not measured when the card has none."""
    missing = NotMeasured(Sentence("not on this card", "此评分卡没有该项"))
    if not phase:
        return card.startup.get(metric, missing)
    for item in card.phases:
        if item.name == phase:
            return item.metrics.get(metric, missing)
    return missing


@dataclass(frozen=True, slots=True)
class Headline:
    """One headline number with what it takes to read it."""

    metric: str
    name: Text
    shown: ShownNumber
    formula: str
    standing: Standing
    phase: CardPhase | None

    @property
    def asserted(self) -> bool:
        """Whether it rests on somebody's word, which then stands beside it."""
        return self.standing == ASSERTED


def headlines(card: Scorecard) -> list[Headline]:
    """The headline numbers in the card's order."""
    phases = {phase.name: phase for phase in card.phases}
    rows = []
    for item in card.headline:
        definition = card.metrics.get(item.metric)
        rows.append(
            Headline(
                item.metric,
                metric_name(card, item.metric),
                show(item.metric, value_of(card, item.phase, item.metric)),
                definition.formula if definition else "",
                definition.standing if definition else ASSERTED,
                phases.get(item.phase),
            )
        )
    return rows


def named(text: str, card: Scorecard, *pointers: str) -> Sentence:
    """A fact of the headline, with the word where one of its parts rests on nothing but somebody's."""
    asserted = any(card.standing.get(pointer, ASSERTED) == ASSERTED for pointer in pointers)
    if not asserted:
        return Sentence(text, chinese(text))
    words = WORDS[f"standing-{ASSERTED}"]
    return Sentence(f"{text} [{words[0]}]", f"{chinese(text)} [{words[1]}]")


def description(card: Scorecard, language: Language = Language.EN) -> str:
    """What a search engine or a chat shows of the page: the verdict and the numbers that lead the card."""
    numbers = (
        f"{(item.name.en, item.name.zh)[language]} {item.shown.number} {unit(item.shown.unit, language)}".rstrip()
        for item in headlines(card)
        if item.shown.measured
    )
    sentence = card.verdict.sentence
    if language is Language.ZH:
        return sentence.zh + "；".join(numbers)
    return " ".join([sentence.en, "; ".join(numbers)]).strip()


def unit(name: str, language: Language) -> str:
    """A unit in a language; symbols are the same in both."""
    return UNITS.get(name, name) if language is Language.ZH else name


def ordered(card: Scorecard, names: Iterable[str]) -> list[str]:
    """Names of metrics in reading order."""
    return sorted(names, key=lambda name: (_place(card, name), name))


def _place(card: Scorecard, name: str) -> int:
    definition = card.metrics.get(name)
    return definition.order if definition else 10_000


def values(card: Scorecard) -> Iterator[tuple[str, str, Value]]:
    """Every value as (phase, metric, value), in the card's order; the phase is empty for those of the whole run."""
    for phase in card.phases:
        for metric in ordered(card, phase.metrics):
            yield phase.name, metric, phase.metrics[metric]
    for metric in ordered(card, card.startup):
        yield "", metric, card.startup[metric]


def fact_text(name: str, value: str) -> str:
    """A fact for people: sizes also with a prefix."""
    if name.endswith("_bytes") and value.isascii() and value.isdigit():
        return f"{plain(int(value))} ({scaled(int(value), 'B')})"
    return value


def counts(checks: Sequence[Check]) -> dict[str, int]:
    """How many rules ended how, in the order in which a reader wants to know."""
    order = ("fail", "error", "warn", "pass", "skipped", "not-applicable")
    numbers = {outcome: sum(1 for check in checks if check.outcome == outcome) for outcome in order}
    return {outcome: number for outcome, number in numbers.items() if number}
