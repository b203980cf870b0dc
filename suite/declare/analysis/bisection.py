"""The search for the highest rate that meets the objectives: which rate is next, and what was found.

From the lowest rate on, the rate is doubled until it misses (or the highest rate met); then the bracket is halved
on a logarithmic scale until it is narrow enough or the probes are used up.

One probe is one draw of a random load, so that outcomes need not be monotone. The rule is conservative: a rate
that missed has missed, and nothing above the lowest missed rate counts, whatever happened there.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Literal, NamedTuple

from msgspec import UNSET

from suite.base.bilingual import Sentence, chinese
from suite.documents.document import given

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.documents.phase import Search

    History = Sequence[tuple[float, bool]]
    """Rates in the order in which they were tried, and whether they met."""

SearchEnd = Literal["resolution", "max-probes", "max-rate-met", "min-rate-missed", "unfinished"]


class Answer(NamedTuple):
    """What a search found.

    Attributes:
        rate: the highest rate that met below every rate that missed, requests per second; None if none did.
        above: the lowest rate that missed; None if none did.
        ended: why no further probe is asked for; ``unfinished`` while one is.
        why: the same as a sentence.
    """

    rate: float | None
    above: float | None
    ended: SearchEnd
    why: str


def planned(search: Search, rate: float) -> int:
    """Requests of a probe at this rate.

    A queue needs time to grow, so that a probe at a high rate needs more requests to show that the rate is too
    high: with a duration a probe is so long, between its fewest and its most requests.

    Args:
        search: without a duration every probe has ``requests``.
        rate: requests per second.
    """
    if search.duration_s is UNSET:
        return search.requests
    # Exact: 1.1 * 10 as floats is a little more than 11.
    count = math.ceil(Fraction(str(rate)) * Fraction(str(search.duration_s)))
    return min(search.requests, max(given(search.min_requests, 1), count))


def next_rate(search: Search, history: History) -> float | None:
    """The next probe's rate in requests per second, rounded to 4 digits; None when the search is over."""
    if not history:
        return search.min_rate
    ended, rate = _step(search, history)
    return None if ended else rate


def answer(search: Search, history: History) -> Answer:
    """What has been found by these probes."""
    met, missed = _bracket(history)
    ended: SearchEnd = "unfinished"
    if history:
        ended = _step(search, history)[0] or "unfinished"
    return Answer(met, missed, ended, _why(search, history, met, missed, ended))


def _bracket(history: History) -> tuple[float | None, float | None]:
    """The highest rate that met below the lowest that missed, and that one."""
    missed = min((rate for rate, met in history if not met), default=None)
    met = max(
        (rate for rate, met in history if met and (missed is None or rate < missed)), default=None
    )
    return met, missed


def _step(search: Search, history: History) -> tuple[SearchEnd | None, float]:
    """Why the search is over, or else the next rate."""
    met, missed = _bracket(history)
    if met is None:
        return "min-rate-missed", 0.0
    ended: SearchEnd | None = None
    if missed is None:
        rate = min(_rounded(met * 2.0), search.max_rate)
        if met >= search.max_rate:
            ended = "max-rate-met"
    else:
        rate = _rounded(math.sqrt(met * missed))
        # Or four digits do not tell them apart any further.
        if (missed - met) / missed <= search.resolution or not met < rate < missed:
            ended = "resolution"
    if ended is None and len(history) >= search.max_probes:
        ended = "max-probes"
    return ended, rate


def _rounded(rate: float) -> float:
    return float(f"{rate:.4g}")


def _why(
    search: Search,
    history: History,
    met: float | None,
    missed: float | None,
    ended: SearchEnd,
) -> str:
    match ended:
        case "min-rate-missed":
            return Sentence(
                f"even the lowest rate, {search.min_rate:g} requests/s, missed the objectives",
                f"搜索范围内的最低速率（{search.min_rate:g} 请求/秒）也未达标",
            )
        case "max-rate-met":
            return Sentence(
                f"even the highest rate, {search.max_rate:g} requests/s, met the objectives",
                f"搜索范围内的最高速率（{search.max_rate:g} 请求/秒）仍达标",
            )
        case "resolution":
            assert met is not None
            assert missed is not None
            return Sentence(
                f"{met:g} requests/s met and {missed:g} missed; the bracket is narrow enough",
                f"{met:g} 请求/秒达标，{missed:g} 请求/秒未达标；区间已足够窄",
            )
        case "max-probes":
            above = (
                Sentence("no rate missed", "没有速率未达标")
                if missed is None
                else Sentence(f"{missed:g} missed", f"{missed:g} 请求/秒未达标")
            )
            return Sentence(
                f"all {len(history)} probes are used: {met:g} requests/s met, {above}",
                f"{len(history)} 次探测已全部用完：{met:g} 请求/秒达标，{chinese(above)}",
            )
        case "unfinished":
            return Sentence(
                f"unfinished after {len(history)} probes", f"{len(history)} 次探测之后未完成"
            )
