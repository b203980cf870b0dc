"""Conversion with a real converter process, and artefacts that must be refused."""

import sys

import pytest
from msgspec import UNSET

from suite.base import jsonio, schema
from suite.base.errors import SetupError
from suite.documents.codec import plain
from suite.documents.model import FileDigest
from suite.documents.provenance import ConvertedModel
from suite.measure import convert
from suite.measure.engine import Settings
from suite.measure.engine.environment import STAMP, requirements_digest
from tests.factories import engine as factory
from tests.factories.documents import changed

CONVERTER = """
import pathlib, sys
source, target, parallel = sys.argv[1:]
print("converting", source)
weights = (pathlib.Path(source) / "weights").read_text()
if weights == "broken":
    sys.exit("unexpected shape")
if weights != "empty":
    for rank in range(int(parallel)):
        (pathlib.Path(target) / f"rank{rank}.bin").write_text(weights.upper())
"""


@pytest.fixture
def settings(tmp_path):
    repository = tmp_path / "repository"
    source = repository / "images" / "test"
    source.mkdir(parents=True)
    (source / "torch.txt").write_text("torch==1\n")
    (source / "requirements.txt").write_text("nothing==1\n")
    (source / "uv.txt").write_text("uv==1\n")
    programs = repository / ".venv-test" / "bin"
    programs.mkdir(parents=True)
    for name in ("python", "python3"):
        (programs / name).symlink_to(sys.executable)
    (repository / ".venv-test" / STAMP).write_text(requirements_digest(source))
    return Settings(repository=repository, environments=repository, cache=tmp_path / "cache")


@pytest.fixture
def plan(tmp_path):
    model = tmp_path / "model"
    model.mkdir()
    (model / "weights").write_text("weights")
    conversion = {
        "kind": "convert",
        "reason": "the engine reads its own layout",
        "command": ["python3", "-c", CONVERTER, str(model), "/converted", "2"],
        "env": {"CONVERTER": "1"},
        "source": str(model),
        "target": "/converted",
        "host_target": str(tmp_path / "out" / "mini-tp2"),
        "model_type": "llama",
        "parameters": {"tensor_parallel": "2", "dtype": "fp16"},
    }
    return changed(
        factory.plan(runtime="process"),
        engine={"process": {"requirements": "images/test/requirements.txt"}},
        model={"path": str(model)},
        conversion=conversion,
    )


@pytest.fixture
def run(tmp_path):
    path = tmp_path / "run"
    path.mkdir()
    return path


@pytest.fixture
def go(run, settings):
    return lambda plan: convert.convert(
        plan, run, on_progress=lambda *_, **__: None, settings=settings
    )


def test_nothing_to_convert_is_nothing_done(plan, run, go):
    assert go(changed(plan, conversion=None)) is None
    assert list(run.iterdir()) == []


def test_the_provenance_tells_what_went_in_what_ran_and_what_came_out(plan, run, go, tmp_path):
    made = go(plan)
    target = tmp_path / "out" / "mini-tp2"
    assert (target / "rank1.bin").read_text() == "WEIGHTS"
    assert made.model == ConvertedModel(id="mini", sha256=plan.model.sha256)
    assert made.inputs == plan.model.files
    assert made.command == plan.conversion.command
    assert made.parameters == {"tensor_parallel": "2", "dtype": "fp16"}
    digest = jsonio.sha256_hex(b"WEIGHTS")
    assert made.outputs == tuple(
        FileDigest(path=f"rank{rank}.bin", bytes=7, sha256=digest) for rank in range(2)
    )
    assert made.tool["engine.package.python"].startswith("3.")
    assert jsonio.load(target / "provenance.json") == plain(made)
    assert jsonio.load(run / "provenance.json") == plain(made)
    assert "converting" in (run / "conversion.log").read_text()
    assert [path.name for path in target.parent.iterdir()] == ["mini-tp2"]
    assert schema.problems(plain(made), "provenance") == []


