"""Rules about load clients on other machines: what each was dealt, in which order it was seen, by which clock, and who was lost."""

from __future__ import annotations

from collections import Counter
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from msgspec import UNSET

from suite.base.bilingual import Bilingual, Sentence, chinese
from suite.base.quantities import significant
from suite.declare.analysis.dealing import owner, shares
from suite.declare.scenarios.phase import kind
from suite.documents.document import given
from suite.judge.log.phases import phase_logs
from suite.judge.rules.rule import (
    Finding,
    failed,
    not_applicable,
    of,
    passed,
    place,
    rule,
    warned,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from suite.documents.event import Request
    from suite.documents.phase import Phase
    from suite.evidence import Evidence
    from suite.evidence.farm import Client, Deal, Farm

ALONE: Final = Sentence(
    "no load client: the run sent everything itself", "没有负载客户端：全部由运行自身发送"
)
LEAST_NS: Final = 1_000_000
"""A clock's error below this is small whatever the load."""
ERROR_SHARE: Final = 1_000
"""As a part of the load's length: throughput is then off by 0.2 % at most."""
SECOND_NS: Final = 1_000_000_000


def farm_of(evidence: Evidence) -> Farm | Finding:
    """The run's load clients; a finding where it has none."""
    return not_applicable(ALONE) if evidence.farm is None else evidence.farm


def named(client: Client | int) -> Sentence:
    """A client, for people."""
    number = client if isinstance(client, int) else client.number
    return Sentence(f"client {number}", f"客户端 {number}")


def title(deal: Deal) -> str:
    """A load, by its phase."""
    return f"{deal.phase[0]}/{deal.phase[1]}"


def mine(deal: Deal, client: int) -> list[Request]:
    """What a client sent of a load."""
    return [event for event in deal.events if event.client == client]


@rule(
    "R118",
    title=Bilingual("The clients' union is the schedule", "各客户端的并集即调度"),
    asks=Bilingual(
        "Each request that can be dealt was sent by the client whose number is its index modulo the number of clients, at its "
        "planned moment to the nanosecond by the schedule; the shares of a closed loop are the even ones, sum to its "
        "concurrency, and no client had more in flight than its own.",
        "每个可分派的请求由编号等于其序号除以客户端数之余数的客户端发送，计划时刻与调度精确到纳秒；闭环的份额均分、"
        "合计等于并发数，且没有客户端的在途请求超过其份额。",
    ),
    reason=Bilingual(
        "A client that drops what it cannot send, or sends what is another's, makes another load of the planned one.",
        "客户端若丢弃无法发送的请求，或发送属于他人的请求，实际负载便不再是计划的负载。",
    ),
    phases="every",
    broken=Bilingual("fail", "fail"),
)
@of(farm_of)
def union(evidence: Evidence, farm: Farm) -> Finding:
    """Who sent what, and how much at once."""
    for event in evidence.requests:
        doc = _phase(evidence, event)
        if event.client is UNSET and doc is not None and _is_dealt(doc):
            why = Sentence(
                f"request {event.index} of {event.phase} was sent by no client",
                f"{event.phase} 的请求 {event.index} 不是由任何客户端发送",
            )
            return failed(why, [place(event)])
    for deal in farm.deals:
        docs = [log.doc for key, log in phase_logs(evidence).items() if key == deal.phase]
        if wrong := _misdealt(deal, docs[0]) if docs else "":
            return failed(
                Sentence(f"{title(deal)}: {wrong}", f"{title(deal)}：{chinese(wrong)}"),
                ["events.jsonl"],
            )
    sent = sum(len(deal.events) for deal in farm.deals)
    most = max((len(deal.clients) for deal in farm.deals), default=0)
    return passed(
        Sentence(
            f"{sent} requests in {len(farm.deals)} loads by up to {most} clients, each once and by its own client",
            f"{len(farm.deals)} 次负载共 {sent} 个请求，至多由 {most} 个客户端发送，每个请求一次且由其所属客户端发送",
        )
    )


def _phase(evidence: Evidence, event: Request) -> Phase | None:
    log = phase_logs(evidence).get((event.phase, event.repeat, event.measured))
    return None if log is None else log.doc


def _is_dealt(doc: Phase) -> bool:
    """Whether a phase can be dealt: no conversations, which depend on answers, and no batches in step."""
    return kind(doc).source != "sessions" and not doc.lockstep


def _misdealt(deal: Deal, doc: Phase) -> str:
    """What is wrong with a load; "" where nothing is."""
    number = len(deal.clients)
    first, start = deal.mark.first_index, deal.mark.start_t
    for event in deal.events:
        if event.client != owner(event.index, number) or not (
            first <= event.index < first + deal.mark.requests
        ):
            return Sentence(
                f"request {event.index} was sent by client {event.client}, which was not dealt it",
                f"请求 {event.index} 由客户端 {event.client} 发送，而并未分派给它",
            )
        planned = doc.arrivals_ns
        if planned and event.index < len(planned) and event.t_sched != start + planned[event.index]:
            return Sentence(
                f"request {event.index} was planned for another moment",
                f"请求 {event.index} 的计划时刻不同",
            )
    return _overfull(deal, doc)


def _overfull(deal: Deal, doc: Phase) -> str:
    number = len(deal.clients)
    dealt = Counter(
        owner(index, number)
        for index in range(deal.mark.first_index, deal.mark.first_index + deal.mark.requests)
    )
    if doc.arrivals_ns or kind(doc).source == "search":
        wanted = [0] * number
    elif doc.concurrency is not None:
        wanted = shares(doc.concurrency, number)
    else:
        wanted = [1] if kind(doc).one_at_a_time else [dealt[n] for n in range(number)]
    if list(deal.mark.shares) != wanted:
        return Sentence(
            f"shares {list(deal.mark.shares)} of the concurrency, due are {wanted}",
            f"并发份额为 {list(deal.mark.shares)}，应为 {wanted}",
        )
    for client, share in enumerate(wanted):
        most = _most_at_once(mine(deal, client))
        if share and most > share:
            return Sentence(
                f"client {client} had {most} requests in flight, its share is {share}",
                f"客户端 {client} 有 {most} 个在途请求，其份额为 {share}",
            )
    return ""


def _most_at_once(events: Sequence[Request]) -> int:
    steps = sorted(
        [(event.t_end, -1) for event in events] + [(event.t_send, 1) for event in events]
    )
    return max(accumulate(step for _, step in steps), default=0)


@rule(
    "R119",
    title=Bilingual(
        "The log is what the clients wrote, as it was seen", "日志即各客户端所写，按所见次序"
    ),
    asks=Bilingual(
        "After every load each client states length and digest of its own log, and the lines of this one give the same; the run "
        "saw them in the order of the lines, and none before it had ended.",
        "每次负载之后，各客户端声明自身日志的行数与摘要，而本日志中的相应各行与之相同；运行按行的次序看到它们，且均在其结束之后。",
    ),
    reason=Bilingual(
        "Stop rules and searches follow the order in which requests were seen: whoever may change it, or a line, chooses the end.",
        "停止规则与搜索依所见次序进行：谁能更改次序或某一行，谁就能选择结束的时刻。",
    ),
    phases="run",
    broken=Bilingual("fail", "fail"),
)
@of(farm_of)
def as_written(_: Evidence, farm: Farm) -> Finding:
    """Seals, and the order seen."""
    if wrong := next(_unsealed(farm), ""):
        return failed(wrong, ["events.jsonl"])
    for deal in farm.deals:
        seen = -(1 << 62)
        errors = [deal.error(n) for n in range(len(deal.clients))]
        for event in deal.events:
            bound = errors[event.client] if event.client is not UNSET else None
            earliest = event.t_end - (0 if bound is None else bound.width_ns)
            if event.t_seen is UNSET or event.t_seen < max(seen, earliest):
                why = Sentence(
                    f"request {event.index} of {title(deal)} was seen before it had ended, or out of turn",
                    f"{title(deal)} 的请求 {event.index} 在其结束之前即被看到，或次序不符",
                )
                return failed(why, [place(event)])
            seen = event.t_seen
    seals = sum(len(client.seals) for client in farm.clients)
    return passed(
        Sentence(
            f"{sum(client.lines for client in farm.clients)} lines under {seals} seals",
            f"{seals} 个封记之下共 {sum(client.lines for client in farm.clients)} 行",
        )
    )


def _unsealed(farm: Farm) -> Iterator[Sentence]:
    for client in farm.clients:
        for seal, lines, digest in client.seals:
            if (seal.lines, seal.sha256) != (lines, digest):
                yield named(client) + Sentence(
                    f" wrote {seal.lines} lines, and this log's {lines} are not they",
                    f" 写了 {seal.lines} 行，而本日志的 {lines} 行与之不同",
                )
        if client.open:
            yield named(client) + Sentence(
                f": {client.open} lines were never sealed", f"：有 {client.open} 行从未封记"
            )


@rule(
    "R120",
    title=Bilingual("The clients' clocks are known", "各客户端的时钟已知"),
    asks=Bilingual(
        "Exchanges before and after each load, and during each longer than two seconds, bound every client's clock against the run's, with a drift of "
        "500 ppm allowed between them; they agree with each other, and no time is off by more than 1 ms or a thousandth of the load.",
        "每次负载前后，以及时长超过两秒的负载期间，均有时刻交换，在允许 500 ppm 漂移之下界定各客户端时钟相对运行时钟的偏移；交换之间互不矛盾，"
        "且任何时刻的误差不超过 1 毫秒或负载时长的千分之一。",
    ),
    reason=Bilingual(
        "Latencies need one clock alone; throughput, arrivals and concurrency of several machines are as good as what is known of their clocks.",
        "时延只需一个时钟；而多台机器的吞吐、到达与并发，其可信程度取决于对各时钟的了解。",
    ),
    phases="every",
    broken=Bilingual(
        "fail without exchanges, or where they contradict each other; warn, *open* at best, for a larger error",
        "没有交换或交换互相矛盾为 fail；误差过大为 warn，至多 *open*",
    ),
    limits="open",
)
@of(farm_of)
def clocks(_: Evidence, farm: Farm) -> Finding:
    """How far each client's times may lie from the run's clock."""
    worst: dict[int, int] = {}
    late: Sentence | None = None
    for deal in farm.deals:
        length = _length(deal)
        for number, client in enumerate(deal.clients):
            before, during, after = deal.around(number)
            bound = deal.error(number)
            name = Sentence(f"{title(deal)}: ", f"{title(deal)}：") + named(client)
            if bound is None or not before or not after or (length > 2 * SECOND_NS and not during):
                return failed(
                    name + Sentence(": no exchanges around the load", "：负载前后没有时刻交换"),
                    ["events.jsonl"],
                )
            if bound.low > bound.high:
                return failed(
                    name
                    + Sentence(
                        ": its exchanges contradict each other: a clock was set, or they are invented",
                        "：时刻交换互相矛盾：时钟被调整过，或数据系伪造",
                    ),
                    ["events.jsonl"],
                )
            worst[number] = max(worst.get(number, 0), bound.width_ns)
            if bound.width_ns > max(LEAST_NS, length // ERROR_SHARE):
                late = late or name + Sentence(
                    f" may be off by {significant(bound.width_ns / 1e6)} ms",
                    f" 的误差可达 {significant(bound.width_ns / 1e6)} 毫秒",
                )
    if late is not None:
        return warned(late)
    listed = ", ".join(
        f"{number}: ±{significant(error / 1e3)} µs" for number, error in sorted(worst.items())
    )
    return passed(
        Sentence(f"times lie within, by client: {listed}", f"各客户端的时刻误差不超过：{listed}")
    )


def _length(deal: Deal) -> int:
    """Nanoseconds from a load's start to its last end."""
    return (
        max((event.t_end for event in deal.events), default=deal.mark.start_t) - deal.mark.start_t
    )


@rule(
    "R121",
    title=Bilingual("No client was lost, and all are of one suite", "没有客户端丢失，且套件相同"),
    asks=Bilingual(
        "Every client took part to the end, on a machine that did not restart, with the suite of the run.",
        "每个客户端均参与到最后，其机器未曾重启，且与运行使用同一套件。",
    ),
    reason=Bilingual(
        "What a lost client had in flight is unknown, and its share of the load was never sent.",
        "丢失的客户端的在途请求情况未知，而其负载份额也未曾发送。",
    ),
    phases="run",
    broken=Bilingual("fail", "fail"),
)
@of(farm_of)
def there(evidence: Evidence, farm: Farm) -> Finding:
    """Losses, restarts and versions."""
    planned = evidence.plan.suite
    # A plan that does not say its suite's files is held to the version; the clients are of one suite all the same.
    files = given(planned.files_sha256, farm.clients[0].mark.suite.files_sha256)
    for client in farm.clients:
        what: Sentence | None = None
        if client.lost:
            what = Sentence(f" was lost: {client.lost}", f" 丢失：{chinese(client.lost)}")
        elif any(seal.boot != client.mark.boot for seal, _, _ in client.seals):
            what = Sentence(": its machine restarted", "：其机器重启过")
        elif (client.mark.suite.version, client.mark.suite.files_sha256) != (
            planned.version,
            files,
        ):
            what = Sentence(" is of another suite", " 的套件不同")
        if what is not None:
            return failed(named(client) + what, ["events.jsonl"])
    machines = Counter(attempt for attempt, _ in farm.crowds())
    together = Counter(client.attempt for client in farm.clients)
    last = max(together)
    return passed(
        Sentence(
            f"{together[last]} clients on {machines[last]} machine(s), to the end",
            f"{together[last]} 个客户端位于 {machines[last]} 台机器，均参与到最后",
        )
    )
