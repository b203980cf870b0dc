"""What runs beside each node's container: starts, watches and ends it at a run's order, and by itself when nobody orders.

One run at a time. Other agents may connect meanwhile, to measure the links. The container ends with the connection: a run
that is gone, or a link that is cut, leaves nothing behind.
"""

from __future__ import annotations

import contextlib
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Self

from msgspec import UNSET

from suite.base.bilingual import Sentence
from suite.base.errors import EngineError, SetupError, SuiteError
from suite.declare.plan.topology import node_engine
from suite.documents import agent as wire
from suite.documents.codec import convert, plain
from suite.measure import host
from suite.measure.devices import hidden, observe
from suite.measure.digests import DigestStore
from suite.measure.engine.container.node import get_image, start_node
from suite.measure.engine.served import LOG_FILE
from suite.measure.listener import LOOK_S, Listener, refusal
from suite.measure.nodes.identity import (
    boot_digest,
    interface_of,
    model_digest,
    this_machine,
)
from suite.measure.nodes.links import PeerLink, answer_probe, measure_links

if TYPE_CHECKING:
    from collections.abc import Callable

    from suite.base.framing import Channel
    from suite.documents.container import ContainerRecord
    from suite.documents.environment import Fact
    from suite.documents.nodes import NodeLog
    from suite.documents.plan import Plan
    from suite.measure.engine.container.image import FoundImage
    from suite.measure.engine.container.node import NodeContainer
    from suite.measure.engine.served import Settings

IDLE_S: Final = 3600.0
"""Longest time between two orders while no container runs."""
LOG_PIECE: Final = 1 << 20
_UNREACHED: Final = Sentence(
    "the agent of node 0 cannot be reached from here", "无法从此处访问节点 0 的代理"
)


