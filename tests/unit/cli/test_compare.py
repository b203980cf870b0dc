"""`suite compare` over runs, submissions and directories of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from suite.base import jsonio
from suite.cli.main import main
from suite.judge.submissions import submit
from tests.factories import submissions as factory

ROOT = Path(__file__).resolve().parents[3]


def suite(*words: object) -> int:
    return main([*map(str, words)])


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs, the second one also as a submission, and the trust list."""
    root = tmp_path_factory.mktemp("compare")
    factory.run(root / "runs/a", name="a")
    card = factory.run(root / "b", name="b")
    made = factory.Tree(root / "runs")
    made.path = submit.lay_out(root / "b", card, made.tree).submission.path
    made.apply("review", by="alice", decision="accept", minute=1)
    made.apply("withdraw")
    (root / "keys.json").write_bytes(factory.TRUST)
    return root


def test_a_directory_of_a_run_and_a_submission(place: Path, capfdbinary) -> None:
    words = ("compare", place / "runs", "--trust", place / "keys.json", "--price", "B=3.6")
    assert suite(*words, "--format", "json", "--fail-on", "worse") == 0
    result = jsonio.loads(capfdbinary.readouterr().out)
    assert [card["side"]["run"] for card in result["cards"]] == ["a", "b"]
    assert all("signed by cpu" in card["side"]["trust"] for card in result["cards"])
    assert result["cards"][0]["stated"] == []
    assert result["cards"][1]["stated"] == [
        "accept by alice, 2026-02-01T12:01:00Z: seen",
        "WITHDRAWN by cpu, 2026-02-01T12:00:00Z: wrong driver",
    ]
    (pair,) = result["pairs"]
    changes = [change for change in pair["comparison"]["metrics"] if "paired" in change]
    assert {"ttft_mean", "e2e_mean", "tpot_mean", "rouge1"} <= {item["metric"] for item in changes}
    assert {change["outcome"] for change in changes} == {"not-distinguishable"}
    assert pair["answers"][0]["identical"] == pair["answers"][0]["tasks"]
    assert {point["letter"] for point in result["points"] if "cost" in point} == {"B"}
    page = place / "page.html"
    assert suite(*words, "--format", "html", "--out", page) == 0
    assert page.read_bytes().startswith(b"<!doctype html>")


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("--baseline", "C"), 2),
        (("--price", "Z=1"), 2),
        (("--price", "A"), 2),
        (("--price", "A=nan"), 2),
        (("--format", "pdf"), 2),
    ],
)
def test_what_makes_no_sense(place: Path, words: tuple[str, ...], status: int) -> None:
    assert suite("compare", place / "runs", "--trust", place / "keys.json", *words) == status


def test_one_card_or_none(place: Path, tmp_path: Path) -> None:
    assert suite("compare", place / "runs/a") == 2
    assert suite("compare", tmp_path) == 4
    assert suite("compare", tmp_path / "nothing") == 4


def test_bundles_alone_are_compared_without_pairing(capsys: pytest.CaptureFixture) -> None:
    samples, key = ROOT / "docs/samples", ROOT / "docs/samples/signer.pub.pem"
    assert suite("compare", samples, "--key", key, "--baseline", "B", "--format", "markdown") == 0
    assert "# Comparison against B" in capsys.readouterr().out
    assert suite("compare", samples, "--key", key, "--fail-on", "worse") == 1
