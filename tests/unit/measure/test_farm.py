"""A farm of load clients against a real scripted server: dealt, started, sealed, lost, lied to; and read back."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from suite import __version__, evidence
from suite.base import harness, jsonio
from suite.base.errors import EvidenceError, Place, SetupError
from suite.base.framing import Channel
from suite.base.status import Outcome
from suite.declare.analysis.dealing import owner, shares
from suite.declare.plan.make import plan_sha256
from suite.documents.codec import convert
from suite.documents.environment import Environment
from suite.documents.event import Footer, Header, Mark
from suite.evidence.farm import Bound, Offsets
from suite.judge.card.clients import clients as clients_of_card
from suite.judge.log import endings
from suite.judge.log.phases import phase_logs
from suite.judge.rules import clientload, stopping
from suite.judge.rules import clients as rules
from suite.measure import listener
from suite.measure.engine import sim
from suite.measure.farm import client as client_side
from suite.measure.farm import farm as run_side
from suite.measure.farm.client import LoadClient
from suite.measure.load.selftest import Ceiling
from suite.measure.load.target import LoadOptions
from suite.measure.phases import run_phases
from suite.measure.record import task_line
from suite.measure.signals import Stop
from tests.factories import evidence as factory
from tests.factories import farmed, phases
from tests.factories.engine import nobody
from tests.unit.measure.test_phases import QUICK, TASKS, Run, Served, Told, phase, plan

TOKEN = b"0123456789abcdef0123456789abcdef"
KEYED = {"Authorization": "Bearer key-of-the-lab"}
ARRIVALS = tuple(index * 7_000_001 for index in range(40))
SLOW = {"ttft_ms": 5, "itl_ms": 20, "tokens": 60, "slots": 16}


@pytest.fixture
def quick_ceiling(monkeypatch):
    """The ceiling is measured by the load client's own tests; here it takes seconds of both cores."""
    monkeypatch.setattr(client_side, "ceiling", lambda _seconds: Ceiling(50_000.0, "range", 0.1))


@pytest.fixture
def two(quick_ceiling):
    """Addresses of two clients in this process."""
    with contextlib.ExitStack() as stack:
        listening = [LoadClient("127.0.0.1", 0, TOKEN) for _ in range(2)]
        for each in listening:
            stack.callback(each.close)
            threading.Thread(target=each.serve, daemon=True).start()
        yield tuple(f"127.0.0.1:{each.address[1]}" for each in listening)


def perform(directory, clients, planned, script=QUICK, *, meanwhile=None, ended="complete"):
    """Run phases, sent by clients or by the run itself, and leave evidence that can be read."""
    stop, zero_ns = Stop(), time.monotonic_ns()
    with (
        sim.start(json.dumps(script)) as server,
        evidence.Writer(directory) as writer,
    ):
        made = plan(planned, {})
        made = replace(
            made,
            suite=replace(made.suite, version=__version__, files_sha256=harness.files_sha256()),
        )
        run = Run(
            plan=made,
            settings=None,
            salt="salt",
            tasks=TASKS,
            tokenizer=None,
            writer=writer,
            progress=Told(),
            stop=stop,
            load=LoadOptions(headers=KEYED, clients=clients, client_token=TOKEN),
            zero_ns=zero_ns,
            offset_ns=0,
        )
        writer.document("plan.json", made)
        writer.document(
            "environment.json",
            Environment(environment_schema=1, facts={}, task_defects={}, notes=()),
        )
        writer.lines("tasks.jsonl", [task_line(task) for task in TASKS.tasks])
        writer.event(
            Header(
                event_schema=1,
                run_id="farm",
                plan_sha256=plan_sha256(made),
                started_utc="2026-01-31T12:00:00.000000Z",
                clock="CLOCK_MONOTONIC",
                clock_zero_ns=zero_ns,
                receive_stamps="user",
                send_stamps="user",
                realtime_minus_monotonic_us=0,
            )
        )
        served = Served(server.base_url, server.alive)
        if meanwhile is not None:
            threading.Thread(target=meanwhile, args=(writer,), daemon=True).start()
        try:
            with run_side.gathered(run) as run.farm:
                if run.farm is not None:
                    run.farm.reach(served)
                run_phases(run, served)
        finally:
            writer.event(
                Footer(
                    t=run.now(), ended=ended, requests=writer.requests, error=None, clock_steps_ns=0
                )
            )
    evidence.write_manifest(directory)
    return directory


