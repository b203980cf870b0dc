"""What the site's page needs of a card to hold it against others: its inputs, its loads, its numbers.

The page decides as `suite.judge.compare` does, from cards alone. Where that takes more than a card's numbers (another count of
the tokens, the brackets of a search, the tasks that both were asked), the page does not compare, and says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, get_args

from suite.declare.analysis.arrived import NO_SOURCE, OWN
from suite.documents.codec import canonical
from suite.documents.document import given
from suite.documents.plan import RuntimeKind
from suite.documents.value import NO_INTERVAL_EXACT, Measured
from suite.judge.compare import counts, inputs
from suite.judge.compare.difference import MARGIN
from suite.judge.compare.many import LEVEL
from suite.judge.compare.manyview import OUTCOMES, families
from suite.judge.compare.sides import ONE_EACH
from suite.judge.metrics.registry import REGISTRY
from suite.judge.report.loadtext import load_text
from suite.judge.report.words import WORDS as REPORT_WORDS
from suite.judge.site.cards import DECISIONS, WORDS, asserted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from suite.documents.card import Scorecard
    from suite.documents.card_phase import CardPhase
    from suite.documents.site import SiteCard
    from suite.documents.value import Value

_BY_BRACKET: Final = "slo_rate"


def definitions() -> dict[str, object]:
    """What the page must know of every metric, once, and the bounds by which it decides."""
    return {
        "margin": MARGIN,
        "level": LEVEL,
        "alike": counts.ALIKE,
        "words": {
            **{name: list(words) for name, words in WORDS.items()},
            **{name: list(REPORT_WORDS[name]) for name in get_args(RuntimeKind)},
            **{name: list(words) for name, words in DECISIONS.items()},
            **{name: [str(word := families([name])), word.zh] for name in inputs.FAMILY_NAMES},
            **{name: [str(word), word.zh] for name, word in OUTCOMES.items()},
            "one-each": [ONE_EACH.en, ONE_EACH.zh],
        },
        "metrics": {
            item.id: {
                "title": [item.title.en, item.title.zh],
                "unit": item.unit,
                "direction": item.direction,
                "family": item.family,
                "percent": item.percent,
                "tokens": item.by_tokens,
                "claim": item.by_claim,
                "objectives": item.by_objectives,
                "bracket": item.id == _BY_BRACKET,
            }
            for item in REGISTRY.values()
        },
    }


def comparable(card: Scorecard, row: SiteCard) -> dict[str, object]:
    """One card for the page."""
    objectives = card.workload.objectives
    return {
        "id": row.id,
        "run": row.run,
        "asserted": asserted(card, REGISTRY),
        "facts": [row.model, row.devices, row.engine, row.precision, row.vendor_name, row.taskset],
        "worth": [row.division, row.trust, *_gone(row), row.runtime],
        "date": row.started_utc[:10],
        "conformant": inputs.conformant(card),
        "inputs": [
            [item.what, *item.title, item.key, item.text, item.forbids, item.sound]
            for item in inputs.held(card)
        ],
        "objectives": [canonical(objectives).decode(), objectives.tpot_ms is not None],
        "refuted": counts.refuted(card),
        "headline": [[item.phase, item.metric] for item in card.headline],
        "phases": [_phase(card, phase) for phase in card.phases]
        + [
            {
                "place": "",
                "name": "",
                "load": ["", ""],
                "asked": "",
                "metrics": _numbers(card, card.startup),
            }
        ],
        "stated": [[item.reviewer, item.decision, item.time, item.comment] for item in row.reviews],
    }


def _gone(row: SiteCard) -> list[str]:
    return [] if row.status == "current" else [row.status]


def _phase(card: Scorecard, phase: CardPhase) -> dict[str, object]:
    lengths = given(phase.lengths)
    return {
        "place": repr(inputs.same_place(phase)),
        "name": phase.name,
        "load": load_text(phase.load),
        "asked": inputs.asked_key(phase),
        "lengths": [lengths.input_got, lengths.output_got] if lengths else None,
        "sources": [
            "" if source == NO_SOURCE else source
            for source in (phase.token_source, phase.arrival_source)
        ],
        "counts": [_count(phase, "claimed"), _count(phase, "arrived")],
        "metrics": _numbers(card, phase.metrics),
    }


def _count(phase: CardPhase, of: str) -> list[int] | None:
    """Tokens by the source that feeds the metrics and by the suite's own count; None without both."""
    source = phase.token_source if of == "claimed" else phase.arrival_source
    known = {item.source: item.tokens for item in given(phase.token_counts, ()) if item.of == of}
    return [known[source], known[OWN]] if source in known and OWN in known else None


def _numbers(card: Scorecard, metrics: Mapping[str, Value]) -> dict[str, list[object]]:
    """Value, interval, count and whether it is an exact one; the reason in both languages where there is no number."""
    known = given(card.chinese, {})
    return {
        name: [value.value, value.low, value.high, value.n, value.interval == NO_INTERVAL_EXACT]
        if isinstance(value, Measured)
        else [[(why := getattr(value, "why", "")), known.get(why, why)]]
        for name, value in metrics.items()
        if name in REGISTRY
    }
