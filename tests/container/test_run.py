"""Whole runs of the real engines in containers, as `make run` does them: to a verified card, and cut short."""

import json
import signal

import pytest

from suite import evidence
from suite.base import jsonio
from suite.declare.tasks.reference import MINI_MODEL
from suite.measure.engine.container.options import LABEL_OWNER, LABEL_RUN
from tests.factories import runs

pytestmark = [pytest.mark.container, pytest.mark.engine, pytest.mark.slow]

AGREEMENT = 0.95
"""Share of answers that must be the golden ones, token for token. Measured: vLLM 0.32 256 of 256, transformers
all; the rest is room for other processors, whose sums round otherwise."""
START_S = 400
"""Longest start of an engine on a busy machine, its image being there."""


@pytest.fixture(scope="module")
def images():
    """The images of both engines, built where they are missing."""
    done = runs.suite("prepare", "--all", "--runtime", "container", "--json", timeout=3600)
    assert done.returncode == 0, done.stderr
    return {one["engine"]: one for one in json.loads(done.stdout)["ready"]}


@pytest.fixture
def left(docker):
    """What containers and networks of a run are there."""

    def names(run):
        containers = docker.containers.list(all=True, filters={"label": f"{LABEL_RUN}={run.name}"})
        networks = docker.networks.list(filters={"label": f"{LABEL_RUN}={run.name}"})
        assert all(LABEL_OWNER in one.labels for one in containers)
        return [one.name for one in [*containers, *networks]]

    return names


def words(tmp_path, name, *more):
    run = tmp_path / f"{tmp_path.name}-{name}"
    return run, [
        "run",
        "--vendor",
        "cpu",
        "--out",
        run,
        "--key",
        runs.key(tmp_path / "key.pem"),
        *more,
    ]


def card_of(run):
    return json.loads((run / "scorecard.json").read_bytes())["predicate"]


def agreement(run, phase):
    """(equal, asked): answers of a phase that are the golden ones, by token ids where the engine gives them."""
    lines = (MINI_MODEL / "golden.jsonl").read_text("utf-8").splitlines()
    golden = {one["id"]: one for one in map(json.loads, lines)}
    answers = [r for r in evidence.read(run).requests if r.phase == phase and r.measured]
    same = 0
    for request in answers:
        wanted = golden[request.task]
        if request.token_ids is None:
            same += request.text.strip() == wanted["text"].strip()
        else:
            same += list(request.token_ids) == wanted["token_ids"]
    return same, len(answers)


def facts(read):
    """What the run found out about its engine, the same for every engine in a container."""
    known = {name: fact.value for name, fact in read.environment.facts.items()}
    assert known["engine.runtime"] == "container"
    assert known["engine.package.torch"].startswith("2.13.0")
    assert known["image.running_id"] == known["image.id"]
    return known


def verified(run):
    done = runs.suite("verify", run, "--key", run / "signer.pub.pem")
    assert done.returncode == 0, done.stdout
    # Whose key it is, only a trust list could say.
    return done.stdout.splitlines()[-1].startswith("INTACT")


@pytest.mark.alone
def test_vllm_with_the_smoke_profile_is_conformant(images, tmp_path, left):
    run, command = words(tmp_path, "vllm", "--engine", "vllm", "--runtime", "container")
    done = runs.suite(*command)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[0].startswith("CONFORMANT")
    assert str(run / "scorecard.html") in done.stdout
    assert left(run) == []
    card = card_of(run)
    assert card["runtime"] == "container"
    # A neighbour on the host, and changes that nobody has committed, are nothing that the container can help.
    barred = {r["rule"] for r in card["division"]["reasons"]}
    assert card["division"]["requested"] == "closed"
    assert barred <= {"R052", "R076"}
    if not barred:
        assert card["division"]["granted"] == "closed"
    assert card["engine"]["image_digest"] == images["vllm"]["digest"]
    read = evidence.read(run)
    known = facts(read)
    assert card["engine"]["version"] == known["engine.version"] == "0.32.0"
    assert "seed=" in known["engine.resolved_config"]
    assert (run / "engine.log").stat().st_size > 0
    assert read.footer.ended == "complete"
    counts = {}
    for request in read.requests:
        if request.measured:
            counts[request.phase] = counts.get(request.phase, 0) + 1
    assert counts == {"single-stream": 96, "offline": 256, "server": 64}
    assert "rouge1" in next(p for p in card["phases"] if p["name"] == "offline")["metrics"]
    same, asked = agreement(run, "offline")
    assert asked == 256
    assert same >= AGREEMENT * asked
    assert verified(run)


