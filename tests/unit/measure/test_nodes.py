"""Agents without any container: who they are, how far away they are, and whom they refuse."""

import contextlib
import hashlib
import ipaddress
import socket
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from suite.base import harness
from suite.base.addresses import join_address
from suite.base.bilingual import chinese
from suite.base.errors import EngineError, SetupError
from suite.base.framing import Channel, connect
from suite.documents import agent as wire
from suite.documents.codec import plain
from suite.evidence.manifest import NODE_LOG
from suite.measure.engine.served import LOG_FILE, Settings
from suite.measure.listener import MOST_STRANGERS
from suite.measure.nodes import group
from suite.measure.nodes.agent import Agent
from suite.measure.nodes.identity import interface_of, machine_digest
from suite.measure.nodes.links import measure_links
from suite.measure.nodes.node import Node
from suite.measure.nodes.places import places
from tests.factories.engine import nobody

TOKEN = b"0123456789abcdef"


@pytest.fixture
def agent():
    listening = Agent("127.0.0.1", 0, TOKEN, Settings())
    thread = threading.Thread(target=listening.serve)
    thread.start()
    yield f"127.0.0.1:{listening.address[1]}"
    listening.close()
    thread.join()


@pytest.fixture
def node(agent):
    connected = Node(0, "head", agent, TOKEN, lambda _: None)
    with contextlib.closing(connected):
        yield connected


def test_an_agent_says_which_machine_it_is_on_and_not_its_number(node):
    machine = node.ask(wire.Describe(protocol=wire.PROTOCOL, salt="s"), wire.Machine, 30)
    assert machine.machine == machine_digest("s") != machine_digest("t")
    assert machine.suite.files_sha256 == harness.files_sha256()
    clock = node.clock()
    assert clock.least_us <= 0 <= clock.most_us


def test_links_are_measured_and_one_without_a_connection_has_no_rate(agent):
    with nobody() as port:
        seen = measure_links([f"127.0.0.1:{port}", agent], TOKEN)
    assert (seen.bytes_per_s[0], seen.round_trip_ns[0]) == (0, ())
    assert seen.bytes_per_s[1] > 0
    assert all(trip > 0 for trip in seen.round_trip_ns[1])


@pytest.mark.parametrize(
    "order",
    [
        wire.Describe(protocol=wire.PROTOCOL + 1, salt=""),
        wire.Stop(),
        wire.Start(number=0, addresses=("127.0.0.1",), silence_s=5.0),
        wire.AskFacts(base_url="http://127.0.0.1:9"),
        wire.Probe(),
    ],
    ids=lambda order: type(order).__name__,
)
def test_an_order_at_the_wrong_time_is_refused_and_the_next_one_heard(node, order):
    with pytest.raises(EngineError) as caught:
        node.ask(wire.AskClock(), wire.Clock) and node.ask(order, wire.Done, 30)
    assert caught.value.code in ("agent-message-wrong", "agent-version-differs")
    assert node.ask(wire.AskClock(), wire.Clock).clock_ns > 0


def test_a_second_run_is_refused(node, agent):
    node.clock()
    with contextlib.closing(Node(1, "follower", agent, TOKEN, lambda _: None)) as second:
        with pytest.raises(EngineError) as caught:
            second.clock()
        assert caught.value.code == "agent-busy"


def test_an_agent_that_leaves_is_a_lost_node():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        leaving = threading.Thread(target=lambda: next(iter(listener.accept())).close())
        leaving.start()
        with pytest.raises(SetupError) as caught:
            Node(0, "head", address, TOKEN, lambda _: None)
        leaving.join()
    assert caught.value.code in ("node-absent", "agent-token-refused")
    with pytest.raises(SetupError) as caught:
        Node(0, "head", address, TOKEN, lambda _: None)
    assert caught.value.code == "node-absent"


def test_nonsense_ends_the_connection_and_not_the_agent(agent):
    host, port = agent.split(":")
    with contextlib.closing(connect(host, int(port), TOKEN, 60.0)) as channel:
        channel.send({"do": "dance"})
        with pytest.raises(ConnectionResetError):
            channel.receive(60.0)
    with contextlib.closing(connect(host, int(port), TOKEN, 60.0)) as channel:
        channel.send(plain(wire.AskClock()))
        assert channel.receive(60.0)["is"] == "clock"


