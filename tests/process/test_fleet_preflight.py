"""What keeps a machine out of a fleet: each failure of the check-up by itself, in the journal by its code and place."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import socket
import subprocess
import sys

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from suite.cli.fleets import unit
from suite.declare.fleet import Job
from suite.declare.tasks.reference import MINI_MODEL
from suite.documents.fleet import PREFLIGHT
from suite.evidence.fleetstate import machines
from suite.measure.fleet import attempt as attempts
from tests.factories import fleets, runs

pytestmark = pytest.mark.slow
ASKED = Job("node-1", PREFLIGHT, 0)
SIM = ("--runtime", "sim")
NVIDIA = ("--vendor", "nvidia", "--runtime", "container")


@pytest.fixture(autouse=True)
def own_locks(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path_factory.mktemp("locks")))


def asked(directory, words, before="true", under=""):
    """The end of the check-up of a fleet's one machine, which then is to run nothing; `before` is a line of shell, `under` begins the command's."""
    made = fleets.fleet(directory, 1, repeats=1, retries=0)
    made = replace(made, directory=str(runs.ROOT), cells=(replace(made.cells[0], words=words),))
    command = shlex.join(unit(directory, made)(ASKED, attempts.files(directory, ASKED, 1)))
    now = fleets.work(directory, made, "exit 9", preflight=f"{before}\nexec {under} {command}")
    ended = now.attempts[ASKED][-1].ended
    if ended.status != 0:
        assert now.attempts.keys() == {ASKED}
        assert {machine.outcome for machine in machines(made, now)} == {"failed"}
    return ended


def refused(directory, words, before="true", under=""):
    """Why a machine is not ready."""
    ended = asked(directory, words, before, under)
    assert (ended.code, ended.status) == ("preflight-failed", 3), ended.reason
    assert ended.measured is False
    return ended.reason


def test_a_machine_that_lacks_nothing_is_ready(tmp_path):
    assert asked(tmp_path, SIM).reason == "ready"


@pytest.mark.skipif(shutil.which("nvidia-smi") is not None, reason="this machine has the driver")
def test_a_driver_that_is_not_there(tmp_path):
    said = refused(tmp_path, NVIDIA)
    assert "devices (the NVIDIA driver with nvidia-smi (0)): nvidia-smi is not installed" in said
    assert "devices (the device node of each GPU (0)): /dev/nvidia0 does not exist" in said


def tool(directory, name, text):
    """A program of that name, first on the path."""
    (directory / "bin").mkdir(exist_ok=True)
    path = directory / "bin" / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return f"PATH={directory}/bin:$PATH"


def test_a_driver_that_is_too_old(tmp_path):
    before = tool(tmp_path, "nvidia-smi", "echo 535.161.08")
    said = refused(tmp_path, (*NVIDIA, "--engine", "sglang"), before)
    assert "devices (a driver for CUDA 13 (0)): version 535.161.08" in said


def test_another_accelerator_than_the_inventory_names(tmp_path):
    before = tool(tmp_path, "nvidia-smi", "echo 'Tesla T4'")
    said = refused(tmp_path, (*NVIDIA, "--accelerator", "h100-sxm"), before)
    assert "devices (the NVIDIA driver with nvidia-smi (0)): Tesla T4" in said


def test_a_docker_engine_that_does_not_answer(tmp_path):
    before = f"export DOCKER_HOST=unix://{tmp_path}/none.sock"
    said = refused(tmp_path, ("--vendor", "cpu", "--runtime", "container"), before)
    assert said.startswith("docker: ")
    assert "none.sock" in said


@pytest.mark.container
def test_an_image_that_only_its_vendor_can_give(tmp_path):
    words = ("--vendor", "biren", "--runtime", "container")
    assert "is not on this machine" in refused(tmp_path, words).partition("image: ")[2]


def test_an_environment_that_is_none(tmp_path):
    words = ("--vendor", "cpu", "--engine", "vllm", "--runtime", "process")
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)
    said = refused(tmp_path, (*words, "--engine-python", str(python)))
    assert "environment: " in said
    assert str(python) in said


@pytest.fixture
def small(tmp_path):
    """A file system of 32 MiB."""
    place = tmp_path / "small"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=32m", "none", place]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("may not mount")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def test_a_fleets_directory_without_room(small):
    said = refused(small, SIM)
    assert (
        said
        == f"disk (where runs are written): 0.0 GiB free at {small}/attempts/node-1/preflight.r0.a1"
    )


def test_a_cache_that_may_not_be_written(tmp_path, small):
    subprocess.run(["mount", "-o", "remount,ro", small], check=True)
    said = refused(tmp_path, SIM, f"export SUITE_CACHE={small}/cache")
    assert said == f"disk (the cache): {small} may not be written to"


def test_too_little_memory_for_the_weights(tmp_path):
    """The kernel's own count, in a mount namespace where it says so."""
    before = (
        f"sed 's/^MemAvailable:.*/MemAvailable: 1 kB/' /proc/meminfo >{tmp_path}/meminfo || exit 9"
    )
    see = f'mount --bind {tmp_path}/meminfo /proc/meminfo && exec "$@"'
    under = shlex.join(("unshare", "--mount", "sh", "-c", see, "sh"))
    if subprocess.run([*shlex.split(under)[:2], "true"], check=False).returncode:
        pytest.skip("may not mount")
    words = ("--vendor", "cpu", "--engine", "vllm", "--runtime", "process")
    said = refused(tmp_path, (*words, "--engine-python", sys.executable), before, under)
    assert "memory: 0.0 GiB available, the weights have 0.0 GiB" in said


