"""Devices as their own tools name them: captured outputs, and a program that prints them."""

import hashlib
import stat
from pathlib import Path

import pytest
from msgspec import UNSET

from suite.documents.devices import DeviceProcess, ToolOutput
from suite.documents.plan import TelemetryTool
from suite.judge.rules.telemetry import NAMING
from suite.measure import devices
from suite.measure.devices import mthreads_gmi, nvidia_smi
from suite.measure.devices.tool import TOOLS
from tests.factories import engine as factory
from tests.factories.documents import changed

CASES = Path(__file__).parents[2] / "cases" / "telemetry"
QUERY = """index, uuid, name, driver_version, memory.total [MiB], power.limit [W], power.default_limit [W], \
clocks.max.sm [MHz], ecc.mode.current, mig.mode.current, persistence_mode
0, GPU-aa, NVIDIA H100 80GB HBM3, 550.54.15, 81559 MiB, 400.00 W, 700.00 W, 1980 MHz, Enabled, Disabled, Enabled
1, GPU-bb, NVIDIA H100 80GB HBM3, 550.54.15, 81559 MiB, 700.00 W, 700.00 W, 1980 MHz, Enabled, Enabled, Enabled
2, GPU-cc, Tesla T4, 550.54.15, 15360 MiB, [N/A], [Not Supported], 1590 MHz, [N/A], [N/A], Disabled
Unable to determine the device handle for GPU0000:41:00.0: Unknown Error
"""
APPS = """gpu_uuid, pid, used_gpu_memory [MiB], process_name
GPU-aa, 4711, 1024 MiB, python, with a comma
GPU-cc, 12, [N/A], /usr/bin/x
"""


def test_nvidia_smi():
    first, second, third = nvidia_smi.parse([QUERY, APPS])
    assert (first.name, first.driver) == ("NVIDIA H100 80GB HBM3", "550.54.15")
    assert first.memory_bytes == 81559 << 20
    assert (first.power_limit_w, first.power_default_w, first.clock_max_mhz) == (400, 700, 1980)
    assert first.processes == (
        DeviceProcess(pid=4711, name="python, with a comma", memory_bytes=1 << 30),
    )
    assert (first.partitioned, second.partitioned, third.partitioned) == (False, True, UNSET)
    assert second.processes == ()
    assert (third.power_limit_w, third.ecc) == (UNSET, UNSET)
    assert third.processes == (DeviceProcess(pid=12, name="/usr/bin/x"),)


def test_a_programs_name_hides_no_other_program():
    hiding = APPS.replace("python, with a comma", '"python, with').replace("GPU-cc", "GPU-aa")
    assert [item.name for item in nvidia_smi.parse([QUERY, hiding])[0].processes] == [
        '"python, with',
        "/usr/bin/x",
    ]


def test_what_failed_is_not_none():
    assert nvidia_smi.parse(["", ""]) == []
    assert nvidia_smi.parse([QUERY, ""])[0].processes is UNSET


def test_mthreads_gmi():
    (only,) = mthreads_gmi.parse([(CASES / "mthreads-gmi/json.txt").read_text()])
    assert (only.index, only.name, only.driver) == ("0", "MTT S5000", "3.3.5-server")
    assert only.memory_bytes == 81920 << 20
    assert only.power_limit_w == 950
    one_card = '{"GPU": {"Product Name": "MTT S4000", "Index": 0}}'
    assert [card.name for card in mthreads_gmi.parse([one_card])] == ["MTT S4000"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"GPU": 3}', '{"GPU": [1, {"Index": "0"}]}'])
def test_mthreads_gmi_without_devices(text):
    assert mthreads_gmi.parse([text]) == []


def test_a_program_is_asked_and_its_output_kept(tmp_path, monkeypatch):
    tool = tmp_path / "nvidia-smi"
    tool.write_text(
        f"#!/bin/sh\ncase $1 in\n*query-gpu*) cat <<'E'\n{QUERY}E\n;;\n*) exit 9;;\nesac\n"
    )
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    telemetry = TelemetryTool(
        tool="nvidia-smi",
        where="host",
        command=("nvidia-smi",),
        parser="nvidia-smi",
        interval_ms=500,
    )
    plan = changed(factory.plan(), telemetry=(telemetry,))
    seen, outputs = devices.observe(plan)
    assert [device.index for device in seen] == ["0", "1", "2"]
    assert [output.ok for output in outputs] == [True, False]
    assert outputs[0].output == QUERY.strip()
    tool.unlink()
    seen, outputs = devices.observe(plan)
    assert seen == []
    assert outputs[0].answer == "nvidia-smi is not installed"


def test_the_numbers_of_devices_are_hidden():
    raw = ToolOutput(what="list", command=("x",), ok=True, answer="GPU-aa", output=QUERY)
    found = nvidia_smi.parse([QUERY, APPS])
    named, (output,) = devices.hidden(found, [raw], "round-7")
    assert "GPU-aa" not in output.output + output.answer
    assert [device.index for device in named] == ["0", "1", "2"]
    digest = hashlib.sha256(b"round-7\nGPU-aa").hexdigest()
    assert (named[0].identity, output.answer) == (digest, f"sha256:{digest[:16]}")
    assert devices.hidden(found, [], "round-8")[0][0].identity != digest


def test_a_tools_place_and_digest_are_facts(tmp_path, monkeypatch):
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    telemetry = TelemetryTool(
        tool="nvidia-smi",
        where="host",
        command=("nvidia-smi",),
        parser="nvidia-smi-csv",
        interval_ms=500,
    )
    facts = devices.tool_facts(changed(factory.plan(), telemetry=(telemetry,)))
    assert facts == {
        "telemetry.nvidia-smi.path": str(tool),
        "telemetry.nvidia-smi.sha256": hashlib.sha256(b"#!/bin/sh\n").hexdigest(),
    }


def test_the_rules_know_every_tool_that_names_devices():
    assert set(NAMING) == set(TOOLS)
