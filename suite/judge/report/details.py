"""Conversations, soaks and the way a phase ended, as rows of text and pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.base.bilingual import Sentence, chinese
from suite.declare.scenarios import SCENARIOS
from suite.documents.document import given
from suite.judge.report import curves
from suite.judge.report.loadtext import end_text, limit_text, of_repeat, span, stop_text
from suite.judge.report.numbers import NARROW, ShownNumber, plain, show
from suite.judge.report.words import WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from markupsafe import Markup

    from suite.documents.card import Scorecard
    from suite.documents.card_phase import (
        CardPhase,
        Ending,
        EnergySource,
        LengthsResult,
        SteadyState,
        Track,
    )
    from suite.judge.report.loadtext import Both

_DRIFTS = {
    "drift_ttft": ("TTFT", "TTFT"),
    "drift_tpot": ("TPOT", "TPOT"),
    "drift_output_throughput": ("output throughput", "输出吞吐"),
}


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
        lines.append(of_repeat(phase, end.repeat, text))
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
        lines.append(of_repeat(phase, steady.repeat, text))
    return lines


def _lengths(lengths: LengthsResult) -> Both:
    def had(got: tuple[int, int] | None) -> Both:
        return ("not counted", "未计数") if got is None else (span(got), span(got))

    sent, generated = had(lengths.input_got), had(lengths.output_got)
    asked_in, asked_out = span(lengths.input_asked), span(lengths.output_asked)
    return (
        f"prompt {asked_in} asked for, {sent[0]} sent; answer {asked_out} asked for, {generated[0]} had",
        f"提示要求 {asked_in}，实际 {sent[1]}；回答要求 {asked_out}，实际 {generated[1]}",
    )


@dataclass(frozen=True, slots=True)
class TurnRow:
    """One turn as text."""

    number: str
    completed: str
    prompt: ShownNumber
    ttft: ShownNumber
    tpot: ShownNumber


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
    turns = given(phase.turns, ())
    for key in ("ttft", "prompt_tokens"):
        dots = [
            curves.dot(turn.number + 1.0, turn.ttft if key == "ttft" else turn.prompt_tokens)
            for turn in turns
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
