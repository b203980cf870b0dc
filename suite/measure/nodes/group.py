"""An engine over several nodes, served as one: agents start its containers, each is watched, and all end together.

What can go wrong, by step::

    agents      SetupError   node-absent, agent-token-refused, agent-busy, agent-version-differs
    prepare     EngineError  node-image-differs, node-model-differs, node-network-isolated; as `container.serve`
    start       EngineError  engine-start-failed
    from then   EngineError  node-died, node-paused, node-unlinked, node-lost: in readiness and in every phase
"""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar

from msgspec import UNSET

from suite.base.addresses import join_address
from suite.base.bilingual import Sentence
from suite.base.errors import EngineError, SetupError, unwritable
from suite.base.safe import replace_file
from suite.declare.plan.topology import role_of
from suite.documents import agent as wire
from suite.documents.codec import pretty
from suite.documents.document import given
from suite.documents.nodes import LinkRecord, NodeClock, NodeRecord, Nodes
from suite.evidence.manifest import CONTAINER, NODE_LOG, NODES
from suite.measure.engine.container.node import node_network
from suite.measure.engine.container.options import container_of
from suite.measure.engine.readiness import wait_ready
from suite.measure.engine.served import LOG_FILE, EngineEnd, Facts, Marks, Unknown
from suite.measure.nodes.identity import boot_digest, other_suite
from suite.measure.nodes.node import WORK_S, Node
from suite.measure.nodes.places import places

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path
    from typing import Literal

    from suite.documents.plan import Plan
    from suite.documents.topology import Topology
    from suite.measure.engine.served import Progress, Settings

T = TypeVar("T")

SILENCE_S: Final = 8.0
"""After so long without a word from the run an agent ends its container."""
MOST_LINE: Final = 1 << 20
"""Bytes of a line in ``nodes.log``, beyond which it is broken: a progress bar never ends one."""


@dataclass(slots=True)
class GroupEngine:
    """A running group; see `suite.measure.engine.served.Served`."""

    base_url: str
    facts: Facts
    marks: list[tuple[str, int]]
    _nodes: Sequence[Node]
    address: str = ""
    inside: None = None

    def alive(self) -> EngineEnd | None:
        """None while every node takes part."""
        return _ended(self._nodes)

    def container_pid(self) -> None:
        """There are several containers."""


