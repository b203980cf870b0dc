"""A phase's load, its stop rule and its end in words, English and Chinese."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.documents.document import given
from suite.documents.text import Text
from suite.judge.report.numbers import plain
from suite.judge.report.words import WORDS

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from suite.documents.card import Scorecard
    from suite.documents.card_phase import CardPhase, LengthsLoad, LimitedBy, Load, SessionLoad
    from suite.documents.phase import Search, Stop


Both = tuple[str, str]
"""The same words in English and Chinese."""

_PROCESSES: dict[str, Both] = {
    "poisson": ("Poisson arrivals", "泊松到达"),
    "constant": ("constant arrivals", "匀速到达"),
    "gamma": ("gamma bursts", "伽马突发到达"),
}


def load_text(load: Load, without: Collection[str] = ()) -> Both:
    """How requests were offered.

    Args:
        load: the card's load.
        without: axes of a group (``concurrency``, ``input_tokens``, ``output_tokens``) that are said elsewhere.
    """
    parts = [*_source(load, without), *_lengths(given(load.lengths), without)]
    if load.max_new_tokens is not UNSET:
        most = plain(load.max_new_tokens)
        parts.append((f"at most {most} new tokens", f"至多生成 {most} 个 token"))
    if load.stop is not UNSET and load.stop.min_duration_s > 0:
        english, chinese = duration(load.stop.min_duration_s)
        parts.append((f"at least {english}", f"至少 {chinese}"))
    return ", ".join(part[0] for part in parts), "，".join(part[1] for part in parts)


def _source(load: Load, without: Collection[str]) -> list[Both]:
    """What decides when a request is sent."""
    if load.search is not UNSET:
        search = load.search
        low, high = plain(search.min_rate), plain(search.max_rate)
        percentile = f"p{search.percentile:g}"
        return [
            (
                f"search from {low} to {high} requests/s, {percentile}",
                f"在 {low} 至 {high} 请求/秒间搜索，{percentile}",
            ),
            _probes(search),
        ]
    if load.session is not UNSET:
        return _sessions(load.session, load.concurrency)
    if load.process is not None:
        return [_arrivals(load)]
    if load.concurrency is None or "concurrency" in without:
        return []
    return [_streams(load, plain(load.concurrency))]


def _streams(load: Load, count: str) -> Both:
    """A closed loop that is no conversation."""
    if load.all_at_once:
        return f"all {count} at once", f"全部 {count} 个同时发送"
    if load.lockstep:
        return f"batches of {count}", f"每批 {count} 个请求"
    return f"concurrency {count}", f"并发 {count}"


def _probes(search: Search) -> Both:
    """How long a probe of a search is."""
    most = plain(search.requests)
    if search.duration_s is UNSET:
        return f"probes of {most} requests", f"每次探测 {most} 个请求"
    seconds = duration(search.duration_s)
    least = plain(given(search.min_requests, 1))
    return (
        f"probes of {seconds[0]}, {least} to {most} requests",
        f"每次探测 {seconds[1]}，{least} 至 {most} 个请求",
    )


def _sessions(session: SessionLoad, concurrency: int | None) -> list[Both]:
    sessions, turns = plain(session.sessions), plain(session.turns)
    parts = [(f"{sessions} sessions × {turns} turns", f"{sessions} 个会话 × {turns} 轮")]
    if concurrency is not None:
        count = plain(concurrency)
        parts.append((f"{count} at once", f"同时 {count} 个"))
    if session.think_ms > 0:
        think = plain(session.think_ms)
        parts.append((f"{think} ms between turns", f"轮间隔 {think} 毫秒"))
    return parts


def _arrivals(load: Load) -> Both:
    rate = plain(load.rate or 0.0)
    if load.trace is not UNSET:
        trace = load.trace
        speed = "" if trace.speed == 1 else f" ×{plain(trace.speed)}"
        name = trace.name
        return (
            f"replay of {name}{speed}, {rate} requests/s on average",
            f"回放 {name}{speed}，平均 {rate} 请求/秒",
        )
    process = load.process or ""
    english, chinese = _PROCESSES.get(process, (f"{process} arrivals", process))
    shape = given(load.shape)
    drawn = given(load.drawn)
    texts = (f"{english}, {rate} requests/s", f"{chinese}，{rate} 请求/秒")
    if drawn is not None and plain(drawn, 2) != plain(load.rate or 0.0, 2):
        texts = (f"{texts[0]} ({drawn:.3g} as drawn)", f"{texts[1]}（实际抽得 {drawn:.3g}）")
    if shape is not None:
        texts = (f"{texts[0]}, shape {shape:g}", f"{texts[1]}，形状 {shape:g}")
    return texts


def limit_text(load: Load, by: LimitedBy) -> Both:
    """What held a phase's numbers down, in one sentence."""
    if by == "client":
        return WORDS["limit-client"]
    if load.search is not UNSET:
        return WORDS[f"limit-{by}-search"]
    return WORDS[f"limit-{by}-{'streams' if load.process is None else 'arrivals'}"]


