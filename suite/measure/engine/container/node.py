"""One node's container of an engine that lies over several: started with fixed addresses, watched by itself, sealed."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import ipaddress
import select
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from docker import errors
from docker.types import IPAMConfig, IPAMPool

from suite.base.errors import unwritable
from suite.documents.agent import Joined
from suite.documents.nodes import NodeLog
from suite.measure.engine.container import orphans
from suite.measure.engine.container.api import connect, start_translated, translated
from suite.measure.engine.container.create import create
from suite.measure.engine.container.facts import container_facts
from suite.measure.engine.container.image import ensure_image
from suite.measure.engine.container.inspection import inspected
from suite.measure.engine.container.lifetime import cleaned, death, started
from suite.measure.engine.container.mounts import bound
from suite.measure.engine.container.options import LABEL_OWNER, LABEL_RUN, container_of
from suite.measure.engine.container.watch import watching
from suite.measure.engine.served import LOG_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from docker import DockerClient
    from docker.models.containers import Container

    from suite.documents.agent import NodeEnd
    from suite.documents.container import ContainerRecord
    from suite.documents.engine import Engine
    from suite.measure.engine.container.image import FoundImage
    from suite.measure.engine.container.watch import Watch
    from suite.measure.engine.served import Facts, Progress, Settings

SUBNET_ATTEMPTS: Final = 5
REACH_S: Final = 1.5
ASKED: Final = 3
CLOSED_PORT: Final = 9
"""Nothing listens there: a container that is on its network refuses the connection at once."""
_ANSWERS: Final = (0, errno.ECONNREFUSED)


@contextlib.contextmanager
def node_network(name: str, run: str, count: int) -> Iterator[Joined]:
    """A network of this machine without a way out, with an address for each node; gone when the block is left.

    Args:
        name: of the network.
        run: what to label it with.
        count: of the nodes.

    Raises:
        SetupError: of `connect`; ``docker-failed``.
    """
    with connect() as client, cleaned(client, name):
        with translated():
            subnet = _network(client, name, {LABEL_RUN: run, LABEL_OWNER: orphans.owner()})
        hosts = subnet.hosts()
        next(hosts)  # the bridge's own
        yield Joined(network=name, addresses=tuple(str(next(hosts)) for _ in range(count)))


def _network(client: DockerClient, name: str, labels: dict[str, str]) -> ipaddress.IPv4Network:
    """Create a network on a subnet that Docker itself finds free: only one that was named takes fixed addresses."""
    for attempt in range(SUBNET_ATTEMPTS):
        network = client.networks.create(name, driver="bridge", internal=True)
        network.reload()
        subnet = network.attrs["IPAM"]["Config"][0]["Subnet"]
        network.remove()
        ipam = IPAMConfig(pool_configs=[IPAMPool(subnet=subnet)])
        try:
            client.networks.create(name, driver="bridge", internal=True, ipam=ipam, labels=labels)
        except errors.APIError:  # somebody else took it meanwhile
            if attempt + 1 == SUBNET_ATTEMPTS:
                raise
        else:
            return ipaddress.IPv4Network(subnet)
    raise AssertionError


@dataclass(slots=True)
class NodeContainer:
    """The container of one node.

    Attributes:
        container: that was started.
        address: on its network; "" on the host's.
        log: what it prints.
        failed: why that is no longer kept; empty while it is.
    """

    container: Container
    address: str
    log: Path
    failed: Sequence[OSError]
    _engine: Engine
    _image: FoundImage
    _watch: Watch
    _stack: contextlib.ExitStack

    def ended(self) -> tuple[NodeEnd, str] | None:
        """Code and reason when it no longer takes part; None while it does. Never raises."""
        if (why := death(self.container)) is not None:
            return "node-died", why
        if self.failed:
            return "run-unwritable", unwritable(self.log, self.failed[0])
        state = inspected(self.container).state
        if state.paused:
            return "node-paused", "it is paused"
        if _stopped(state.pid or 0):
            return "node-paused", "its first process is stopped"
        if self.address and not _reached(self.address):
            return "node-unlinked", f"{self.address} cannot be reached on its network"
        return None

    def facts(self, base_url: str) -> Facts:
        """Facts about container, image and engine, by dotted name."""
        with translated():
            return container_facts(
                self.container, self._engine, self._image, base_url, self.log, own=self._watch.own
            )

    def stop(self) -> tuple[ContainerRecord | None, NodeLog]:
        """End it; what was done to it, and the seal of its log."""
        death(self.container)  # once more what it is, before it is stopped
        self._stack.close()
        with self.log.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
            return self._watch.record(), NodeLog(bytes=stream.tell(), sha256=sha256)


def get_image(
    engine: Engine, directory: Path, *, on_progress: Progress, settings: Settings
) -> FoundImage:
    """The engine's image, which is got where it is not here.

    Raises:
        SetupError: of `connect`, `ensure_image`; ``mount-missing``.
    """
    declared = container_of(engine)
    for mount in declared.mounts:
        bound(mount)
    assert engine.image is not None  # container_of has seen to it
    with connect() as client, translated():
        orphans.remove_orphans(client)
        return ensure_image(
            client,
            engine.image,
            run_directory=directory,
            on_progress=on_progress,
            settings=settings,
        )


def start_node(
    engine: Engine, image: FoundImage, joined: tuple[str, str] | None, run: str, directory: Path
) -> NodeContainer:
    """Start a node's container; `NodeContainer.stop` ends it, and so does the death of this process.

    Args:
        engine: with the node's own words.
        image: to run.
        joined: network and address; None for the host's network.
        run: what to label it with.
        directory: gets its log.

    Raises:
        SetupError: of `connect`, `create`.
        EngineError: ``engine-start-failed``.
    """
    name = f"llm-conformance-{run}-{time.monotonic_ns() // 1000:x}"
    with contextlib.ExitStack() as stack:
        client = stack.enter_context(connect())
        watch = stack.enter_context(watching(name, directory))
        stack.enter_context(cleaned(client, name))
        log = directory / LOG_FILE
        with translated(), start_translated():
            container = create(
                client, engine, image, name=name, run=run, with_server=True, joined=joined
            )
            watch.note(container, image)
            failed = stack.enter_context(started(container, log))
        address = "" if joined is None else joined[1]
        return NodeContainer(container, address, log, failed, engine, image, watch, stack.pop_all())


def _reached(address: str) -> bool:
    """Whether a container's network stack answers, be it with a refusal; asked thrice at once, since a bad link loses one or two."""
    looking = select.poll()
    with contextlib.ExitStack() as stack:
        asked = {}
        for _ in range(ASKED):
            asking = stack.enter_context(socket.socket())
            asking.setblocking(False)
            code = asking.connect_ex((address, CLOSED_PORT))
            if code in _ANSWERS:
                return True
            if code == errno.EINPROGRESS:  # any other was not even sent
                looking.register(asking, select.POLLOUT)
                asked[asking.fileno()] = asking
        answers = [asked[number] for number, _ in looking.poll(REACH_S * 1000)]
        codes = {each.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) for each in answers}
    return not codes.isdisjoint(_ANSWERS)


def _stopped(pid: int) -> bool:
    """Whether a process of this machine was stopped by a signal."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] == "T"
