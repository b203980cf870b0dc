"""The controller over processes of this machine: who runs what in which order, what is tried again, and what a kill leaves."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest
from msgspec import UNSET

from suite.base.errors import SetupError, UsageError
from suite.cli.fleets import carry_out
from suite.declare.fleet import Job
from suite.documents.fleet import PREFLIGHT
from suite.evidence import fleetstate
from suite.evidence.journal import JOURNAL, Journal, read_journal
from suite.measure.fleet import attempt as attempts
from suite.measure.fleet.local import Local
from tests.factories import fleets, runs

ONE = Job("node-1", "1-cell", 1)


def codes(now, job=ONE):
    return [attempt.ended.code for attempt in now.attempts[job]]


def outcomes(made, now):
    return {machine.name: machine.outcome for machine in fleetstate.machines(made, now)}


def test_every_machine_is_asked_first_and_repeats_are_interleaved(tmp_path):
    made = fleets.fleet(tmp_path, 3, excluded="sent back")
    now = fleets.work(tmp_path, made, at_once=1)
    assert outcomes(made, now) == {"node-1": "complete", "node-2": "complete", "node-3": "excluded"}
    entries, _ = read_journal(tmp_path, made)
    for name in ("node-1", "node-2"):
        order = [e.repeat for e in entries if e.kind == "submitted" and e.machine == name]
        assert order == [0, 1, 2]
    assert not any(entry.machine == "node-3" for entry in entries)


def test_a_machine_never_works_at_two_attempts(tmp_path):
    made = fleets.fleet(tmp_path, 2, repeats=3)
    guard = (
        'mkdir -p "$RUN"; mkdir "$RUN/../../lock" || exit 9; sleep 0.05; rmdir "$RUN/../../lock"\n'
    )
    now = fleets.work(tmp_path, made, guard + fleets.CARD)
    assert set(outcomes(made, now).values()) == {"complete"}


def test_a_failure_of_the_infrastructure_before_measuring_is_tried_again(tmp_path):
    made = fleets.fleet(tmp_path, 1, repeats=1)

    def unit(job, number):
        return fleets.DISK_FULL if number == 1 else fleets.CARD

    now = fleets.work(tmp_path, made, unit)
    first, second = now.attempts[ONE]
    assert (first.ended.code, first.ended.measured) == ("disk-full", False)
    assert second.passed
    # The machine was asked again in between.
    assert len(now.attempts[Job("node-1", PREFLIGHT, 0)]) == 2
    assert (tmp_path / "attempts/node-1/1-cell.r1.a1").is_dir()


@pytest.mark.parametrize(
    "unit", [fleets.DISK_FULL_MEASURING, fleets.ENGINE_DIED, "exit 2", "echo nonsense; exit 0"]
)
def test_what_is_measured_or_fails_by_itself_is_never_tried_again(tmp_path, unit):
    made = fleets.fleet(tmp_path, 1, repeats=1, retries=5)
    now = fleets.work(tmp_path, made, unit)
    assert len(now.attempts[ONE]) == 1
    assert outcomes(made, now) == {"node-1": "failed"}
    (machine,) = fleetstate.machines(made, now)
    assert machine.reason.startswith("0 of 1 runs left a card: ")


def test_tries_are_no_more_than_the_fleet_allows(tmp_path):
    made = fleets.fleet(tmp_path, 1, repeats=1, retries=2)
    now = fleets.work(tmp_path, made, fleets.DISK_FULL)
    assert codes(now) == ["disk-full"] * 3


def test_a_machine_that_is_not_ready_runs_nothing_and_is_asked_again_on_resume(tmp_path):
    made = fleets.fleet(tmp_path, 2)
    answer = '{"checks": [{"topic": "devices", "outcome": "fail", "answer": "no device"}]}'

    def sick(job):
        return f"echo '{answer}'; exit 3" if job.machine == "node-1" else fleets.READY

    now = fleets.work(tmp_path, made, preflight=sick)
    assert outcomes(made, now) == {"node-1": "failed", "node-2": "complete"}
    machine = fleetstate.machines(made, now)[0]
    assert [attempt.cell for attempt in machine.attempts] == [PREFLIGHT]
    assert machine.attempts[0].code == "preflight-failed"
    assert "devices: no device" in machine.reason
    now = fleets.work(tmp_path, made)
    assert set(outcomes(made, now).values()) == {"complete"}


def test_a_lost_attempt_leaves_its_machine_alone_until_resume(tmp_path):
    made = fleets.fleet(tmp_path, 2, repeats=1)

    def dies(job, number):
        return fleets.KILLED if job == ONE and number == 1 else fleets.CARD

    now = fleets.work(tmp_path, made, dies)
    assert codes(now) == ["fleet-lost"]
    assert now.lost == {"node-1"}
    now = fleets.work(tmp_path, made, dies)
    assert [attempt.passed for attempt in now.attempts[ONE]] == [False, True]
    assert set(outcomes(made, now).values()) == {"complete"}


def test_what_a_queue_holds_back_behind_a_lost_machine_is_given_up(tmp_path):
    class Queue(Local):
        """Begins the second of two attempts only when its machine is back, as Slurm does."""

        batch = 2

        def submit(self, machine, attempts, name):
            return [*super().submit(machine, attempts[:1], name), *["held"] * len(attempts[1:])]

        def gone(self, handles):
            return super().gone({handle: at for handle, at in handles.items() if handle != "held"})

    made = fleets.fleet(tmp_path, 1, repeats=2, retries=0)
    looks = iter([False] * 10_000)
    now = fleets.work(
        tmp_path, made, fleets.KILLED, stopped=lambda: next(looks, True), backend=Queue()
    )
    assert now.running() == []
    assert codes(now) == ["fleet-lost"]
    assert codes(now, Job("node-1", "1-cell", 2)) == ["fleet-unplaced"]
    # It never began, so that it still may.
    now = fleets.work(tmp_path, made)
    assert now.attempts[Job("node-1", "1-cell", 2)][-1].passed


def test_an_attempt_that_works_on_keeps_the_next_from_its_machine(tmp_path):
    made = fleets.fleet(tmp_path, 1, repeats=1)
    # Its script dies, and what it started works on, as on a node that was given up.
    lingers = "sleep 600 >/dev/null 2>&1 & echo $! >$RUN.pid\n" + fleets.KILLED
    now = fleets.work(tmp_path, made, lingers)
    assert codes(now) == ["fleet-lost"]
    survivor = int((tmp_path / "attempts/node-1/1-cell.r1.a1/run.pid").read_text())
    try:
        now = fleets.work(tmp_path, made)
        asked = now.attempts[Job("node-1", PREFLIGHT, 0)][-1]
        assert asked.ended.code == "fleet-machine-busy"
    finally:
        os.kill(survivor, signal.SIGKILL)
    deadline = time.monotonic() + runs.WAIT_S
    while not now.attempts[ONE][-1].passed and time.monotonic() < deadline:
        now = fleets.work(tmp_path, made)
    assert now.attempts[ONE][-1].passed


def test_a_controller_killed_in_the_middle_goes_on_with_what_runs(tmp_path):
    made = fleets.fleet(tmp_path, 2, repeats=1)
    script = textwrap.dedent(f"""
        from pathlib import Path
        from suite.documents.codec import decode
        from suite.documents.fleet import Fleet
        from tests.factories import fleets
        place = Path({str(tmp_path)!r})
        made = decode((place / "fleet.json").read_bytes(), Fleet)
        fleets.work(place, made, "touch $RUN.begun; while [ ! -e {tmp_path}/go ]; do sleep 0.02; done\\n" + fleets.CARD)
    """)
    controller = subprocess.Popen([sys.executable, "-c", script], cwd=runs.ROOT)
    deadline = time.monotonic() + runs.WAIT_S
    while len(list(tmp_path.glob("attempts/*/*/run.begun"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    with pytest.raises(SetupError) as busy:
        Journal(tmp_path, made)
    assert busy.value.code == "fleet-busy"
    controller.kill()
    controller.wait()
    with (tmp_path / JOURNAL).open("ab") as journal:
        journal.write(b'{"sequence": 1')  # the line in which it died
    (tmp_path / "go").touch()
    now = fleets.work(tmp_path, made, "exit 9")
    assert [len(now.attempts[Job(f"node-{n}", "1-cell", 1)]) for n in (1, 2)] == [1, 1]
    assert set(outcomes(made, now).values()) == {"complete"}


def test_an_attempt_that_nobody_placed_never_counts(tmp_path):
    made = fleets.fleet(tmp_path, 1, repeats=1, retries=0)
    with Journal(tmp_path, made) as journal:
        journal.append("begun", backend="local")
        journal.append("submitted", machine="node-1", cell="1-cell", repeat=1, attempt=1)
    now = fleets.work(tmp_path, made)
    assert codes(now) == ["fleet-unplaced", UNSET]
    assert now.attempts[ONE][-1].passed


def test_a_machine_that_a_wrong_word_kept_out_is_asked_by_the_next_controller(tmp_path):
    """A partition that is not there, say: nothing was placed, and nobody was killed."""

    class Refusing(Local):
        def submit(self, machine, attempts, name):
            raise SetupError("fleet-backend-failed", "there is no such partition")

    made = fleets.fleet(tmp_path, 2, repeats=1)
    with pytest.raises(SetupError, match="no such partition"):
        fleets.work(tmp_path, made, backend=Refusing())
    entries, _ = read_journal(tmp_path, made)
    assert (entries[-1].code, entries[-1].reason) == (
        "fleet-unplaced",
        "there is no such partition",
    )
    now = fleets.work(tmp_path, made)
    assert set(outcomes(made, now).values()) == {"complete"}


def _killed_while_placing(place, made, word):
    """A controller that is killed beside its backend: `word` is "before" or "after" the attempt is placed."""
    script = textwrap.dedent(f"""
        import os, signal
        from pathlib import Path
        from suite.documents.codec import decode
        from suite.documents.fleet import Fleet
        from suite.measure.fleet.local import Local
        from tests.factories import fleets

        class Killed(Local):
            def submit(self, machine, attempts, name):
                placed = [] if {word!r} == "before" else super().submit(machine, attempts, name)
                os.kill(os.getpid(), signal.SIGKILL)

        place = Path({str(place)!r})
        made = decode((place / "fleet.json").read_bytes(), Fleet)
        fleets.work(place, made, "exit 9", backend=Killed(), preflight="while [ ! -e {place}/go ]; do sleep 0.02; done")
    """)
    done = subprocess.run([sys.executable, "-c", script], cwd=runs.ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    entries, _ = read_journal(place, made)
    assert [entry.kind for entry in entries] == ["begun", "submitted"]


def test_what_a_controller_placed_and_did_not_write_down_is_adopted(tmp_path):
    made = fleets.fleet(tmp_path, 1, repeats=1)
    _killed_while_placing(tmp_path, made, "after")
    looks = iter([False, False, True])
    now = fleets.work(tmp_path, made, stopped=lambda: next(looks))
    (running,) = now.running()
    assert (running.job.cell, running.number) == (PREFLIGHT, 1)
    assert running.handle
    (tmp_path / "go").touch()
    now = fleets.work(tmp_path, made)
    assert len(now.attempts[Job("node-1", PREFLIGHT, 0)]) == 1
    assert now.attempts[ONE][-1].passed


def test_what_a_killed_controller_never_placed_is_tried_again_and_can_never_begin(tmp_path):
    made = fleets.fleet(tmp_path, 1, repeats=1, retries=0)
    _killed_while_placing(tmp_path, made, "before")
    asked = Job("node-1", PREFLIGHT, 0)
    now = fleets.work(tmp_path, made)
    assert codes(now, asked) == ["fleet-unplaced", UNSET]
    assert now.attempts[ONE][-1].passed
    # A queue that begins it later, as Slurm's does, begins nothing.
    at = attempts.files(tmp_path, asked, 1)
    subprocess.run(["sh", at.script], check=True, capture_output=True)
    assert sorted(path.name for path in at.directory.iterdir()) == [
        attempts.CLAIM,
        attempts.SCRIPT,
    ]


def test_an_attempt_begins_once(tmp_path):
    at = attempts.files(tmp_path, ONE, 1)
    attempts.write_script(at, "node-1", ("sh", "-c", f"echo x >>{tmp_path}/count"), str(tmp_path))
    for _ in range(2):
        subprocess.run(["sh", at.script], check=True, capture_output=True)
    assert (tmp_path / "count").read_text() == "x\n"
    assert not attempts.give_up(at)


@pytest.mark.parametrize("handle", ["", "x", "_", "name_", "_0", "name_x", "name_-1", "suite-n_9"])
def test_a_name_under_which_nothing_was_placed_finds_nothing(tmp_path, handle):
    made = fleets.fleet(tmp_path, 1, repeats=1)
    with Journal(tmp_path, made) as journal:
        journal.append("begun", backend="local")
        journal.append(
            "submitted", machine="node-1", cell="preflight", repeat=0, attempt=1, handle=handle
        )
    now = fleets.work(tmp_path, made)
    assert codes(now, Job("node-1", PREFLIGHT, 0)) == ["fleet-unplaced", UNSET]


def test_a_controller_that_is_stopped_leaves_what_runs(tmp_path):
    made = fleets.fleet(tmp_path, 1, repeats=2)
    looks = iter([False, False, True])
    held = f"while [ ! -e {tmp_path}/go ]; do sleep 0.02; done\n" + fleets.CARD
    now = fleets.work(tmp_path, made, held, stopped=lambda: next(looks))
    assert len(now.running()) == 1
    (tmp_path / "go").touch()
    now = fleets.work(tmp_path, made)
    assert set(outcomes(made, now).values()) == {"complete"}


@pytest.mark.parametrize("handle", ["999999999-", "999999999", "12_4", "x-y", "999999999-1"])
def test_a_handle_without_a_process_is_over(handle):
    assert list(Local().gone({handle: None})) == [handle]


@pytest.mark.parametrize("status", ["", "x", "-1", "256", "9" * 5000])
def test_a_status_that_is_none_is_no_end(tmp_path, status):
    at = attempts.files(tmp_path, ONE, 1)
    at.directory.mkdir(parents=True)
    (at.directory / attempts.STATUS).write_text(status)
    assert attempts.ending(at, ONE) is None


def test_a_status_that_is_a_pipe_is_not_waited_for(tmp_path):
    at = attempts.files(tmp_path, ONE, 1)
    at.directory.mkdir(parents=True)
    os.mkfifo(at.directory / attempts.STATUS)
    assert attempts.ending(at, ONE) is None


def test_a_card_that_cannot_be_read_is_none(tmp_path):
    at = attempts.files(tmp_path, ONE, 1)
    at.run.mkdir(parents=True)
    (at.directory / attempts.STATUS).write_text("0\n")
    (at.run / attempts.CARD).write_bytes(b"")
    ending = attempts.ending(at, ONE)
    assert ending.card_sha256 == ""
    assert ending.reason == "it ended with 0 and left no card"


def test_a_reason_has_every_single_thing_that_was_wrong(tmp_path):
    at = attempts.files(tmp_path, ONE, 1)
    at.run.mkdir(parents=True)
    (at.directory / attempts.STATUS).write_text("2\n")
    printed = (
        "a warning",
        "error[plan-differs]: 2 members differ",
        "  at plan.json",
        *("  - another than planned: /a", "  - another than planned: /b"),
        "  hint: make it again",
        "the evidence so far is kept",
        "  - no problem",
    )
    (at.directory / attempts.ERRORS).write_text("\n".join(printed))
    ending = attempts.ending(at, ONE)
    assert ending.code == "plan-differs"
    assert ending.reason == "2 members differ; another than planned: /a; another than planned: /b"


def test_an_answer_of_another_form_is_a_machine_that_is_not_ready(tmp_path):
    made = fleets.fleet(tmp_path, 1, repeats=1)
    answer = '{"checks": [{"outcome": "fail"}, 1]}'
    now = fleets.work(tmp_path, made, preflight=f"echo '{answer}'; exit 3")
    assert codes(now, Job("node-1", PREFLIGHT, 0)) == ["preflight-failed"]


def test_a_reason_of_any_length_leaves_a_journal_that_is_read(tmp_path):
    class Wordy(Local):
        def submit(self, machine, attempts, name):
            raise SetupError("fleet-unplaced", "no " * 5000)

    made = fleets.fleet(tmp_path, 1, repeats=1)
    fleets.work(tmp_path, made, backend=Wordy())
    entries, _ = read_journal(tmp_path, made)
    assert len(entries[-2].reason) == 2000


def test_another_backend_does_not_take_over_what_runs(tmp_path):
    made = fleets.fleet(tmp_path, 1, repeats=1)
    with Journal(tmp_path, made) as journal:
        journal.append("begun", backend="slurm")
        journal.append("submitted", machine="node-1", cell="preflight", repeat=0, attempt=1)
    with pytest.raises(UsageError) as refused:
        carry_out(tmp_path, Local, resume=True, at_once=1)
    assert refused.value.code == "usage-wrong"
    assert "slurm" in refused.value.message