def judged(left):
    """The farm's rules over evidence, by number."""
    functions = (
        rules.union,
        rules.as_written,
        rules.clocks,
        rules.there,
        clientload.below_ceiling,
        clientload.on_time,
    )
    return {f"R{118 + n}": each(left, None) for n, each in enumerate(functions)}


def outcomes(left):
    return {number: finding.outcome.value for number, finding in judged(left).items()}


def open_loop(**changes):
    return phase(
        scenario="server",
        tasks=40,
        concurrency=None,
        arrivals=phases.arrivals(),
        arrivals_ns=ARRIVALS,
        **changes,
    )


def test_the_union_of_two_clients_is_the_schedule_bit_for_bit(tmp_path, two):
    left = evidence.read(
        perform(tmp_path / "farm", two, [phase(tasks=12, concurrency=5), open_loop(name="open")])
    )
    (closed, opened) = left.farm.deals
    assert closed.mark.shares == (3, 2)
    assert {e.index: e.client for e in opened.events} == {i: i % 2 for i in range(40)}
    # As the schedule has them, to the nanosecond, in the run's clock as in each client's own.
    planned = sorted(e.t_sched - opened.mark.start_t for e in opened.events)
    assert planned == list(ARRIVALS)
    verdicts = judged(left)
    assert {
        n: f.outcome.value for n, f in verdicts.items() if n not in ("R120", "R122", "R123")
    } == dict.fromkeys(("R118", "R119", "R121"), "pass"), verdicts
    assert verdicts["R120"].outcome.value in ("pass", "warn")  # a busy machine
    alone = evidence.read(
        perform(tmp_path / "alone", (), [phase(tasks=12, concurrency=5), open_loop(name="open")])
    )
    assert {
        (r.phase, r.index, r.task, r.prompt_sha256, r.text, r.outcome) for r in left.requests
    } == {(r.phase, r.index, r.task, r.prompt_sha256, r.text, r.outcome) for r in alone.requests}
    assert alone.farm is None
    assert set(outcomes(alone).values()) == {"not-applicable"}


def test_a_stop_rule_ends_where_the_log_shows_it(tmp_path, two):
    stop = phases.stop(min_requests=9, min_duration_s=0.0)
    left = evidence.read(
        perform(tmp_path / "farm", two, [phase(tasks=60, concurrency=4, stop=stop)])
    )
    (log,) = phase_logs(left).values()
    assert log.noted.text("ended_by") == "enough"
    assert endings.problem(log) == ""
    assert outcomes(left)["R119"] == "pass"


def test_every_probe_of_a_search_is_dealt_and_the_search_follows_from_the_log(tmp_path, two):
    search = phases.search(
        min_rate=20.0, max_rate=80.0, requests=10, max_probes=4, resolution=0.1, percentile=90.0
    )
    planned = phase(scenario="slo_search", tasks=40, concurrency=None, search=search)
    left = evidence.read(perform(tmp_path / "farm", two, [planned]))
    (log,) = phase_logs(left).values()
    probes = [mark.detail for mark in left.marks if mark.name == "probe.start"]
    assert len(left.farm.deals) == len(probes) >= 1
    for deal, probe in zip(left.farm.deals, probes, strict=True):
        assert deal.mark.first_index == probe["first_index"]
        assert {e.index: e.client for e in deal.events} == {
            e.index: e.index % 2 for e in deal.events
        }
        assert {e.client for e in deal.events} == {0, 1}
    assert log.noted.text("ended_by") == "searched"
    assert stopping.search_follows(left, None).outcome.value == "pass"
    found = outcomes(left)
    assert (found["R118"], found["R119"], found["R121"]) == ("pass",) * 3


def _rewritten(directory, change):
    """The log with each line's value changed, None for one that goes; the manifest is made again, as a liar would."""
    path = directory / "events.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    changed = [row for row in (change(n, row) for n, row in enumerate(rows)) if row is not None]
    path.write_bytes(b"".join(jsonio.canonical(row) + b"\n" for row in changed))
    evidence.write_manifest(directory)
    return evidence.read(directory)


@pytest.fixture
def sound(tmp_path, two):
    return perform(tmp_path / "farm", two, [phase(tasks=10, concurrency=4)])