def test_a_port_that_somebody_else_has(tmp_path):
    words = ("--vendor", "enflame", "--runtime", "container", "--access", "documented")
    with contextlib.closing(socket.socket()) as other, contextlib.suppress(OSError):
        other.bind(("127.0.0.1", 8000))
        other.listen()
        said = refused(tmp_path, words)
    assert "ports: 127.0.0.1:8000: Address already in use" in said


def test_too_few_open_files(tmp_path):
    said = refused(tmp_path, SIM, "ulimit -n 70")
    assert said.startswith("connections: ")
    assert "70 open files allowed" in said


def test_a_model_that_cannot_be_read(tmp_path):
    model = tmp_path / "model"
    shutil.copytree(MINI_MODEL, model)
    (model / "config.json").write_text("{")
    said = refused(tmp_path, (*SIM, "--model", str(model)))
    assert said.startswith(f"model: {model}/config.json")


def test_data_that_cannot_be_read(tmp_path):
    data = tmp_path / "xsum.jsonl"
    data.write_text("{\n")
    assert refused(tmp_path, (*SIM, "--data", str(data))).startswith(f"data: {data}")


def test_a_key_that_is_not_there(tmp_path):
    said = refused(tmp_path, SIM, f"export SUITE_KEY={tmp_path}/none.pem")
    assert said.startswith("key: ")
    assert "none.pem" in said


def test_a_division_that_is_out_of_reach(tmp_path):
    said = refused(tmp_path, (*SIM, "--require-division", "closed"))
    assert said.startswith("division: open")


def test_a_vendor_that_the_machine_does_not_know(tmp_path):
    ended = asked(tmp_path, ("--vendor", "nobody", *SIM))
    assert (ended.code, ended.status) == ("vendor-unknown", 2)


def test_a_suite_that_does_not_start(tmp_path):
    """As where the machine has no such interpreter, or another version without the module."""
    made = fleets.fleet(tmp_path, 1, repeats=1, retries=0)
    broken = f"{shlex.quote(sys.executable)} -I -c 'import no_such_suite'"
    now = fleets.work(tmp_path, made, "exit 9", preflight=f"exec {broken}")
    ended = now.attempts[ASKED][-1].ended
    assert (ended.code, ended.status) == (UNSET, 1)
    assert ended.reason == "the check-up ended with 1"
    assert {machine.outcome for machine in machines(made, now)} == {"failed"}


def test_a_clock_that_nothing_sets_is_said_and_keeps_nobody_out(tmp_path):
    """R005 judges it in the run, by what it did there."""
    assert asked(tmp_path, SIM).status == 0
    answers = attempts.files(tmp_path, ASKED, 1).directory / "stdout"
    assert '"topic": "clock"' in answers.read_text()
