"""A load client: takes its share of a run's loads over a connection, and sends it with a process of the local load generator.

That process is the one that a run with several workers starts, so that nothing stands between it and the server. This one
hands its events on, keeps count of them, and answers the run's questions for the time from a thread of its own. Its times are
nanoseconds of its own monotonic clock since the run joined; the run alone knows what that is by another clock.
"""

from __future__ import annotations

import contextlib
import hashlib
import queue
import select
import socket
import threading
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from msgspec import structs

from suite.base.bilingual import Sentence
from suite.base.errors import SetupError, SuiteError
from suite.documents import farm as wire
from suite.documents.codec import canonical, convert
from suite.measure.listener import Listener, refusal
from suite.measure.load.driver import Hooks
from suite.measure.load.processes.coordinator import send_apart
from suite.measure.load.requests.job import Job
from suite.measure.load.selftest import ceiling
from suite.measure.load.stats import Ending, PhaseStats
from suite.measure.load.synthetic import REQUEST
from suite.measure.load.target import Target
from suite.measure.load.transport.address import resolve
from suite.measure.nodes.identity import boot_digest, this_machine

if TYPE_CHECKING:
    from suite.base.framing import Channel
    from suite.documents.event import Request

SILENCE_S: Final = 20.0
"""A load ends when the run has said nothing for so long; it asks for the time ten times a second."""
CONNECTS: Final = 5
CONNECT_S: Final = 5.0


class LoadClient(Listener):
    """Listens for runs; one at a time."""

    def obey(self, channel: Channel, ended: threading.Event) -> None:
        """Carry out a run's orders until it leaves."""
        with contextlib.closing(channel), self.only_run(channel, ended) as free:
            if free:
                _Session(channel).obey()