def test_a_log_that_was_changed_is_refused(sound):
    original = (sound / "events.jsonl").read_bytes()

    def text(n, row):
        return row | {"text": "x"} if row.get("index") == 3 else row

    def dropped(n, row):
        return None if row.get("index") == 4 else row

    def claimed(n, row):
        return row | {"client": 0} if row.get("index") == 5 else row

    expected = {text: ("R119",), dropped: ("R119",), claimed: ("R118", "R119")}
    for change, numbers in expected.items():
        found = outcomes(_rewritten(sound, change))
        assert {number: found[number] for number in numbers} == dict.fromkeys(numbers, "fail")
        (sound / "events.jsonl").write_bytes(original)

    requests = [json.loads(line) for line in original.splitlines() if b'"type":"request"' in line]
    first, second = [row for row in requests if row["client"] == 1][:2]

    def swapped(n, row):
        return {first["index"]: second, second["index"]: first}.get(row.get("index"), row)

    assert outcomes(_rewritten(sound, swapped))["R119"] == "fail"
    (sound / "events.jsonl").write_bytes(original)
    with pytest.raises(EvidenceError, match="request-twice"):
        _rewritten(sound, lambda n, row: first if row.get("index") == second["index"] else row)
    (sound / "events.jsonl").write_bytes(original)
    with pytest.raises(EvidenceError, match="client-unknown"):
        _rewritten(sound, lambda n, row: None if row.get("name") == "clients.dealt" else row)


# A client that is another process.


def _client(*before):
    """Start `suite client` on a free port, perhaps by another command; gives the process and its address."""
    process = subprocess.Popen(
        [
            *before,
            sys.executable,
            "-m",
            "suite",
            "client",
            "--listen",
            "127.0.0.1:0",
            "--client-token",
            os.environ["FARM_TOKEN"],
            "--once",
        ],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).resolve().parents[3],
    )
    line = process.stdout.readline()
    return process, re.search(r"127\.0\.0\.1:[0-9]+", line)[0]


@pytest.fixture
def processes(tmp_path, monkeypatch, two):
    """Makes clients in processes of their own, which are gone at the end; the first of `two` is the other one."""
    monkeypatch.setenv("FARM_TOKEN", str(tmp_path / "token"))
    (tmp_path / "token").write_bytes(TOKEN)
    monkeypatch.setattr(run_side, "CEILING_S", 0.1)
    started = []

    def make(*before):
        process, address = _client(*before)
        started.append(process)
        return process, (two[0], address)

    yield make
    for process in started:
        with process:
            process.kill()


