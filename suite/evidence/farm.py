"""Load clients on other machines, as the log keeps them: their clocks against the run's, their own logs, who was dealt what.

The log holds a client's requests as that client wrote them, in its own clock, in the order in which the run saw them. Read
back, all times of a load's requests are shifted by one constant for each client: the moment at which the run had it start,
by the run's clock less by the client's. So every latency stays what the client measured, and whoever follows a stop rule
sees the numbers that the run saw. How far that shift may be from the truth, the exchanges bound.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left, bisect_right
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec import UNSET
from msgspec.structs import replace

from suite.base.bilingual import Sentence
from suite.base.errors import EvidenceError
from suite.documents.codec import canonical, convert
from suite.documents.document import given
from suite.documents.farm import (
    FARM_MARKS,
    ClientMark,
    ClockMark,
    DealMark,
    LostMark,
    ReachMark,
    SealMark,
)
from suite.evidence.attempts import phase_key

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

    from suite.base.errors import Place
    from suite.documents.event import Mark, Request
    from suite.documents.farm import Exchange, Seal
    from suite.evidence.attempts import Key

DRIFT_PPM: Final = 500
"""How fast two clocks may run apart: what a kernel slews one by, and more than two crystals differ."""
_PER: Final = 1_000_000 // DRIFT_PPM


class Bound(NamedTuple):
    """An interval in which something lies for certain, nanoseconds; none where `low` is above `high`."""

    low: int
    high: int

    @property
    def width_ns(self) -> int:
        """The farthest from 0."""
        return max(abs(self.low), abs(self.high))


class Offsets:
    """A client's clock less the run's, bounded at any moment, by exchanges and the drift that is allowed between them.

    An exchange proves the offset to lie between its answer's time less that of its arrival and its question's arrival less
    its time, however long each way took.
    """

    def __init__(self, exchanges: Iterable[Exchange]) -> None:
        """Tighten each exchange's bounds by all others."""
        rows = sorted(
            (there, back - arrived - _drift(back - there), there - sent)
            for sent, there, back, arrived in exchanges
        )
        self.times = [row[0] for row in rows]
        self._low = _tightened(self.times, [row[1] for row in rows], up=True)
        self._high = _tightened(self.times, [row[2] for row in rows], up=False)

    def at(self, moment: int) -> Bound:
        """The offset at a moment of the client's clock.

        Raises:
            ValueError: there is no exchange.
        """
        if not self.times:
            raise ValueError("no exchange")
        after = min(bisect_left(self.times, moment), len(self.times) - 1)
        near = {after, max(after - 1, 0)}
        away = {n: _drift(abs(moment - self.times[n])) for n in near}
        return Bound(
            max(self._low[n] - away[n] for n in near), min(self._high[n] + away[n] for n in near)
        )

    def over(self, first: int, last: int) -> Bound:
        """The offsets at all moments between two of the client's clock."""
        inside = range(bisect_left(self.times, first), bisect_right(self.times, last))
        points = [
            self.at(first),
            *(Bound(self._low[n], self._high[n]) for n in inside),
            self.at(last),
        ]
        moments = [first, *(self.times[n] for n in inside), last]
        if any(point.low > point.high for point in points):
            return Bound(1, 0)
        low, high = points[0]
        for n in range(len(points) - 1):
            # Between two moments each bound rises and falls again by the drift.
            slack = _drift(moments[n + 1] - moments[n])
            low = min(low, (points[n].low + points[n + 1].low - slack) // 2)
            high = max(high, -((-points[n].high - points[n + 1].high - slack) // 2))
        return Bound(low, high)


def _drift(nanoseconds: int) -> int:
    return -(-nanoseconds // _PER)


def _tightened(times: Sequence[int], bounds: list[int], *, up: bool) -> list[int]:
    sign = -1 if up else 1
    best = [sign * bound for bound in bounds]
    for order in (range(1, len(best)), range(len(best) - 2, -1, -1)):
        for n in order:
            other = n - 1 if order.step > 0 else n + 1
            best[n] = min(best[n], best[other] + _drift(abs(times[n] - times[other])))
    return [sign * bound for bound in best]


@dataclass(slots=True, eq=False)
class Client:
    """One client of one attempt.

    Attributes:
        mark: with which it joined.
        t: when, by the run's clock.
        attempt: of the run in which it did, from 0.
        exchanges: with it, in the order of the log.
        seals: of its log, as it stated them, each with the same as the log has it.
        reach: nanoseconds that its connections to the server took.
        lost: why it no longer took part; "" while it did.
        lines: of its log so far.
        open: lines since the last seal.
    """

    mark: ClientMark
    t: int
    attempt: int = 0
    exchanges: list[Exchange] = field(default_factory=list)
    seals: list[tuple[Seal, int, str]] = field(default_factory=list)
    reach: tuple[int, ...] = ()
    lost: str = ""
    lines: int = 0
    open: int = 0
    _offsets: Offsets | None = None
    _digest: hashlib._Hash = field(default_factory=hashlib.sha256)

    @property
    def number(self) -> int:
        """Which one it is, from 0."""
        return self.mark.client

    def add(self, event: Request) -> None:
        """Take a line of its log as the run wrote it."""
        self._digest.update(own_line(event))
        self.lines += 1
        self.open += 1

    def seal(self, seal: Seal) -> None:
        """Take what it says of its log, beside what the run has of it."""
        self.seals.append((seal, self.lines, self._digest.hexdigest()))
        self.open = 0

    def offsets(self) -> Offsets:
        """Its clock against the run's."""
        if self._offsets is None or len(self._offsets.times) != len(self.exchanges):
            self._offsets = Offsets(self.exchanges)
        return self._offsets


@dataclass(slots=True, eq=False)
class Deal:
    """A load that was dealt among clients: a phase, or a probe of a search.

    Attributes:
        mark: how.
        phase: whose.
        clients: that were there, by number.
        events: what they sent, in the order in which the run saw it, on the run's clock.
    """

    mark: DealMark
    phase: Key
    clients: tuple[Client, ...]
    events: list[Request] = field(default_factory=list)

    def shift(self, client: int) -> int:
        """What is added to a client's times."""
        return self.mark.start_t - self.mark.starts[client]

    def error(self, client: int) -> Bound | None:
        """How far that client's times lie from the run's clock, over the load; None without exchanges about it."""
        exchanges = self.clients[client].exchanges
        if not exchanges:
            return None
        first = self.mark.starts[client]
        mine = [event.t_end for event in self.events if event.client == client]
        last = max((end - self.shift(client) for end in mine), default=first)
        offset = self.clients[client].offsets().over(first, max(first, last))
        if offset.low > offset.high:
            return offset
        return Bound(offset.low + self.shift(client), offset.high + self.shift(client))

    def around(self, client: int) -> tuple[int, int, int]:
        """Exchanges with a client before, during and after the load."""
        first = self.mark.starts[client]
        last = max(
            (e.t_end - self.shift(client) for e in self.events if e.client == client), default=first
        )
        times = [exchange[1] for exchange in self.clients[client].exchanges]
        before, after = sum(t <= first for t in times), sum(t >= last for t in times)
        return before, len(times) - before - after, after


@dataclass(slots=True, eq=False)
class Farm:
    """All clients of a run, and what they were dealt.

    Attributes:
        clients: that ever joined, in the order of the log.
        deals: in the order of the log, without those of phases that were measured again.
    """

    clients: list[Client] = field(default_factory=list)
    deals: list[Deal] = field(default_factory=list)
    _attempt: int = 0
    _present: dict[int, Client] = field(default_factory=dict)

    def take(self, mark: Mark, place: Place) -> None:
        """Take a mark, if it is one of a farm.

        Raises:
            EvidenceError: ``client-unknown``, ``schema-violation``.
        """
        kind = FARM_MARKS.get(mark.name)
        if kind is None:
            return
        match convert(given(mark.detail, {}), kind, file=f"{place.file}:{place.line} {mark.name}"):
            case ClientMark() as detail:
                joined = Client(detail, mark.t, self._attempt)
                self._present[joined.number] = joined
                self.clients.append(joined)
            case ReachMark() as reach:
                self._client(reach.client, place).reach = reach.connect_ns
            case ClockMark() as clock:
                self._client(clock.client, place).exchanges.extend(clock.exchanges)
            case SealMark() as sealed:
                self._client(sealed.client, place).seal(sealed.seal)
            case LostMark() as lost:
                self._client(lost.client, place).lost = lost.why
            case DealMark() as deal:
                clients = tuple(self._client(n, place) for n in range(len(deal.starts)))
                if len(deal.shares) != len(clients):
                    raise _unknown(Sentence("a share for each client", "每个客户端一份"), place)
                self.deals.append(Deal(deal, phase_key(mark), clients))
            case _:
                pass

    def request(self, event: Request, place: Place) -> Request:
        """A client's request on the run's clock; one that the run sent itself as it is.

        Raises:
            EvidenceError: ``client-unknown``.
        """
        if event.client is UNSET:
            return event
        deal = self.deals[-1] if self.deals else None
        key = event.phase, event.repeat, event.measured
        if deal is None or deal.phase != key or event.client >= len(deal.clients):
            message = Sentence(
                f"request {event.index} is of client {event.client}, to which nothing was dealt",
                f"请求 {event.index} 属于客户端 {event.client}，而并未向其分派",
            )
            raise _unknown(message, place)
        deal.clients[event.client].add(event)
        moved = shifted(event, deal.shift(event.client))
        deal.events.append(moved)
        return moved

    def set_aside(self, phases: Container[Key]) -> None:
        """Forget what was dealt of phases that are measured again."""
        aside = [deal for deal in self.deals if deal.phase in phases]
        self.deals = [deal for deal in self.deals if deal.phase not in phases]
        for client in self._present.values():
            client.lost = (
                ""  # in a phase that is measured again: only the last one can lose a client
            )
            client.open -= min(
                client.open,
                sum(
                    event.client == client.number
                    for deal in aside
                    if client in deal.clients
                    for event in deal.events
                ),
            )
        self._present = {}
        self._attempt += 1

    def crowds(self) -> Counter[tuple[int, str]]:
        """How many clients each machine had at once: by attempt and digest of its boot."""
        return Counter((client.attempt, client.mark.boot) for client in self.clients)

    def _client(self, number: int, place: Place) -> Client:
        if number not in self._present:
            message = Sentence(f"client {number} has not joined", f"客户端 {number} 尚未加入")
            raise _unknown(message, place)
        return self._present[number]


def shifted(event: Request, nanoseconds: int) -> Request:
    """A request with all its times moved; its latencies stay."""
    first = event.chunk_t0
    return replace(
        event,
        t_sched=event.t_sched + nanoseconds,
        t_send=event.t_send + nanoseconds,
        chunk_t0=None if first is None else first + nanoseconds,
        t_end=event.t_end + nanoseconds,
    )


def own_line(event: Request) -> bytes:
    """A client's request as the line of its own log: without what the run added to it."""
    usage = replace(event.usage, own_completion=UNSET, own_lead=UNSET)
    return canonical(replace(event, client=UNSET, t_seen=UNSET, usage=usage)) + b"\n"


def _unknown(message: Sentence, place: Place) -> EvidenceError:
    return EvidenceError("client-unknown", message, place)
