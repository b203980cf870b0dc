"""The simulated vendor by its declaration, in its own image and as a process: labelled, and named where it cheats."""

import json
import signal
import socket

import pytest

from tests.cheats import vendor
from tests.factories import runs

pytestmark = [pytest.mark.container, pytest.mark.slow]


@pytest.mark.parametrize("runtime", ["container", "process"])
def test_a_vendor_who_cheats_is_named_and_nobody_takes_it_for_hardware(tmp_path, runtime):
    run = tmp_path / "run"
    done = runs.suite(
        "run", "--vendor", "sim", "--runtime", runtime, "--cheat", "empty_first_chunk",
        "--profile", vendor.PROFILE, "--out", run, "--key", runs.key(tmp_path / "key.pem"),
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    card = vendor.card_of(run)
    outcomes = {check["rule"]: check["outcome"] for check in card["checks"]}
    assert (outcomes["R082"], outcomes["R035"]) == ("fail", "warn")
    assert {served["fingerprint"] for served in card["engine"]["served"]} == {"simulated"}
    if runtime == "container":
        assert {outcomes[rule] for rule in ("R030", "R077", "R078")} == {"pass"}
    assert card["vendor"]["emulated"] is True
    assert "no model runs" in (run / "engine.log").read_text("utf-8")
    refused = runs.suite("submit", run, "--to", tmp_path / "submissions")
    assert "emulated-submission" in refused.stderr


@pytest.fixture
def pair(tmp_path):
    """A vendor whose engine lies over two nodes on their machines' network: a server, and a follower that waits for it by its address."""
    text = (runs.ROOT / "vendors/sim/vendor.yaml").read_text("utf-8")
    waits = (
        "import socket, sys, time; s = socket.socket(socket.AF_INET6); "
        "[time.sleep(0.1) for _ in range(600) if s.connect_ex((sys.argv[1], 8000))]; time.sleep(3600)"
    )
    changed = text.replace("id: sim\n", "id: pair\n", 1)
    changed = changed.replace(
        "  - id: none\n    kind: none\n",
        "  - id: host\n    kind: none\n"
        '    host_network: {reason: "nodes reach each other by the addresses of their machines", source: suite}\n',
        1,
    )
    changed = changed.replace(
        "    readiness: {",
        "    layouts:\n"
        "      - id: pair\n"
        "        splits: []\n"
        "        roles:\n"
        "          - {role: head, why: answers}\n"
        "          - role: follower\n"
        f'            command: [python, -c, "{waits}", "{{head_address}}"]\n'
        "            why: waits for the head\n"
        "        source: suite\n"
        "    readiness: {",
        1,
    )
    (tmp_path / "pair").mkdir()
    (tmp_path / "pair" / "vendor.yaml").write_text(changed, "utf-8")
    return tmp_path / "pair"


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="no IPv6 here")
def test_an_engine_over_two_nodes_whose_agents_are_named_by_ipv6(tmp_path, pair):
    """The head listens, and is reached by its follower and by the load, at the agents' own addresses."""
    token = tmp_path / "token"
    token.write_text("0123456789abcdef0123456789abcdef")
    agents = [
        runs.start("agent", "--listen", "[::1]:0", "--node-token", token, "--once")
        for _ in range(2)
    ]
    where = [agent.stdout.readline().split()[2].rstrip(",") for agent in agents]
    assert all(place.startswith("[::1]:") for place in where)
    out = tmp_path / "run"
    try:
        done = runs.suite(
            "run", "--vendor", pair, "--runtime", "container", "--nodes", "2",
            "--node", where[0], "--node", where[1], "--node-token", token,
            "--profile", runs.profile(tmp_path), "--out", out, "--key", runs.key(tmp_path / "key.pem"),
        )  # fmt: skip
        assert done.returncode in (0, 1), done.stderr
    finally:
        for agent in agents:
            runs.end(agent, signal.SIGINT)
    assert runs.suite("verify", out).returncode in (0, 1)
    outcomes = {check["rule"]: check["outcome"] for check in vendor.card_of(out)["checks"]}
    assert {outcomes[rule] for rule in ("R131", "R132", "R133")} == {"pass"}
    assert outcomes["R130"] == "warn"  # two nodes are one machine
    nodes = json.loads((out / "nodes.json").read_bytes())
    assert [node["address"] for node in nodes["nodes"]] == ["::1", "::1"]
    assert [node["ended"] for node in nodes["nodes"]] == ["", ""]
    assert len(nodes["links"]) == 4
