"""Two whole cards of one scripted server: the load sent by one client, and dealt among two."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time

import pytest

from tests.cheats.vendor import MACHINE
from tests.factories import runs

pytestmark = pytest.mark.slow
SCHEDULE = ("phase", "repeat", "measured", "index", "task", "prompt_sha256")
WARMED = {"R081", "R120", "R122", "R123"} | MACHINE
"""Of clocks and of time that a busy machine takes; alike in kind, not in number."""


@pytest.fixture
def address(tmp_path):
    """A scripted server that stands for somebody's engine."""
    server = runs.start("sim", "--port", "0")
    yield server.stdout.readline().split()[1]
    runs.end(server, signal.SIGINT)


@pytest.fixture
def clients(tmp_path):
    """Two load clients, each a process."""
    (tmp_path / "token").write_text("0123456789abcdef0123456789abcdef")
    listen = ("client", "--listen", "127.0.0.1:0", "--client-token", tmp_path / "token")
    started = [runs.start(*listen) for _ in range(2)]
    yield started
    for client in started:
        runs.end(client, signal.SIGINT)


@pytest.fixture
def farm(tmp_path, clients):
    """Words of them."""
    where = [client.stdout.readline().split()[3].rstrip(",") for client in clients]
    return where, ("--client-token", tmp_path / "token")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    "words",
    [
        ("client", "--listen", "127.0.0.1:0", "--client-token", "token"),
        ("agent", "--listen", "127.0.0.1:0", "--node-token", "token"),
        ("serve", ".", "--port", "0"),
    ],
    ids=lambda words: words[0],
)
def test_what_waits_is_ended_in_the_ordinary_way(tmp_path, words, number):
    (tmp_path / "token").write_text("0123456789abcdef0123456789abcdef")
    words = (tmp_path / word if word in ("token", ".") else word for word in words)
    waiting = runs.start(*words)
    assert "until Ctrl-C" in waiting.stdout.readline()
    waiting.send_signal(number)
    said, errors = waiting.communicate(timeout=runs.WAIT_S)
    assert (waiting.returncode, said, errors) == (0, "stopped\n", "")


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
    assert one["verdict"]["conformant"] is two["verdict"]["conformant"] is False
    outcomes = [
        {check["rule"]: check["outcome"] for check in card["checks"] if check["rule"] not in WARMED}
        for card in cards
    ]
    assert outcomes[0] == outcomes[1]


def test_clients_whose_run_was_killed_end_its_load_and_take_the_next(
    tmp_path, address, farm, clients
):
    where, token = farm
    words = ("--url", address, "--model", "mini", "--key", runs.key(tmp_path / "key.pem"))
    words += (*(word for place in where for word in ("--client", place)), *token, "--quiet")
    long = runs.profile(tmp_path, tasks=200, size=200, rate=2)
    out = tmp_path / "killed"
    run = runs.start("run", *words, "--profile", long, "--out", out)

    def sent():
        return any("client" in event for event in runs.requests(out))

    runs.wait_for("a request of a client", sent, run)
    assert any(runs.children_of(client.pid) for client in clients)
    runs.end(run, signal.SIGKILL)
    deadline = time.monotonic() + runs.WAIT_S
    while any(runs.children_of(client.pid) for client in clients):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert runs.events(out)[-1]["type"] != "footer"
    assert runs.suite("verify", out).returncode not in (0, 1)  # what was measured is no card
    short = runs.profile(tmp_path)
    done = runs.suite("run", *words, "--profile", short, "--out", tmp_path / "next")
    assert done.returncode == 1, done.stderr  # a scripted server summarises nothing