class _Session:
    """One run at a client."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._zero_ns = time.monotonic_ns()
        self._salt = ""
        self._orders: queue.SimpleQueue[wire.FarmOrders | None] = queue.SimpleQueue()
        self._sending = threading.Lock()
        self._log_sha256 = hashlib.sha256()
        self._lines = 0
        self._in_flight = 0
        self._heard_at = time.monotonic()
        self._loading = False
        self._stopped = False
        self._ending: Ending | None = None
        self._begin_ns: int | None = None
        self._begun = threading.Event()
        self._problem: SetupError | None = None

    def obey(self) -> None:
        """Carry out orders until the run leaves.

        Raises:
            SetupError: what it says is no order.
        """
        reader = threading.Thread(target=self._listen, name="client-orders", daemon=True)
        reader.start()
        while (order := self._orders.get()) is not None:
            try:
                reply = self._done(order)
            except SuiteError as error:
                reply = refusal(error)
            self._send(canonical(reply))
        if self._problem is not None:
            raise self._problem

    def _listen(self) -> None:
        """Answer questions for the time at once, and queue the other orders; ends with the connection."""
        try:
            while self._hears():
                message = self._channel.receive(SILENCE_S)
                read_ns = time.monotonic_ns() - self._zero_ns
                self._heard_at = time.monotonic()
                order: wire.FarmOrders = convert(
                    message, wire.FarmOrders, file=self._channel.peer, error=SetupError
                )
                self._take(order, read_ns)
        except OSError:
            pass
        except SetupError as error:
            self._problem = error
        finally:
            # Without a run nobody wants the load.
            self._stopped = True
            self._begun.set()
            self._orders.put(None)

    def _hears(self) -> bool:
        """Wait for the next order; False when the run is gone or has fallen silent in the middle of a load."""
        while not (self._channel.waiting or select.select([self._channel.socket], [], [], 1.0)[0]):
            if self._loading and time.monotonic() - self._heard_at > SILENCE_S:
                return False
        return True

    def _take(self, order: wire.FarmOrders, read_ns: int) -> None:
        match order:
            case wire.AskTime():
                with self._sending:
                    now = time.monotonic_ns() - self._zero_ns
                    answer = wire.Time(
                        received_ns=read_ns, answered_ns=now, in_flight=self._in_flight
                    )
                    self._channel.send_data(canonical(answer))
            case wire.Begin():
                self._begin_ns = order.at_ns + self._zero_ns
                self._begun.set()
            case wire.End():
                self._ending = Ending(order.reason, cancel=order.cancel)
            case wire.Halt():
                self._stopped = True
                self._begun.set()
            case _:
                self._orders.put(order)

    def _send(self, data: bytes) -> None:
        with self._sending, contextlib.suppress(OSError):  # the listener sees that it is gone
            self._channel.send_data(data)

    def _done(self, order: wire.FarmOrders) -> wire.FarmReplies:
        match order:
            case wire.Join():
                return self._join(order)
            case wire.AskCeiling():
                tokens_s, limited_by, lateness_ms = ceiling(min(float(order.seconds), 60.0))
                return wire.Ceiling(
                    tokens_s=tokens_s, limited_by=limited_by, lateness_ms=max(0.0, lateness_ms)
                )
            case wire.Reach():
                return _reached(order)
            case wire.Load():
                return self._load(order)
            case _:
                raise _unexpected()

    def _join(self, order: wire.Join) -> wire.Joined:
        if order.protocol != wire.PROTOCOL:
            message = Sentence(
                f"this client speaks version {wire.PROTOCOL}, the run {order.protocol}",
                f"此客户端的协议版本为 {wire.PROTOCOL}，运行的为 {order.protocol}",
            )
            raise SetupError("client-version-differs", message)
        self._salt = order.salt
        machine = structs.asdict(this_machine(order.salt))
        return wire.Joined(**machine, clock_zero_ns=self._zero_ns)

    def _load(self, order: wire.Load) -> wire.FarmReplies:
        self._stopped, self._ending, self._in_flight = False, None, 0
        self._begun.clear()
        jobs: list[Job] = []
        while len(jobs) < order.jobs:
            more = self._orders.get()
            if not isinstance(more, wire.Jobs):
                self._orders.put(None)
                raise _unexpected()
            jobs += [Job(**structs.asdict(job)) for job in more.jobs]
        target = Target(
            base_url=order.base_url,
            path=order.path,
            headers=order.headers,
            request=order.request,
            send_stamps=order.send_stamps,
            address=order.address,
        )
        self._heard_at, self._loading = time.monotonic(), True
        try:
            stats = send_apart(
                target,
                jobs,
                phase=order.phase,
                zero_ns=self._zero_ns,
                on_request=self._tell,
                hooks=Hooks(self._is_stopped, lambda: self._ending, self._progress, self._begin),
                workers=1,
                pinned=False,
            )
        finally:
            self._loading = False
        return wire.Over(
            stats=_stats(stats),
            seal=wire.Seal(
                lines=self._lines,
                sha256=self._log_sha256.hexdigest(),
                boot=boot_digest(self._salt),
            ),
        )

    def _is_stopped(self) -> bool:
        return self._stopped

    def _begin(self) -> int | None:
        """Tell that the connections stand, and wait for the moment at which all clients start."""
        self._send(canonical(wire.Ready()))
        self._begun.wait()
        return None if self._stopped else self._begin_ns

    def _tell(self, event: Request) -> None:
        line = canonical(event)
        self._log_sha256.update(line + b"\n")
        self._lines += 1
        self._send(b'{"is":"ended","request":' + line + b"}")

    def _progress(self, _completed: int, _failed: int, in_flight: int) -> None:
        self._in_flight = in_flight


def _unexpected() -> SetupError:
    return SetupError(
        "agent-message-wrong", Sentence("an order out of turn", "指令的次序不符合预期")
    )


def _reached(order: wire.Reach) -> wire.Reached:
    """How long connections to the server take from here; why there are none."""
    took: list[int] = []
    try:
        target = Target(order.base_url, "/", {}, REQUEST, address=order.address)
        address = resolve(target)
        for _ in range(CONNECTS):
            begun = time.monotonic_ns()
            with socket.socket(address.family, socket.SOCK_STREAM) as connection:
                connection.settimeout(CONNECT_S)
                connection.connect(address.sockaddr)
            took.append(time.monotonic_ns() - begun)
    except (OSError, SuiteError) as error:
        return wire.Reached(connect_ns=tuple(took), why=str(error) or type(error).__name__)
    return wire.Reached(connect_ns=tuple(took), why="")


def _stats(stats: PhaseStats) -> wire.LoadStats:
    values = {name: getattr(stats, name) for name in wire.LoadStats.__struct_fields__}
    clock = asdict(stats.clock)
    for name in ("offset_before", "offset_after"):
        clock[f"{name}_us"] = clock.pop(f"{name}_ns") // 1000
    return wire.LoadStats(**{**values, "clock": wire.LoadClock(**clock)})
