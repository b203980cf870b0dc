"""A whole fleet by the command line: planned, its controller killed, resumed, collected, verified, its spread told."""

import json
import os
import shutil
import signal
import subprocess
import time

import pytest

from suite.base import jsonio
from suite.cli.fleets import read
from suite.documents.codec import convert, pretty
from suite.documents.fleet import Fleet
from suite.evidence.journal import Journal
from tests.factories import fleets, runs, submissions

pytestmark = pytest.mark.slow


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A planned fleet of two scripted machines and one excluded."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    key = runs.key(tmp_path / "key.pem")
    inventory = fleets.inventory(
        3,
        matrix=[
            {
                "profiles": [str(runs.profile(tmp_path))],
                "options": ["--runtime", "sim"],
                "sending": ["--key", str(key)],
            }
        ],
        repeats=1,
    )
    for machine in inventory["machines"]:
        machine["vendor"] = "nvidia"
    inventory["machines"][2]["excluded"] = "fan broken"
    done = runs.suite(
        *("fleet", "plan", fleets.written(tmp_path / "rack.yaml", inventory)),
        *("--out", tmp_path / "rack"),
    )
    assert done.returncode == 0, done.stderr
    assert "6 machines" in done.stdout
    assert "59" in done.stdout
    return tmp_path / "rack"


def test_a_fleet_from_its_inventory_to_a_verified_statement(place):
    controller = subprocess.Popen(
        runs.command("fleet", "run", place), cwd=runs.ROOT, env=runs.environment()
    )
    deadline = time.monotonic() + 10 * runs.WAIT_S
    while not list(place.glob("attempts/*/1-*/stdout")) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(controller.pid, signal.SIGKILL)
    controller.wait()
    assert runs.suite("fleet", "run", place).returncode == 2
    done = runs.suite("fleet", "resume", place)
    # A scripted server summarises nothing: measured, and not conformant.
    assert done.returncode == 1, done.stderr
    assert "2 of 2 runs left a card" in done.stdout
    assert "2 of 2 runs left a card" in done.stderr  # as they come
    assert f"suite fleet resume {place}" not in done.stdout
    machines = json.loads(runs.suite("fleet", "status", place, "--json").stdout)
    assert [machine["outcome"] for machine in machines] == ["complete", "complete", "excluded"]
    assert all(attempt["attempt"] == 1 for machine in machines for attempt in machine["attempts"])

    key = place.parent / "key.pem"
    done = runs.suite("fleet", "collect", place, "--key", key)
    assert done.returncode == 1, done.stderr
    assert "2 complete, 1 excluded" in done.stdout
    assert runs.suite("fleet", "collect", place, "--key", key).returncode == 2
    assert (
        runs.suite("fleet", "verify", place, "--key", f"{key.with_suffix('')}.pub.pem").returncode
        == 0
    )

    done = runs.suite("fleet", "spread", place, "--json", "--page", place / "spread.html")
    assert done.returncode == 0, done.stderr
    (cell,) = json.loads(done.stdout)["cells"]
    assert {metric["machines"] for metric in cell["metrics"]} == {2}

    submissions.Tree(place.parent).add()
    trust = place.parent / "keys.json"
    trust.write_bytes(submissions.TRUST)
    signer = ("--key", f"{key.with_suffix('')}.pub.pem", "--role", "lab", "--signs-for", "nvidia")
    assert runs.suite("trust", "add", trust, "lab", *signer).returncode == 0
    site = ("site", place.parent / "submissions", "--trust", trust, "--out", place.parent / "site")
    done = runs.suite(*site, "--fleet", place)
    assert done.returncode == 0, done.stderr
    out = place.parent / "site"
    listed = (out / "fleets.html").read_text()
    assert "signed by" in listed
    assert "fan broken" in listed
    assert all(f">node-{number}</th>" in listed for number in (1, 2, 3))
    (shown,) = (out / "fleets").iterdir()
    assert (shown / "fleet.sigstore.json").read_bytes() == (
        place / "fleet.sigstore.json"
    ).read_bytes()
    assert "spread between identical machines" in (shown / "index.html").read_text()
    assert "fleets.html" in (out / "index.html").read_text()

    done = runs.suite("fleet", "collect", handed_in_twice(place), "--key", key)
    assert done.returncode == 5
    assert "error[fleet-card-differs]: node-2/" in done.stderr
    assert "it is the run of node-1/" in done.stderr

    card = next(place.glob("attempts/node-1/1-*/run/events.jsonl"))
    card.write_bytes(card.read_bytes().replace(b'"outcome":"ok"', b'"outcome":"no"', 1))
    done = runs.suite("fleet", "verify", place)
    assert done.returncode == 5
    assert "fleet-card-differs" in done.stdout
    done = runs.suite(*site, "--fleet", place)
    assert done.returncode == 5
    assert "fleet-card-differs" in done.stderr
    assert runs.suite(*site).returncode == 0
    assert not (out / "fleets.html").exists()
    assert not list((out / "fleets").iterdir())


def handed_in_twice(place):
    """The same fleet, but that the second machine's attempt left the first one's run."""
    other = shutil.copytree(place, place.parent / "twice")
    (other / "fleet.sigstore.json").unlink()
    (other / "journal.jsonl").unlink()
    entries = [json.loads(line) for line in (place / "journal.jsonl").read_bytes().splitlines()]
    first, second = (next(other.glob(f"attempts/node-{n}/1-*/run")) for n in (1, 2))
    shutil.rmtree(second)
    shutil.copytree(first, second)
    with Journal(other, read(other)) as journal:
        for entry in entries:
            for name in ("sequence", "previous", "time"):
                del entry[name]
            if "card_sha256" in entry:
                entry["card_sha256"] = jsonio.sha256_hex((first / "scorecard.json").read_bytes())
            journal.append(**entry)
    return other


def test_what_is_lacking_is_not_run_by_another_suite(place):
    before = (place / "fleet.json").read_bytes()
    document = json.loads(before)
    document["suite"]["files_sha256"] = "0" * 64
    (place / "fleet.json").write_bytes(pretty(convert(document, Fleet, file="fleet.json")))
    done = runs.suite("fleet", "run", place)
    assert done.returncode == 2
    assert "error[plan-differs]: this machine has another suite" in done.stderr
    assert not (place / "attempts").exists()
    (place / "fleet.json").write_bytes(before)
    assert runs.suite("fleet", "run", place).returncode == 1


def test_a_machine_on_which_another_plan_comes_out_measures_nothing(place):
    plan = next(place.glob("plans/*.json"))
    document = json.loads(plan.read_bytes())
    document["model"]["sha256"] = "0" * 64
    plan.write_text(json.dumps(document))
    words = json.loads((place / "fleet.json").read_bytes())["cells"][0]["words"]
    done = runs.suite("run", *words, "--plan", plan, "--out", place / "other")
    assert done.returncode == 2
    assert "error[plan-differs]" in done.stderr
    assert "/model/sha256" in done.stderr
    assert not (place / "other" / "events.jsonl").exists()
