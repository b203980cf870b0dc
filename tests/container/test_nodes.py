"""An engine over several nodes: agents on this machine, a scripted server in a container of each, and every way to lose one."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter

import pytest
from msgspec.structs import replace

from suite import evidence
from suite.base.addresses import join_address
from suite.base.errors import EngineError, SetupError
from suite.declare.model.facts import hash_model
from suite.declare.plan.topology import node_engine
from suite.declare.tasks.reference import MINI_MODEL
from suite.declare.tasks.taskset import mini_set
from suite.documents import agent as wire
from suite.documents.codec import convert, decode, plain
from suite.documents.nodes import Nodes
from suite.documents.plan import Plan
from suite.documents.topology import TopologyChoice
from suite.judge.score import score
from suite.measure.engine.container.node import get_image, node_network, start_node
from suite.measure.engine.container.options import LABEL_RUN
from suite.measure.engine.served import Settings
from suite.measure.nodes.agent import Agent
from suite.measure.nodes.group import serve
from suite.measure.nodes.node import Node
from suite.measure.run import execute
from suite.measure.signals import Stop
from tests.factories.engine import SERVERS
from tests.factories.plans import plan_for

pytestmark = pytest.mark.container

LIMIT_S = 60.0
"""Longest wait for what a busy machine does in its time; the seconds of each fault are printed, and stand in docs/nodes.md."""
TOKEN = b"0123456789abcdef"
ROLES = {
    "head": ["--own", "{node_address}", "--followers", "1"],
    "follower": ["--own", "{node_address}", "--head", "{head_address}"],
    "router": [
        "--own",
        "{node_address}",
        "--prefill",
        "{prefill_addresses}",
        "--decode",
        "{decode_addresses}",
    ],
    "prefill": ["--own", "{node_address}"],
    "decode": ["--own", "{node_address}"],
}


def scripted(image, *roles):
    """A plan whose nodes run the scripted server."""
    made = plain(plan_for("cpu", "vllm", topology=TopologyChoice(nodes=2)))
    commands = [["python3", "/srv/group.py", role, *ROLES[role]] for role in roles]
    engine = made["engine"]
    engine |= {
        "command": commands[0],
        "env": {},
        "title": "the scripted group",
        "readiness": {"path": "/health", "timeout_s": 20.0, "interval_s": 0.05},
    }
    engine["image"] |= {"source": "registry", "reference": image, "build_context": None}
    engine["container"] |= {
        "mounts": [{"source": str(SERVERS), "target": "/srv", "read_only": True}],
        "memory": "256m",
        "shm_size": None,
    }
    made["topology"] |= {
        "nodes": len(roles),
        "roles": [
            {"role": role, "nodes": 1, "devices": 1, "env": {}}
            | ({"command": command} if number else {})
            for number, (role, command) in enumerate(zip(roles, commands, strict=True))
        ],
    }
    files, digest = hash_model(MINI_MODEL)
    made["model"] |= {"path": str(MINI_MODEL), "files": [plain(f) for f in files], "sha256": digest}
    made["suite"].pop("files_sha256", None)
    return replace(convert(made, Plan), telemetry=())


class Silent:
    """Progress that nobody watches."""

    def step(self, *_args, **_kwargs):
        pass

    def line(self, *_args):
        pass

    def requests(self, *_args):
        pass


def measured(plan, directory, settings=None):
    return execute(
        plan,
        mini_set(),
        None,
        directory,
        progress=Silent(),
        stop=Stop(),
        zero_ns=time.monotonic_ns(),
        settings=settings,
    )


def containers(docker, run):
    """The containers of a run by the role in their command."""
    found = docker.containers.list(filters={"label": f"{LABEL_RUN}={run.name}"})
    return {container.attrs["Config"]["Cmd"][2]: container for container in found}


@pytest.fixture
def run(tmp_path):
    return tmp_path / f"run{time.monotonic_ns()}"


@pytest.fixture
def nothing_left(docker, run):
    yield
    filters = {"label": f"{LABEL_RUN}={run.name}"}
    deadline = time.monotonic() + LIMIT_S  # what a killed agent leaves, its lifeline removes

    def left():
        containers = docker.containers.list(all=True, filters=filters)
        return [*containers, *docker.networks.list(filters=filters)]

    while left() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left() == []


def cut(docker, container):
    (name,) = container.attrs["NetworkSettings"]["Networks"]
    docker.networks.get(name).disconnect(container)


FAULTS = {
    "follower killed": ("node-died", "follower", lambda _, c: c.kill()),
    "follower paused": ("node-paused", "follower", lambda _, c: c.pause()),
    "follower stopped inside": ("node-paused", "follower", lambda _, c: c.kill("SIGSTOP")),
    "head killed": ("node-died", "head", lambda _, c: c.kill()),
    "link cut": ("node-unlinked", "follower", cut),
}


SLOW = {"follower stopped inside", "head killed"}
"""The same paths as others, and five seconds until the container is ended."""


@pytest.mark.parametrize(
    "fault",
    [pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else []) for name in FAULTS],
)
def test_a_lost_node_is_an_outcome(base_image, docker, run, nothing_left, fault):
    code, role, act = FAULTS[fault]
    at = []

    def break_it():
        while (
            not (run / "events.jsonl").exists()
            or (run / "events.jsonl").read_text().count('"request"') < 5
        ):
            time.sleep(0.05)
        at.append(time.monotonic_ns())
        act(docker, containers(docker, run)[role])

    thread = threading.Thread(target=break_it)
    thread.start()
    result = measured(scripted(base_image, "head", "follower"), run)
    thread.join()
    assert (result.error.code, result.ended) == (code, "engine-died"), result.error
    # A head ends with its follower, and may be seen first.
    assert any(f"({name}, " in result.error.message for name in {role, "head"})
    left = evidence.read(run)
    seen = next(mark.t for mark in left.marks if mark.name == "engine.stop")
    print(f"{fault}: {(seen + left.header.clock_zero_ns - at[0]) / 1e9:.1f} s")
    assert len([request for request in left.requests if request.outcome == "ok"]) >= 5
    assert left.footer.error.code == code
    nodes = decode((run / "nodes.json").read_bytes(), Nodes)
    assert any(node.ended for node in nodes.nodes)


def test_a_run_over_two_nodes_keeps_who_and_what_ran(base_image, docker, run, nothing_left):
    plan = scripted(base_image, "head", "follower")
    run.mkdir()
    with serve(plan, run, on_progress=lambda *_, **__: None, settings=Settings()) as served:
        assert served.alive() is None
        found = containers(docker, run)
        assert found.keys() == {"head", "follower"}
        (network,) = found["head"].attrs["NetworkSettings"]["Networks"]
        assert docker.networks.get(network).attrs["Internal"]
        assert served.facts["nodes.machines"] == 1
        assert served.facts["container.network"] == "isolated"
    nodes = decode((run / "nodes.json").read_bytes(), Nodes)
    assert [(node.role, node.ended) for node in nodes.nodes] == [("head", ""), ("follower", "")]
    assert all(node.model_sha256 == plan.model.sha256 for node in nodes.nodes)
    assert all(node.boot == node.boot_after for node in nodes.nodes)
    assert all(node.clock.least_us <= 0 <= node.clock.most_us for node in nodes.nodes)
    assert len({node.container.running_id for node in nodes.nodes}) == 1
    assert nodes.nodes[0].address in nodes.nodes[1].container.command
    assert (run / "engine.log").read_text() == "first words of the head\n"
    assert "[node 1] first words of the follower\n" in (run / "nodes.log").read_text()
    assert [(link.when, link.source, link.target) for link in nodes.links] == [
        ("before", 0, 1),
        ("before", 1, 0),
        ("after", 0, 1),
        ("after", 1, 0),
    ]
    assert all(link.bytes_per_s > 0 and len(link.round_trip_ns) == 20 for link in nodes.links)


def test_a_router_deals_to_prefill_and_decode(base_image, run, nothing_left):
    run.mkdir()
    plan = scripted(base_image, "router", "prefill", "decode")
    with serve(plan, run, on_progress=lambda *_, **__: None, settings=Settings()) as served:
        assert served.alive() is None
    nodes = decode((run / "nodes.json").read_bytes(), Nodes)
    assert [node.role for node in nodes.nodes] == ["router", "prefill", "decode"]


def test_a_follower_that_never_joins_ends_the_start(base_image, run, nothing_left):
    plan = scripted(base_image, "head", "prefill")
    plan = replace(
        plan, engine=replace(plan.engine, readiness=replace(plan.engine.readiness, timeout_s=2))
    )
    run.mkdir()
    with (
        pytest.raises(EngineError) as caught,
        serve(plan, run, on_progress=lambda *_, **__: None, settings=Settings()),
    ):
        pytest.fail("it must not be yielded")
    assert caught.value.code == "engine-timeout"


@pytest.fixture
def agents():
    """Two agents of this process, as `suite agent` runs them; one by IPv6."""
    listening = [Agent(host, 0, TOKEN, Settings()) for host in ("127.0.0.1", "::1")]
    for agent in listening:
        threading.Thread(target=agent.serve, daemon=True).start()
    yield [join_address(*agent.address) for agent in listening]
    for agent in listening:
        agent.close()


def test_a_whole_run_between_nodes_that_are_named_by_ipv6(base_image, run, nothing_left):
    """On their machines' network: the head listens, and follower and load reach it, at the agents' own addresses."""
    made = plain(scripted(base_image, "head", "follower"))
    made["engine"]["container"]["network"] = "host"
    # A server of Python steps one answer at a time: some of the 256 show what they all would.
    made["workload"]["phases"] = [
        phase | {"tasks": 24, "concurrency": 8, "first_task": 0}
        for phase in made["workload"]["phases"]
        if phase["name"].startswith("offline")
    ]
    with contextlib.ExitStack() as closing:
        where = []
        for _ in range(2):
            agent = closing.enter_context(contextlib.closing(Agent("::1", 0, TOKEN, Settings())))
            threading.Thread(target=agent.serve, daemon=True).start()
            where.append(join_address(*agent.address))
        settings = Settings(nodes=tuple(where), node_token=TOKEN)
        result = measured(convert(made, Plan), run, settings)
    assert (result.error, result.ended) == (None, "complete")
    nodes = decode((run / "nodes.json").read_bytes(), Nodes)
    assert [node.address for node in nodes.nodes] == ["::1", "::1"]
    assert [node.ended for node in nodes.nodes] == ["", ""]
    left = evidence.read(run)
    assert Counter(request.outcome for request in left.requests) == {"ok": len(left.requests)}
    outcomes = {check.rule: check.outcome for check in score(left).checks}
    assert {outcomes[rule] for rule in ("R131", "R132")} == {"pass"}
    assert outcomes["R130"] == "warn"  # two nodes are one machine


def refusal(plan, run, *where, token=TOKEN):
    run.mkdir(exist_ok=True)
    settings = Settings(nodes=where, node_token=token)
    with (
        pytest.raises((EngineError, SetupError)) as caught,
        serve(plan, run, on_progress=lambda *_, **__: None, settings=settings),
    ):
        pytest.fail("it must not be yielded")
    return caught.value.code


def test_what_keeps_a_group_from_starting_is_named(base_image, docker, run, nothing_left, agents):
    plan = scripted(base_image, "head", "follower")
    assert refusal(plan, run, agents[0]) == "node-absent"
    begun = time.monotonic()
    assert refusal(plan, run, agents[0], "127.0.0.1:9") == "node-absent"
    print(f"absent agent: {time.monotonic() - begun:.1f} s")
    assert refusal(plan, run, agents[0], agents[0]) == "agent-busy"
    assert refusal(plan, run, *agents, token=TOKEN + b"x") == "agent-token-refused"
    other = replace(plan, model=replace(plan.model, sha256="0" * 64))
    assert refusal(other, run, *agents) == "node-model-differs"
    strange = replace(plan, suite=replace(plan.suite, files_sha256="0" * 64))
    assert refusal(strange, run, *agents) == "agent-version-differs"


@pytest.fixture
def other_docker():
    """A second Docker engine, as another machine has one, and where it listens; its path must be short."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="d") as place:
        socket = f"unix://{place}/s"
        files = [f"--{name}={place}/{name}" for name in ("data-root", "exec-root", "pidfile")]
        # In a network of its own: an engine without a bridge takes away the machine's docker0 when it starts.
        command = ["unshare", "--net", "dockerd", f"--host={socket}", *files]
        command += ["--bridge=none", "--iptables=false"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as it:
            try:
                ready = ["docker", "--host", socket, "version"]
                deadline = time.monotonic() + LIMIT_S
                while subprocess.run(ready, capture_output=True, check=False).returncode:
                    assert it.poll() is None
                    assert time.monotonic() < deadline
                    time.sleep(0.2)
                yield socket
            finally:
                it.terminate()


@pytest.mark.slow
@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("dockerd") is None, reason="needs root and dockerd"
)
def test_a_node_with_another_image_under_the_same_name_is_refused(
    base_image, run, nothing_left, agents, other_docker, tmp_path
):
    built = tmp_path / "image"
    built.mkdir()
    (built / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /other\n")
    build = ["docker", "--host", other_docker, "build", "--tag", base_image, built]
    subprocess.run(build, capture_output=True, check=True)
    (tmp_path / "token").write_bytes(TOKEN)
    words = ["agent", "--listen", "127.0.0.1:0", "--node-token", tmp_path / "token"]
    env = {**os.environ, "DOCKER_HOST": other_docker}
    command = [sys.executable, "-m", "suite", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as agent:
        try:
            where = agent.stdout.readline().split()[2].rstrip(",")
            plan = scripted(base_image, "head", "follower")
            begun = time.monotonic()
            assert refusal(plan, run, agents[0], where) == "node-image-differs"
            print(f"other image: {time.monotonic() - begun:.1f} s")
        finally:
            agent.kill()


def test_a_node_whose_disk_is_full_no_longer_takes_part(base_image, docker, run, nothing_left):
    """What it prints is evidence; cut off in silence it would be sealed as if it were all."""
    plan = scripted(base_image, "head", "follower")
    run.mkdir()
    log = run / "engine.log"
    image = get_image(plan.engine, run, on_progress=lambda *_, **__: None, settings=Settings())
    with node_network(f"llm-conformance-{run.name}-net", run.name, 2) as joined:
        log.symlink_to("/dev/full")
        engine = node_engine(plan, 1, joined.addresses, "eth0")
        node = start_node(engine, image, (joined.network, joined.addresses[1]), run.name, run)
        try:
            deadline = time.monotonic() + LIMIT_S
            while (ended := node.ended()) is None and time.monotonic() < deadline:
                time.sleep(0.05)
        finally:
            log.unlink()
            log.touch()
            node.stop()
    assert ended is not None
    assert ended == ("run-unwritable", f"cannot write {log}: No space left on device")


def test_a_run_that_falls_silent_leaves_nothing(base_image, docker, run, nothing_left, agents):
    plan = scripted(base_image, "head", "follower")
    node = Node(1, "follower", agents[1], TOKEN, lambda _: None)
    name = f"llm-conformance-{run.name}-net"
    with contextlib.closing(node), node_network(name, run.name, 2) as joined:
        node.ask(wire.Prepare(plan=plan, run=run.name, salt=""), wire.Prepared, 60)
        start = wire.Start(number=1, addresses=joined.addresses, joined=joined, silence_s=5.0)
        node.ask(start, wire.Done, 60)
        assert containers(docker, run).keys() == {"follower"}
        deadline = time.monotonic() + LIMIT_S
        while containers(docker, run) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert containers(docker, run) == {}


@pytest.fixture
def processes(tmp_path):
    """Two agents as programs, and where they listen."""
    token = tmp_path / "token"
    token.write_bytes(TOKEN)
    words = ["agent", "--listen", "127.0.0.1:0", "--node-token", str(token), "--once"]
    started = [
        subprocess.Popen([sys.executable, "-m", "suite", *words], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [process.stdout.readline() for process in started]
    yield started, [line.split()[2].rstrip(",") for line in said]
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def test_an_agent_that_is_killed_is_a_lost_node(base_image, run, nothing_left, processes):
    started, where = processes
    plan = scripted(base_image, "head", "follower")
    run.mkdir()
    settings = Settings(nodes=tuple(where), node_token=TOKEN)
    with serve(plan, run, on_progress=lambda *_, **__: None, settings=settings) as served:
        assert served.alive() is None
        begun = time.monotonic()
        started[1].kill()
        while (ended := served.alive()) is None and time.monotonic() < begun + LIMIT_S:
            time.sleep(0.05)
    assert ended is not None
    assert ended.code == "node-lost"
    assert started[0].wait(120) == 0
    nodes = decode((run / "nodes.json").read_bytes(), Nodes)
    assert "no longer answers" in nodes.nodes[1].ended
    assert nodes.nodes[0].container.running_id
