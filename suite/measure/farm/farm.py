"""All load clients of a run: joined before it, dealt each load, started at one moment, sealed after it, and left.

The run's log keeps all of it: who joined, every exchange of clocks, each deal with its start, the seals, and who was lost.
"""

from __future__ import annotations

import contextlib
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from msgspec import UNSET
from msgspec.structs import replace

from suite.base.bilingual import Sentence
from suite.base.errors import SetupError
from suite.declare.analysis.dealing import shares
from suite.documents import farm as wire
from suite.documents.codec import plain
from suite.documents.document import given
from suite.documents.event import Mark
from suite.evidence.farm import shifted
from suite.measure.farm.member import RemoteClient
from suite.measure.load.driver import Hooks
from suite.measure.load.processes.coordinator import Coordinator, count_for, deal
from suite.measure.nodes.identity import other_suite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from suite.documents.document import Document
    from suite.documents.event import Request
    from suite.documents.phase import Phase
    from suite.measure.context import Run
    from suite.measure.engine import Served
    from suite.measure.load.requests.job import Job
    from suite.measure.load.stats import PhaseStats
    from suite.measure.load.target import Target

CEILING_S: Final = 2.0
CEILING_WAIT_S: Final = 120.0
LEAD_NS: Final = 250_000_000
"""A load starts this long after the last client has said that its connections stand."""
_NAMES: Final = {kind: name for name, kind in wire.FARM_MARKS.items()}
WRITE_S: Final = 1.0
"""How often the exchanges of clocks so far are written into the log."""


class Farm:
    """The clients; the requests of every load that can be dealt are sent by them.

    Attributes:
        clients: by number.
    """

    def __init__(self, run: Run, clients: Sequence[RemoteClient]) -> None:
        """Take clients that have joined."""
        self.clients = clients
        self._run = run
        self._shifts: list[int] = []
        self._write_at = 0.0

    def send(
        self,
        target: Target,
        jobs: Sequence[Job],
        *,
        phase: Phase,
        zero_ns: int,
        on_request: Callable[[Request], None],
        hooks: Hooks,
    ) -> PhaseStats:
        """Send a load; see `suite.measure.load.send.run_phase`. One client may be all that can share it.

        Raises:
            UsageError, SetupError: as a client met it; ``client-lost`` where one is gone before the load.
        """
        cpu = time.process_time()
        number = count_for(phase, jobs, len(self.clients))
        members = self.clients[:number]
        hands = deal(jobs, number)
        split = self._split(phase, hands)

        def begin() -> int | None:
            start = time.monotonic_ns() + LEAD_NS
            for client in members:
                client.start_ns, client.begun = client.by_its_clock(start - zero_ns), True
            self._shifts = [start - zero_ns - client.start_ns for client in members]
            self._write_clocks()
            dealt = wire.DealMark(
                requests=len(jobs),
                first_index=jobs[0].index,
                shares=tuple(split),
                start_t=start - zero_ns,
                starts=tuple(client.start_ns for client in members),
            )
            self._mark(dealt, phase)
            return start

        coordinator = Coordinator(
            members,
            phase,
            zero_ns,
            on_request,
            Hooks(hooks.stop, hooks.enough, hooks.on_progress, begin),
            on_turn=self._on_turn,
        )
        try:
            for client, hand in zip(members, hands, strict=True):
                client.exchange()
                client.load(_order(target, phase, len(hand), split[client.number]), hand, phase)
            return coordinator.stats(len(jobs), cpu)
        finally:
            self._seal(members)

    @staticmethod
    def _split(phase: Phase, hands: Sequence[Sequence[Job]]) -> list[int]:
        """Requests that each may have in flight; 0 in an open loop."""
        if hands[0][0].t_sched_ns is not None:
            return [0] * len(hands)
        if phase.concurrency is not None:
            return shares(phase.concurrency, len(hands))
        return [1] if phase.scenario == "single_stream" else [len(hand) for hand in hands]

    def on_the_runs_clock(self, event: Request) -> Request:
        """A client's request as the judge will see it."""
        return event if event.client is UNSET else shifted(event, self._shifts[event.client])

    def require_whole(self) -> None:
        """Refuse to go on without a client.

        Raises:
            SetupError: ``client-lost``.
        """
        for client in self.clients:
            if client.lost:
                raise client.loss_error()

    def reach(self, served: Served) -> None:
        """Have every client open connections to the server.

        Raises:
            SetupError: ``client-engine-unreachable``, ``client-lost``.
        """
        for client in self.clients:
            order = wire.Reach(base_url=served.base_url, address=served.address)
            reached = client.ask(order, wire.Reached, 60.0)
            if reached.why:
                message = Sentence(
                    f"{client.title} does not reach {served.base_url}: {reached.why}",
                    f"{client.title} 无法访问 {served.base_url}：{reached.why}",
                )
                raise SetupError("client-engine-unreachable", message)
            mark = wire.ReachMark(client=client.number, connect_ns=reached.connect_ns)
            self._mark(mark)

    def _on_turn(self) -> None:
        now = time.monotonic()
        if now >= self._write_at:
            self._write_at = now + WRITE_S
            self._write_clocks()

    def _write_clocks(self) -> None:
        for client in self.clients:
            if client.exchanges:
                rows, client.exchanges = tuple(client.exchanges), []
                mark = wire.ClockMark(client=client.number, exchanges=rows)
                self._mark(mark)

    def _seal(self, members: Sequence[RemoteClient]) -> None:
        """After a load: exchanges of clocks once more, what each says of its log, and who is gone."""
        for client in members:
            with contextlib.suppress(SetupError):
                if not client.lost and client.over:
                    client.exchange()
        self._write_clocks()
        for client in members:
            if client.sealed is not None:
                mark = wire.SealMark(client=client.number, seal=client.sealed)
                self._mark(mark)
                client.sealed = None
            if client.lost:
                lost = wire.LostMark(client=client.number, why=str(client.lost)[:2000])
                self._mark(lost)

    def _mark(self, detail: Document, phase: Phase | None = None) -> None:
        self._run.writer.event(
            Mark(
                t=self._run.now(),
                name=_NAMES[type(detail)],
                phase=UNSET if phase is None else phase.name,
                repeat=UNSET if phase is None else phase.repeat,
                measured=UNSET if phase is None else phase.measured,
                detail=dict[str, object](plain(detail)),
            )
        )

    def join(self, salt: str) -> None:
        """Learn which machines the clients are on, and what each can do there; one after the other on one machine.

        Raises:
            SetupError: ``client-version-differs``, ``client-lost``.
        """
        mine = self._run.plan.suite.files_sha256
        machines: dict[str, list[RemoteClient]] = defaultdict(list)
        for client in self.clients:
            client.joined = client.ask(wire.Join(protocol=wire.PROTOCOL, salt=salt), wire.Joined)
            machines[client.joined.boot].append(client)
            if mine not in (UNSET, client.joined.suite.files_sha256):
                message = other_suite(client.title, client.joined.suite, self._run.plan.suite)
                raise SetupError("client-version-differs", message)
        with ThreadPoolExecutor(len(machines)) as pool:
            list(pool.map(_measure_ceilings, machines.values()))
        for client in self.clients:
            facts = client.joined.facts
            cores = facts["host.cores"].value if "host.cores" in facts else 0
            cpu = facts["host.cpu"].value if "host.cpu" in facts else ""
            mark = wire.ClientMark(
                client=client.number,
                machine=client.joined.machine,
                boot=client.joined.boot,
                suite=client.joined.suite,
                host=str(given(cpu, ""))[:200],
                cores=cores if type(cores) is int and cores >= 0 else 0,
                ceiling=client.ceiling,
                clock_zero_ns=client.joined.clock_zero_ns,
            )
            self._mark(mark)


