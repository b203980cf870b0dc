"""A run from its first mark to its manifest, with an engine that does not start."""

from __future__ import annotations

import sys
import time
import venv
from pathlib import Path

import pytest
from msgspec.structs import replace

from suite import evidence
from suite.declare.plan.basis import plan_of
from suite.declare.tasks.taskset import mini_set
from suite.judge.card.timeline import breakdown
from suite.measure.engine import process
from suite.measure.run import execute
from suite.measure.signals import Stop
from tests.factories import shipped
from tests.factories.plans import plan_for
from tests.factories.runs import NoProgress

GETTING_S = 0.3
PEAK = 'print(\'{"flops": 1e12, "bytes_per_s": 1e11}\')'


def test_what_the_engine_runs_from_is_got_in_the_time_of_preparation(monkeypatch, tmp_path):
    """Also where the peak probe runs in it first."""
    python = tmp_path / "environment" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(Path(sys.executable).resolve())
    (tmp_path / "environment" / process.STAMP).write_text("0" * 64)
    got = []

    def interpreter(*_):
        if not got:
            time.sleep(GETTING_S)  # an environment that is made, which the second who asks finds
        got.append(python)
        return python

    monkeypatch.setattr(process, "_interpreter", interpreter)
    made = plan_for("cpu", "transformers", 1, runtime="process")
    engine = replace(
        made.engine,
        peak_probe=("python3", "-c", PEAK),
        command=("python3", "-c", "raise SystemExit(3)"),
    )
    result = execute(
        replace(made, engine=engine, telemetry=()),
        mini_set(4),
        None,
        tmp_path / "run",
        progress=NoProgress(),
        stop=Stop(),
        zero_ns=time.monotonic_ns(),
    )
    assert result.ended == "engine-died"
    assert len(got) > 1
    left = evidence.read(result.directory)
    assert left.environment.facts["peak.measured_flops"].value == 1e12
    spent = {share.what: share.seconds for share in breakdown(left)}
    assert spent["preparation"] >= GETTING_S


class Said(NoProgress):
    """Keeps the lines that a person would have read."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def line(self, sentence: str) -> None:
        self.lines.append(sentence)


@pytest.mark.parametrize(("version", "beyond"), [("0.33.1", True), ("0.32.0", False)])
def test_a_release_that_the_declaration_does_not_describe_is_named_before_the_engine_starts(
    tmp_path, version, beyond
):
    venv.create(tmp_path / "environment", with_pip=False, symlinks=True)
    (packages,) = (tmp_path / "environment" / "lib").glob("python*/site-packages")
    (packages / "vllm.dist-info").mkdir()
    (packages / "vllm.dist-info" / "METADATA").write_text(f"Name: vllm\nVersion: {version}\n")
    python = tmp_path / "environment" / "bin" / "python"
    basis = replace(shipped.basis(engine_python=str(python)), runtime="process")
    made = plan_of(basis)
    said = Said()
    result = execute(
        replace(
            made, engine=replace(made.engine, command=("python3", "-c", "raise SystemExit(3)"))
        ),
        mini_set(4),
        None,
        tmp_path / "run",
        progress=said,
        stop=Stop(),
        zero_ns=time.monotonic_ns(),
        basis=basis,
    )
    assert result.ended == "engine-died", result.error
    named = [i for i, line in enumerate(said.lines) if f"vllm {version}: its arguments are" in line]
    started = next(i for i, line in enumerate(said.lines) if line.startswith("starting"))
    assert bool(named) == beyond
    assert all(i < started for i in named)
