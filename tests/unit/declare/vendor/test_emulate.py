"""Emulated machines made from the shipped declarations, and the program that takes the vendors' words."""

import importlib.util
import json
import subprocess
import sys

import pytest

from suite.base.errors import UsageError
from suite.base.resources import resource
from suite.declare.vendor.emulated import TOOLS, emulate
from suite.declare.vendor.load import check_vendor, load_vendor
from suite.measure.telemetry import parse
from tests.factories.plans import plan_for


@pytest.fixture(scope="module")
def program():
    """The program that stands in for the engines."""
    path = resource("suite/assets/emulated_engine.py")
    spec = importlib.util.spec_from_file_location("emulated_program", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def machines(tmp_path_factory):
    """Emulated directories by vendor, made when they are asked for."""
    into, made = tmp_path_factory.mktemp("emulated"), {}

    def machine(name):
        if name not in made:
            made[name] = emulate(load_vendor(name), into, devices=2, underneath="llamacpp")
        return made[name]

    return machine


@pytest.mark.parametrize("name", ["nvidia", "amd", "huawei-ascend", "mthreads"])
def test_an_emulated_machine_is_in_order_and_says_so(machines, name):
    directory = machines(name)
    assert [str(problem) for problem in check_vendor(directory)] == []
    vendor = load_vendor(str(directory))
    assert vendor.doc.emulated is True
    assert vendor.doc.name.endswith("(emulated)")
    plan = plan_for(vendor, vendor.doc.engines[0].id, 2)
    assert plan.vendor.emulated
    assert plan.telemetry[0].command[1].endswith("emulated_tool.py")
    assert all(node.startswith("/dev/null:/dev/") for node in plan.engine.container.devices)


@pytest.mark.parametrize("name", ["nvidia", "amd", "huawei-ascend", "mthreads"])
def test_the_planned_words_are_taken_and_wrong_ones_refused(machines, program, name):
    directory = machines(name)
    vendor = load_vendor(str(directory))
    plan = plan_for(vendor, vendor.doc.engines[0].id, 2)
    words = [*plan.engine.container.entrypoint, *plan.engine.command]
    assert words[:3] == ["python", "/emulated/engine.py", "serve"]
    engine = json.loads((directory / "engines.json").read_text())["engines"][words[3]]
    rest = words[4 + len(engine["words"]) :]
    given = program.roles(engine, program.arguments(engine, rest))
    assert (given["port"], given["tensor_parallel"]) == (str(plan.engine.port), "2")
    for wrong, says in (
        (["--no-such-option", "1"], "unrecognized arguments: --no-such-option"),
        ([*rest[:-1], "--port"], "expected one argument"),
    ):
        with pytest.raises(SystemExit) as caught:
            program.arguments(engine, wrong)
        assert says in str(caught.value)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--block-size", "16"], "only 64 is supported"),
        (["--quantization", "fp8"], "not supported"),
        (["--rope-theta=1"], "not supported"),
    ],
)
def test_what_mttransformer_refuses_is_refused(machines, program, words, says):
    engine = json.loads((machines("mthreads") / "engines.json").read_text())["engines"]["vllm_mtt"]
    with pytest.raises(SystemExit) as caught:
        program.arguments(engine, words)
    assert says in str(caught.value)


def test_weights_for_another_number_of_ranks_are_refused(program, tmp_path):
    (tmp_path / "emulated.json").write_text(json.dumps({"tensor_parallel": "4"}))
    under = {"convert": []}
    with pytest.raises(SystemExit, match="converted for 4 ranks, 2 are asked for"):
        program.weights(under, tmp_path, "2")
    assert program.weights(under, tmp_path, "4") == tmp_path


def test_a_container_without_its_devices_is_refused(program, monkeypatch):
    engine = {"nodes": ["/dev/nothing{index}"], "indices": [0], "variables": []}
    with pytest.raises(SystemExit, match="there is no /dev/nothing0"):
        program.check_devices(engine)
    monkeypatch.delenv("EMULATED_DEVICES", raising=False)
    with pytest.raises(SystemExit, match="EMULATED_DEVICES is not set"):
        program.check_devices({"nodes": [], "indices": [], "variables": ["EMULATED_DEVICES"]})


@pytest.mark.parametrize("tool", TOOLS)
def test_the_tools_print_what_the_readers_of_the_real_ones_read(tool):
    script = str(resource("suite/assets/emulated_tool.py"))
    done = subprocess.run(
        [sys.executable, script, tool, "2", "Card X"], capture_output=True, text=True, check=True
    )
    readings = parse(tool, done.stdout)
    assert [reading.device for reading in readings] == ["0", "1"]
    for reading in readings:
        assert 90 <= reading.values["power_w"] <= 300
        assert 0 <= reading.values["utilisation"] <= 1
    assert readings[0].values["power_w"] != readings[1].values["power_w"]


@pytest.mark.parametrize(
    ("underneath", "begins", "image"),
    [
        (
            "llamacpp",
            ["python", "/opt/recipe/serve.py", "--model", "/m/model.gguf"],
            "cpu-llamacpp",
        ),
        (
            "vllm",
            ["python", "-m", "vllm.entrypoints.openai.api_server", "--model", "/m"],
            "cpu-vllm",
        ),
    ],
)
def test_the_engine_underneath_starts_as_the_cpu_declares_it(
    program, tmp_path, monkeypatch, underneath, begins, image
):
    directory = emulate(load_vendor("nvidia"), tmp_path, devices=1, underneath=underneath)
    vendor = load_vendor(str(directory))
    plan = plan_for(vendor, "vllm", 1)
    assert plan.engine.image.reference.endswith(image)
    described = json.loads((directory / "engines.json").read_text())
    described["engines"]["vllm"] |= {"nodes": [], "variables": []}
    under = described["underneath"] | {"convert": []}
    started = []
    monkeypatch.setattr(program.os, "execvpe", lambda *words: started.append(words))
    monkeypatch.setenv("VLLM_NO_USAGE_STATS", "the vendor's")
    words = [*plan.engine.container.entrypoint[4:], *plan.engine.command]
    words[words.index(plan.engine.model_target)] = "/m"
    engine = described["engines"]["vllm"] | {"env": ["VLLM_NO_USAGE_STATS"]}
    program.serve(under, engine, words)
    ((_, command, variables),) = started
    assert command[: len(begins)] == begins
    assert not [word for word in command if "{" in word]
    assert command[command.index("--port") + 1] == str(plan.engine.port)
    assert variables.get("VLLM_NO_USAGE_STATS") == {"vllm": "1"}.get(underneath)


def test_what_cannot_be_emulated_is_refused(tmp_path):
    with pytest.raises(UsageError) as caught:
        emulate(load_vendor("cpu"), tmp_path, devices=1, underneath="llamacpp")
    assert caught.value.code == "emulation-impossible"
