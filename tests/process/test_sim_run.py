"""Whole runs against the scripted server: to a verified card, and every way of ending early."""

import contextlib
import errno
import json
import os
import resource
import signal
import subprocess
import sys

import pytest

from suite import evidence
from suite.base import jsonio, schema
from tests.factories import runs

SLOW = {"ttft_ms": 100, "itl_ms": 50, "tokens": 24}
STATUSES = {"events": "event", "tasks": "taskline", "telemetry": "telemetry"}


@pytest.fixture
def sim(tmp_path):
    """Words of a simulated run into ``run``, with a script; a slow one has enough to do until something ends it."""

    def words(script=None, out="run", **load):
        many = {"size": 200, "tasks": 200} if script is SLOW else load
        tiny = runs.profile(tmp_path, **many)
        chosen = [] if script is None else ["--sim-script", json.dumps(script)]
        key = runs.key(tmp_path / "key.pem")
        options = ["--runtime", "sim", "--profile", tiny, "--out", tmp_path / out, "--key", key]
        return ["run", *options, *chosen]

    return words


def valid(directory):
    """Every file of a run is valid against its schema, and the manifest holds."""
    for name in ("plan", "environment"):
        assert schema.problems(jsonio.load(directory / f"{name}.json"), name, file=name) == []
    for name, document in STATUSES.items():
        for line in (directory / f"{name}.jsonl").read_bytes().splitlines():
            assert schema.problems(jsonio.loads(line), document, file=name) == []
    manifest = jsonio.load(directory / "manifest.json")
    assert schema.problems(manifest, "manifest", file="manifest") == []
    for entry in manifest["files"]:
        data = (directory / entry["path"]).read_bytes()
        assert (len(data), jsonio.sha256_hex(data)) == (entry["bytes"], entry["sha256"])
    assert not (directory / evidence.BALLAST).exists()
    return evidence.read(directory)


def test_the_whole_chain_to_a_verified_card(sim, tmp_path, left_behind):
    done = runs.suite(*sim())
    # A scripted server summarises nothing: measured, and not conformant.
    assert done.returncode == 1, done.stderr
    assert "NOT CONFORMANT" in done.stdout
    assert "runtime: sim" in done.stderr
    run = tmp_path / "run"
    read = valid(run)
    assert read.footer.ended == "complete"
    assert {request.outcome for request in read.requests} == {"ok"}
    verified = runs.suite("verify", run, "--key", run / "signer.pub.pem", "--json")
    # Intact, and still the card of a run that is not conformant.
    assert verified.returncode == 1, verified.stdout
    steps = json.loads(verified.stdout)
    assert steps["intact"] is True
    page = (run / "scorecard.html").read_bytes()
    (run / "scorecard.html").unlink()
    assert runs.suite("render", run).returncode == 0
    assert (run / "scorecard.html").read_bytes() == page
    scored = runs.suite("score", run, "--json")
    assert scored.returncode == 1
    assert (
        json.loads(scored.stdout) == json.loads((run / "scorecard.json").read_bytes())["predicate"]
    )
    # A second run into the same directory is refused, and changes nothing.
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    again = runs.suite(*sim())
    assert again.returncode == 2
    assert "error[run-exists]" in again.stderr
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before
    assert left_behind() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_the_middle_of_a_phase(sim, tmp_path, left_behind, number):
    run = tmp_path / "run"
    process = runs.start(*sim(SLOW))
    runs.wait_for("a measured request", lambda: runs.requests(run), process)
    status, errors = runs.end(process, number)
    assert status == 130, errors
    assert f"error[interrupted]: stopped by {number.name}" in errors
    assert f"the evidence so far is kept in {run}" in errors
    assert "Traceback" not in errors
    read = valid(run)
    assert read.footer.ended == "interrupted"
    assert read.footer.requests == len(read.requests)
    assert any(request.outcome == "ok" for request in read.requests)
    assert read.marks[-1].name == "engine.stopped"
    assert left_behind() == []
    # What was measured can still be judged, and the card says that it is not all.
    scored = runs.suite("score", run)
    assert scored.returncode == 1
    assert "INCOMPLETE" in scored.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_the_engine_starts(sim, tmp_path, left_behind, number):
    run = tmp_path / "run"
    process = runs.start(*sim({"faults": [{"name": "slow_start", "ms": 60_000.0}]}))
    runs.wait_for("the server", lambda: runs.listening(process.pid), process)
    status, errors = runs.end(process, number)
    assert status == 130, errors
    read = valid(run)
    assert read.footer.ended == "interrupted"
    assert read.requests == ()
    assert left_behind() == []


