"""The measured peak, under real interpreters: one without torch and some that answer."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from suite.base.resources import resource
from suite.documents.engine import PROBE_TARGET
from suite.measure import peak
from suite.measure.engine import process
from suite.measure.engine.served import Unknown
from tests.factories.plans import plan_for


def silent(*_args, **_kwargs):
    return None


def plan(command=None):
    made = plan_for("cpu", "transformers", 1, runtime="process")
    if command is None:
        return made
    return replace(made, engine=replace(made.engine, peak_probe=command))


@pytest.fixture
def interpreter(monkeypatch):
    """The engine's environment is this one, where torch is not."""
    monkeypatch.setattr(process, "_interpreter", lambda *_: Path(sys.executable))


def measured(made, directory):
    return peak.measure(made, directory, on_progress=silent)


def test_the_command_is_declared_and_names_the_executed_precision():
    assert plan().engine.peak_probe == (
        "python3", PROBE_TARGET, "--device", "cpu", "--dtype", "float32",
    )  # fmt: skip
    assert plan_for("cpu", measured_peak=False).engine.peak_probe is UNSET
    for runtime, url in (("sim", None), ("endpoint", "http://127.0.0.1:9")):
        assert plan_for("cpu", runtime=runtime, url=url).engine.peak_probe is UNSET
    assert plan_for("nvidia", "vllm").engine.peak_probe[3] == "cuda"


@pytest.mark.usefixtures("interpreter")
def test_without_torch_there_is_a_reason(tmp_path):
    facts = measured(plan(), tmp_path)
    assert set(facts) == set(peak.FIGURES)
    assert all(isinstance(value, Unknown) for value in facts.values())
    assert "torch" in facts["peak.measured_flops"]
    assert (tmp_path / peak.LOG).is_file()


@pytest.mark.usefixtures("interpreter")
@pytest.mark.parametrize(
    "words",
    [
        *("", "[1]", '{"flops": "many", "bytes_per_s": 1}', '{"flops": 1}', "{", "\0"),
        *(
            "[" * 50_000,
            '{"flops": NaN, "bytes_per_s": 1}',
            f'{{"flops": 1{"0" * 400}, "bytes_per_s": 1}}',
        ),
    ],
)
def test_what_is_no_answer_is_none(tmp_path, words):
    facts = measured(plan(("python3", "-c", f"print({words!r})")), tmp_path)
    assert all(isinstance(value, Unknown) for value in facts.values())


@pytest.mark.usefixtures("interpreter")
def test_figures_become_facts(tmp_path):
    words = '{"flops": 2.5e12, "bytes_per_s": 3e11, "device": "X", "dtype": "float32", "size": 1}'
    facts = measured(plan(("python3", "-c", f"print('warming up'); print({words!r})")), tmp_path)
    assert facts["peak.measured_flops"] == 2.5e12
    assert facts["peak.measured_bytes_per_s"] == 3e11
    assert facts["peak.measured_device"] == "X"


@pytest.mark.usefixtures("interpreter")
@pytest.mark.parametrize(
    "command", [("no-such-program",), ("python3", "-c", "raise SystemExit(3)")]
)
def test_what_fails_does_not_end_the_run(tmp_path, command):
    assert isinstance(measured(plan(command), tmp_path)["peak.measured_flops"], Unknown)


@pytest.mark.parametrize("runtime", ["sim", "endpoint"])
def test_an_engine_of_another_is_not_measured(tmp_path, runtime):
    url = "http://127.0.0.1:9" if runtime == "endpoint" else None
    facts = measured(plan_for("cpu", runtime=runtime, url=url), tmp_path)
    assert "not started here" in facts["peak.measured_flops"]
    assert not (tmp_path / peak.LOG).exists()


def test_what_another_program_used_meanwhile_is_foreign():
    probe = runpy.run_path(str(resource("suite/assets/peak_probe.py")))
    spin = "import time\nwhile time.process_time() < 0.6: pass"
    started = probe["host_ticks"]()[0]
    share = probe["foreign_share"](lambda: subprocess.run([sys.executable, "-c", spin], check=True))
    capacity_s = (probe["host_ticks"]()[0] - started) / os.sysconf("SC_CLK_TCK")
    assert 0.5 / capacity_s < share <= 1
