"""By which count of generated tokens two phases are compared.

Lengths rest on what is claimed, by token ids, else the engine's usage, else the suite's own tokenizer; numbers per token
on the tokens that arrived, by the best source that saw them. Where two cards rest on different sources, they are compared
by one that both hold. A source that counts on one card what it leaves out on the other (an end token, as a rule) is passed
over for the next: held against the suite's own count of the same texts, it must count as much more on both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.language import Language
from suite.declare.analysis.arrived import BY_CHUNK, NO_SOURCE, ONE_EACH, OWN
from suite.documents.document import given
from suite.judge.report.words import WORDS

if TYPE_CHECKING:
    from suite.documents.card import Scorecard
    from suite.documents.card_phase import CardPhase, Counted, TokenCount
    from suite.documents.value import Value
    from suite.judge.metrics.metric import Metric

ALIKE = 0.01
"""By how much a source's excess over the suite's own count may differ between two cards."""
SEEN = "tokens seen to arrive"
"""Two exact counts of the same thing; what stands for a source that both cards name."""
COUNTS_RULE = "R014"
"""The rule that holds a card's sources against each other."""


def source_zh(source: str) -> str:
    """What counts tokens, in Chinese."""
    if source == SEEN:
        return "到达的 token"
    return WORDS[f"tokens-{source}"][Language.ZH] if f"tokens-{source}" in WORDS else source


def refuted(card: Scorecard) -> bool:
    """Whether the sources of a card contradict each other."""
    return any(
        check.rule == COUNTS_RULE and check.outcome in ("fail", "error") for check in card.checks
    )


def counted(metric: Metric, first: CardPhase, second: CardPhase) -> Counted:
    """Which tokens a metric of two phases counts; where nobody saw them arrive, they are as claimed."""
    unseen = NO_SOURCE in (first.arrival_source, second.arrival_source)
    return "claimed" if metric.by_claim or unseen else "arrived"


def feeding(phase: CardPhase, of: Counted) -> str:
    """The source that feeds the phase's metrics."""
    return phase.token_source if of == "claimed" else phase.arrival_source


def common_sources(
    first: CardPhase, second: CardPhase, of: Counted, *, exactly: bool = False
) -> list[str]:
    """The sources by which two phases can be compared, the best first; empty without one.

    Args:
        first: a phase.
        second: the other.
        of: which tokens are counted.
        exactly: what is compared was worked out by one count: another must count every answer alike.
    """
    a, b = _counts(first, of), _counts(second, of)
    own_a, own_b = a.get(OWN), b.get(OWN)
    if not (a and b):
        same = feeding(first, of) == feeding(second, of)
        return [feeding(first, of)] if same else []
    common = [(a[source], b[source]) for source in a if source in b]
    if exactly:
        common = [pair for pair in common if _stands(first, pair[0]) and _stands(second, pair[1])]
    elif own_a is not None and own_b is not None:
        common = [pair for pair in common if _alike(pair[0], own_a, pair[1], own_b)]
    if common or not {feeding(first, of), feeding(second, of)} <= {BY_CHUNK, ONE_EACH}:
        return [count.source for count, _ in common]
    # The engine says what its chunks carry, or there are as many as tokens: either way each token was seen to arrive.
    return [SEEN]


def value(phase: CardPhase, metric: str, of: Counted, source: str) -> Value | None:
    """A metric of a phase by a source's count."""
    count = _counts(phase, of).get(source)
    if count is None or _stands(phase, count):
        return phase.metrics.get(metric)
    return count.metrics.get(metric)


def _counts(phase: CardPhase, of: Counted) -> dict[str, TokenCount]:
    return {count.source: count for count in given(phase.token_counts, ()) if count.of == of}


def _stands(phase: CardPhase, count: TokenCount) -> bool:
    """Whether the phase's metrics are those by this count."""
    return count.source == feeding(phase, count.of) or not count.differ


def _alike(a: TokenCount, own_a: TokenCount, b: TokenCount, own_b: TokenCount) -> bool:
    left, right = a.tokens * own_b.tokens, b.tokens * own_a.tokens
    return abs(left - right) <= ALIKE * max(left, right)
