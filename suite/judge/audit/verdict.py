"""From what a reference says of each recorded token to a verdict with an error rate.

Greedy decoding leaves no choice: each token is the best of its place, but where arithmetic (order of sums, batches,
precision) decides a tie. How much arithmetic changes is measured on the same places: the reference reads the answers
twice, see ``suite/assets/audit_probe.py``. Two tests, each at half of `FALSE_ALARM`:

*margins*: a change beyond the largest one that was seen at n places is taken to have at most the chance (1/(n+1))
(largest/m)², a tail far heavier than seen; the k widest divergences are held against it, k from 1 to `WIDEST`.

*flips*: more than twice as many divergences as the reference has with itself, by an exact binomial test.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from suite.base.bilingual import Sentence, placed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.documents.audit import AuditVerdict

FALSE_ALARM: Final = 0.001
"""Share of honest runs that may be called different."""
LEAST_TOKENS: Final = 300
"""Fewer tokens show a different model, and never the same one."""
SAFETY: Final = 4
"""Another engine's arithmetic may change a gap by so many times what the reference's own does."""
LEAST_BAND: Final = 1e-4
"""Nats; a reference that agrees with itself to the last bit says nothing of other engines' kernels."""
WIDEST: Final = 10
FLIPS: Final = 2
"""Another engine may have so many times the divergences that the reference has with itself."""


class Token(NamedTuple):
    """One recorded token by the reference; nats. See ``suite/assets/audit_probe.py``."""

    rank: int
    margin: float
    gap: float
    change: float
    flip: int


@dataclass(frozen=True, slots=True)
class Figures:
    """What some tokens come to.

    Attributes:
        tokens: how many.
        flips: places where the reference disagrees with itself.
        largest_change: of a gap, between its two passes.
        band: margins up to this are ties.
        mismatches: tokens that are not the reference's.
        wide: those beyond the band.
        p_margins: chance of such margins from arithmetic alone, at most.
        p_flips: chance of so many mismatches, likewise.
    """

    tokens: int
    flips: int
    largest_change: float
    band: float
    mismatches: int
    wide: int
    p_margins: float
    p_flips: float

    @property
    def p(self) -> float:
        """The smaller of both, doubled: two tests were made."""
        return min(1.0, 2 * min(self.p_margins, self.p_flips))

    @property
    def verdict(self) -> AuditVerdict:
        """Whether the same model answered."""
        if self.p < FALSE_ALARM:
            return "different"
        return "same" if self.tokens >= LEAST_TOKENS else "undecided"

    def why(self) -> Sentence:
        """The verdict in one sentence."""
        counts = Sentence(
            f"{self.mismatches} of {self.tokens} tokens are not the reference's, {self.wide} of them beyond ties of "
            f"{self.band:.2g} nats; with itself it has {self.flips}",
            f"{self.tokens} 个 token 中 {self.mismatches} 个与参考不同，其中 {self.wide} 个超出 {self.band:.2g} nat 的平局范围；"
            f"参考与自身有 {self.flips} 处不同",
        )
        match self.verdict:
            case "different":
                chance = f"p < {max(self.p, 1e-12):.1g}"
                tail = Sentence(
                    f"; by arithmetic alone {chance}", f"；仅由数值误差所致的概率 {chance}"
                )
                return placed(
                    Sentence("another model, or other weights", "另一模型或另一份权重"),
                    counts + tail,
                )
            case "same":
                head = Sentence(
                    "nothing speaks against the declared model", "没有迹象表明不是所声明的模型"
                )
            case "undecided":
                head = Sentence(
                    f"{self.tokens} tokens are too few to tell, {LEAST_TOKENS} are needed",
                    f"{self.tokens} 个 token 不足以判断，需要 {LEAST_TOKENS} 个",
                )
        return placed(head, counts)


def figures(tokens: Sequence[Token]) -> Figures:
    """Judge the tokens of a sample.

    Raises:
        ValueError: without tokens.
    """
    count = len(tokens)
    largest = max(token.change for token in tokens)
    band = max(SAFETY * largest, LEAST_BAND)
    margins = sorted((token.margin for token in tokens if token.rank > 1), reverse=True)
    flips = sum(token.flip for token in tokens)
    wide = [margin for margin in margins if margin > band]
    chances = [
        at_least(number, count, (band / margin) ** 2 / (count + 1))
        for number, margin in enumerate(wide[:WIDEST], 1)
    ]
    return Figures(
        tokens=count,
        flips=flips,
        largest_change=largest,
        band=band,
        mismatches=len(margins),
        wide=len(wide),
        p_margins=min(1.0, WIDEST * min(chances, default=1.0)),
        # Given the sum of two counts, one of which is at most twice the other on average. One more flip of its own is
        # granted: none in a sample is no proof that there are never any.
        p_flips=at_least(len(margins), len(margins) + flips + 1, FLIPS / (FLIPS + 1)),
    )


def at_least(number: int, trials: int, chance: float) -> float:
    """The chance of `number` or more successes in so many trials, summed from the smallest terms."""
    if number <= 0:
        return 1.0
    if chance >= 1:
        return 1.0
    log = math.log
    terms = [
        math.lgamma(trials + 1) - math.lgamma(k + 1) - math.lgamma(trials - k + 1)
        + (k * log(chance) if k else 0.0) + (trials - k) * math.log1p(-chance)
        for k in range(number, trials + 1)
    ]  # fmt: skip
    return min(1.0, math.fsum(map(math.exp, sorted(terms))))
