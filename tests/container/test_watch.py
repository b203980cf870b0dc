"""Whoever touches the engine's container while it runs is seen, by the Docker engine's own events."""

import io
import tarfile
import time

import pytest

from suite.documents.codec import decode
from suite.documents.container import ContainerRecord
from suite.judge.rules.container import untouched
from suite.measure.engine import serve
from tests.factories import engine as factory
from tests.factories import evidence
from tests.factories.documents import changed

pytestmark = pytest.mark.container


def archive():
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as files:
        files.addfile(tarfile.TarInfo("answers.py"), io.BytesIO())
    return packed.getvalue()


def pause(container):
    container.pause()
    container.unpause()


TOUCHES = {
    "exec_create": lambda container: container.exec_run(["true"]),
    "pause": pause,
    "extract-to-dir": lambda container: container.put_archive("/opt", archive()),
    "update": lambda container: container.update(mem_limit="512m", memswap_limit="512m"),
    "": lambda container: None,
}


@pytest.mark.parametrize("action", TOUCHES, ids=lambda action: action or "nothing")
def test_a_touch_is_seen(base_image, docker, tmp_path, action):
    run = tmp_path / f"run{time.monotonic_ns()}"
    run.mkdir()
    plan = changed(factory.plan(image=base_image), engine={"container": {"read_only_root": False}})
    with serve(plan, run, on_progress=lambda *_, **__: None):
        (container,) = docker.containers.list(filters={"name": f"llm-conformance-{run.name}-"})
        TOUCHES[action](container)
    record = decode((run / "container.json").read_bytes(), ContainerRecord)
    assert record.watched == ""
    assert record.running_id == record.image.id
    assert record.image.history
    # The evidence beside it is of another time, which R078 as a whole would say.
    found = untouched(evidence.evidence(evidence.document()), record)
    if not action:
        assert found.outcome == "pass", found.why
        return
    assert found.outcome == "warn", found.why
    assert f"touched: {action}" in found.why
