"""Searches, conversations, soaks and the way a phase ended, as rows of text and pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup
from msgspec import UNSET

from suite.base.bilingual import Sentence, chinese
from suite.declare.scenarios import SCENARIOS
from suite.documents.document import given
from suite.documents.value import Measured
from suite.judge.report import curves
from suite.judge.report.loadtext import end_text, limit_text, span, stop_text
from suite.judge.report.numbers import NARROW, Shown, plain, show
from suite.judge.report.words import WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from suite.documents.card import Scorecard
    from suite.documents.card_phase import (
        CardPhase,
        Ending,
        EnergySource,
        LengthsResult,
        Probe,
        SearchResult,
        SteadyState,
        Track,
    )
    from suite.judge.report.loadtext import Both

_DRIFTS = {
    "drift_ttft": ("TTFT", "TTFT"),
    "drift_tpot": ("TPOT", "TPOT"),
    "drift_output_throughput": ("output throughput", "输出吞吐"),
}
_LATENCIES = (("ttft", "TTFT"), ("tpot", "TPOT"), ("e2e", "E2E"))


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing about how a phase went: a key of the words, and lines of text."""

    key: str
    lines: list[Both]


def remarks(card: Scorecard, phase: CardPhase) -> list[Remark]:
    """How a phase went: stop rule, end, steady state, lengths."""
    sentences = []
    if phase.load.stop is not UNSET:
        sentences.append(Remark("stop-rule", [stop_text(card, phase.load.stop, phase.tasks)]))
    if phase.limited_by is not UNSET:
        sentences.append(Remark("limit", [limit_text(phase.load, phase.limited_by)]))
    if phase.ended:
        sentences.append(Remark("ended", _ends(phase, phase.ended)))
    if phase.steady:
        sentences.append(Remark("steady", _steady(phase, phase.steady)))
    if SCENARIOS[phase.scenario].watches_drift:
        sentences.append(Remark("drift", _drift(phase)))
    if phase.lengths is not UNSET:
        sentences.append(Remark("lengths", [_lengths(phase.lengths)]))
    if phase.energy is not UNSET:
        sentences.append(Remark("energy-source", [_energy(phase.energy)]))
    if phase.finish_reasons is not UNSET:
        sentences.append(Remark("finish-reasons", [_reasons(phase.finish_reasons)]))
    return sentences


def _energy(source: EnergySource) -> Both:
    """How the energy was come by, in one sentence."""
    english, chinese = WORDS[f"energy-{source.kind}"]
    covered, gap = f"{source.covered * 100:.1f}{NARROW}%", f"{source.gap_s:.2g}{NARROW}s"
    first = [english, f"samples cover {covered}, longest gap {gap}"]
    second = [chinese, f"样本覆盖 {covered}，最长间隔 {gap}"]
    if source.counter_ratio is not UNSET:
        ratio = f"{source.counter_ratio:.3f}"
        first.append(f"counter over integral {ratio}")
        second.append(f"计数器与积分之比 {ratio}")
    if source.idle_w is not UNSET:
        idle = f"{source.idle_w:.1f}{NARROW}W"
        first.append(f"idle {idle}")
        second.append(f"空闲 {idle}")
    return "; ".join(first), "；".join(second)


def _reasons(reasons: Mapping[str, int]) -> Both:
    """How often the engine gave which finish reason."""
    ordered = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    parts = [f"{reason} {plain(count)}" for reason, count in ordered]
    return ", ".join(parts), "、".join(parts)


def _drift(phase: CardPhase) -> list[Both]:
    """What changed from start to end of a soak, one line for each value."""
    lines = []
    for metric, name in _DRIFTS.items():
        value = phase.metrics.get(metric)
        if value is None:
            continue
        shown = show(metric, value)
        if shown.measured:
            text: str = f"{shown.number}{NARROW}%"
            if shown.interval:
                text = Sentence(
                    f"{text} ({shown.interval}, {shown.method})",
                    f"{text}（{shown.interval}，{chinese(shown.method)}）",
                )
        else:
            text = shown.reason
        lines.append((f"{name[0]}: {text}", f"{name[1]}：{chinese(text)}"))
    return lines


def _named(phase: CardPhase, repeat: int, text: Both) -> Both:
    """With the number of the repeat in front where there are several."""
    if phase.repeats < 2:
        return text
    first, second = WORDS["repeat"]
    return f"{first} {repeat + 1}: {text[0]}", f"{second} {repeat + 1}：{text[1]}"


def _ends(phase: CardPhase, ends: Sequence[Ending]) -> list[Both]:
    lines = []
    for end in ends:
        english, chinese = end_text("end", end.by)
        seconds = f"{end.seconds:,.1f}"
        sent, most = plain(end.sent), plain(end.most)
        text = (
            f"{english}; {sent} of {most} requests sent, {seconds} s",
            f"{chinese}；共发送 {sent}/{most} 个请求，{seconds} 秒",
        )
        lines.append(_named(phase, end.repeat, text))
    return lines