def test_an_impatient_second_signal_changes_nothing(sim, tmp_path, left_behind):
    run = tmp_path / "run"
    process = runs.start(*sim(SLOW))
    runs.wait_for("a measured request", lambda: runs.requests(run), process)
    for _ in range(20):
        process.send_signal(signal.SIGINT)
    status, errors = runs.end(process, signal.SIGTERM)
    # The signals may come faster than the handlers are put back; the order of the end stands either way.
    assert status == 130, errors
    assert valid(run).footer.ended == "interrupted"
    assert left_behind() == []


def test_a_killed_run_keeps_what_it_measured(sim, tmp_path, left_behind):
    run = tmp_path / "run"
    process = runs.start(*sim(SLOW))
    runs.wait_for("two measured requests", lambda: len(runs.requests(run)) >= 2, process)
    status, _ = runs.end(process, signal.SIGKILL)
    assert status == -signal.SIGKILL
    assert left_behind() == []
    read = evidence.read(run)
    assert read.footer is None
    assert len(read.requests) >= 3
    scored = runs.suite("score", run)
    assert scored.returncode == 1
    assert "events.jsonl has no footer" in scored.stdout
    # It can be signed all the same, and its card says that it was cut.
    assert runs.suite("sign", run, "--key", runs.key(tmp_path / "key.pem")).returncode == 0
    valid(run)
    verified = runs.suite("verify", run, "--key", tmp_path / "key.pub.pem")
    assert verified.returncode == 1, verified.stdout
    card = json.loads((run / "scorecard.json").read_bytes())["predicate"]
    assert card["run"]["ended"] == "cut"
    assert card["verdict"]["conformant"] is False


@pytest.mark.parametrize("after", [2, 4, 9])
def test_an_engine_that_dies_ends_the_run(sim, tmp_path, left_behind, after):
    # Requests 0 and 1 are readiness and warm-up, 2 to 7 single-stream, 8 to 13 the server phase.
    run = tmp_path / "run"
    done = runs.suite(*sim({"faults": [{"name": "dies_after", "first": after}]}))
    assert done.returncode == 3, done.stderr
    phase = "server" if after >= 8 else "single-stream"
    assert f"error[engine-died]: the engine died during {phase}: " in done.stderr
    read = valid(run)
    assert read.footer.ended == "engine-died"
    assert read.footer.error.code == "engine-died"
    good = [request for request in read.requests if request.outcome == "ok"]
    # In the server phase others are in flight when it dies.
    assert len(good) == after - 1 if after < 8 else 7 <= len(good) < after
    assert left_behind() == []


def test_an_engine_that_dies_does_not_keep_an_open_loop_waiting(sim, tmp_path):
    fault = {"name": "dies_after", "first": 245, "after_chunks": 1}
    script = {"ttft_ms": 1, "itl_ms": 0, "tokens": 8, "faults": [fault]}
    done = runs.suite(*sim(script, size=256, tasks=240, rate=4))  # a minute of arrivals
    assert done.returncode == 3, done.stderr
    assert "the engine died during server" in done.stderr
    read = valid(tmp_path / "run")
    assert len(read.requests) < 1 + 240 + 200


def test_an_engine_that_refuses_without_dying_is_a_measured_failure(sim, tmp_path):
    done = runs.suite(*sim({"faults": [{"name": "http_500", "first": 4}]}))
    assert done.returncode == 1, done.stderr
    read = valid(tmp_path / "run")
    assert read.footer.ended == "complete"
    assert "R010" in done.stdout


def test_an_engine_that_is_never_ready(sim, tmp_path, left_behind):
    done = runs.suite(*sim({"faults": [{"name": "slow_start", "ms": 600_000.0}]}))
    assert done.returncode == 3, done.stderr
    assert "error[engine-timeout]" in done.stderr
    read = valid(tmp_path / "run")
    assert read.footer.ended == "engine-failed"
    assert read.footer.error.code == "engine-timeout"
    assert left_behind() == []


def test_an_engine_whose_first_answer_is_wrong(sim, tmp_path, left_behind):
    done = runs.suite(*sim({"faults": ["http_400"]}))
    assert done.returncode == 3, done.stderr
    assert "error[engine-bad-answer]" in done.stderr
    assert valid(tmp_path / "run").footer.ended == "engine-failed"
    assert left_behind() == []


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 80 MiB of its own."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a file system")
    path = tmp_path / "disk"
    path.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=80m", "none", str(path)],
        capture_output=True,
        check=False,
        text=True,
    )
    if mounted.returncode != 0:
        pytest.skip(f"nothing can be mounted here: {mounted.stderr.strip()}")
    yield path
    subprocess.run(["umount", "--lazy", str(path)], check=True)


def fill(path):
    with path.open("wb", buffering=0) as stream:
        for block in (1 << 20, 4096, 1):
            with contextlib.suppress(OSError):
                while stream.write(bytes(block)) == block:
                    pass