def test_what_was_converted_is_not_converted_again(plan, run, go):
    first = go(plan)
    (run / "conversion.log").unlink()
    assert go(plan) == first
    assert not (run / "conversion.log").exists()


@pytest.mark.parametrize(
    ("conversion", "says"),
    [
        ({"parameters": {"tensor_parallel": "4"}}, "tensor_parallel is 2, the plan has 4"),
        ({"parameters": {"arch": "mp_31"}}, "arch is not set, the plan has mp_31"),
        ({"parameters": {"dtype": UNSET}}, "dtype is fp16, the plan has none"),
        ({"model_type": "qwen2"}, "model type is llama, the plan has qwen2"),
    ],
)
def test_an_artefact_made_for_something_else_is_refused_before_anything_starts(
    plan, go, conversion, says
):
    go(plan)
    with pytest.raises(SetupError) as caught:
        go(changed(plan, conversion={**conversion, "command": ["false"]}))
    assert caught.value.code == "conversion-mismatch"
    assert says in caught.value.render()


def test_an_artefact_of_other_weights_is_refused(plan, go):
    go(plan)
    other = changed(plan, model={"sha256": "0" * 64}, conversion={"command": ["false"]})
    with pytest.raises(SetupError) as caught:
        go(other)
    assert caught.value.code == "conversion-mismatch"
    assert "made from other weights" in caught.value.render()


def test_an_artefact_that_lost_a_file_is_refused(plan, go, tmp_path):
    go(plan)
    (tmp_path / "out" / "mini-tp2" / "rank0.bin").unlink()
    with pytest.raises(SetupError) as caught:
        go(plan)
    assert caught.value.code == "conversion-mismatch"
    assert "rank0.bin" in caught.value.render()


@pytest.mark.parametrize("provenance", [None, b'{"provenance_schema": 2}', b"[]"])
def test_an_artefact_of_unknown_making_is_refused(plan, go, tmp_path, provenance):
    target = tmp_path / "out" / "mini-tp2"
    target.mkdir(parents=True)
    (target / "weights.bin").write_text("whose?")
    if provenance is not None:
        (target / "provenance.json").write_bytes(provenance)
    with pytest.raises(SetupError) as caught:
        go(plan)
    assert caught.value.code == "conversion-unknown-artefact"


@pytest.mark.parametrize(
    ("weights", "says"), [("broken", "unexpected shape"), ("empty", "wrote no file")]
)
def test_a_failed_conversion_leaves_no_artefact(plan, go, tmp_path, weights, says):
    (tmp_path / "model" / "weights").write_text(weights)
    with pytest.raises(SetupError) as caught:
        go(plan)
    assert caught.value.code == "conversion-failed"
    assert says in caught.value.message
    assert not (tmp_path / "out" / "mini-tp2").exists()


def test_an_endpoint_cannot_convert(plan, go):
    with pytest.raises(SetupError) as caught:
        go(changed(plan, runtime="endpoint"))
    assert caught.value.code == "conversion-impossible"


def test_an_artefact_of_the_same_size_and_other_content_is_refused(plan, go, tmp_path):
    go(plan)
    (tmp_path / "out" / "mini-tp2" / "rank0.bin").write_text("weights")
    with pytest.raises(SetupError) as caught:
        go(plan)
    assert caught.value.code == "conversion-mismatch"
    assert "rank0.bin was changed" in caught.value.render()


def test_a_file_that_was_added_is_refused(plan, go, tmp_path):
    go(plan)
    (tmp_path / "out" / "mini-tp2" / "rank2.bin").write_text("more")
    with pytest.raises(SetupError) as caught:
        go(plan)
    assert "rank2.bin was added" in caught.value.render()


def test_an_artefact_of_another_command_is_refused(plan, go):
    go(plan)
    with pytest.raises(SetupError) as caught:
        go(changed(plan, conversion={"command": ["false"]}))
    assert "its command was another one" in caught.value.render()
