"""Runs that were cut go on: engine killed, suite killed, Ctrl-C; and what may not be resumed."""

import json
import os
import shlex
import shutil
import signal

import pytest

from suite import evidence
from suite.base import jsonio
from suite.base.errors import SetupError
from suite.cli.main import main
from suite.measure.resume import repair
from tests.factories import runs

pytestmark = pytest.mark.slow  # whole runs; none of them needs Docker, so once is enough

SCRIPT = {"ttft_ms": 20, "itl_ms": 8, "tokens": 24}
HELD = {**SCRIPT, "faults": [{"name": "silent", "first": 12}]}
"""No answer from the third request of the server phase on, so that something can end it there; who resumes asks less often."""


@pytest.fixture(scope="module")
def cut(tmp_path_factory):
    """A run whose engine was killed in the middle of its second measured phase, and what it left then."""
    directory = tmp_path_factory.mktemp("cut")
    process = start(directory)
    kill_engine(process, directory / "run")
    status, errors = runs.end(process, None)
    assert status == 3, errors
    assert f"suite run --resume {directory / 'run'}" in errors
    assert runs.footer(directory / "run")["ended"] == "engine-died"
    return directory


@pytest.fixture
def copy(cut, tmp_path):
    shutil.copytree(cut, tmp_path / "copy")
    return tmp_path / "copy"


def start(directory, script=HELD, rate=8):
    tiny = runs.profile(directory, size=8, tasks=8, rate=rate)
    key = runs.key(directory / "key.pem")
    options = ["--profile", tiny, "--out", directory / "run", "--key", key]
    return runs.start(
        "run", "--runtime", "sim", *options, "--sim-script", json.dumps(script), "--quiet"
    )


def in_server(run):
    return sum(e["type"] == "request" and e["phase"] == "server" for e in runs.events(run)) > 1


def kill_engine(process, run):
    runs.wait_for("requests of the second phase", lambda: in_server(run), process)
    (engine,) = [n for n in runs.children_of(process.pid) if "sim_main" in runs.name_of(n)]
    os.kill(engine, signal.SIGKILL)


def resume(directory, *words):
    return runs.suite("run", "--resume", directory / "run", "--key", directory / "key.pem", *words)


def facts(directory):
    card = json.loads((directory / "run" / "scorecard.json").read_bytes())["predicate"]
    checks = {check["rule"]: check for check in card["checks"]}
    return card, checks


def test_what_did_not_finish_is_measured_again_and_the_card_says_so(copy):
    run = copy / "run"
    before = (run / "events.jsonl").read_bytes()
    done = resume(copy)
    assert "attempt 2: 2 of 3 phases stay" in done.stderr, done.stderr
    log = (run / "events.jsonl").read_bytes()
    assert log.startswith(before), "the first attempt's events stay"
    read = evidence.read(run)
    assert read.footer.ended == "complete", done.stderr
    assert read.logged == read.footer.requests > len(read.requests) == 17
    (attempt,) = read.attempts
    assert attempt.phases == ("server/0",)
    assert b"attempt 1" in (run / "attempts.log").read_bytes()
    card, checks = facts(copy)
    assert checks["R001"]["outcome"] == checks["R002"]["outcome"] == "pass"
    assert checks["R004"]["outcome"] == "pass"
    assert checks["R108"]["outcome"] == "warn"
    assert "2 attempts: attempt 1 ended as engine-died" in checks["R108"]["why"]
    assert card["division"]["granted"] == "open"
    assert any("attempt 1 ended as engine-died" in note for note in card["notes"])
    verified = json.loads(runs.suite("verify", run, "--key", copy / "key.pub.pem", "--json").stdout)
    assert verified["intact"] is True
    again = resume(copy)
    assert again.returncode == 2
    assert "error[resume-complete]" in again.stderr


