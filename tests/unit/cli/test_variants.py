"""`suite run --images` and `--commits`: what is measured in which order, and what a failure or a signal does."""

from __future__ import annotations

from pathlib import Path

import pytest

from suite.base.errors import Interrupted, SetupError
from suite.cli.main import main
from suite.cli.options import Choices
from suite.cli.variants import Variant, in_turns

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