class Agent(Listener):
    """Listens for runs, and for other agents."""

    def __init__(
        self,
        host_name: str,
        port: int,
        token: bytes,
        settings: Settings,
        *,
        on_line: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Listen, as `Listener` does, with the settings of this machine."""
        super().__init__(host_name, port, token, on_line=on_line)
        self._settings = settings

    def obey(self, channel: Channel, ended: threading.Event) -> None:
        """Answer another agent, or carry out a run's orders; one run at a time."""
        with contextlib.closing(channel):
            order = _order(channel, IDLE_S)
            if isinstance(order, wire.Probe):
                answer_probe(channel)
                return
            with self.only_run(channel, ended) as free:
                if free:
                    with _Session(channel, self._token, self._settings) as session:
                        session.obey(order)


def _order(channel: Channel, timeout_s: float) -> wire.Orders:
    message = channel.receive(timeout_s)
    order: wire.Orders = convert(message, wire.Orders, file=channel.peer, error=SetupError)
    return order


class _Session:
    """One run at an agent."""

    def __init__(self, channel: Channel, token: bytes, settings: Settings) -> None:
        self._channel, self._token, self._settings = channel, token, settings
        self._stack = contextlib.ExitStack()
        self._directory = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        self._silence_s = IDLE_S
        self._salt = ""
        self._plan: Plan | None = None
        self._run = ""
        self._image: FoundImage | None = None
        self._container: NodeContainer | None = None
        self._head: PeerLink | None = None
        self._asking = threading.Lock()
        self._over = threading.Event()
        self._ended: tuple[wire.NodeEnd, str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._stack:
            self._stop()

    def obey(self, order: wire.Orders) -> None:
        """Carry out orders until the run leaves or falls silent."""
        while True:
            try:
                reply = self._done(order)
            except SuiteError as error:
                reply = refusal(error)
            self._channel.send(plain(reply))
            order = _order(self._channel, self._silence_s)

    def _done(self, order: wire.Orders) -> wire.Replies:
        reply: wire.Replies
        match order:
            case wire.Describe():
                reply = self._describe(order)
            case wire.AskClock():
                reply = wire.Clock(clock_ns=time.monotonic_ns())
            case wire.Prepare():
                reply = self._prepare(order)
            case wire.Start():
                reply = self._start(order)
            case wire.Watch():
                reply = self._watched(order.log_from)
            case wire.AskFacts():
                reply = self._facts(order.base_url)
            case wire.MeasureLinks():
                reply = measure_links(order.peers, self._token)
            case wire.Stop():
                reply = self._seal()
            case wire.Probe():
                raise SetupError(
                    "agent-message-wrong",
                    Sentence("a probe in the middle of a run", "运行途中收到探测"),
                )
        return reply

    def _describe(self, order: wire.Describe) -> wire.Machine:
        if order.protocol != wire.PROTOCOL:
            message = Sentence(
                f"this agent speaks version {wire.PROTOCOL}, the run {order.protocol}",
                f"此代理的协议版本为 {wire.PROTOCOL}，运行的为 {order.protocol}",
            )
            raise SetupError("agent-version-differs", message)
        self._salt = order.salt
        return this_machine(order.salt)

    def _prepare(self, order: wire.Prepare) -> wire.Prepared:
        self._plan, self._run = order.plan, order.run
        self._image = get_image(
            order.plan.engine,
            self._directory,
            on_progress=lambda *_, **__: None,
            settings=self._settings,
        )
        store = DigestStore(self._settings.cache)
        digest = model_digest(order.plan, store)
        store.save()
        devices, _ = hidden(observe(order.plan)[0], (), order.salt)
        return wire.Prepared(
            image=self._image.observed, model_sha256=digest, devices=tuple(devices)
        )

    def _start(self, order: wire.Start) -> wire.Done:
        fits = order.number < len(order.addresses)
        if not fits or self._plan is None or self._image is None or self._container is not None:
            raise SetupError(
                "agent-message-wrong",
                Sentence(
                    "a start without a plan or an address, or a second one",
                    "没有计划或地址即要求启动，或第二次启动",
                ),
            )
        joined, own = order.joined, order.addresses[order.number]
        if order.head is not UNSET:
            try:
                self._head = PeerLink(order.head, self._token)
            except OSError as error:
                raise EngineError("node-unlinked", _UNREACHED) from error
        interface = interface_of(own) if joined is UNSET else "eth0"
        self._container = start_node(
            node_engine(self._plan, order.number, order.addresses, interface),
            self._image,
            None if joined is UNSET else (joined.network, own),
            self._run,
            self._directory,
        )
        self._silence_s = min(float(order.silence_s), IDLE_S)
        threading.Thread(target=self._look, name="node-watch", daemon=True).start()
        return wire.Done()

    def _look(self) -> None:
        """Look at the container until it no longer takes part, or is to be ended."""
        while not self._over.wait(LOOK_S) and self._ended is None:
            with self._asking:
                container = self._container
                if container is None or self._over.is_set():
                    return
                self._ended = container.ended()
            if self._ended is None and self._head is not None:
                try:
                    self._head.echo()
                except (OSError, SuiteError):
                    self._ended = "node-unlinked", _UNREACHED

    def _watched(self, log_from: int) -> wire.Watched:
        code: wire.NodeEnd | Literal[""] = ""
        why = ""
        if self._ended is not None:
            code, why = self._ended
        piece = b""
        path = self._directory / LOG_FILE
        with contextlib.suppress(FileNotFoundError), path.open("rb") as log:
            log.seek(log_from)
            piece = log.read(LOG_PIECE)
        return wire.Watched(code=code, why=why, log=piece)

    def _facts(self, base_url: str) -> wire.Answered:
        if self._container is None:
            raise SetupError("agent-message-wrong", Sentence("no container runs", "没有容器在运行"))
        with self._asking:
            facts: dict[str, Fact] = host.served_facts(self._container.facts(base_url))
        return wire.Answered(facts=facts)

    def _seal(self) -> wire.Sealed:
        sealed = self._stop()
        if sealed is None:
            raise SetupError("agent-message-wrong", Sentence("no container runs", "没有容器在运行"))
        record, log = sealed
        return wire.Sealed(
            container=UNSET if record is None else record, log=log, boot=boot_digest(self._salt)
        )

    def _stop(self) -> tuple[ContainerRecord | None, NodeLog] | None:
        """End the container, if one runs; what it left."""
        self._over.set()
        with self._asking:
            container, self._container = self._container, None
            if self._head is not None:
                self._head.close()
            self._silence_s = IDLE_S
            return None if container is None else container.stop()
