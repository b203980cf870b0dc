"""Rules about how each load client did: below its ceiling, on time, and as near to the server as the others."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from itertools import accumulate
from typing import TYPE_CHECKING

from suite.base.bilingual import Bilingual, Sentence
from suite.base.quantities import significant
from suite.judge.log.phases import phase_logs
from suite.judge.rules.clients import SECOND_NS, farm_of, mine, named, title
from suite.judge.rules.rule import Finding, of, passed, rule, warned

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from suite.documents.event import Request
    from suite.evidence import Evidence
    from suite.evidence.farm import Bound, Farm
    from suite.judge.log.phases import PhaseLog


@rule(
    "R122",
    title=Bilingual("The load stayed below the clients' ceilings", "负载低于各客户端的上限"),
    asks=Bilingual(
        "In no second did a client take more chunks than the tokens a second up to which it was found exact on its machine before the run, "
        "nor all together more than the sum; and no machine has more clients than processors.",
        "任何一秒内，客户端接收的数据块不超过运行之前在其机器上测得的可精确计时的每秒 token 数，全部客户端合计不超过各上限之和；"
        "且任何机器上的客户端不多于其处理器。",
    ),
    reason=Bilingual(
        "Beyond its ceiling a client measures itself, and several may share one machine's.",
        "超过上限后，客户端测量的是其自身；且多个客户端可能共用一台机器的上限。",
    ),
    phases="measured",
    limits="open",
)
@of(farm_of)
def below_ceiling(_: Evidence, farm: Farm) -> Finding:
    """The busiest second of each client and of all."""
    crowded = farm.crowds()
    for client in farm.clients:
        if crowded[client.attempt, client.mark.boot] > max(1, client.mark.cores):
            known = client.mark.cores > 0
            why = (
                Sentence(
                    f"more clients than the {client.mark.cores} processors of their machine",
                    f"客户端多于其机器的 {client.mark.cores} 个处理器",
                )
                if known
                else Sentence(
                    "several clients on a machine whose processors are not known",
                    "多个客户端位于处理器数未知的机器上",
                )
            )
            return warned(why)
    share = 0.0
    for deal in farm.deals:
        if not deal.phase[2]:
            continue
        seconds = [_busiest(mine(deal, number)) for number in range(len(deal.clients))]
        ceilings = [float(client.mark.ceiling.tokens_s) for client in deal.clients]
        seconds.append(_busiest(deal.events))
        ceilings.append(sum(ceilings))
        for number, (most, ceiling) in enumerate(zip(seconds, ceilings, strict=True)):
            if most > ceiling:
                who = named(number) if number < len(deal.clients) else Sentence("all", "合计")
                return warned(
                    Sentence(f"{title(deal)}: ", f"{title(deal)}：")
                    + who
                    + Sentence(
                        f" took {most:,} chunks in a second, exact up to {ceiling:,.0f}",
                        f" 一秒内接收 {most:,} 个数据块，可精确计时至 {ceiling:,.0f}",
                    )
                )
            share = max(share, most / ceiling if ceiling else 0.0)
    total = sum(float(client.mark.ceiling.tokens_s) for client in farm.clients)
    return passed(
        Sentence(
            f"at most {share:.1%} of a ceiling; {total:,.0f} tokens/s in sum",
            f"至多为上限的 {share:.1%}；合计 {total:,.0f} token/秒",
        )
    )


def _busiest(events: Sequence[Request]) -> int:
    """Chunks that came in the fullest second."""
    seconds: Counter[int] = Counter()
    for event in events:
        if event.chunk_t0 is not None:
            moments = accumulate(event.chunk_dt, initial=event.chunk_t0)
            seconds.update(moment // SECOND_NS for moment in moments)
    return max(seconds.values(), default=0)


@rule(
    "R123",
    title=Bilingual("Every client sent on time, over a like way", "各客户端均按时发送，且路径相当"),
    asks=Bilingual(
        "Of each client of an open loop, the 99th percentile of lateness and what its clock may be off together stay below the phase's bound. Of each "
        "of a closed loop, the 99th percentile of the time from an answer's end to the next request in its place is at most 1 ms or a twentieth of its "
        "median time to first token, whichever is more; nor do a client's connections take longer than another's by more than that.",
        "开环阶段中，每个客户端发送延迟的第 99 百分位与其时钟误差之和低于该阶段的上限。闭环阶段中，每个客户端自一个回答结束至在其位置发出下一请求的时间，"
        "其第 99 百分位不超过 1 毫秒或其首 token 时间中位数的二十分之一（取较大者）；各客户端建立连接的时间相差亦不超过此值。",
    ),
    reason=Bilingual(
        "One slow client among many hides in percentiles of all, and a distant one makes the server look slower.",
        "众多客户端中单个缓慢者会隐没于总体百分位之中，而距离较远者会使服务器显得更慢。",
    ),
    phases="measured",
    limits="open",
)
@of(farm_of)
def on_time(evidence: Evidence, farm: Farm) -> Finding:
    """Lateness of each client, how soon it takes its turn, and its way to the server."""
    first: dict[int, list[float]] = defaultdict(list)
    for deal in farm.deals:
        log = phase_logs(evidence).get(deal.phase)
        if log is None or not log.doc.measured:
            continue
        for number in range(len(deal.clients)):
            events = mine(deal, number)
            waited = [
                (event.chunk_t0 - event.t_send) / 1e6
                for event in events
                if event.chunk_t0 is not None
            ]
            first[number] += waited
            slow = _slow_turn(events, deal.mark.shares[number], small_ms(waited))
            slow = slow or _late(events, deal.error(number), log)
            if slow:
                return warned(
                    Sentence(f"{title(deal)}: ", f"{title(deal)}：") + named(number) + slow
                )
    return _distances(farm, first)


def _slow_turn(events: Sequence[Request], share: int, most: float) -> Sentence | None:
    """That a client of a closed loop took its turn later than `most` milliseconds after an answer."""
    turn = _turn(events, share)
    if turn <= most:
        return None
    return Sentence(
        f" sent the next request up to {significant(turn)} ms after an answer had ended (p99), bound {significant(most)} ms",
        f" 在回答结束后 {significant(turn)} 毫秒（p99）才发出下一请求，上限 {significant(most)} 毫秒",
    )


def _late(events: Sequence[Request], error: Bound | None, log: PhaseLog) -> Sentence | None:
    """That a client of an open loop sent too late, what its clock may be off included."""
    late = sorted(event.t_send - event.t_sched for event in events)
    limit = log.doc.lateness_bound_ms
    if not late or limit is None or not log.open_loop:
        return None
    p99 = (_p99(late) + (error.width_ns if error else 0)) / 1e6
    if p99 <= limit:
        return None
    return Sentence(
        f" sent up to {significant(p99)} ms late (p99 and clock), bound {limit:g} ms",
        f" 发送延迟达 {significant(p99)} 毫秒（p99 与时钟误差），上限 {limit:g} 毫秒",
    )


def _distances(farm: Farm, first: Mapping[int, Sequence[float]]) -> Finding:
    """Whether the clients are as near to the server as each other, beside their times to first token in milliseconds."""
    medians = {number: statistics.median(values) for number, values in first.items() if values}
    ways = {c.number: min(c.reach) / 1e6 for c in farm.clients if c.reach}
    if untimed := sorted(first.keys() - ways.keys()):
        why = Sentence(": its way to the server was not timed", "：其到服务器的路径未计时")
        return warned(named(untimed[0]) + why)
    figures = ", ".join(
        f"{n}: {significant(ways[n])} / {significant(medians[n], 4)} ms"
        for n in sorted(medians.keys() & ways.keys())
    )
    nearest = min(ways.values(), default=0.0)
    for number, way in sorted(ways.items()):
        if way - nearest > small_ms(first.get(number, ())):
            return warned(
                named(number)
                + Sentence(
                    f" is farther from the server than others (connection / median TTFT, by client: {figures})",
                    f" 与服务器的距离大于其他客户端（连接 / TTFT 中位数，按客户端：{figures}）",
                )
            )
    return passed(
        Sentence(
            f"connection / median TTFT, by client: {figures}",
            f"连接 / TTFT 中位数，按客户端：{figures}",
        )
    )


def _turn(events: Sequence[Request], share: int) -> float:
    """Milliseconds from an answer's end to the next request of a closed loop, 99th percentile; 0 where none followed.

    With its share in flight, a client sends its n-th further request when its n-th answer has ended.
    """
    ends = sorted(event.t_end for event in events)
    sends = sorted(event.t_send for event in events)[share:] if share else []
    waits = sorted(send - end for end, send in zip(ends, sends, strict=False))
    return _p99(waits) / 1e6 if waits else 0.0


def _p99(values: Sequence[int]) -> int:
    """Of sorted values."""
    return values[round((len(values) - 1) * 0.99)]


def small_ms(first: Sequence[float]) -> float:
    """What changes little about times to first token like these, milliseconds."""
    return max(1.0, statistics.median(first) / 20 if first else 0.0)
