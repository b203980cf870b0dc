"""Whole runs of a real engine as a process of this machine: where no Docker engine answers."""

import json
import os
import signal

import pytest

from suite import evidence
from tests.factories import runs

pytestmark = [pytest.mark.engine, pytest.mark.slow]

NO_DOCKER = "unix:///nonexistent.sock"
START_S = 300
"""Longest start of an engine on a busy machine, its Python environment being there."""


@pytest.fixture(scope="module")
def environment():
    """The engine's Python environment, made where it is missing."""
    done = runs.suite(
        "prepare", "--engine", "transformers", "--runtime", "process", "--json", timeout=3600
    )
    if "wheels-unavailable" in done.stderr or "torch-cpu-unavailable" in done.stderr:
        pytest.skip("the engine's packages cannot be fetched here")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["ready"]


@pytest.fixture
def words(tmp_path, environment):
    """A run of transformers with a few tasks; a model of its own, to know its processes by."""
    options = ["--vendor", "cpu", "--engine", "transformers", "--profile", runs.profile(tmp_path)]
    return ["run", *options, "--out", tmp_path / "run", "--key", runs.key(tmp_path / "key.pem")]


def test_prepare_found_or_made_it(environment):
    assert [one["runtime"] for one in environment] == ["process"]
    assert environment[0]["what"].endswith(".venv-transformers/bin/python")


@pytest.mark.alone
def test_without_docker_the_engine_runs_as_a_process(words, tmp_path, left_behind):
    done = runs.suite(*words, DOCKER_HOST=NO_DOCKER)
    assert done.returncode == 0, done.stdout + done.stderr
    said = [line for line in done.stderr.splitlines() if "no Docker engine answers" in line]
    assert len(said) == 1
    assert "runtime: process" in said[0]
    run = tmp_path / "run"
    card = json.loads((run / "scorecard.json").read_bytes())["predicate"]
    assert card["runtime"] == "process"
    assert card["division"]["granted"] == "open"
    reasons = {reason["rule"]: reason["why"] for reason in card["division"]["reasons"]}
    assert "runtime: process; closed needs a container" in reasons["R030"]
    assert not card["engine"]["image_digest"]
    read = evidence.read(run)
    assert {request.outcome for request in read.requests} == {"ok"}
    facts = {name: fact.value for name, fact in read.environment.facts.items()}
    assert facts["engine.version"] == facts["engine.package.transformers"]
    assert facts["engine.version"].startswith("5.")
    assert facts["engine.runtime"] == "process"
    assert facts["engine.package.torch"].startswith("2.13.0")
    verified = runs.suite("verify", run, "--key", run / "signer.pub.pem")
    assert verified.returncode == 0, verified.stdout
    assert left_behind() == []


def test_sigterm_leaves_no_process(words, tmp_path, left_behind):
    run = tmp_path / "run"
    process = runs.start(*words, DOCKER_HOST=NO_DOCKER)
    runs.wait_for("a request", lambda: runs.requests(run), process, START_S)
    assert any("transformers" in runs.name_of(one) for one in runs.children_of(process.pid))
    status, errors = runs.end(process, signal.SIGTERM)
    assert status == 130, errors
    read = evidence.read(run)
    assert read.footer.ended == "interrupted"
    assert len(read.requests) >= 1
    assert left_behind() == []


def test_a_killed_suite_leaves_no_process(words, tmp_path, left_behind):
    run = tmp_path / "run"
    process = runs.start(*words, DOCKER_HOST=NO_DOCKER)
    log = run / "engine.log"
    runs.wait_for("the engine", lambda: log.exists() and log.stat().st_size, process, START_S)
    status, _ = runs.end(process, signal.SIGKILL)
    assert status == -signal.SIGKILL
    assert left_behind() == []
    assert evidence.read(run).footer is None


def test_an_engine_that_is_killed_ends_the_run(words, tmp_path, left_behind):
    run = tmp_path / "run"
    process = runs.start(*words, DOCKER_HOST=NO_DOCKER)
    runs.wait_for("a request", lambda: runs.requests(run), process, START_S)
    engine = [one for one in runs.children_of(process.pid) if "transformers" in runs.name_of(one)]
    os.kill(engine[0], signal.SIGKILL)
    status, errors = runs.end(process, None)
    assert status == 3, errors
    assert "error[engine-died]" in errors
    assert runs.footer(run)["ended"] == "engine-died"
    assert left_behind() == []