def span(ends: Sequence[int]) -> str:
    """Smallest and largest as text: ``512``, or ``128–4,096``."""
    low, high = ends
    return plain(low) if low == high else f"{plain(low)}–{plain(high)}"


def _lengths(lengths: LengthsLoad | None, without: Collection[str]) -> list[Both]:
    if lengths is None:
        return []
    parts = []
    if "input_tokens" not in without:
        text = span(lengths.input_tokens)
        parts.append((f"{text} in", f"输入 {text}"))
    if "output_tokens" not in without:
        text = span(lengths.output_tokens)
        parts.append((f"{text} out", f"输出 {text}"))
    if not parts:
        return []
    return [(" × ".join(part[0] for part in parts), " × ".join(part[1] for part in parts))]


def duration(seconds: float) -> Both:
    """A length of time: seconds, whole minutes or whole hours."""
    for factor, english, chinese in ((3600, "h", "小时"), (60, "min", "分钟")):
        if seconds >= 2 * factor and seconds % factor == 0:
            number = plain(seconds / factor)
            return f"{number} {english}", f"{number} {chinese}"
    number = plain(seconds) if seconds == round(seconds) else f"{seconds:g}"
    return f"{number} s", f"{number} 秒"


def stop_text(card: Scorecard, stop: Stop, most: int) -> Both:
    """When a phase had seen enough, in one sentence; `most` is how many requests it could send."""
    english, chinese = [], []
    for part in (*_minimums(stop), *_interval(card, stop)):
        english.append(part[0])
        chinese.append(part[1])
    sentence = (" and ".join(english), "且".join(chinese))
    ends = [(f"at most {plain(most)} requests", f"最多 {plain(most)} 个请求")]
    if stop.max_duration_s is not None:
        text = duration(stop.max_duration_s)
        ends.append((f"at most {text[0]}", f"最长 {text[1]}"))
    if stop.saturation:
        ends.append(("not beyond over-saturation", "过饱和即止"))
    tail = (", ".join(end[0] for end in ends), "，".join(end[1] for end in ends))
    if not english:
        return tail
    return f"until {sentence[0]}; {tail[0]}", f"直至{sentence[1]}；{tail[1]}"


def _minimums(stop: Stop) -> list[Both]:
    parts = []
    if stop.min_duration_s > 0:
        english, chinese = duration(stop.min_duration_s)
        parts.append((f"{english} have passed", f"已过 {chinese}"))
    if stop.min_requests > 0:
        count = plain(stop.min_requests)
        parts.append((f"{count} requests have ended", f"已完成 {count} 个请求"))
    return parts


def _interval(card: Scorecard, stop: Stop) -> list[Both]:
    interval = stop.interval
    if interval is None:
        return []
    metric = interval.metric
    definition = card.metrics.get(metric)
    title = definition.title if definition else Text(en=metric, zh=metric)
    share = f"{interval.within * 100:g} %"
    return [
        (
            f"the 95 % interval of “{title.en}” is within {share} of it",
            f"“{title.zh}”的 95 % 区间在其值的 {share} 以内",
        )
    ]


def end_text(prefix: str, by: str) -> Both:
    """Why something ended, from the word of the card; a word that is not known stays as it is."""
    return WORDS.get(f"{prefix}-{by or 'unsaid'}", (by, by))


def of_repeat(phase: CardPhase, repeat: int, text: Both) -> Both:
    """With the number of the repeat in front where there are several."""
    if phase.repeats < 2:
        return text
    first, second = WORDS["repeat"]
    return f"{first} {repeat + 1}: {text[0]}", f"{second} {repeat + 1}：{text[1]}"
