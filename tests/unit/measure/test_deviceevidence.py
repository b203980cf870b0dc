"""The devices are asked before and after, with the nonce in the declared command; whatever comes is kept."""

from __future__ import annotations

import hashlib
import json
import sys
import time

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from suite import evidence
from suite.declare.plan.make import plan_sha256
from suite.declare.tasks.taskset import mini_set
from suite.documents.plan import AttestationTool
from suite.judge.attest.deviceevidence import answers
from suite.judge.score import score
from suite.measure import deviceevidence
from suite.measure.run import execute
from suite.measure.signals import Stop
from tests.factories.plans import plan_for
from tests.factories.runs import NoProgress


def whole_run(tmp_path, *command: str, keep=UNSET):
    """What a whole run of the scripted server leaves, with such a tool."""
    made = plan_for("cpu", "vllm", 1, runtime="sim")
    phases = (replace(made.workload.phases[0], tasks=2),)
    plan = replace(
        made,
        telemetry=(),
        attestation=(AttestationTool(command=command, parser="nvattest", keep=keep),),
        workload=replace(made.workload, phases=phases),
    )
    result = execute(
        plan,
        mini_set(4),
        None,
        tmp_path / "run",
        progress=NoProgress(),
        stop=Stop(),
        zero_ns=time.monotonic_ns(),
    )
    assert result.error is None
    return evidence.read(result.directory)


def test_the_nonces_are_the_digests_of_plan_and_log(tmp_path):
    echo = "import json,sys; print(json.dumps({'result_code': 1, 'result_message': sys.argv[1]})); sys.exit(1)"
    left = whole_run(tmp_path, sys.executable, "-c", echo, "{nonce}")
    before, after = left.device_evidence
    assert (before.nonce, after.nonce) == (plan_sha256(left.plan), left.log_sha256)
    for line in (before, after):
        assert line.command[-1] == line.nonce
        assert json.loads(line.output)["result_message"] == line.nonce


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (("no-such-nvattest", "{nonce}"), "no-such-nvattest is not installed"),
        ((sys.executable, "-c", "raise SystemExit(3)"), "printed nothing, exit status 3"),
        ((sys.executable, "-c", "import time; time.sleep(60)"), "did not answer"),
    ],
)
def test_a_tool_that_gives_nothing_stops_nothing(tmp_path, monkeypatch, command, why):
    monkeypatch.setattr(deviceevidence, "TIMEOUT_S", 0.5)
    for line in whole_run(tmp_path, *command).device_evidence:
        assert line.output is UNSET
        assert why in line.why


def test_a_whole_run_is_signed_before_and_after(tmp_path):
    """By a device of a local authority."""
    tool = (sys.executable, "-m", "tests.factories.deviceauthority", "--nonce", "{nonce}")
    left = whole_run(tmp_path, *tool)
    read, missing = answers(left)
    assert ([answer.moment for answer in read], missing) == (["before", "after"], [])
    assert read[0].identities == read[1].identities


def test_only_machines_that_are_ours_are_asked():
    plan = plan_for("nvidia", "vllm", 1)
    assert plan.attestation[0].command[:4] == ("nvattest", "--format", "json", "collect-evidence")
    assert plan_for("nvidia", "vllm", 1, runtime="sim").attestation is UNSET
    assert plan_for("cpu", "vllm", 1).attestation is UNSET


def test_withheld_answers_name_the_devices_by_salted_digests(tmp_path):
    """The run says that the same device signed twice, and not which; the answers lie beside it."""
    tool = (sys.executable, "-m", "tests.factories.deviceauthority", "--nonce", "{nonce}")
    left = whole_run(tmp_path, *tool, keep="digest")
    before, after = left.device_evidence
    assert before.output is UNSET
    assert len(before.withheld.devices) == 1
    assert before.withheld.devices == after.withheld.devices
    assert left.environment.device_salt
    beside = (tmp_path / "run.device-evidence.jsonl").read_text().splitlines()
    for line, kept in zip((before, after), beside, strict=True):
        output = json.loads(kept)["output"]
        assert hashlib.sha256(output.encode()).hexdigest() == line.withheld.sha256
        [device] = json.loads(output[output.find("{") :])["evidences"]
        for path in (tmp_path / "run").rglob("*"):
            assert not path.is_file() or device["certificate"].encode() not in path.read_bytes()
    read, missing = answers(left)
    assert read == []
    assert missing[0].startswith("what 1 devices signed was withheld")
    checks = {check.rule: check for check in score(left).checks}
    assert checks["R115"].outcome == checks["R116"].outcome == "not-applicable"


@pytest.mark.parametrize(
    "output", ["", "no JSON", "[]", '{"evidences": 3}', '{"evidences": [1, {}]}', "{" * 100_000]
)
def test_whatever_a_tool_prints_can_be_withheld(output):
    assert deviceevidence.withheld(output, "salt").devices == ()
