"""Conversion with a real converter process, and artefacts that must be refused."""

import fcntl
import os

import numpy as np
import pytest
from msgspec import UNSET

from suite.base import jsonio, schema
from suite.base.errors import SetupError
from suite.documents.codec import plain
from suite.documents.model import FileDigest
from suite.documents.provenance import Census, ConvertedModel
from suite.measure import convert
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
    return factory.environment(tmp_path)


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
    assert {path.name for path in target.parent.iterdir()} == {"mini-tp2", ".mini-tp2.lock"}
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
    assert [path.name for path in (tmp_path / "out").iterdir()] == [".mini-tp2.lock"]


def test_weights_that_change_while_they_are_converted_leave_no_artefact(plan, go, tmp_path):
    weights = tmp_path / "model" / "weights"
    writes = f"import pathlib; pathlib.Path({str(weights)!r}).write_text('others'); "
    (python, option, code, *words) = plan.conversion.command
    with pytest.raises(SetupError) as caught:
        go(changed(plan, conversion={"command": [python, option, writes + code, *words]}))
    assert caught.value.code == "conversion-failed"
    assert "changed while they were converted: weights" in caught.value.render()
    assert not any(path.is_dir() for path in (tmp_path / "out").iterdir())


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


COPY = """
import json, pathlib, sys
source, target, dtype = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]
data = source.joinpath("model.safetensors").read_bytes()
length = int.from_bytes(data[:8], "little")
header = json.loads(data[8:8 + length])
width, position = {"F16": 2, "F32": 4}[dtype], 0
for entry in header.values():
    count = 1
    for size in entry["shape"]:
        count *= size
    entry.update(dtype=dtype, data_offsets=[position, position + width * count])
    position += width * count
if "lost" in sys.argv:
    header.popitem()
text = json.dumps(header).encode()
target.joinpath("model.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + bytes(position))
target.joinpath("note").write_bytes(str(target.stat().st_ino).encode() if "noise" in sys.argv else b"")
"""
"""A converter that writes the same tensors, all 0, in a type of its own."""


def write_weights(model, **tensors):
    """A safetensors file of float32 tensors."""
    header, data = {}, b""
    for name, values in tensors.items():
        raw = np.asarray(values, np.float32).tobytes()
        entry = {"dtype": "F32", "shape": [len(values)]}
        header[name] = {**entry, "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = jsonio.canonical(header)
    (model / "model.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + data)


@pytest.fixture
def weighed(plan, tmp_path):
    """A plan whose model has ten parameters in two tensors, and a converter to a type."""
    model = tmp_path / "model"
    write_weights(
        model,
        a=[1.0, 70000.0, -1e30, 1e-9, 0.0, 6e-8],
        b=[1.0, 2.0, float("inf"), float("nan")],
    )

    def made(dtype, *words, named="float16"):
        return changed(
            plan,
            model={"facts": {"parameters": 10}},
            conversion={
                "command": ["python3", "-c", COPY, "/source", "/converted", dtype, *words],
                "source": "/source",
                "parameters": {"dtype": named},
            },
        )

    return made


def test_numbers_and_losses_of_the_weights_are_kept(weighed, go):
    made = go(weighed("F16"))
    assert made.census_before == (Census(dtype="F32", tensors=2, parameters=10),)
    assert made.census_after == (Census(dtype="F16", tensors=2, parameters=10),)
    first, second = made.rounding.tensors
    assert (first.overflowed, first.vanished) == (2, 1)
    assert first.largest_relative_error == pytest.approx(1 - 2**-24 / 6e-8, rel=1e-3)
    assert (second.overflowed, second.vanished, second.largest_relative_error) == (0, 0, 0)
    assert (first.not_finite, second.not_finite) == (0, 2)
    assert schema.problems(plain(made), "provenance") == []


@pytest.mark.parametrize(
    ("plan_words", "says"),
    [
        (("F16", "lost"), "6 parameters came out, the model has 10"),
        (("F32",), "most parameters came out as F32, the step names float16"),
    ],
)
def test_weights_that_came_out_otherwise_are_refused(weighed, go, tmp_path, plan_words, says):
    with pytest.raises(SetupError) as caught:
        go(weighed(*plan_words))
    assert caught.value.code == "conversion-failed"
    assert says in caught.value.message
    assert [path.name for path in (tmp_path / "out").iterdir()] == [".mini-tp2.lock"]


def test_a_conversion_is_run_twice_and_compared(weighed, run, settings):
    def twice(plan):
        return convert.convert(
            plan, run, on_progress=lambda *_, **__: None, settings=settings, twice=True
        )

    same = weighed("F32", named="float32")
    assert twice(same).repeated.differing == ()
    assert twice(same).repeated.differing == ()  # as its provenance says, and not run again
    other = changed(weighed("F16", "noise"), conversion={"host_target": f"{run}-noise"})
    assert twice(other).repeated.differing == ("note",)


def test_an_artefact_of_another_program_is_made_again(plan, go, settings, tmp_path):
    program = settings.repository / "images" / "test" / "program.py"
    program.write_text("1")
    first = go(plan)
    assert go(plan) == first
    program.write_text("2")
    second = go(plan)
    assert second.tool["engine.program.program.py"] != first.tool["engine.program.program.py"]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"mini-tp2", ".mini-tp2.lock"}


def test_what_a_killed_conversion_left_is_no_artefact(plan, go, tmp_path):
    left = tmp_path / "out" / "mini-tp2.partial"
    left.mkdir(parents=True)
    (left / "rank0.bin").write_text("half")
    go(plan)
    assert (tmp_path / "out" / "mini-tp2" / "rank0.bin").read_text() == "WEIGHTS"
    assert not left.exists()


def test_a_second_run_waits_for_the_first(plan, run, settings, tmp_path):
    (tmp_path / "out").mkdir()
    holder = os.open(tmp_path / "out" / ".mini-tp2.lock", os.O_CREAT | os.O_RDWR)
    fcntl.flock(holder, fcntl.LOCK_EX)
    steps = []

    def on_progress(text, **_):
        steps.append(text)
        if len(steps) == 2:
            assert not (tmp_path / "out" / "mini-tp2").exists()
            os.close(holder)

    assert convert.convert(plan, run, on_progress=on_progress, settings=settings) is not None
    assert steps[:2] == ["waiting for another run that converts mini-tp2"] * 2