@pytest.mark.slow
def test_a_killed_suite_and_a_half_line_are_no_obstacle(tmp_path):
    # So slow that neither of two attempts comes to its end by itself.
    process = start(tmp_path, SCRIPT, rate=1)
    runs.wait_for("requests", lambda: in_server(tmp_path / "run"), process)
    with pytest.raises(SetupError) as busy:
        repair(tmp_path / "run")
    assert busy.value.code == "run-busy"
    process.kill()
    process.communicate()
    with (tmp_path / "run" / "events.jsonl").open("ab") as log:
        log.write(b'{"type":"request","pha')
    second = runs.start("run", "--resume", tmp_path / "run", "--key", tmp_path / "key.pem")
    runs.wait_for("the second attempt", lambda: attempts(tmp_path / "run") == 1, second)
    status, errors = runs.end(second, signal.SIGINT)
    assert status == 130, errors
    resume(tmp_path)
    read = evidence.read(tmp_path / "run")
    assert [attempt.footer and attempt.footer.ended for attempt in read.attempts] == [
        None,
        "interrupted",
    ]
    assert read.footer.ended == "complete"
    assert "3 attempts" in facts(tmp_path)[1]["R108"]["why"]


def attempts(run):
    return sum(event.get("name") == evidence.ATTEMPT for event in runs.events(run))


def changed(path, change):
    value = jsonio.load(path)
    change(value)
    path.chmod(0o644)
    path.write_bytes(jsonio.pretty(value))


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("suite", "another suite"),
        ("plan", "plan-mismatch"),
        ("basis", "basis.json"),
        ("boot", "before this machine was started"),
        ("option", "usage-wrong"),
        ("missing", "run-missing"),
    ],
)
def test_what_is_not_what_began_is_refused(copy, capsys, what, says):
    run, words = copy / "run", []
    match what:
        case "suite":
            changed(run / "basis.json", lambda basis: basis["suite"].update(version="0.1.0"))
        case "plan":
            changed(run / "plan.json", lambda plan: plan["workload"].update(seed=2))
        case "basis":
            (run / "basis.json").unlink()
        case "boot":
            header, _, rest = (run / "events.jsonl").read_bytes().partition(b"\n")
            value = json.loads(header)
            value["realtime_minus_monotonic_us"] -= 3_600_000_000
            (run / "events.jsonl").write_bytes(jsonio.canonical(value) + b"\n" + rest)
        case "option":
            words = ["--engine", "vllm"]
        case "missing":
            shutil.rmtree(run)
    before = {path.name: path.read_bytes() for path in run.glob("*.json*")}
    status = main(["run", "--resume", str(run), "--key", str(copy / "key.pem"), *words])
    assert status in (2, 4)
    assert says in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in run.glob("*.json*")} == before


def test_the_command_that_goes_on_has_what_the_run_does_not_keep(tmp_path):
    tasks = tmp_path / "my tasks.jsonl"
    rows = [{"prompt": f"Say {number}.", "completion": f"{number}"} for number in range(8)]
    tasks.write_text("".join(json.dumps(row) + "\n" for row in rows))
    tiny = runs.profile(tmp_path, size=8, tasks=8, rate=8)
    tiny.write_text(tiny.read_text().replace("set: mini", "set: data"))
    key = runs.key(tmp_path / "key.pem")
    words = ["--profile", tiny, "--data", tasks, "--out", tmp_path / "run", "--key", key]
    script = json.dumps(HELD)
    process = runs.start("run", "--runtime", "sim", *words, "--sim-script", script, "--quiet")
    kill_engine(process, tmp_path / "run")
    status, errors = runs.end(process, None)
    assert status == 3, errors
    (said,) = (line for line in errors.splitlines() if "--resume" in line)
    again = shlex.split(said.partition("suite ")[2])
    done = runs.suite(*again, "--key", key)
    assert "attempt 2: 2 of 3 phases stay" in done.stderr, done.stderr
    assert runs.footer(tmp_path / "run")["ended"] == "complete"


def test_another_machine_ends_the_attempt_and_is_recorded(copy, capsys):
    path = copy / "run" / "environment.json"
    changed(path, lambda env: env["facts"].update({"host.cpu": {"value": "another"}}))
    assert main(["run", "--resume", str(copy / "run"), "--key", str(copy / "key.pem")]) == 3
    assert "error[resume-differs]" in capsys.readouterr().err
    assert runs.footer(copy / "run")["error"]["code"] == "resume-differs"
