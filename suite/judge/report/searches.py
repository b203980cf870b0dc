"""Searches for the highest rate within the objectives, as rows of text and pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from suite.documents.document import given
from suite.documents.value import Measured
from suite.judge.report import curves
from suite.judge.report.loadtext import end_text, of_repeat
from suite.judge.report.numbers import ShownNumber, plain, show

if TYPE_CHECKING:
    from suite.documents.card import Scorecard
    from suite.documents.card_phase import CardPhase, Probe, SearchResult
    from suite.judge.report.loadtext import Both

_LATENCIES = (("ttft", "TTFT"), ("tpot", "TPOT"), ("e2e", "E2E"))


@dataclass(frozen=True, slots=True)
class ProbeRow:
    """One probe as text."""

    number: str
    rate: str
    met: bool | None
    sent: str
    failed: int
    cells: list[ShownNumber]
    goodput: ShownNumber
    ended: Both
    why: str


@dataclass(frozen=True, slots=True)
class Search:
    """One repeat of a search.

    Attributes:
        columns: the percentile of each latency, as headings.
        answer: the rate.
        bracket: between which rates it lies, in words.
        ended: why no further probe was sent.
        title: which repeat, or "" for the only one.
        plots: each latency against the rate, with its objective.
    """

    columns: list[str]
    answer: ShownNumber
    bracket: Both
    ended: Both
    title: Both
    rows: list[ProbeRow]
    plots: list[tuple[Both, Markup]]


def searches(card: Scorecard, phase: CardPhase) -> list[Search]:
    """The searches of a phase, one per repeat."""
    return [_search(card, phase, search) for search in given(phase.searches, ())]


def _search(card: Scorecard, phase: CardPhase, search: SearchResult) -> Search:
    percentile = f"p{search.percentile:g}"
    return Search(
        [f"{name} {percentile}" for _, name in _LATENCIES],
        show("slo_rate", search.rate),
        bracket_text(search),
        end_text("search", search.ended),
        of_repeat(phase, search.repeat, ("", "")) if phase.repeats > 1 else ("", ""),
        [_probe(probe) for probe in search.probes],
        [
            ((f"{name} {percentile}, ms", f"{name} {percentile}，毫秒"), picture)
            for member, name in _LATENCIES
            if (picture := _search_plot(card, search, member))
        ],
    )


def bracket_text(search: SearchResult) -> Both:
    """Between which rates the answer lies."""
    rate = search.rate
    if not isinstance(rate, Measured):
        return ("", "")
    met, missed = plain(rate.value), rate.high
    if missed is None:
        return (
            f"met at {met} requests/s; no higher rate was missed",
            f"{met} 请求/秒达标；没有更高的速率未达标",
        )
    return (
        f"met at {met}, missed at {plain(missed)} requests/s",
        f"{met} 请求/秒达标，{plain(missed)} 请求/秒未达标",
    )


def probe_word(met: bool | None) -> str:  # noqa: FBT001 - the card's own member
    """The word for a probe's outcome: a key of the words."""
    return {True: "met", False: "missed", None: "undecided"}[met]


def _probe(probe: Probe) -> ProbeRow:
    sent, planned = plain(probe.sent), plain(probe.planned)
    return ProbeRow(
        plain(probe.number + 1),
        plain(probe.rate),
        probe.met,
        sent if probe.sent == probe.planned else f"{sent}/{planned}",
        probe.failed,
        [show("ttft", probe.ttft), show("tpot", probe.tpot), show("e2e", probe.e2e)],
        show("goodput", probe.goodput),
        _probe_end(probe),
        probe.why,
    )


def _probe_end(probe: Probe) -> Both:
    english, chinese = end_text("end", probe.ended_by)
    if not probe.cancelled:
        return english, chinese
    count = plain(probe.cancelled)
    return f"{english}; {count} in flight cancelled", f"{chinese}；取消在途请求 {count} 个"


def _objectives(card: Scorecard) -> dict[str, float | None]:
    objectives = card.workload.objectives
    return {
        "ttft": objectives.ttft_ms,
        "tpot": objectives.tpot_ms,
        "e2e": objectives.e2e_ms,
    }


def _search_plot(card: Scorecard, search: SearchResult, member: str) -> Markup:
    """One latency against the rate; a latency without objective decides nothing and is not drawn."""
    level = _objectives(card)[member]
    if level is None:
        return Markup("")
    dots, beyond = [], []
    for probe in sorted(search.probes, key=lambda probe: (probe.rate, probe.number)):
        value = {"ttft": probe.ttft, "tpot": probe.tpot, "e2e": probe.e2e}[member]
        point = curves.dot(probe.rate, value, probe_word(probe.met))
        if point is None:
            beyond.append(probe.rate)
        else:
            dots.append(point)
    rate = search.rate
    band = None
    if isinstance(rate, Measured) and rate.high is not None:
        band = (rate.value, rate.high)
    words = (f"objective {plain(level)} ms", f"目标 {plain(level)} 毫秒")
    extras = curves.Extras([(level, words)], band, ("", ""), beyond)
    across = ("offered requests/s", "请求速率（请求/秒）")
    return curves.chart(
        [curves.Line("", dots)],
        across,
        extras=extras,
        log=(True, True),
    )
