"""What a change of trust list or waivers touches, and the workflow that asks for it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from suite.base import jsonio, yamlio
from suite.cli.main import main
from suite.judge.submissions import affected, changes
from suite.judge.submissions.affected import Deciding
from tests.cases.bundle_verify.cases import STRANGER, entry
from tests.factories import submissions as factory

WORKFLOW = Path(__file__).parents[4] / ".github" / "workflows" / "submissions.yml"


def git(place: Path, *words: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")
    command = ["git", "-C", str(place), *who, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def made(tmp_path: Path) -> factory.Tree:
    """A checkout with two submissions of one vendor, the second cut short, and the trust list."""
    made = factory.Tree(tmp_path / "w")
    made.add()
    made.add(name="cut", ended="interrupted", keep=0)
    keys = made.root / "trust" / "keys.json"
    keys.parent.mkdir()
    keys.write_bytes(factory.TRUST)
    git(made.root, "init", "-q")
    git(made.root, "add", "submissions", "trust")
    git(made.root, "commit", "-qm", "one")
    return made


def changed(made: factory.Tree, change) -> None:
    path = made.root / "trust" / "keys.json"
    known = jsonio.loads(path.read_bytes())
    change(known)
    path.write_bytes(jsonio.pretty(known))


def check(made: factory.Tree, capfd, *words: str) -> tuple[int, dict]:
    trust = str(made.root / "trust" / "keys.json")
    capfd.readouterr()
    status = main(
        ["check", str(made.tree), "--trust", trust, "--since", "HEAD", "--format", "json", *words]
    )
    return status, json.loads(capfd.readouterr().out)


def test_waivers_that_changed_alone_are_tried_on_whom_they_touch(made, capfd):
    assert check(made, capfd)[0] == 4, "nothing changed, nothing was judged"
    made.apply(op="waiver", rules=["R001"], expires="2999-01-01")
    status, report = check(made, capfd)
    verdicts = {item["path"]: item["verdict"] for item in report["submissions"]}
    assert (status, set(verdicts.values()), len(verdicts)) == (0, {"accepted"}, 2)
    assert report["deciding"] == ["waivers.json"]
    git(made.root, "add", "submissions")
    git(made.root, "commit", "-qm", "waived")
    assert check(made, capfd)[0] == 4
    (made.tree / "waivers.json").unlink()
    status, report = check(made, capfd)
    assert status == 1
    assert [code for item in report["submissions"] for code in item["codes"]] == ["not-conformant"]


def test_a_key_revoked_is_held_against_what_it_signed(made, capfd):
    def revoke(known):
        known["keys"][0]["revoked"] = {"at": "2026-01-01T00:00:00Z", "reason": "lost"}

    changed(made, revoke)
    status, report = check(made, capfd)
    assert status == 5
    assert {code for item in report["submissions"] for code in item["codes"]} >= {"time-unproven"}
    assert len(report["submissions"]) == 2


def test_a_new_vendors_key_touches_nobody_and_was_read(made, capfd):
    changed(made, lambda known: known["keys"].append(entry(STRANGER, "newcomer")))
    status, report = check(made, capfd)
    assert (status, report["submissions"], report["deciding"]) == (0, [], ["keys.json"])
    main(
        ["check", str(made.tree), "--trust", str(made.root / "trust/keys.json"), "--since", "HEAD"]
    )
    assert "keys.json" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("change", "whose"),
    [
        (lambda known: known["keys"].append(entry(STRANGER, "newcomer")), {"newcomer"}),
        (
            lambda known: known["keys"].append(
                entry(STRANGER, "lab", "lab") | {"signsFor": ["acme", "cpu"]}
            ),
            {"acme", "cpu"},
        ),
        (lambda known: known["keys"].append(entry(STRANGER, "carol", "reviewer")), None),
        (lambda known: known["keys"].pop(), None),
        (lambda known: known["keys"][0].update(note="x"), {"cpu"}),
        (lambda known: known["keys"].reverse(), set()),
    ],
)
def test_whom_a_trust_list_touches(made, change, whose):
    changed(made, change)
    path = made.root / "trust" / "keys.json"
    found = affected.since(made.tree, "HEAD", Deciding(path))
    assert found.files == ("keys.json",)
    assert found.vendors == whose


def test_a_list_of_elsewhere_changes_nothing(made, tmp_path):
    other = tmp_path / "keys.json"
    other.write_bytes(b"{}")
    assert changes.before(made.tree, "HEAD", other) is None
    assert affected.since(made.tree, "HEAD", Deciding(other)).files == ()


def test_one_that_was_broken_may_have_said_anything(made):
    changed(made, lambda known: known.update(keys=7))
    git(made.root, "commit", "-qam", "broken")
    (made.root / "trust" / "keys.json").write_bytes(factory.TRUST)
    found = affected.since(made.tree, "HEAD", Deciding(made.root / "trust" / "keys.json"))
    assert found.vendors is None


def workflow(made: factory.Tree, tmp_path: Path) -> dict[str, int | None]:
    """The workflow's own scripts over a pull request, HEAD~1 its base; the exit status of each check, None where it is left out."""
    work = tmp_path / "runner"
    work.mkdir()
    git(made.root, "clone", "-q", ".", str(work / "head"))
    base = git(made.root, "rev-parse", "HEAD~1")
    git(made.root, "clone", "-q", ".", str(work / "base"))
    git(work / "base", "checkout", "-q", base)
    (work / ".venv").mkdir()
    (work / ".venv/bin").symlink_to(Path(sys.executable).parent)
    steps = yamlio.loads(WORKFLOW.read_bytes(), name="workflow").value["jobs"]["check"]["steps"]
    output = work / "output"
    words = os.environ | {"BASE": base, "GITHUB_OUTPUT": str(output)}
    words |= {"GITHUB_STEP_SUMMARY": str(work / "summary")}
    ended: dict[str, int | None] = {}
    for step in steps:
        if step.get("id") != "changed" and not step.get("name", "").startswith("suite check"):
            continue
        name = step.get("name", "changed")
        asked = step.get("if", "").rpartition("outputs.")[2].replace(" == 'true'", "=true")
        if asked and asked not in output.read_text().split():
            ended[name] = None
            continue
        # As the runner calls it where a step says `shell: bash`.
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        ended[name] = subprocess.run(
            command, cwd=work, env=words, check=False, capture_output=True
        ).returncode
    return ended


@pytest.mark.parametrize("what", ["submission", "waivers", "revoked", "newcomer"])
def test_the_workflow_judges_whatever_a_pull_request_changes(made, tmp_path, what):
    if what == "submission":
        made.add(name="third", keep=0, apart_ns=1500)
    elif what == "waivers":
        made.apply(op="waiver", rules=["R001"], expires="2999-01-01", approver="nobody")
    elif what == "revoked":
        revoked = {"at": "2026-01-01T00:00:00Z", "reason": "lost"}
        changed(made, lambda known: known["keys"][0].update(revoked=revoked))
    else:
        changed(made, lambda known: known["keys"].append(entry(STRANGER, "newcomer")))
    git(made.root, "add", "submissions", "trust")
    git(made.root, "commit", "-qm", "two")
    ended = list(workflow(made, tmp_path).values())
    assert ended[0] == 0
    expected = {"submission": [0, None], "waivers": [None, 5], "revoked": [None, 5]}
    assert ended[1:] == expected.get(what, [None, 0])
    shutil.rmtree(tmp_path / "runner")
