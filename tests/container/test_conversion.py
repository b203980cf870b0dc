"""Weight conversion in the engine's image: it sees the weights read-only and one directory to write to."""

import pytest

from suite.base.errors import SetupError
from suite.measure import convert
from tests.factories import engine as factory
from tests.factories.documents import changed

pytestmark = pytest.mark.container

CONVERTER = """
import pathlib, sys
weights = pathlib.Path("/source/weights").read_text()
try:
    pathlib.Path("/source/weights").write_text("changed")
except OSError as error:
    print("source:", error.strerror)
pathlib.Path("/target/rank0.bin").write_text(weights.upper())
sys.exit(int(sys.argv[1]))
"""


@pytest.fixture
def plan(base_image, tmp_path):
    model = tmp_path / "model"
    model.mkdir()
    (model / "weights").write_text("weights")
    conversion = {
        "kind": "convert",
        "reason": "the engine reads its own layout",
        "command": ["python3", "-c", CONVERTER, "0"],
        "env": {},
        "source": "/source",
        "target": "/target",
        "host_target": str(tmp_path / "out"),
        "model_type": "llama",
        "parameters": {"tensor_parallel": "1"},
    }
    plan = factory.plan(image=base_image)
    return changed(plan, model={"path": str(model)}, conversion=conversion)


def test_weights_are_converted_in_the_engines_image(plan, tmp_path, left_behind):
    made = convert.convert(plan, tmp_path, on_progress=lambda *_, **__: None)
    assert (tmp_path / "out" / "rank0.bin").read_text() == "WEIGHTS"
    assert (tmp_path / "model" / "weights").read_text() == "weights"
    assert (tmp_path / "conversion.log").read_text() == "source: Read-only file system\n"
    assert made.tool["image.id"].startswith("sha256:")
    assert left_behind("step") == []


def test_an_image_with_a_user_of_its_own_can_write_the_weights(plan, tmp_path):
    plan = changed(plan, engine={"container": {"user": "12345:12345"}})
    convert.convert(plan, tmp_path, on_progress=lambda *_, **__: None)
    assert (tmp_path / "out" / "rank0.bin").stat().st_uid == 12345
    assert (tmp_path / "out").stat().st_mode & 0o022 == 0


def test_a_failed_conversion_is_named_and_leaves_nothing(plan, tmp_path, left_behind):
    plan = changed(plan, conversion={"command": ["python3", "-c", CONVERTER, "5"]})
    with pytest.raises(SetupError) as caught:
        convert.convert(plan, tmp_path, on_progress=lambda *_, **__: None)
    assert caught.value.code == "conversion-failed"
    assert "exit code 5" in caught.value.message
    assert not (tmp_path / "out").exists()
    assert left_behind("step") == []
