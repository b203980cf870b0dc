"""What a phase's result holds beside its metrics, as members of its card; what says nothing is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from msgspec import UNSET

from suite.declare.scenarios.phase import is_search, kind
from suite.documents.card_phase import Ending as EndingDocument
from suite.documents.card_phase import LengthsResult, PhaseResult, SteadyState
from suite.documents.card_phase import Probe as ProbeDocument
from suite.documents.card_phase import SearchResult as SearchResultDocument
from suite.documents.card_phase import Track as TrackDocument
from suite.documents.card_phase import Turn as TurnDocument
from suite.documents.phase import Group, Phase
from suite.documents.value import Value, stored
from suite.judge.card.subject import cut

if TYPE_CHECKING:
    from suite.judge.log.details import (
        Ending,
        Lengths,
        PhaseDetails,
        Probe,
        SearchResult,
        Steady,
        Track,
        Turn,
    )


_ORDINARY_ENDS = ("", "all-sent")


def add(card: PhaseResult, planned: Phase, details: PhaseDetails) -> None:
    """Add the optional members of a phase's card.

    Args:
        card: the card; changed in place.
        planned: the phase as the plan has it.
        details: what came of it.
    """
    if planned.group is not UNSET:
        card["group"] = Group(
            name=planned.group.name,
            axes=dict(planned.group.axes),
        )
    if details.not_run:
        card["not_run"] = cut(details.not_run)
    early = any(end.by not in _ORDINARY_ENDS for end in details.ended)
    # A search has stop rules of its own: how its probes ended stands with each.
    if not is_search(planned) and details.ended and (planned.stop is not UNSET or early):
        card["ended"] = [_ended(end) for end in details.ended]
    if details.steady:
        card["steady"] = [_steady(item) for item in details.steady]
    if details.searches:
        card["searches"] = [_search(item) for item in details.searches]
    if details.turns:
        card["turns"] = [_turn(turn) for turn in details.turns]
    if details.lengths is not None:
        card["lengths"] = _lengths(details.lengths)
    # Over time a soak is read; elsewhere the steady stretch and the drift say as much in fewer words.
    if details.track is not None and kind(planned).watches_drift:
        card["track"] = _track(details.track)


def _value(value: Value) -> Value:
    return cast("Value", value.to_json())


def _ended(end: Ending) -> EndingDocument:
    return EndingDocument(
        repeat=end.repeat,
        by=end.by,
        most=end.most,
        sent=end.sent,
        seconds=stored(end.seconds),
    )


def _steady(steady: Steady) -> SteadyState:
    return SteadyState(
        repeat=steady.repeat,
        found=steady.found,
        why=cut(steady.why),
        start_s=stored(steady.start_s),
        end_s=stored(steady.end_s),
        share=stored(steady.share),
        requests=steady.requests,
    )


def _search(search: SearchResult) -> SearchResultDocument:
    return SearchResultDocument(
        repeat=search.repeat,
        percentile=stored(search.percentile),
        rate=_value(search.rate),
        ended=search.ended,
        probes=tuple(_probe(probe) for probe in search.probes),
    )


def _probe(probe: Probe) -> ProbeDocument:
    return ProbeDocument(
        number=probe.number,
        rate=stored(probe.rate),
        planned=probe.planned,
        sent=probe.sent,
        completed=probe.completed,
        failed=probe.failed,
        cancelled=probe.cancelled,
        met=probe.met,
        why=cut(probe.why),
        ended_by=probe.ended_by,
        ttft=_value(probe.ttft),
        tpot=_value(probe.tpot),
        e2e=_value(probe.e2e),
        goodput=_value(probe.goodput),
    )


def _turn(turn: Turn) -> TurnDocument:
    return TurnDocument(
        number=turn.number,
        completed=turn.completed,
        prompt_tokens=_value(turn.prompt_tokens),
        ttft=_value(turn.ttft),
        tpot=_value(turn.tpot),
    )


def _span(span: tuple[int, int] | None) -> list[int] | None:
    return None if span is None else list(span)


def _lengths(lengths: Lengths) -> LengthsResult:
    return LengthsResult(
        input_asked=tuple(lengths.input_asked),
        input_got=_span(lengths.input_got),
        output_asked=tuple(lengths.output_asked),
        output_got=_span(lengths.output_got),
        source=lengths.source,
    )


def _track(track: Track) -> TrackDocument:
    def rounded(values: tuple[float | None, ...]) -> list[float | None]:
        return [None if value is None else stored(value) for value in values]

    return TrackDocument(
        bucket_s=stored(track.bucket_s),
        ttft_ms=tuple(rounded(track.ttft_ms)),
        tpot_ms=tuple(rounded(track.tpot_ms)),
    )
