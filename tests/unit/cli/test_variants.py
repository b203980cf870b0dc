"""`suite run --images` and `--commits`: what is measured in which order, and what a failure or a signal does."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from suite.base.errors import Interrupted, SetupError, UsageError
from suite.cli import variants
from suite.cli.main import main
from suite.cli.options import Choices
from suite.cli.variants import Variant, in_turns
from suite.judge.attest.sign import BUNDLE_FILE
from tests.factories import pages, submissions
from tests.factories import site as factory

IMAGES = [Variant("old", Choices(image="engine:old")), Variant("new", Choices(image="engine:new"))]


def test_variants_take_turns(tmp_path: Path) -> None:
    done = []

    def once(variant: Variant, directory: Path) -> int:
        done.append((variant.choices.image, directory))
        return 0

    parent = tmp_path / "runs"
    statuses = in_turns(IMAGES, 2, parent, once)
    names = ["runs-old-1", "runs-new-1", "runs-old-2", "runs-new-2"]
    assert statuses == dict.fromkeys(names, 0)
    images = ["engine:old", "engine:new"] * 2
    assert done == [(image, parent / name) for image, name in zip(images, names, strict=True)]


def test_one_that_fails_does_not_stop_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    def once(variant: Variant, _: Path) -> int:
        if variant.word == "old":
            raise SetupError("image-unavailable", "no engine:old here")
        return 1

    assert in_turns(IMAGES, 1, tmp_path / "r", once) == {"r-old": 3, "r-new": 1}
    assert "no engine:old here" in capsys.readouterr().err


def test_a_signal_ends_the_whole(tmp_path: Path) -> None:
    done = []

    def once(variant: Variant, _: Path) -> int:
        done.append(variant.word)
        return Interrupted.exit_status

    with pytest.raises(Interrupted):
        in_turns(IMAGES, 3, tmp_path / "r", once)
    assert done == ["old"]


def test_a_second_call_keeps_what_has_a_card_and_sets_aside_what_was_cut(tmp_path: Path) -> None:
    """In a folder as a signal leaves it: one run signed, one not conformant, one cut, one not begun."""
    key = submissions.KEYS["cpu"]
    for name, bound in (("good", 1.0), ("bad", 0.0)):
        card = factory.card(0)
        card = replace(card, verdict=replace(card.verdict, conformant=bool(bound)))
        (tmp_path / name).mkdir()
        (tmp_path / name / BUNDLE_FILE).write_bytes(pages.bundle(card, key))
    for _ in range(2):
        (tmp_path / "cut").mkdir()
        (tmp_path / "cut/events.jsonl").write_text("begun")
        assert variants.kept(tmp_path / "cut") is None
    assert variants.kept(tmp_path / "good") == 0
    assert variants.kept(tmp_path / "bad") == 1
    assert variants.kept(tmp_path / "new") is None
    assert sorted(item.name for item in tmp_path.iterdir()) == [
        "bad",
        "cut-cut-1",
        "cut-cut-2",
        "good",
    ]
    assert (tmp_path / "cut-cut-2/events.jsonl").read_text() == "begun"


def test_other_options_do_not_go_on_with_the_runs_of_these(tmp_path: Path) -> None:
    place = tmp_path / "runs"
    for _ in range(2):
        variants.require_same(place, Choices(profile="smoke"))
    with pytest.raises(UsageError, match="something else"):
        variants.require_same(place, Choices(profile="slo"))
    (place / ".asked").unlink()
    with pytest.raises(UsageError, match="something else"):
        variants.require_same(place, Choices(profile="smoke"))


@pytest.mark.parametrize(
    "words",
    [
        ("--images", "a,b", "--commits", "c"),
        ("--images", "a,b", "--image", "c"),
        ("--images", "a,,b"),
        ("--images", "a,a"),
        ("--images", "a,b", "--resume", "runs/x"),
        ("--commits", "a,b"),
        ("--commits", "a,b", "--checkout", "."),
        ("--checkout", "."),
        ("--times", "3"),
    ],
)
def test_what_makes_no_sense(words: tuple[str, ...], tmp_path: Path) -> None:
    assert main(["run", *words, "--out", str(tmp_path / "out")]) == 2
    assert not (tmp_path / "out").exists()
