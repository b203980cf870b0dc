"""A phase of a plan in one line, for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.base.bilingual import Sentence, chinese, joined, placed
from suite.declare.analysis.backlog import drawn_rate, most_goodput
from suite.declare.scenarios.phase import (
    has_exact_lengths,
    is_all_at_once,
    is_conversation,
    is_search,
    lengths_of,
    search_of,
    session_of,
)
from suite.documents.document import given

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.documents.phase import Arrivals, Lengths, Phase, Search, Stop


_PROCESSES = {"poisson": "泊松", "constant": "等间隔", "gamma": "伽马"}


def phase_line(phase: Phase) -> str:
    """What a phase sends, at which load, and when it ends."""
    name = f"{phase.name} #{phase.repeat + 1}"
    if phase.not_run is not UNSET:
        return Sentence(
            f"{name}: not run: {phase.not_run}", f"{name}：未运行：{chinese(phase.not_run)}"
        )
    kind = (
        Sentence("measured", "测量")
        if phase.measured
        else Sentence("warm-up, not counted", "预热，不计入")
    )
    requests = _many(phase.tasks, "request")
    if phase.stop is not UNSET or is_search(phase):
        requests = Sentence("at most ", "至多 ") + requests
    parts: list[str] = [requests]
    if phase.controls is not UNSET:
        parts.append(
            Sentence(
                f"{len(phase.controls)} of them controls", f"其中 {len(phase.controls)} 个为对照"
            )
        )
    if is_conversation(phase):
        session = session_of(phase)
        parts.append(
            Sentence(
                f"{_many(phase.tasks // session.turns, 'session')} of "
                f"{_many(session.turns, 'turn')}, "
                f"{session.think_ms:g} ms between them",
                f"{_many(phase.tasks // session.turns, 'session').zh}，每个 {_many(session.turns, 'turn').zh}，轮间 {session.think_ms:g} ms",
            )
        )
    if has_exact_lengths(phase):
        parts.append(_lengths(lengths_of(phase)))
    if phase.max_new_tokens is not UNSET:
        parts.append(
            Sentence(
                f"at most {_many(phase.max_new_tokens, 'new token')}",
                f"至多 {_many(phase.max_new_tokens, 'new token').zh}",
            )
        )
    parts.append(_load(phase))
    if phase.stop is not UNSET:
        parts.append(_stop(phase.stop))
    return placed(name, joined([*parts, kind], ", ", "，"))


def _load(phase: Phase) -> str:
    if is_search(phase):
        return _search(search_of(phase))
    if phase.arrivals is not None:
        return _arrivals(phase.arrivals, phase.arrivals_ns or ())
    if is_conversation(phase):
        return Sentence(f"{phase.concurrency} sessions at once", f"同时 {phase.concurrency} 个会话")
    if is_all_at_once(phase) and phase.measured:
        return Sentence("all at once", "一次全部发送")
    concurrency = Sentence(f"concurrency {phase.concurrency}", f"并发 {phase.concurrency}")
    return concurrency + Sentence(" in lockstep", "，同步发送") if phase.lockstep else concurrency


def _arrivals(arrivals: Arrivals, starts: Sequence[int]) -> str:
    if arrivals.trace is not UNSET:
        trace = arrivals.trace
        pace = (
            ""
            if trace.speed == 1
            else Sentence(f" at {trace.speed:g} times its pace", f"，以其 {trace.speed:g} 倍速度")
        )
        return Sentence(
            f"replay of {trace.name} ({trace.sha256[:12]}){pace}, "
            f"{arrivals.rate:g} per second on average",
            f"回放 {trace.name}（{trace.sha256[:12]}）{chinese(pace)}，平均每秒 {arrivals.rate:g} 个",
        )
    shape = (
        ""
        if arrivals.shape is None
        else Sentence(f" of shape {arrivals.shape:g}", f"，形状 {arrivals.shape:g}")
    )
    drawn, most = drawn_rate(starts), most_goodput(starts)
    as_drawn = (
        ""
        if drawn is None
        else Sentence(
            f" ({drawn:.3g} as drawn, goodput {most:.3g} at most)",
            f"（实际为 {drawn:.3g}，有效吞吐至多 {most:.3g}）",
        )
    )
    return Sentence(
        f"{arrivals.process} arrivals{shape}, {arrivals.rate:g} per second{as_drawn}, "
        f"seed {arrivals.seed}",
        f"{_PROCESSES.get(arrivals.process, arrivals.process)}到达{chinese(shape)}，每秒 {arrivals.rate:g} 个{chinese(as_drawn)}，种子 {arrivals.seed}",
    )


def _lengths(lengths: Lengths) -> str:
    into, out = lengths.input_tokens, lengths.output_tokens
    tokens = "token" if max(into) == 1 else "tokens"
    return Sentence(
        f"exactly {_span(into)} {tokens} in and {_span(out)} out",
        f"输入恰为 {_span(into).zh} 个 token，输出恰为 {_span(out).zh} 个",
    )


def _span(numbers: Sequence[int]) -> Sentence:
    least, most = min(numbers), max(numbers)
    if least == most:
        return Sentence(str(least), str(least))
    return Sentence(f"{least} to {most}", f"{least} 至 {most}")


_NOUNS = {
    "request": "个请求",
    "session": "个会话",
    "turn": "轮",
    "new token": "个新 token",
}


def _many(count: int, noun: str) -> Sentence:
    english = f"{count} {noun}" if count == 1 else f"{count} {noun}s"
    return Sentence(english, f"{count} {_NOUNS[noun]}")


def _stop(stop: Stop) -> str:
    least = Sentence(
        f"for at least {stop.min_duration_s:g} s and {_many(stop.min_requests, 'request')}",
        f"至少 {stop.min_duration_s:g} 秒与 {_many(stop.min_requests, 'request').zh}",
    )
    parts: list[str] = [least]
    if stop.interval is not None:
        interval = stop.interval
        parts.append(
            Sentence(
                f"until {interval.metric} is known within {100 * interval.within:g} %",
                f"直至 {interval.metric} 的区间在 {100 * interval.within:g} % 以内",
            )
        )
    if stop.max_duration_s is not None:
        parts.append(
            Sentence(f"{stop.max_duration_s:g} s at most", f"至多 {stop.max_duration_s:g} 秒")
        )
    if stop.saturation:
        parts.append(Sentence("unless over-saturated", "除非过饱和"))
    return joined(parts, ", ", "，")


def _search(search: Search) -> str:
    size = Sentence(
        f"of {_many(search.requests, 'request')} at most",
        f"每次至多 {_many(search.requests, 'request').zh}",
    )
    if search.duration_s is not UNSET:
        least = given(search.min_requests, 1)
        size = Sentence(
            f"at most, each of {search.duration_s:g} s, {least} to {search.requests} requests",
            f"每次 {search.duration_s:g} 秒、{least} 至 {search.requests} 个请求",
        )
    return Sentence(
        f"search for the highest rate from {search.min_rate:g} to {search.max_rate:g} per second "
        f"whose p{search.percentile:g} meets the objectives: {search.max_probes} probes "
        f"{size}, bracket {search.resolution:.3g} of the rate",
        f"搜索每秒 {search.min_rate:g} 至 {search.max_rate:g} 个之间 p{search.percentile:g} 满足目标的最高速率：至多 {search.max_probes} 次探测，{chinese(size)}，区间宽度为速率的 {search.resolution:.3g}",
    )
