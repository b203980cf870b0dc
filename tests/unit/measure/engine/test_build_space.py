"""Docker's disk: asked before a build, and recognised when it fills up during one."""

from types import SimpleNamespace

import pytest

from suite.base.errors import SetupError
from suite.measure.engine.container import build


def engine(directory):
    return SimpleNamespace(info=lambda: {"DockerRootDir": str(directory)})


def test_too_small_a_disk_is_refused_before_anything_is_built(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "BUILD_BYTES", 1 << 60)
    with pytest.raises(SetupError) as refused:
        build.require_space(engine(tmp_path), "llm-conformance/some:tag")
    assert refused.value.code == "docker-disk-full"
    assert str(tmp_path) in str(refused.value)
    assert "docker image prune" in refused.value.hint


def test_a_disk_with_room_and_one_that_lies_elsewhere_are_not(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "BUILD_BYTES", 1)
    build.require_space(engine(tmp_path), "some:tag")
    monkeypatch.setattr(build, "BUILD_BYTES", 1 << 60)
    build.require_space(engine("/nowhere/on/this/machine"), "some:tag")


@pytest.mark.parametrize(
    ("line", "full"),
    [
        ({"error": "write /var/lib/docker/tmp/x: no space left on device"}, True),
        ({"error": "The command '/bin/sh -c false' returned a non-zero code: 1"}, False),
        ({"stream": "no space left on device is what a program printed"}, False),
    ],
)
def test_a_disk_that_fills_up_is_told_from_other_errors(line, full):
    assert build.no_space(line) is full