def test_as_many_agents_as_nodes_are_there():
    with places(2, Settings()) as (where, token):
        assert len(set(where)) == 2
        assert len(token) >= 32
    with pytest.raises(SetupError) as caught, places(2, Settings(nodes=("127.0.0.1:9",))):
        pytest.fail("it must not be yielded")
    assert caught.value.code == "node-absent"


def test_the_interface_of_an_address_is_known():
    assert interface_of("127.0.0.1") == "lo"


def _ipv6_addresses():
    try:
        lines = Path("/proc/net/if_inet6").read_text().splitlines()
    except OSError:
        return []
    fields = [line.split() for line in lines]
    # Those of Docker's networks come and go.
    fields = [each for each in fields if not each[-1].startswith(("br-", "veth", "docker"))]
    return [(str(ipaddress.IPv6Address(bytes.fromhex(each[0]))), each[-1]) for each in fields]


@pytest.mark.skipif(not _ipv6_addresses(), reason="this machine has no IPv6")
def test_an_agent_is_reached_by_every_ipv6_address_of_this_machine():
    for address, interface in _ipv6_addresses():
        assert interface_of(address) == interface
        scope = f"%{interface}" if ipaddress.IPv6Address(address).is_link_local else ""
        listening = Agent(f"{address}{scope}", 0, TOKEN, Settings())
        threading.Thread(target=listening.serve, daemon=True).start()
        try:
            where = join_address(f"{address}{scope}", listening.address[1])
            node = Node(0, "head", where, TOKEN, lambda _: None)
            assert node.address == f"{address}{scope}"
            assert measure_links([where], TOKEN).bytes_per_s[0] > 0
            node.close()
        finally:
            listening.close()


@pytest.mark.parametrize("address", ["", "::", "fe80::1%nowhere", "fd00::dead:beef", "x"])
def test_an_address_of_no_interface_is_the_loopback(address):
    assert interface_of(address) == "lo"