def _steady(phase: CardPhase, states: Sequence[SteadyState]) -> list[Both]:
    lines = []
    for steady in states:
        why = steady.why
        if steady.found:
            places = 1 if steady.end_s >= 100 else 2
            start, end = plain(steady.start_s, places), plain(steady.end_s, places)
            share = f"{steady.share * 100:.0f}{NARROW}%"
            count = plain(steady.requests)
            text = (
                f"from {start} s to {end} s, {share} of the window, {count} requests ({why})",
                f"自 {start} 秒至 {end} 秒，占窗口 {share}，{count} 个请求（{chinese(why)}）",
            )
        else:
            text = (f"none found: {why}", f"未找到：{chinese(why)}")
        lines.append(_named(phase, steady.repeat, text))
    return lines


def _lengths(lengths: LengthsResult) -> Both:
    def had(got: tuple[int, int] | None) -> Both:
        return ("not counted", "未计数") if got is None else (span(got), span(got))

    sent, made = had(lengths.input_got), had(lengths.output_got)
    asked_in, asked_out = span(lengths.input_asked), span(lengths.output_asked)
    return (
        f"prompt {asked_in} asked for, {sent[0]} sent; answer {asked_out} asked for, {made[0]} had",
        f"提示要求 {asked_in}，实际 {sent[1]}；回答要求 {asked_out}，实际 {made[1]}",
    )


@dataclass(frozen=True, slots=True)
class ProbeRow:
    """One probe as text."""

    number: str
    rate: str
    met: bool | None
    sent: str
    failed: int
    cells: list[Shown]
    goodput: Shown
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
    answer: Shown
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
        _named(phase, search.repeat, ("", "")) if phase.repeats > 1 else ("", ""),
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


@dataclass(frozen=True, slots=True)
class TurnRow:
    """One turn as text."""

    number: str
    completed: str
    prompt: Shown
    ttft: Shown
    tpot: Shown


def turns(phase: CardPhase) -> list[TurnRow]:
    """The turns of a phase of conversations."""
    return [
        TurnRow(
            plain(turn.number + 1),
            plain(turn.completed),
            show("prompt_tokens", turn.prompt_tokens),
            show("ttft", turn.ttft),
            show("tpot", turn.tpot),
        )
        for turn in given(phase.turns, ())
    ]


def turn_plots(phase: CardPhase) -> list[tuple[Both, Markup]]:
    """TTFT and the length of the conversation by turn."""
    pictures = []
    known = given(phase.turns, ())
    for key in ("ttft", "prompt_tokens"):
        dots = [
            curves.dot(turn.number + 1.0, turn.ttft if key == "ttft" else turn.prompt_tokens)
            for turn in known
        ]
        caption = WORDS[f"turn-{key}"]
        line = curves.Line("", [dot for dot in dots if dot])
        picture = curves.chart([line], WORDS["turn"], steps=True)
        if picture:
            pictures.append((caption, picture))
    return pictures


def track_plots(phase: CardPhase) -> list[tuple[Both, Markup]]:
    """Median TTFT and TPOT over time, the steady stretch of the first repeat behind them."""
    if phase.track is UNSET:
        return []
    track = phase.track
    window = steady_window(phase)
    pictures = []
    for name, values in (("ttft", track.ttft_ms), ("tpot", track.tpot_ms)):
        picture = _track_plot(track, values, window)
        if picture:
            pictures.append((WORDS[f"track-{name}"], picture))
    return pictures


def _track_plot(
    track: Track, values: Sequence[float | None], window: tuple[float, float] | None
) -> Markup:
    width = track.bucket_s
    dots = [
        curves.Dot((place + 0.5) * width, value)
        for place, value in enumerate(values)
        if value is not None
    ]
    extras = curves.Extras((), window, WORDS["steady"] if window else ("", ""))
    return curves.chart([curves.Line("", dots)], WORDS["plot-seconds"], extras=extras)


def steady_window(phase: CardPhase) -> tuple[float, float] | None:
    """The steady stretch of the first repeat in seconds, None where there is none."""
    first: list[SteadyState] = [item for item in given(phase.steady, ()) if item.repeat == 0]
    if not first or not first[0].found:
        return None
    return first[0].start_s, first[0].end_s


def device_plots(phase: CardPhase) -> list[tuple[Both, Markup]]:
    """What telemetry said of the devices over time, a picture for each quantity."""
    pictures = []
    for series in given(phase.series.devices, ()):
        factor = 100.0 if series.unit == "1" else 1.0
        dots = [
            curves.Dot((place + 0.5) * series.bucket_s, value * factor)
            for place, value in enumerate(series.values)
            if value is not None
        ]
        caption = WORDS[f"device-{series.quantity}"]
        picture = curves.chart([curves.Line("", dots)], WORDS["plot-seconds"])
        if picture:
            pictures.append((caption, picture))
    return pictures
