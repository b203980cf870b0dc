"""Two whole cards of one scripted server: the load sent by one client, and dealt among two."""

import json
import signal

import pytest

from tests.factories import runs

pytestmark = pytest.mark.slow
SCHEDULE = ("phase", "repeat", "measured", "index", "task", "prompt_sha256")
WARMED = ("R120", "R122", "R123")
"""Of clocks and of time that a busy machine takes; alike in kind, not in number."""


@pytest.fixture
def address(tmp_path):
    """A scripted server that stands for somebody's engine."""
    server = runs.start("sim", "--port", "0")
    yield server.stdout.readline().split()[1]
    runs.end(server, signal.SIGINT)


@pytest.fixture
def farm(tmp_path):
    """Words of two load clients, each a process."""
    token = tmp_path / "token"
    token.write_text("0123456789abcdef0123456789abcdef")
    listen = ("client", "--listen", "127.0.0.1:0", "--client-token", token)
    clients = [runs.start(*listen) for _ in range(2)]
    where = [client.stdout.readline().split()[3].rstrip(",") for client in clients]
    yield where, ("--client-token", token)
    for client in clients:
        runs.end(client, signal.SIGINT)


def test_the_card_of_two_clients_is_that_of_one(tmp_path, address, farm):
    where, token = farm
    common = ("--url", address, "--model", "mini", "--profile", runs.profile(tmp_path, tasks=12))
    common += ("--key", runs.key(tmp_path / "key.pem"), "--quiet")
    cards, sent, loads = [], [], []
    for number in (1, 2):
        out = tmp_path / f"of-{number}"
        clients = [word for place in where[:number] for word in ("--client", place)]
        done = runs.suite("run", *common, *clients, *token, "--out", out)
        assert done.returncode == 1, done.stderr  # a scripted server summarises nothing
        assert runs.suite("verify", out).returncode in (0, 1), out
        cards.append(json.loads((out / "scorecard.json").read_bytes())["predicate"])
        log = runs.events(out)
        requests = [e for e in log if e["type"] == "request"]
        sent.append(sorted(tuple(e[name] for name in SCHEDULE) for e in requests))
        dealt = [e["detail"] for e in log if e.get("name") == "clients.dealt"]
        starts = {mark["first_index"]: mark for mark in dealt if not any(mark["shares"])}
        assert len(starts) == 1
        (deal,) = starts.values()
        begins = deal["starts"]
        # When each request of the open loop was to start, counted from the load's start in its client's own clock.
        loads.append(
            {
                e["index"]: e["t_sched"] - begins[e["client"]]
                for e in requests
                if e["phase"] == "server"
            }
        )
        assert {e["client"] for e in requests if e["phase"] == "server"} == set(range(number))
    one, two = cards
    assert sent[0] == sent[1]
    assert loads[0] == loads[1]
    assert len(loads[0]) == 12
    assert one["run"]["plan_sha256"] == two["run"]["plan_sha256"]
    assert one["verdict"] == two["verdict"]
    outcomes = [
        {check["rule"]: check["outcome"] for check in card["checks"] if check["rule"] not in WARMED}
        for card in cards
    ]
    assert outcomes[0] == outcomes[1]