@contextlib.contextmanager
def scripted(*replies):
    """A node whose agent answers as it is told, and then no more."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer():
            channel = Channel(listener.accept()[0], "the run")
            channel.prove(TOKEN, accepted=True)
            with contextlib.suppress(OSError):
                for reply in replies:
                    channel.receive(60.0)
                    channel.send(reply)
                asked.append(channel.receive(60.0))
                asked.append(channel.receive(1.0))
            channel.close()

        asked = []
        thread = threading.Thread(target=answer)
        thread.start()
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        kept = []
        with contextlib.closing(Node(0, "head", address, TOKEN, kept.append)) as node:
            yield node, kept
        thread.join()
        assert len(asked) <= 1


def test_an_agent_that_did_not_answer_is_asked_nothing_more():
    with scripted() as (node, _):
        for timeout_s in (0.1, 60.0):
            with pytest.raises(EngineError) as caught:
                node.ask(wire.AskClock(), wire.Clock, timeout_s)
            assert caught.value.code == "node-lost"


@pytest.mark.parametrize("code", ["schema-wrong", "of-another-suite", "node-died"])
def test_a_refusal_of_any_code_is_one_of_the_run(code):
    refused = {"is": "refused", "code": code, "message": "no", "hint": "try", "message_zh": "不"}
    with scripted(refused) as (node, _), pytest.raises(EngineError) as caught:
        node.ask(wire.AskClock(), wire.Clock)
    assert caught.value.code == ("node-died" if code == "node-died" else "agent-message-wrong")
    assert "no" in caught.value.message
    assert "：不" in chinese(caught.value.message)
    assert caught.value.hint == "try"


@pytest.mark.parametrize(
    "watched",
    [
        {"is": "watched", "code": "", "why": "", "log": "=!"},
        {"is": "watched", "code": "no-such-code", "why": "", "log": ""},
        {"is": "clock", "clock_ns": 1},
    ],
)
def test_a_node_whose_agent_talks_nonsense_no_longer_takes_part(watched):
    with scripted(watched) as (node, kept):
        node.watch()
        node._watcher.join(60.0)
        assert node.ended.code in ("node-lost", "agent-message-wrong")
        assert kept == []
        node.stop()
        assert node.sealed is None


def test_a_log_arrives_whole_and_sealed():
    seal = {"bytes": 5, "sha256": hashlib.sha256(b"hello").hexdigest()}
    watched = {"is": "watched", "code": "", "why": ""}
    with scripted(
        {**watched, "log": "aGVs"},
        {"is": "sealed", "log": seal, "boot": "0" * 64},
        {**watched, "log": "bG8="},
    ) as (node, kept):
        node.look()
        node.watch()
        node._over.set()
        node.stop()
        assert node.sealed.log.bytes == 5
    assert kept == [b"hel", b"lo", b""]


def kept_by(directory):
    return group._Group(None, None, directory, "", b"")._log


def test_what_followers_print_is_kept_line_by_line_to_the_last_piece(tmp_path):
    log = kept_by(tmp_path)
    first, second, head = log(1), log(2), log(0)
    for piece in (b"a\nb", b"c", b"\nlast", b""):
        first(piece)
    second(b"z" * (group.MOST_LINE + 1))
    head(b"x\ny")
    lines = (tmp_path / NODE_LOG).read_bytes().split(b"\n")
    assert lines[:3] == [b"[node 1] a", b"[node 1] bc", b"[node 1] last"]
    assert lines[3].startswith(b"[node 2] zzz")
    assert lines[4:] == [b""]
    assert (tmp_path / LOG_FILE).read_bytes() == b"x\ny"


def test_a_log_that_cannot_be_written_is_an_outcome(tmp_path):
    with pytest.raises(EngineError) as caught:
        kept_by(tmp_path / "gone")(0)(b"x")
    assert caught.value.code == "run-unwritable"


def test_nodes_are_left_when_one_of_them_fails(tmp_path):
    made = group._Group(None, None, tmp_path, "", b"")
    begun, left, seen = threading.Event(), threading.Event(), []
    made.nodes = [SimpleNamespace(number=n, close=left.set) for n in range(2)]

    def act(node):
        if node.number == 0:
            begun.wait(60.0)
            raise EngineError("node-lost", "gone")
        begun.set()
        seen.append(left.wait(60.0))

    with pytest.raises(EngineError):
        made.each(act)
    assert seen == [True]


def test_a_start_without_an_address_of_its_own_is_refused(node):
    with pytest.raises(EngineError) as caught:
        node.ask(wire.Start(number=3, addresses=("127.0.0.1",), silence_s=1e300), wire.Done, 30)
    assert caught.value.code == "agent-message-wrong"


@pytest.mark.parametrize(
    "data", [b"", b"\x00", b"\xff" * 64, b"GET / HTTP/1.1\r\n\r\n", b"\x00\x00\x00\x04null"]
)
def test_strangers_do_not_end_an_agent(agent, data):
    host, port = agent.split(":")
    with contextlib.ExitStack() as stack:
        for _ in range(MOST_STRANGERS + 8):
            stranger = stack.enter_context(socket.create_connection((host, int(port))))
            stranger.sendall(data)
    with contextlib.closing(connect(host, int(port), TOKEN, 60.0)) as channel:
        channel.send(plain(wire.AskClock()))
        assert channel.receive(60.0)["is"] == "clock"


def test_an_agent_whose_peers_prove_nothing_says_so():
    lines = []
    listening = Agent("127.0.0.1", 0, TOKEN, Settings(), on_line=lines.append)
    thread = threading.Thread(target=listening.serve)
    thread.start()
    with pytest.raises(SetupError):
        connect(*listening.address, TOKEN + b"x", 60.0)
    deadline = time.monotonic() + 60.0
    while not lines and time.monotonic() < deadline:
        time.sleep(0.01)
    listening.close()
    thread.join()
    assert "does not prove the token" in lines[0]


def test_an_agent_listens_under_ipv6():
    try:
        listening = Agent("::1", 0, TOKEN, Settings())
    except SetupError:
        pytest.skip("this machine has no IPv6")
    listening.close()
    assert listening.address[0] == "::1"
