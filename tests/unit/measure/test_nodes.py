"""Agents without any container: who they are, how far away they are, and whom they refuse."""

import contextlib
import socket
import threading

import pytest

from suite.base import harness
from suite.base.errors import EngineError, SetupError
from suite.base.framing import connect
from suite.documents import agent as wire
from suite.documents.codec import plain
from suite.measure.engine.served import Settings
from suite.measure.nodes.agent import Agent
from suite.measure.nodes.identity import interface_of, machine_digest
from suite.measure.nodes.links import measure_links
from suite.measure.nodes.node import Node
from suite.measure.nodes.places import places

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
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = taken.getsockname()[1]
    seen = measure_links([f"127.0.0.1:{nobody}", agent], TOKEN)
    assert (seen.bytes_per_s[0], seen.round_trip_ns[0]) == (0, ())
    assert seen.bytes_per_s[1] > 1e6
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
    with contextlib.closing(connect(host, int(port), TOKEN, 5.0)) as channel:
        channel.send({"do": "dance"})
        with pytest.raises(ConnectionResetError):
            channel.receive(5.0)
    with contextlib.closing(connect(host, int(port), TOKEN, 5.0)) as channel:
        channel.send(plain(wire.AskClock()))
        assert channel.receive(5.0)["is"] == "clock"


def test_as_many_agents_as_nodes_are_there():
    with places(2, Settings()) as (where, token):
        assert len(set(where)) == 2
        assert len(token) >= 32
    with pytest.raises(SetupError) as caught, places(2, Settings(nodes=("127.0.0.1:9",))):
        pytest.fail("it must not be yielded")
    assert caught.value.code == "node-absent"


def test_the_interface_of_an_address_is_known():
    assert interface_of("127.0.0.1") == "lo"
