"""A card of the scripted server reproduced: the same settings agree; a slower server, other answers and another model do not."""

import json
import re
import shutil

import pytest

from suite.declare.tasks.reference import MINI_MODEL
from tests.factories import runs

pytestmark = pytest.mark.slow  # whole runs; none of them needs Docker, so once is enough

SLOW = {"answers": "mini", "ttft_ms": 250, "itl_ms": 25, "fingerprints": ["simulated"]}
"""So slow that a busy machine hardly matters."""


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    folder = tmp_path_factory.mktemp("first")
    done = runs.suite(
        *("run", "--runtime", "sim", "--profile", runs.profile(folder, size=16, tasks=10)),
        *(
            "--sim-script",
            json.dumps(SLOW),
            "--out",
            folder / "run",
            "--key",
            runs.key(folder / "k"),
        ),
    )
    assert done.returncode in (0, 1), done.stderr
    return folder


def again(first, tmp_path, *words):
    return runs.suite(
        *("reproduce", first / "run", "--run-out", tmp_path / "again", "--quiet"),
        *("--key", runs.key(first / "r"), "--out", tmp_path / "statement.json", *words),
    )


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({}, None),
        ({"ttft_ms": 600}, "ttft_mean of single-stream"),
        ({"answers": "words", "tokens": 20}, "rouge1 of single-stream"),
    ],
)
def test_the_plan_is_run_again_and_held_against_the_first(first, tmp_path, change, named):
    done = again(first, tmp_path, "--sim-script", json.dumps(SLOW | change))
    assert (tmp_path / "statement.json").is_file(), done.stderr
    if named is None:
        # Where others use the processors only times may differ.
        assert done.returncode == 0 or "other programs used" in done.stdout, done.stdout
        assert "20 of 20 the same text" in done.stdout
        assert not re.search(r"^differs +(rouge|failed)", done.stdout, re.MULTILINE)
    else:
        assert done.returncode == 1, done.stdout
        assert re.search(rf"^differs +{named}", done.stdout, re.MULTILINE)


def test_another_model_is_refused_before_anything_starts(first, tmp_path):
    model = tmp_path / "mini"
    shutil.copytree(MINI_MODEL, model)
    config = json.loads((model / "generation_config.json").read_text())
    (model / "generation_config.json").write_text(json.dumps(config | {"max_length": 77}))
    done = again(first, tmp_path, "--model", model)
    assert done.returncode == 2
    assert "reproduction-differs" in done.stderr
    assert "the model" in done.stderr
    assert not (tmp_path / "again").exists()