def _measure_ceilings(clients: Sequence[RemoteClient]) -> None:
    for client in clients:
        order = wire.AskCeiling(seconds=CEILING_S)
        client.ceiling = client.ask(order, wire.Ceiling, CEILING_WAIT_S)


@contextlib.contextmanager
def gathered(run: Run) -> Iterator[Farm | None]:
    """The run's load clients for the length of a ``with`` block; None where the run sends everything itself.

    Raises:
        SetupError: ``client-absent``, ``client-version-differs``, ``client-lost``, ``agent-token-refused``, ``agent-busy``.
    """
    places = run.load.clients
    if not places:
        yield None
        return
    run.step(Sentence(f"joining {len(places)} load clients", f"连接 {len(places)} 个负载客户端"))
    with contextlib.ExitStack() as stack:
        clients = []
        for number, place in enumerate(places):
            client = RemoteClient(number, place, run.load.client_token, run.zero_ns)
            stack.callback(client.close)
            clients.append(client)
        farm = Farm(run, clients)
        farm.join(run.salt)
        yield farm


def _order(target: Target, phase: Phase, jobs: int, concurrency: int) -> wire.Load:
    """What a client gets of a load: so many of its requests, so many of them in flight; 0 in an open loop."""
    return wire.Load(
        base_url=target.base_url,
        path=target.path,
        address=target.address,
        headers=dict(target.headers),
        request=target.request,
        send_stamps=target.send_stamps,
        phase=replace(phase, concurrency=concurrency or None, tasks=jobs, arrivals_ns=None),
        jobs=jobs,
    )