@pytest.mark.alone
def test_transformers_with_a_few_tasks(images, tmp_path, left):
    more = ["--engine", "transformers", "--runtime", "container", "--profile"]
    run, command = words(tmp_path, "transformers", *more, runs.profile(tmp_path))
    done = runs.suite(*command)
    assert done.returncode == 0, done.stdout + done.stderr
    assert left(run) == []
    card = card_of(run)
    assert card["engine"]["image_digest"] == images["transformers"]["digest"]
    known = facts(evidence.read(run))
    assert known["engine.version"] == known["engine.package.transformers"]
    # Nothing but the six tasks keeps it from closed, and neither a neighbour nor changes that nobody has committed.
    reasons = [reason["rule"] for reason in card["division"]["reasons"]]
    assert [rule for rule in reasons if rule not in ("R052", "R076")] == ["R031", "R038"]
    same, asked = agreement(run, "offline")
    assert same >= AGREEMENT * asked
    assert verified(run)


def test_sigterm_while_requests_run_leaves_no_container(images, tmp_path, left):
    tiny = runs.profile(tmp_path, tasks=200, rate=4)
    more = ["--engine", "transformers", "--runtime", "container", "--profile", tiny]
    run, command = words(tmp_path, "sigterm", *more)
    process = runs.start(*command)
    runs.wait_for("a measured request", lambda: runs.requests(run), process, START_S)
    assert len(left(run)) == 2
    status, errors = runs.end(process, signal.SIGTERM)
    assert status == 130, errors
    assert left(run) == []
    read = evidence.read(run)
    assert read.footer.ended == "interrupted"
    assert read.footer.requests == len(read.requests) >= 2
    assert read.marks[-1].name == "engine.stopped"
    manifest = {entry["path"] for entry in jsonio.load(run / "manifest.json")["files"]}
    assert manifest == {
        *evidence.EVIDENCE_FILES,
        *("basis.json", "container.json", "peak-probe.log"),
    }


def test_ctrl_c_while_the_engine_starts_leaves_no_container(images, tmp_path, left):
    run, command = words(tmp_path, "start", "--engine", "vllm", "--runtime", "container")
    process = runs.start(*command)
    log = run / "engine.log"
    runs.wait_for("the engine's log", lambda: log.exists() and log.stat().st_size, process, START_S)
    status, errors = runs.end(process, signal.SIGINT)
    assert status == 130, errors
    assert left(run) == []
    assert runs.footer(run)["ended"] == "interrupted"
    assert runs.requests(run) == []


def test_a_container_that_is_killed_ends_the_run(images, tmp_path, left, docker):
    tiny = runs.profile(tmp_path, tasks=200, rate=4)
    more = ["--engine", "transformers", "--runtime", "container", "--profile", tiny]
    run, command = words(tmp_path, "killed", *more)
    process = runs.start(*command)
    runs.wait_for("a measured request", lambda: runs.requests(run), process, START_S)
    containers = docker.containers.list(filters={"label": f"{LABEL_RUN}={run.name}"})
    containers[0].kill()
    status, errors = runs.end(process, None)
    assert status == 3, errors
    assert "error[engine-died]" in errors
    assert runs.footer(run)["ended"] == "engine-died"
    assert left(run) == []