def _children(pid):
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            if int(fields[1]) == pid:
                found.append(int(path.parent.name))
    return found


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_client_that_is_killed_or_stopped_ends_the_run(tmp_path, processes, number):
    process, places = processes()
    workers = []

    def kill(writer):
        while writer.requests < 4:
            time.sleep(0.01)
        workers.extend(_children(process.pid))
        process.send_signal(number)

    with pytest.raises(SetupError, match="client-lost") as caught:
        perform(
            tmp_path / "run",
            places,
            [phase(tasks=400, concurrency=8)],
            SLOW,
            meanwhile=kill,
            ended="failed",
        )
    assert "client 1" in str(caught.value)
    left = evidence.read(tmp_path / "run")
    (log,) = phase_logs(left).values()
    assert log.noted.text("ended_by") == "client-lost"
    assert sum(r.outcome == "ok" for r in left.requests) >= 4
    lost = [r for r in left.requests if r.outcome == "cancelled" and "is lost" in (r.error or "")]
    assert lost
    found = outcomes(left)
    assert found["R121"] == found["R118"] == "fail"
    process.kill()  # one that is stopped ends nothing by itself
    deadline = time.monotonic() + 60
    assert workers
    while any(Path(f"/proc/{pid}").exists() for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(Path(f"/proc/{pid}").exists() for pid in workers)


def test_a_clock_that_is_a_thousand_seconds_ahead_lies_within_its_bound(tmp_path, processes):
    ahead = ("unshare", "--time", "--monotonic", "1000", "--fork", "--kill-child")
    if subprocess.run([*ahead, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no time namespaces here")
    _, places = processes(*ahead)
    left = evidence.read(perform(tmp_path / "run", places, [open_loop()]))
    (deal,) = left.farm.deals
    # A namespace's clock is exactly so much ahead; the other client reads the run's own.
    for client, truth in zip(left.farm.clients, (0, 1000 * 10**9), strict=True):
        apart = client.mark.clock_zero_ns - left.header.clock_zero_ns
        for moment in client.offsets().times:
            bound = client.offsets().at(moment)
            assert bound.low + apart <= truth <= bound.high + apart
    for client in range(2):
        error = deal.error(client)
        assert error.low <= error.high
    sent = {e.index: e.t_send for e in deal.events}
    assert all(
        abs(sent[n] - deal.mark.start_t - at) < 100_000_000_000 for n, at in enumerate(ARRIVALS)
    )
    assert outcomes(left)["R120"] in ("pass", "warn")


# A wire that is listened to.


def _tap(address, heard):
    """A relay before a client that keeps whatever passes; gives its address."""
    listener = socket.create_server(("127.0.0.1", 0))

    def pass_on(source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                heard.append(data)
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def serve():
        host, _, port = address.rpartition(":")
        with (
            listener,
            listener.accept()[0] as run,
            socket.create_connection((host, int(port))) as behind,
        ):
            back = threading.Thread(target=pass_on, args=(behind, run), daemon=True)
            back.start()
            pass_on(run, behind)
            back.join()

    threading.Thread(target=serve, daemon=True).start()
    return f"127.0.0.1:{listener.getsockname()[1]}"


def test_what_a_client_is_told_is_read_by_nobody_on_the_way(tmp_path, two):
    heard = []
    left = evidence.read(
        perform(tmp_path / "run", (two[0], _tap(two[1], heard)), [phase(tasks=8, concurrency=4)])
    )
    assert {event.client for event in left.requests} == {0, 1}
    wire = b"".join(heard)
    assert len(wire) > sum(len(event.text) for event in left.requests if event.client == 1)
    for known in (b"key-of-the-lab", b"Authorization", b'"is":', b"messages", TOKEN):
        assert known not in wire


# A client that lies.


def _liar(lie, two_address):
    """A relay before a sound client that changes what it tells; gives its address."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        with listener:
            connection, _ = listener.accept()
        run = Channel(connection, "run")
        run.prove(TOKEN, accepted=True)
        host, _, port = two_address.rpartition(":")
        behind = Channel(socket.create_connection((host, int(port))), "client")
        behind.prove(TOKEN, accepted=False)

        def orders():
            with contextlib.suppress(OSError, SetupError):
                while True:
                    behind.send(run.receive(None))

        threading.Thread(target=orders, daemon=True).start()
        with contextlib.suppress(OSError, SetupError):
            while True:
                for message in lie(behind.receive(None)):
                    run.send(message)
        run.close()
        behind.close()

    threading.Thread(target=serve, daemon=True).start()
    return f"127.0.0.1:{listener.getsockname()[1]}"


def twice(message):
    return [message, message] if message["is"] == "ended" else [message]


def unplanned(message):
    if message["is"] == "ended":
        message["request"]["t_sched"] += 1
    return [message]


def nonsense(message):
    return [{"is": "ended", "request": 7}] if message["is"] == "ended" else [message]


@pytest.mark.parametrize("lie", [twice, unplanned, nonsense])
def test_a_client_that_reports_what_it_was_not_dealt_is_lost(tmp_path, two, lie):
    places = (two[0], _liar(lie, two[1]))
    with pytest.raises(SetupError, match="client-lost"):
        perform(tmp_path / "run", places, [open_loop()], ended="failed")
    assert outcomes(evidence.read(tmp_path / "run"))["R121"] == "fail"


def test_a_client_that_drops_a_request_or_changes_one_is_refused_by_its_seal(tmp_path, two):
    dropped = []

    def lie(message):
        if message["is"] == "ended" and not dropped:
            dropped.append(message)
            return []
        if message["is"] == "ended":
            message["request"]["text"] = "better"
        return [message]

    left = evidence.read(
        perform(tmp_path / "run", (two[0], _liar(lie, two[1])), [phase(tasks=10, concurrency=4)])
    )
    assert outcomes(left)["R119"] == "fail"


def test_who_is_no_client_is_refused(tmp_path, two, monkeypatch):
    monkeypatch.setattr(listener, "LEAVE_S", 0.1)
    with nobody() as free, pytest.raises(SetupError, match="client-absent"):
        perform(tmp_path / "a", (two[0], f"127.0.0.1:{free}"), [phase()], ended="failed")
    with pytest.raises(SetupError, match="agent-busy"):
        perform(tmp_path / "b", (two[0], two[0]), [phase()], ended="failed")


# Clocks, as functions.


def _exchanges(drift_ppm, seed, step=0):
    import random

    draw = random.Random(seed)
    offset = draw.randrange(-(10**12), 10**12)

    def there(now):
        return now + offset + now * drift_ppm // 1_000_000 + (step if now > 5 * 10**9 else 0)

    rows = []
    for n in range(100):
        sent = n * 100_000_000 + draw.randrange(10_000)
        to, back = (int(draw.expovariate(1 / 80_000)) + 5_000 for _ in range(2))
        rows.append((sent, there(sent + to), there(sent + to) + 2_000, sent + to + 2_100 + back))
    return rows, there


@pytest.mark.parametrize("seed", range(8))
def test_the_true_offset_lies_in_the_bound_whatever_the_ways_and_the_drift(seed):
    rows, there = _exchanges((seed * 53) % 490 - 240, seed)
    offsets = Offsets(rows)
    worst = Bound(1 << 62, -(1 << 62))
    for now in range(0, 10**10, 67_000_003):
        moment = there(now)
        bound = offsets.at(moment)
        assert bound.low <= moment - now <= bound.high
        worst = Bound(min(worst.low, moment - now), max(worst.high, moment - now))
    whole = offsets.over(there(0), there(10**10))
    assert whole.low <= worst.low <= worst.high <= whole.high


def test_a_clock_that_was_set_contradicts_its_exchanges():
    rows, there = _exchanges(20, 1, step=40_000_000)
    bound = Offsets(rows).over(there(0), there(10**10))
    assert bound.low > bound.high


@pytest.mark.parametrize("clients", [1, 2, 3, 7, 64])
def test_dealing_is_exact(clients):
    assert sorted(i for c in range(clients) for i in range(1000) if owner(i, clients) == c) == list(
        range(1000)
    )
    for concurrency in (1, 5, 64, 1000):
        assert sum(shares(concurrency, clients)) == concurrency
        assert max(shares(concurrency, clients)) - min(shares(concurrency, clients)) <= 1


def test_what_a_cut_attempt_left_of_a_lost_client_is_set_aside():
    """A phase that is measured again takes its loss and its unsealed lines with it, and no other phase's."""
    parts = farmed.document()
    seals = [
        m for m in parts["marks"] if m["name"] == "client.sealed" and m["detail"]["client"] == 1
    ]
    parts["marks"].remove(seals[-1])
    why = {"client": 1, "why": "the connection ended"}
    parts["marks"].append(farmed.mark(13_264_000_000, "client.lost", why))
    _, farm = factory.of_clients(parts)
    (client,) = (each for each in farm.clients if each.number == 1)
    assert client.lost
    assert client.open == 4
    farm.set_aside({("server", 0, True)})
    assert (client.lost, client.open) == ("", 0)
    assert [deal.phase[0] for deal in farm.deals] == ["single-stream", "single-stream", "offline"]
    parts["marks"].remove(seals[-2])
    _, farm = factory.of_clients(parts)
    farm.set_aside({("server", 0, True)})
    assert farm.clients[1].open == 4


def test_clients_of_a_cut_attempt_crowd_nobody():
    """Two on a machine of two processors, twice in a row: never four at once."""
    parts = farmed.document()
    joined = [m for m in parts["marks"] if m["name"] == "client.joined"]
    for each in joined:
        each["detail"] |= {"machine": farmed.BOOT[0], "boot": farmed.BOOT[0], "cores": 2}
    for each in parts["marks"]:
        if each["name"] == "client.sealed":
            each["detail"]["seal"]["boot"] = farmed.BOOT[0]
    run = factory.evidence(parts)
    farm = run.farm
    assert clientload.below_ceiling(run, None).outcome is Outcome.PASS
    farm.set_aside(())
    for each in joined:
        farm.take(convert(each, Mark, file="log"), Place("events.jsonl", 1))
    assert sorted(farm.crowds().values()) == [2, 2]
    assert clientload.below_ceiling(run, None).outcome is Outcome.PASS
    assert rules.there(run, None).why == "2 clients on 1 machine(s), to the end"
    known = clients_of_card(run)
    assert known.attempt == (0, 0, 1, 1)
    assert known.machine == (0, 0, 0, 0)
    third = {**joined[0], "detail": {**joined[0]["detail"], "client": 2}}
    farm.take(convert(third, Mark, file="log"), Place("events.jsonl", 1))
    assert clientload.below_ceiling(run, None).outcome is Outcome.WARN