@dataclass(slots=True)
class _Group:
    """What is known of the nodes so far."""

    plan: Plan
    topology: Topology
    directory: Path
    salt: str
    token: bytes
    nodes: list[Node] = field(default_factory=list)
    joined: wire.Joined | None = None
    addresses: tuple[str, ...] = ()
    clocks: dict[int, NodeClock] = field(default_factory=dict)
    links: list[LinkRecord] = field(default_factory=list)
    writing: threading.Lock = field(default_factory=threading.Lock)

    def connect(self, where: Sequence[str], stack: contextlib.ExitStack) -> None:
        """Connect to the agents, and learn which machines they are on."""
        for number, place in enumerate(where):
            role = role_of(self.topology, number).role
            node = Node(number, role, place, self.token, self._log(number))
            stack.callback(node.close)
            describe = wire.Describe(protocol=wire.PROTOCOL, salt=self.salt)
            node.machine = node.ask(describe, wire.Machine, WORK_S)
            self.nodes.append(node)
            self.clocks[number] = node.clock()
            mine, other = self.plan.suite.files_sha256, node.machine.suite.files_sha256
            if mine not in (UNSET, other):
                message = other_suite(node.title, node.machine.suite, self.plan.suite)
                raise EngineError("agent-version-differs", message)

    def _log(self, number: int) -> Callable[[bytes], None]:
        """Where what a node prints is kept: the first in the engine's log, the others line by line in one file."""
        path = self.directory / (NODE_LOG if number else LOG_FILE)
        pending = bytearray()

        def keep(piece: bytes) -> None:
            text = piece
            if number:
                whole, feed, rest = (bytes(pending) + piece).rpartition(b"\n")
                if not piece or len(rest) > MOST_LINE:
                    whole, feed, rest = whole + feed + rest, rest, b""
                pending[:] = rest
                lines = whole.split(b"\n") if feed else ()
                text = b"".join(b"[node %d] %s\n" % (number, line) for line in lines)
            try:
                with self.writing, path.open("ab") as stream:
                    stream.write(text)
            except OSError as error:
                raise EngineError("run-unwritable", unwritable(path, error)) from error

        return keep

    def prepare(self) -> None:
        """Have every node get the image and read the model, and hold them against each other."""
        order = wire.Prepare(plan=self.plan, run=self.directory.name, salt=self.salt)

        def prepare(node: Node) -> wire.Prepared:
            return node.ask(order, wire.Prepared, WORK_S)

        for node, prepared in zip(self.nodes, self.each(prepare), strict=True):
            node.prepared = prepared
        first = self.nodes[0].prepared
        for node in self.nodes:
            assert first is not None
            assert node.prepared is not None
            if node.prepared.image.id != first.image.id:
                message = Sentence(
                    f"{node.title} has image {node.prepared.image.id}, node 0 {first.image.id}",
                    f"{node.title} 的镜像为 {node.prepared.image.id}，节点 0 的为 {first.image.id}",
                )
                raise EngineError("node-image-differs", message)
            if node.prepared.model_sha256 != self.plan.model.sha256:
                message = Sentence(
                    f"{node.title}: its model is {node.prepared.model_sha256}, planned is {self.plan.model.sha256}",
                    f"{node.title}：其模型为 {node.prepared.model_sha256}，计划的为 {self.plan.model.sha256}",
                )
                raise EngineError("node-model-differs", message)

    def each(self, action: Callable[[Node], T]) -> list[T]:
        """Do something with all nodes at once; leave every one of them where that fails or is interrupted."""
        with ThreadPoolExecutor(len(self.nodes)) as pool, contextlib.ExitStack() as leaving:
            for node in self.nodes:
                leaving.callback(node.close)  # else the pool would wait for the others
            done = list(pool.map(action, self.nodes))
            leaving.pop_all()
        return done

    def measure_links(self, when: Literal["before", "after"]) -> None:
        """Measure the way from node 0 to every other one, and back."""
        others = [n for n in self.nodes[1:] if when == "before" or n.sealed is not None]
        head = self.nodes[0]
        for source, targets in [(head, others), *((node, [head]) for node in others)]:
            if not targets:
                continue
            order = wire.MeasureLinks(peers=tuple(node.where for node in targets))
            with contextlib.suppress(EngineError):  # a lost node has no link to measure
                seen = source.ask(order, wire.Measured, WORK_S)
                self.links += [
                    LinkRecord(
                        when=when,
                        source=source.number,
                        target=target.number,
                        bytes_per_s=rate,
                        round_trip_ns=trips,
                    )
                    for target, rate, trips in zip(
                        targets, seen.bytes_per_s, seen.round_trip_ns, strict=True
                    )
                ]

    def start(self) -> None:
        """Start every node's container and look after it."""
        joined = self.joined
        for node in self.nodes:
            order = wire.Start(
                number=node.number,
                addresses=self.addresses,
                joined=UNSET if joined is None else joined,
                head=self.nodes[0].where if joined is None and node.number else UNSET,
                silence_s=SILENCE_S,
            )
            node.ask(order, wire.Done, WORK_S)
            node.watch()

    def join(self, stack: contextlib.ExitStack) -> None:
        """Give all nodes addresses: on a network for their containers where they are on this machine, else the agents'.

        Raises:
            EngineError: ``node-network-isolated``.
            SetupError: ``agent-address-wrong``: a link-local address for a network of several machines.
        """
        if container_of(self.plan.engine).network == "host":
            self.addresses = tuple(node.address for node in self.nodes)
            if local := next((each for each in self.addresses if "%" in each), ""):
                message = Sentence(
                    f"{local} is an address of one link, which means another interface on every machine",
                    f"{local} 是链路本地地址，在每台机器上对应的接口各不相同",
                )
                hint = Sentence(
                    "name the nodes by addresses that all of them know",
                    "请使用所有节点都认识的地址",
                )
                raise SetupError("agent-address-wrong", message, hint=hint)
            return
        here = boot_digest(self.salt)
        if strange := next((n for n in self.nodes if n.machine.boot != here), None):
            message = Sentence(
                f"{strange.title} is another machine, and the containers have a network of one machine",
                f"{strange.title} 是另一台机器，而容器只有一台机器的网络",
            )
            hint = Sentence(
                "name an --access that takes the host's network",
                "请以 --access 指定使用主机网络的方式",
            )
            raise EngineError("node-network-isolated", message, hint=hint)
        run = self.directory.name
        name = f"llm-conformance-{run}-{time.monotonic_ns() // 1000:x}-net"
        self.joined = stack.enter_context(node_network(name, run, len(self.nodes)))
        self.addresses = self.joined.addresses

    def finish(self) -> None:
        """End every container; what they left is kept."""
        self.each(Node.stop)
        if self.nodes[0].sealed is not None:
            self.measure_links("after")
        first = self.nodes[0].sealed
        with contextlib.suppress(OSError):  # a full disk: the run's end says so
            if first is not None and first.container is not UNSET:
                replace_file(self.directory / CONTAINER, pretty(first.container))
            replace_file(self.directory / NODES, pretty(self.document()))

    def document(self) -> Nodes:
        """What is known of the nodes."""
        records = []
        for node in self.nodes:
            prepared, sealed = node.prepared, node.sealed
            records.append(
                NodeRecord(
                    number=node.number,
                    role=node.role,
                    machine=node.machine.machine,
                    boot=node.machine.boot,
                    boot_after=UNSET if sealed is None else sealed.boot,
                    suite=node.machine.suite,
                    model_sha256="" if prepared is None else prepared.model_sha256,
                    facts=node.machine.facts,
                    devices=() if prepared is None else prepared.devices,
                    clock=self.clocks[node.number],
                    address=self.addresses[node.number],
                    container=UNSET if sealed is None else sealed.container,
                    log=UNSET if sealed is None else sealed.log,
                    ended="" if node.ended is None else str(node.ended),
                )
            )
        network = container_of(self.plan.engine).network
        return Nodes(nodes_schema=1, network=network, nodes=tuple(records), links=tuple(self.links))


