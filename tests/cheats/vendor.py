"""One run of the cheating vendor, and the rules that name it."""

from __future__ import annotations

import base64
import json
import signal
from pathlib import Path

from suite.declare.tasks.reference import MINI_MODEL
from tests.factories import runs

PROFILE = Path(__file__).with_name("cheats.yaml")
HONEST = "honest"
SIMULATED = {"R030", "R035", "R038"}
"""A simulated run of a profile of one's own is warned so, whoever is behind it."""
SERVED = {"R030", "R038"}
"""The same of a real engine in a process: no image that a digest binds."""
ELSEWHERE = {"R030", "R033", "R034", "R035", "R038"}
"""The same of a server that runs already."""
MACHINE = {"R005", "R011", "R018", "R048", "R051", "R052", "R076"}
"""What a busy machine and a working copy with changes give away: the suite's, not the vendor's."""
SLOW_READER = {"prompt_us": 200.0}
"""A device that takes so long to read a prompt that a busy machine hardly matters."""
STEADY = {"prompt_us": 200.0, "itl_ms": 10.0}
"""One whose steps are long as well: what others do on the machine must not look like another vendor."""
ASSUMED = {"prefix_reuse": "R033"}
"""What the plan of a server that runs already assumes, since nobody saw how it was started: no denial, and *optimised* at best."""
AUDITED_TOKENS = 2500
"""The scripted server's rounded model changes few answers."""
SEED = 7


def measured(folder: Path, cheat: str, script: dict, challenge: Path | None = None) -> dict:
    """The card of a run of such a vendor, on its own word or under a challenge."""
    run = folder / ("challenged" if challenge else "run")
    words = ["--cheat", cheat, "--sim-script", json.dumps(script)]
    words += ["--challenge", challenge] if challenge else []
    done = runs.suite(
        "run", "--runtime", "sim", *words, "--profile", PROFILE, "--out", run,
        "--key", runs.key(folder / "key.pem"),
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    return card_of(run)


def served(folder: Path, engine: str, python: Path) -> dict:
    """The card of a run of a real engine with the mini model, in a process."""
    done = runs.suite(
        "run", "--runtime", "process", "--engine", engine, "--engine-python", python,
        "--profile", PROFILE, "--out", folder / "run", "--key", runs.key(folder / "key.pem"),
        timeout=1800,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    return card_of(folder / "run")


def witnessed(folder: Path, cheat: str, script: dict, challenge: Path) -> dict:
    """The card of a run under a challenge whose load client is the reviewer's, against such a vendor's server."""
    envelope = json.loads(challenge.read_bytes())["dsseEnvelope"]
    predicate = json.loads(base64.b64decode(envelope["payload"]))["predicate"]
    told = {**script, "stories": predicate["salts"]["tasks"]}
    server = runs.start("sim", "--port", "0", "--script", json.dumps(told), "--cheat", cheat)
    try:
        address = server.stdout.readline().split()[1]
        done = runs.suite(
            "witness", "--url", address, "--model", "mini", "--profile", PROFILE,
            "--challenge", challenge, "--run-out", folder / "witnessed", "--quiet",
            "--card-key", runs.key(folder / "key.pem"), "--key", runs.key(folder / "reviewer.pem"),
            "--out", folder / "witness.json",
        )  # fmt: skip
    finally:
        runs.end(server, signal.SIGINT)
    assert done.returncode in (0, 1, 4), done.stderr
    return card_of(folder / "witnessed")


def agrees_with(run: Path, honest: Path, statement: Path) -> bool:
    """Whether a run of an honest vendor reproduces a run."""
    script = json.loads((honest / "basis.json").read_bytes())["sim_script"]
    statement.unlink(
        missing_ok=True
    )  # an earlier one would be kept, and the refusal be taken for a difference
    done = runs.suite(
        "reproduce", run, "--again", honest, "--sim-script", script, "--out", statement,
        "--key", runs.key(statement.with_name("reviewer.pem")), "--quiet",
    )  # fmt: skip
    assert statement.is_file(), done.stderr
    return done.returncode == 0


def audited(run: Path, statement: Path, python: Path) -> str:
    """An audit's verdict on a run: same, different or inconclusive."""
    done = runs.suite(
        "audit", run, "--model", MINI_MODEL, "--engine-python", python, "--out", statement,
        "--tokens", AUDITED_TOKENS, "--seed", SEED, "--quiet", "--json",
        "--key", runs.key(statement.with_name("reviewer.pem")),
    )  # fmt: skip
    assert done.returncode in (0, 1, 4), done.stderr
    return json.loads(done.stdout)["verdict"]


def naming(card: dict, always: set[str]) -> set[str]:
    """The rules that fail or warn, without those of every such run and of the machine."""
    outcomes = {check["rule"]: check["outcome"] for check in card["checks"]}
    wrong = {rule for rule, outcome in outcomes.items() if outcome in ("fail", "warn")}
    return wrong - always - MACHINE


def is_loaded(card: dict) -> bool:
    """Whether others used more than a tenth of the processors, beside which nothing can be told of times."""
    return any(check["rule"] == "R052" and check["outcome"] == "warn" for check in card["checks"])


def card_of(run: Path) -> dict:
    """The scorecard of a run."""
    return json.loads((run / "scorecard.json").read_bytes())["predicate"]
