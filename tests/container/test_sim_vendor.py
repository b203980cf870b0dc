"""The simulated vendor by its declaration, in its own image and as a process: labelled, and named where it cheats."""

import json
import signal
import subprocess

import pytest

from suite import evidence
from suite.measure.engine.container.options import LABEL_OWNER
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


def test_an_image_that_came_as_a_file_is_loaded_and_runs(tmp_path):
    """What is saved under another name, and gone from the engine, as in a lab to which somebody carries it."""
    done = runs.suite("prepare", "--vendor", "sim", "--runtime", "container")
    assert done.returncode == 0, done.stderr
    planned = runs.suite("plan", "--vendor", "sim", "--runtime", "container", "--json")
    reference = json.loads(planned.stdout)["engine"]["image"]["reference"]
    listed = docker_says("images", "--format", "{{.Repository}}:{{.Tag}}", reference).split()
    name, archive = "llm-conformance-test-carried:1", tmp_path / "image.tar"
    docker_says("tag", listed[0], name)
    docker_says("save", "-o", str(archive), name)
    docker_says("rmi", name)
    run = tmp_path / "run"
    try:
        done = runs.suite(
            "run", "--vendor", "sim", "--image-archive", archive, "--profile", vendor.PROFILE,
            "--out", run, "--key", runs.key(tmp_path / "key.pem"),
        )  # fmt: skip
        assert done.returncode in (0, 1), done.stderr
        assert docker_says("images", "-q", name)
    finally:
        docker_says("rmi", name)
    card = vendor.card_of(run)
    assert card["runtime"] == "container"
    facts = json.loads((run / "environment.json").read_bytes())["facts"]
    assert len(facts["image-archive.sha256"]["value"]) == 64


def test_a_run_whose_container_was_killed_goes_on_in_another(tmp_path, docker):
    run, key = tmp_path / "run", runs.key(tmp_path / "key.pem")
    process = runs.start(
        "run", "--vendor", "sim", "--runtime", "container", "--cheat", vendor.HONEST,
        "--profile", vendor.PROFILE, "--out", run, "--key", key, "--quiet",
    )  # fmt: skip

    def measures():
        return sum(e["type"] == "request" and e["phase"] == "offline" for e in runs.events(run)) > 8

    runs.wait_for("requests of the second phase", measures, process)
    process.send_signal(signal.SIGSTOP)  # so that it does not end meanwhile
    (engine,) = [
        container
        for container in docker.containers.list(filters={"label": LABEL_OWNER})
        if container.labels[LABEL_OWNER].split(":")[1] == str(process.pid)
    ]
    engine.kill()
    process.send_signal(signal.SIGCONT)
    status, errors = runs.end(process, None)
    assert status == 3, errors
    assert runs.footer(run)["ended"] == "engine-died"
    done = runs.suite("run", "--resume", run, "--key", key)
    assert done.returncode in (0, 1), done.stderr
    assert "attempt 2: 2 of 4 phases stay" in done.stderr, done.stderr
    left = evidence.read(run)
    assert left.footer.ended == "complete"
    (attempt,) = left.attempts
    assert attempt.phases == ("offline-warmup/0", "offline/0")
    checks = {check["rule"]: check for check in vendor.card_of(run)["checks"]}
    assert "attempt 1 ended as engine-died" in checks["R108"]["why"]
    verified = runs.suite("verify", run, "--key", tmp_path / "key.pub.pem", "--json")
    assert json.loads(verified.stdout)["intact"] is True


def docker_says(*words):
    return subprocess.run(["docker", *words], check=True, capture_output=True, text=True).stdout