def _ended(nodes: Sequence[Node]) -> EngineEnd | None:
    """Why the group no longer is whole, every node that is known to be gone named."""
    gone = [node.ended for node in nodes if node.ended is not None]
    if not gone:
        return None
    return EngineEnd(gone[0].code, "; ".join(gone))


@contextlib.contextmanager
def serve(
    plan: Plan, run_directory: Path, *, on_progress: Progress, settings: Settings, salt: str = ""
) -> Iterator[GroupEngine]:
    """Run the plan's engine over its nodes for the length of a ``with`` block.

    Args:
        plan: over several nodes.
        run_directory: gets the logs, ``container.json`` of node 0 and ``nodes.json``.
        on_progress: told in short phrases what happens now.
        settings: of this machine; names the agents, or none.
        salt: what machines' and devices' own numbers are hashed with; "" draws one.

    Raises:
        SetupError, EngineError: see the module.
    """
    topology = given(plan.topology)
    assert topology is not None
    marks = Marks()
    marks.add("engine.prepare")
    with contextlib.ExitStack() as stack:
        count = topology.nodes
        on_progress(Sentence(f"connecting to {count} nodes", f"连接 {count} 个节点"))
        where, token = stack.enter_context(places(topology.nodes, settings))
        group = _Group(plan, topology, run_directory, salt or secrets.token_hex(16), token)
        group.connect(where, stack)
        group.join(stack)
        stack.callback(group.finish)
        on_progress(
            Sentence("each node gets the image and reads the model", "各节点获取镜像并读取模型")
        )
        group.prepare()
        marks.add("engine.prepared")
        on_progress(Sentence("measuring the links between the nodes", "测量节点之间的链路"))
        group.measure_links("before")
        title = plan.engine.title
        on_progress(
            Sentence(f"starting {title} on {count} nodes", f"在 {count} 个节点上启动 {title}")
        )
        group.start()
        marks.add("engine.start")
        base_url = f"http://{join_address(group.addresses[0], plan.engine.port)}"
        wait_ready(
            plan.engine,
            base_url,
            marks=marks,
            alive=lambda: _ended(group.nodes),
            log=run_directory / LOG_FILE,
            on_progress=on_progress,
        )
        answer = group.nodes[0].ask(wire.AskFacts(base_url=base_url), wire.Answered, WORK_S)
        facts: Facts = {
            name: Unknown(given(fact.unknown, "")) if fact.value is UNSET else fact.value
            for name, fact in answer.facts.items()
        }
        roles = ", ".join(f"{role.nodes} {role.role}" for role in topology.roles)
        split = f"{plan.engine.tensor_parallel} x {topology.pipeline} x {topology.data}"
        facts["nodes.layout"] = f"{topology.layout}: {roles}; ranks x stages x replicas {split}"
        facts["nodes.machines"] = len({node.machine.boot for node in group.nodes})
        yield GroupEngine(base_url, facts, marks.list, group.nodes)