@pytest.fixture
def machines():
    """Two network namespaces with a link between them, as two machines by IPv6; the second one's clock is 1,000 s ahead."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("needs root and iproute2")
    names = [f"suite-{os.getpid()}-{letter}" for letter in "ab"]
    links = [f"sv{os.getpid()}{letter}" for letter in "ab"]
    try:
        for name in names:
            _ip("netns", "add", name)
        _ip("link", "add", links[0], "type", "veth", "peer", "name", links[1])
        for number, (name, link) in enumerate(zip(names, links, strict=True), 1):
            _ip("link", "set", link, "netns", name)
            for each in (link, "lo"):
                _ip("-n", name, "link", "set", each, "up")
            for address in (f"fd77::{number}/64", f"fe80::77:{number}/64"):
                _ip("-n", name, "addr", "add", address, "dev", link, "nodad")
        here = ("ip", "netns", "exec", names[0])
        ahead = ("unshare", "--time", "--monotonic", "1000", "--boottime", "1000", "--fork")
        there = ("ip", "netns", "exec", names[1], *ahead, "--kill-child")
        yield here, there, links[0]
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "delete", name], check=False)


def _ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True)


def test_a_farm_of_three_by_ipv6_on_machines_whose_clocks_differ(tmp_path, machines):
    """By the loopback address, a global one, and one of the link; from the run to the verified card."""
    here, there, link = machines
    token = tmp_path / "token"
    token.write_text("0123456789abcdef0123456789abcdef")
    with contextlib.ExitStack() as ending:

        def started(place, *words):
            command = [*place, *runs.command(*words)]
            process = subprocess.Popen(command, cwd=runs.ROOT, stdout=subprocess.PIPE, text=True)
            ending.enter_context(process)
            ending.callback(process.kill)  # unshare passes no other signal on
            return process.stdout.readline()

        url = started(here, "sim", "--host", "fd77::1", "--port", "0").split()[1]
        assert url.startswith("http://[fd77::1]:")
        words = []
        for place, listen in (
            (here, "[::1]:0"),
            (there, "[fd77::2]:0"),
            (there, "[fe80::77:2%LINK]:0".replace("LINK", f"{link[:-1]}b")),
        ):
            said = started(place, "client", "--listen", listen, "--client-token", token)
            port = said.split()[3].rstrip(",").rpartition(":")[2]
            reached = listen.replace(f"%{link[:-1]}b", f"%{link}").removesuffix("0") + port
            words += ["--client", reached]
        out = tmp_path / "run"
        run = runs.command(
            *("run", "--url", url, "--model", "mini", "--client-token", token, *words, "--quiet"),
            *("--profile", runs.profile(tmp_path, tasks=12), "--out", out),
            *("--key", runs.key(tmp_path / "key.pem")),
        )
        done = subprocess.run(
            [*here, *run], cwd=runs.ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 1, done.stderr  # a scripted server summarises nothing
    assert runs.suite("verify", out).returncode in (0, 1), out
    card = json.loads((out / "scorecard.json").read_bytes())["predicate"]
    outcomes = {check["rule"]: check["outcome"] for check in card["checks"]}
    assert {outcomes[rule] for rule in ("R118", "R119", "R121")} == {"pass"}
    assert outcomes["R120"] in ("pass", "warn")  # how near the bounds are, a busy machine decides
    clients = card["clients"]
    # Twelve one after the other are the first client's alone, twelve of the open loop are dealt.
    assert clients["requests"] == [16, 4, 4]
    for low, high in zip(clients["clock_least_us"], clients["clock_most_us"], strict=True):
        assert low <= high
        assert high - low < 1e6
    marks = [e["detail"] for e in runs.events(out) if e.get("name") == "client.joined"]
    exchanges = {
        e["detail"]["client"]: e["detail"]["exchanges"][0]
        for e in reversed(runs.events(out))
        if e.get("name") == "clock.exchange"
    }
    # What the kernel's clocks differ by lies within every exchange: zeros on one scale, plus 1,000 s there.
    header = runs.events(out)[0]
    for mark in marks:
        truth = header["clock_zero_ns"] - mark["clock_zero_ns"]
        truth += 1_000_000_000_000 if mark["client"] else 0
        sent, read, answered, arrived = exchanges[mark["client"]]
        assert answered - arrived <= truth <= read - sent
