"""Why a machine may differ: the conditions that its cards record, held against those of the other machines.

What a card does not record is named as unknown: an absent counter is never a sign that all was well.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from suite.base.bilingual import Bilingual, Sentence
from suite.base.statistics import median
from suite.documents.document import given
from suite.documents.text import Text
from suite.documents.value import Measured
from suite.judge.compare.subjects import DEVICE_FACTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.documents.card import Scorecard


@dataclass(frozen=True, slots=True)
class Reading:
    """A device metric of a card over the measured windows of a phase.

    Attributes:
        metric: its name.
        title: for people.
        share: by what share of the others' median it differs where that is a reason; 0 for an absolute step.
        step: by how much in its unit.
    """

    metric: str
    title: Bilingual
    share: float = 0.0
    step: float = 0.0


READINGS: Final = (
    Reading("device_clock_mean", Bilingual("clock", "频率"), share=0.03),
    Reading("device_temperature_max", Bilingual("temperature", "温度"), step=10.0),
)
"""Three per cent of the clock is beyond what a governor varies by itself; ten degrees beyond what a place in a rack does."""
FACTS: Final = tuple(name for name in DEVICE_FACTS if name not in ("name", "processes"))
"""Facts of a device that are alike on identical machines; power limit, ECC and firmware among them."""


def reasons(
    own: Sequence[Scorecard], others: Sequence[Scorecard], phase: str
) -> tuple[tuple[Text, ...], tuple[Text, ...]]:
    """In what a machine's cards differ from those of the others, and what nobody recorded.

    Args:
        own: cards of the machine, one for each repeat.
        others: cards of all the others of its kind.
        phase: whose windows count.
    """
    different: list[Text] = []
    unknown: list[Text] = []
    for reading in READINGS:
        here, there = _readings(own, phase, reading), _readings(others, phase, reading)
        title = Text(en=reading.title.en, zh=reading.title.zh)
        if not here or not there:
            unknown.append(title)
            continue
        mine, theirs = median([value for value, _ in here]), median([value for value, _ in there])
        if abs(mine - theirs) > max(reading.share * theirs, reading.step):
            different.append(_sentence(reading.title, f"{mine:.4g} {here[0][1]}", f"{theirs:.4g}"))
    for name in FACTS:
        usual = Counter(_facts(card, name) for card in others).most_common(1)[0][0]
        mine_all = {_facts(card, name) for card in own}
        title = Text(en=DEVICE_FACTS[name].en, zh=DEVICE_FACTS[name].zh)
        if not usual or mine_all == {()}:
            unknown.append(title)
        elif mine_all != {usual}:
            different += [
                _sentence(DEVICE_FACTS[name], ", ".join(values), ", ".join(usual))
                for values in sorted(mine_all)
                if values != usual
            ]
    return tuple(different), tuple(unknown)


def _readings(cards: Sequence[Scorecard], phase: str, reading: Reading) -> list[tuple[float, str]]:
    """Value and unit of a reading on each card that has it."""
    values = [
        part.metrics.get(reading.metric)
        for card in cards
        for part in card.phases
        if part.name == phase
    ]
    return [(value.value, value.unit) for value in values if isinstance(value, Measured)]


def _facts(card: Scorecard, name: str) -> tuple[str, ...]:
    """A fact of every device of a card, in their order; identical machines have the same tuple."""
    known = (
        (key, given(fact.value, ""))
        for key, fact in card.environment.items()
        if key.startswith("device.") and key.endswith(f".{name}")
    )
    return tuple(value for _, value in sorted(known) if value)


def _sentence(title: Bilingual, mine: str, theirs: str) -> Text:
    words = Sentence(
        f"{title.en}: {mine}; the others {theirs}", f"{title.zh}：{mine}；其余为 {theirs}"
    )
    return Text(en=str(words)[:2000], zh=words.zh[:2000])