def test_a_disk_that_fills_up_keeps_what_was_measured(sim, small_disk, left_behind):
    run = small_disk / "run"
    process = runs.start(*sim(SLOW, out=run))
    runs.wait_for("a measured request", lambda: runs.requests(run), process)
    fill(small_disk / "filler")
    status, errors = runs.end(process, None)
    assert status == 3, errors
    assert "error[disk-full]: cannot write " in errors
    assert f"the evidence so far is kept in {run}" in errors
    read = valid(run)
    assert read.footer.ended == "failed"
    assert read.footer.error.code == "disk-full"
    assert len(read.requests) >= 2
    assert left_behind() == []
    (small_disk / "filler").unlink()
    assert runs.suite("score", run).returncode == 1


FULL_AT_THE_START = """
import contextlib, sys
from suite.cli.main import main
from suite.evidence import write

class Writer(write.Writer):
    def __init__(self, directory):
        super().__init__(directory)
        with open({filler!r}, "wb", buffering=0) as stream, contextlib.suppress(OSError):
            while stream.write(bytes(1 << 20)):
                pass
        with open({filler!r}, "ab", buffering=0) as stream, contextlib.suppress(OSError):
            while stream.write(bytes(4096)) == 4096:
                pass
            stream.truncate(stream.tell() - {room})

import suite.evidence
suite.evidence.Writer = Writer
sys.exit(main(sys.argv[1:]))
"""
"""The command, on a disk that somebody fills, but for so many bytes, when the run's directory was just made."""


@pytest.mark.parametrize("room", [0, 65536])
def test_a_disk_that_is_full_before_the_log_begins(sim, small_disk, room):
    """Whatever fits of a run's beginning, it can be judged, or it says that nothing was measured."""
    run, filler = small_disk / "run", small_disk / "filler"
    script = FULL_AT_THE_START.format(run=str(run), filler=str(filler), room=room)
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, sim(out=run))],
        cwd=runs.ROOT,
        env=runs.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    assert "error[disk-full]: cannot write " in done.stderr
    assert "Traceback" not in done.stderr
    filler.unlink()
    read = valid(run)
    assert read.footer.error.code == "disk-full"
    scored = runs.suite("score", run)
    assert scored.returncode == 1, scored.stderr
    assert "NOT CONFORMANT" in scored.stdout


def test_a_disk_that_is_nearly_full_is_refused_before_anything(sim, small_disk):
    with (small_disk / "filler").open("wb") as stream:
        stream.write(bytes(20 << 20))
    done = runs.suite(*sim(out=small_disk / "deep" / "run"))
    assert done.returncode == 3
    assert "error[disk-full]" in done.stderr
    assert not (small_disk / "deep").exists()


def test_a_file_that_may_not_grow_keeps_whole_lines(sim, tmp_path, left_behind):
    limit = 96 << 10  # bytes: more than each file before the log, less than the log of all requests
    process = subprocess.Popen(
        runs.command(*sim({"ttft_ms": 1, "itl_ms": 0}, size=64, tasks=64, rate=200)),
        cwd=runs.ROOT,
        env=runs.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),  # noqa: PLW1509
    )
    status, errors = runs.end(process, None)
    run = tmp_path / "run"
    assert status == 3, errors
    assert f"error[disk-full]: cannot write {run}: {os.strerror(errno.EFBIG)}" in errors
    read = valid(run)
    assert (run / "events.jsonl").stat().st_size <= limit
    assert len(read.requests) >= 2
    assert left_behind() == []


def test_the_given_server_is_measured_and_left_running(tmp_path, left_behind):
    server = runs.start("sim", "--port", "0")
    try:
        address = server.stdout.readline().split()[1]
        tiny = runs.profile(tmp_path)
        options = [
            "--profile",
            tiny,
            "--out",
            tmp_path / "run",
            "--key",
            runs.key(tmp_path / "key.pem"),
        ]
        done = runs.suite("run", "--url", address, "--model", "mini", *options)
        assert done.returncode == 1, done.stderr
        assert "runtime: endpoint" in done.stderr
        assert valid(tmp_path / "run").footer.ended == "complete"
        assert server.poll() is None
    finally:
        status, _ = runs.end(server, signal.SIGINT)
    assert status == 0
    assert left_behind() == []


def test_a_load_that_the_limit_of_open_files_does_not_let_out_is_refused_beforehand(tmp_path):
    command = f"ulimit -n 200 && exec {sys.executable} -m suite run --runtime sim --quiet --out {tmp_path / 'run'}"
    refused = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert refused.returncode == 3
    assert "error[descriptors-few]: 256 requests are sent at once" in refused.stderr
    assert not (tmp_path / "run").exists()
