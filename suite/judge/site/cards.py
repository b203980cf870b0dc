"""What the site shows of a card and of a fleet, taken from them; nothing is computed anew."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from msgspec import UNSET

from suite.base.bilingual import Bilingual
from suite.documents.site import SiteCard, SiteResult
from suite.documents.standing import LEVELS
from suite.documents.text import Text
from suite.documents.value import Measured
from suite.judge.compare.inputs import conformant
from suite.judge.compare.subjects import LEADING
from suite.judge.metrics.registry import REGISTRY
from suite.judge.report.loadtext import load_text
from suite.judge.report.view import ASSERTED
from suite.judge.report.words import WORDS as REPORT_WORDS
from suite.judge.rules.rule import DIVISIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from suite.documents.card import Scorecard
    from suite.documents.card_phase import CardPhase
    from suite.documents.check import CheckedSubmission
    from suite.documents.fleet import FleetStatement
    from suite.judge.metrics.metric import Metric

_BESIDE: Final = ("mbu", "joules_per_output_token")
"""Shown beside the metrics that lead a card: the charts by device need them."""


WORDS: Final[dict[str, Bilingual]] = {
    **{name: Bilingual(*REPORT_WORDS[name]) for name in (*DIVISIONS, *LEVELS)},
    "withdrawn": Bilingual("withdrawn", "已撤回"),
    "superseded": Bilingual("superseded", "已被取代"),
    ASSERTED: Bilingual(*REPORT_WORDS[f"standing-{ASSERTED}"]),
}
"""Divisions, trust levels, what became of a card and what rests on a word alone, for people."""

DECISIONS: Final = {
    "accept": ("accepted", "接受"),
    "reject": ("rejected", "拒绝"),
    "comment": ("comment", "评论"),
}
"""What a reviewer decided, for people."""


def _columns() -> tuple[Metric, ...]:
    leading = [item for item in REGISTRY.values() if item.headline and item.direction != "none"]
    leading.sort(key=lambda item: item.headline.rank if item.headline else 0)
    return (*leading, *(REGISTRY[name] for name in _BESIDE))


COLUMNS: Final = _columns()
"""The metrics of the leaderboard, in order."""


def identity(payload_sha256: str) -> str:
    """The name of a card's folder: half of its digest, so that an address stays readable."""
    return payload_sha256[:32]


def site_card(card: Scorecard, checked: CheckedSubmission) -> SiteCard:
    """One row of the site.

    Args:
        card: the verified card.
        checked: what its check came to; it was not refused.
    """
    assert checked.card is not UNSET
    ended = checked.ended
    return SiteCard(
        id=identity(checked.card.payload_sha256),
        payload_sha256=checked.card.payload_sha256,
        path=checked.path,
        run=card.run.id,
        started_utc=card.run.started_utc,
        vendor=card.vendor.id,
        vendor_name=card.vendor.name,
        owner=checked.card.owner,
        devices=card.devices.title,
        engine_id=card.engine.id,
        engine=f"{card.engine.title} {card.engine.version}".strip(),
        runtime=card.runtime,
        precision=card.engine.dtype.executed,
        model=card.model.id,
        model_sha256=card.model.sha256,
        profile=card.workload.profile,
        taskset=card.workload.taskset.name,
        division=card.division.granted,
        conformant=conformant(card),
        waivers=checked.waivers,
        sentence=card.verdict.sentence,
        trust=checked.card.level,
        status="current" if ended is UNSET else ended.status,
        reviews=checked.reviews,
        audits=checked.audits,
        results=(_leading(card), *_by_scenario(card)),
        rouge1_ratio=_rouge1_ratio(card),
        asserted=asserted(card, (column.id for column in COLUMNS)),
        ended=ended,
    )


def asserted(card: Scorecard, metrics: Iterable[str]) -> tuple[str, ...]:
    """What heads a card, and which of these metrics, rest on a word alone; what a card does not say of itself counts as such."""
    facts = (name for name, at in LEADING.items() if card.standing.get(at, ASSERTED) == ASSERTED)
    known = {name: item.standing for name, item in card.metrics.items()}
    return (*facts, *(name for name in metrics if known.get(name, ASSERTED) == ASSERTED))


def _rouge1_ratio(card: Scorecard) -> float | None:
    for row in card.quality.rows:
        if row.metric == "rouge1" and isinstance(row.value, Measured) and row.reference:
            return row.value.value / row.reference
    return None


def _leading(card: Scorecard) -> SiteResult:
    """Each number from the phase where it leads the card; one that leads none from the first phase that has it."""
    phases = {phase.name: phase for phase in card.phases}
    places = {item.metric: phases[item.phase] for item in card.headline if item.phase in phases}
    busy = places.get("output_throughput")
    rest = [phase for phase in (busy, *card.phases) if phase is not None]
    metrics: dict[str, Measured] = {}
    for column in COLUMNS:
        led = places.get(column.id)
        for phase in [led] if led else rest if column.headline is None else []:
            value = phase.metrics.get(column.id)
            if isinstance(value, Measured):
                metrics.setdefault(column.id, value)
    return SiteResult(scenario="headline", phase="", load=Text(en="", zh=""), metrics=metrics)


def _by_scenario(card: Scorecard) -> Iterator[SiteResult]:
    """For each kind of load the phase that leads the card, else the one with the highest throughput."""
    leading = {item.phase for item in card.headline}
    kinds = dict.fromkeys(phase.scenario for phase in card.phases)
    for kind in kinds:
        phases = [phase for phase in card.phases if phase.scenario == kind]
        best = max(phases, key=lambda phase: (phase.name in leading, _speed(phase)))
        english, chinese = load_text(best.load)
        yield SiteResult(
            scenario=kind,
            phase=best.name,
            load=Text(en=english, zh=chinese),
            metrics={
                column.id: value
                for column in COLUMNS
                if isinstance(value := best.metrics.get(column.id), Measured)
            },
        )


def _speed(phase: CardPhase) -> float:
    value = phase.metrics.get("output_throughput")
    return value.value if isinstance(value, Measured) else -1.0


@dataclass(frozen=True, slots=True)
class ShownFleet:
    """A fleet whose statement was verified against its plan, journal and cards.

    Attributes:
        statement: what it states.
        sha256: of the signed bytes.
        owner: whose key signed it, by the trust list; "" for a key that nobody vouches for.
        bundle: the signed statement.
        spread: the page of its spread; empty where there is none.
        why: why there is no spread, a sentence; "" where there is one.
    """

    statement: FleetStatement
    sha256: str
    owner: str
    bundle: bytes
    spread: bytes = b""
    why: str = ""

    @property
    def id(self) -> str:
        """Name of its folder."""
        return identity(self.sha256)

    def digest(self) -> str:
        """Of all that is shown."""
        return hashlib.sha256(
            b"\0".join((self.bundle, self.spread, self.owner.encode(), self.why.encode()))
        ).hexdigest()
