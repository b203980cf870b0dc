"""Tries under one challenge, counted over a tree."""

from __future__ import annotations

from pathlib import Path

import pytest

from suite.base import jsonio
from suite.documents.basis import Basis
from suite.documents.codec import convert
from suite.judge.submissions import attempts, submit, tree
from suite.judge.submissions.check import Setting
from tests.factories import challenged, evidence, submissions


def run(path: str, number: int = 1, challenge: str = "a", round_: str = "r"):
    return path, attempts.Attempt(round_, challenge, number)


@pytest.mark.parametrize(
    ("others", "findings"),
    [
        ([], 0),
        ([run("acme/r/2")], 1),
        ([run("acme/r/2"), run("acme/r/3")], 2),
        ([run("acme/r/2", challenge="b")], 0),
        ([run("other/r/2")], 0),
        ([run("acme/s/2", round_="s")], 0),
    ],
)
def test_runs_under_the_same_challenge_are_counted(others, findings):
    mine = run("acme/r/1")
    sentence, found = attempts.count(*mine, [mine, *others])
    assert len(found) == findings
    assert f"{findings + 1} run" in sentence


def test_commitments_without_a_run_are_named():
    mine, second = run("acme/r/4", 4, "d"), run("acme/r/2", 2, "b")
    _, found = attempts.count(*mine, [mine, second])
    assert found == ("the vendor committed to tries that were not handed in: 1, 3",)


def test_the_number_comes_from_the_commitment_and_the_rest_from_the_challenge():
    basis = challenged.document()["basis"]
    mine = attempts.read(jsonio.canonical(basis))
    assert (mine.round, mine.number) == ("2026-spring", 1)
    later = challenged.commitment(convert(basis, Basis), sequence=3, after="0" * 64)
    basis["challenge"]["commitment"] = later
    assert attempts.read(jsonio.canonical(basis)).number == 3
    del basis["challenge"]
    assert attempts.read(jsonio.canonical(basis)) is None
    assert attempts.read(b"\xff") is None


def test_a_second_run_under_a_challenge_is_told(tmp_path: Path):
    for name in ("first", "second"):
        parts = challenged.document()
        parts["header"]["run_id"] = name
        for request in parts["requests"]:
            request["t_end"] += len(name)
        card = submissions.finish(evidence.write(tmp_path / name, parts), submissions.KEYS["cpu"])
        submit.lay_out(tmp_path / name, card, tmp_path / "submissions")
    setting = Setting(trust=submissions.TRUST, today="2026-02-01")
    report = tree.check_tree([tmp_path / "submissions"], setting)
    for item, other in zip(report.submissions, ("second", "first"), strict=True):
        step = next(s for s in item.steps if s.what == "Runs under its challenge are counted")
        assert (step.outcome, step.code) == ("warn", "challenge-repeated")
        assert step.findings == (f"cpu/2026-spring/{other} was made under the same challenge",)
