"""The accelerator that is there, by the declared match over the answer of the vendor's own tool."""

import os
import shutil
from pathlib import Path

import pytest

from suite.base.errors import UsageError
from suite.declare.vendor.load import load_vendor
from suite.measure.recognise import recognised

SHARED = os.environ.get("SUITE_SHARED_DATA", "")
SAMPLES = Path(SHARED) / "reference" / "vendors" / "telemetry"


@pytest.fixture
def tool(tmp_path, monkeypatch):
    """Put a program of that name into the path, which runs these lines of shell."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    def write(name, script):
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    return write


def named(vendor, *indices):
    device = recognised(load_vendor(vendor).doc, indices or (0,))
    return None if device is None else device.id


NVIDIA = """for w in "$@"; do case "$w" in
--id=0|--id=1) echo 'NVIDIA A100-SXM4-80GB';; --id=2) echo 'NVIDIA H200';; --id=3) echo 'NVIDIA L4';;
--id=4) echo 'NVIDIA GeForce GTX 960';; --id=*) echo 'No devices were found'; exit 6;; esac; done"""


def test_each_selected_device_is_asked(tool):
    tool("nvidia-smi", NVIDIA)
    assert named("nvidia", 0) == named("nvidia", 0, 1) == "a100-80g-sxm"
    assert named("nvidia", 2) == "h200-sxm"
    assert named("nvidia", 3) == "l4"
    # None that is declared, and none that is there.
    assert named("nvidia", 4) is named("nvidia", 9) is None


def test_several_kinds_are_named(tool):
    tool("nvidia-smi", NVIDIA)
    with pytest.raises(UsageError) as refused:
        named("nvidia", 0, 1, 2)
    assert refused.value.code == "accelerators-mixed"
    assert refused.value.message == (
        "this machine has several kinds: NVIDIA A100 80GB SXM (index 0, 1), NVIDIA H200 SXM (index 2)"
    )
    assert "--accelerator (a100-80g-sxm, h200-sxm)" in refused.value.hint


def test_a_list_of_all_devices_names_several_kinds_too(tool):
    tool("mthreads-gmi", "echo 'Product Name : MTT S4000'; echo 'Product Name : MTT S5000'")
    with pytest.raises(UsageError, match="MTT S4000, MTT S5000"):
        named("mthreads")


@pytest.mark.skipif(
    shutil.which("nvidia-smi") is not None, reason="this machine has an NVIDIA driver"
)
def test_without_the_tool_nothing_is_said():
    assert named("nvidia") is None
    assert named("cpu") is None


@pytest.mark.parametrize("override", [(), ("--accelerator", "h100-pcie")])
def test_the_plan_follows_and_the_user_overrides(tool, capsys, override):
    from suite.cli.main import main

    tool("nvidia-smi", NVIDIA)
    words = ["plan", "--vendor", "nvidia", "--runtime", "container", "--visible", "2", *override]
    assert main(words) == 0
    wanted = "NVIDIA H100 80GB PCIe" if override else "NVIDIA H200 SXM"
    assert f"1 x {wanted} (indices 2)" in capsys.readouterr().out


def test_the_engine_is_the_first_that_runs_on_what_is_there(tool, capsys):
    from suite.cli.main import main

    tool("mthreads-gmi", "echo 'Product Name : MTT S5000'")
    assert main(["plan", "--vendor", "mthreads", "--runtime", "container"]) == 0
    assert "vLLM with the MUSA plug-in (vllm_musa)" in capsys.readouterr().out
    words = ["plan", "--vendor", "mthreads", "--engine", "vllm_mtt", "--runtime", "container"]
    assert main(words) == 2
    assert "vllm_mtt does not run on MTT S5000" in capsys.readouterr().err


@pytest.mark.skipif(not SHARED, reason="SUITE_SHARED_DATA is not set: no captures of real tools")
@pytest.mark.parametrize(
    ("vendor", "program", "sample", "device"),
    [
        ("huawei-ascend", "npu-smi", "npu-smi.txt", "910b2"),
        ("metax", "mx-smi", "mx-smi.txt", "n260"),
        ("cambricon", "cnmon", "cnmon.txt", "mlu370-x8"),
        ("enflame", "efsmi", "efsmi.txt", "s60"),
        ("kunlunxin", "xpu-smi", "xpu-smi.kunlun.txt", "p800"),
        ("google-tpu", "tpu-info", "tpu-info.txt", "v6e"),
        ("aws-neuron", "neuron-ls", "neuron-ls.txt", "trn2"),
    ],
)
def test_captures_of_real_tools_name_their_device(tool, vendor, program, sample, device):
    if not (SAMPLES / sample).is_file():
        pytest.skip(f"{sample} is not there")
    # Without the line that says where the sample comes from.
    tool(program, f"grep -v '^#' '{SAMPLES / sample}'")
    assert named(vendor) == device


@pytest.mark.parametrize(
    ("vendor", "name", "device"),
    [
        ("nvidia", "NVIDIA H100 80GB HBM3", "h100-sxm"),
        ("nvidia", "NVIDIA H100 PCIe", "h100-pcie"),
        ("nvidia", "NVIDIA H100 NVL", None),
        ("nvidia", "NVIDIA H200 NVL", None),
        ("nvidia", "NVIDIA GH200 480GB", None),
        ("nvidia", "NVIDIA GB200", "gb200"),
        ("nvidia", "NVIDIA A100-PCIE-40GB", None),
        ("nvidia", "NVIDIA L40", None),
        ("amd", "MARKET_NAME: AMD Instinct MI300X VF", "mi300x"),
        ("amd", "MARKET_NAME: AMD Instinct MI250X / MI250", "mi250x"),
        ("amd", "MARKET_NAME: AMD Instinct MI250", "mi250"),
    ],
)
def test_relatives_are_not_taken_for_each_other(tool, vendor, name, device):
    for program in ("nvidia-smi", "amd-smi"):
        tool(program, f"echo '{name}'")
    assert named(vendor) == device
