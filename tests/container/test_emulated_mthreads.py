"""The whole path of a vendor whose cards are not here: its own commands, taken by an emulated image.

The declaration is the real one of mthreads but for what `tests/emulated/mthreads/changes.yaml` replaces. It
shows that preflight, conversion, start, load, telemetry and card fit together; it says nothing about cards.
"""

import os
import shutil
import subprocess

import pytest

from suite import evidence
from suite.base import jsonio
from suite.measure.engine.container.api import connect
from tests.factories import emulated, runs

pytestmark = [pytest.mark.container, pytest.mark.slow]


class Bench:
    """One emulated vendor, and runs of the command line against it."""

    def __init__(self, emulation, directory):
        self.emulation = emulation
        self.directory = directory
        self.converted = directory / "converted"
        self.profile = runs.profile(directory, tasks=24, size=24)

    def words(self, out, *more, devices=2, command="run"):
        asked = [command, "--vendor", self.emulation.directory, "--engine", "vllm_mtt"]
        asked += ["--model", emulated.MINI_MODEL, "--devices", devices]
        asked += ["--profile", self.profile, "--converted", self.converted]
        if command == "run":
            asked += ["--out", self.directory / out, "--key", runs.key(self.directory / "key.pem")]
        return [*asked, *more]

    def weights(self, ranks):
        """The weights that were converted for so many ranks."""
        (made,) = self.converted.glob(f"mini_model-fp16-tp{ranks}-convert-*[0-9a-f]")
        return made

    def run(self, out, *more, tool=True, devices=2, **variables):
        if tool:
            variables["PATH"] = f"{self.emulation.tools}{os.pathsep}{os.environ['PATH']}"
        done = runs.suite(*self.words(out, *more, devices=devices), **variables)
        return done, self.directory / out


@pytest.fixture(scope="module")
def bench(base_image, tmp_path_factory):
    directory = tmp_path_factory.mktemp("emulated")
    return Bench(emulated.emulate("mthreads", base_image, directory), directory)


@pytest.fixture(scope="module")
def first(bench):
    """A run with a conversion."""
    return bench.run("first")


@pytest.fixture(scope="module")
def single(bench):
    """A run on one card; its weights are converted for one."""
    return bench.run("single", "--quiet", devices=1)


def card_of(run):
    return jsonio.load(run / "scorecard.json")["predicate"]


def marks(run):
    return [mark.name for mark in evidence.read(run).marks]


def containers(image):
    """Names of all containers that were made of an image."""
    with connect() as client:
        return [one.name for one in client.containers.list(all=True, filters={"ancestor": image})]


@pytest.mark.parametrize(
    ("tool", "card", "status", "says"),
    [
        (False, "", 3, "mthreads-gmi is not installed"),
        (
            True,
            "MTT S3000",
            2,
            "error[accelerator-unsupported]: vllm_mtt does not run on MTT S3000",
        ),
        (True, "MTT Z1", 3, "the MT GPU driver with mthreads-gmi"),
    ],
)
def test_a_machine_without_the_card_stops_before_anything_starts(bench, tool, card, status, says):
    done, run = bench.run("nothing", tool=tool, EMULATED_CARD=card)
    assert done.returncode == status, done.stderr
    assert says in done.stderr
    assert not run.exists()
    assert not bench.converted.exists()
    assert containers(bench.emulation.image) == []


def test_a_real_declaration_never_passes_with_the_emulated_tool(bench):
    words = ["--vendor", "mthreads", "--model", emulated.MINI_MODEL, "--devices", 2]
    path = f"{bench.emulation.tools}{os.pathsep}{os.environ['PATH']}"
    done = runs.suite("doctor", *words, PATH=path)
    assert done.returncode == 3
    missing = [line for line in done.stdout.splitlines() if line.startswith("  fail  devices")]
    assert len(missing) == 3  # two device nodes and the container runtime


def test_the_vendors_path_ends_in_a_verified_card(first, bench):
    done, run = first
    assert done.returncode == 0, done.stderr + done.stdout
    read = evidence.read(run)
    assert read.footer.ended == "complete"
    assert {request.outcome for request in read.requests} == {"ok"}
    verified = runs.suite("verify", run, "--key", run / "signer.pub.pem", "--json")
    assert verified.returncode == 0, verified.stdout
    assert jsonio.loads(verified.stdout.encode())["intact"] is True
    assert containers(bench.emulation.image) == []
    assert bench.emulation.image in str(card_of(run)["engine"]["image_reference"])


def test_the_card_says_that_all_is_emulated(first):
    done, run = first
    card = card_of(run)
    assert card["vendor"]["emulated"] is True
    assert card["vendor"]["name"] == "Moore Threads (emulated)"
    checks = {check["rule"]: check for check in card["checks"]}
    assert checks["R035"]["outcome"] == "warn"
    assert "emulation" in checks["R035"]["why"]
    assert card["division"]["requested"] == "closed"
    assert card["division"]["granted"] == "open"
    assert "R035" in {reason["rule"] for reason in card["division"]["reasons"]}
    page = (run / "scorecard.html").read_text("utf-8")
    assert "These numbers say nothing about real hardware." in page
    assert "模拟设备" in page
    assert "! EMULATED:" in done.stdout
    assert card["engine"]["version"].endswith("+emulated")


def test_the_engine_got_the_vendors_arguments_and_variables(first):
    _, run = first
    facts = jsonio.load(run / "environment.json")["facts"]
    command = facts["engine.command"]["value"]
    for words in ("--device musa", "--block-size 64", "--dtype float16", "--max-num-seqs 128"):
        assert words in command
    assert "--tensor-parallel-size 2 --pipeline-parallel-size 1" in command
    assert facts["engine.package.mttransformer"]["value"] == "0.0.0+emulated"
    assert "device_config=musa" in facts["engine.resolved_config"]["value"]
    env = evidence.read(run).plan.engine.env
    assert env["MTHREADS_VISIBLE_DEVICES"] == env["MUSA_VISIBLE_DEVICES"] == "0,1"
    assert env["PYTHONPATH"] == "/home/workspace/vllm_mtt"


def test_bfloat16_weights_run_as_float16_and_the_card_says_so(first):
    _, run = first
    dtype = card_of(run)["engine"]["dtype"]
    assert (dtype["requested"], dtype["executed"]) == ("float16", "float16")
    assert "bfloat16" in evidence.read(run).plan.engine.dtype.note
    assert "bfloat16" in (run / "scorecard.html").read_text("utf-8")


def test_the_conversion_ran_in_a_container_and_left_its_provenance(first, bench):
    _, run = first
    found = jsonio.load(run / "provenance.json")
    assert found["parameters"]["tensor_parallel"] == "2"
    assert found["parameters"]["arch"] == "mp_22"
    assert found["model_type"] == "llama"
    assert found["tool"]["runtime"] == "container"
    assert found["tool"]["image.reference"] == bench.emulation.image
    assert found["command"][:3] == ["python", "-m", "mttransformer.convert_weight"]
    names = {entry["path"] for entry in found["outputs"]}
    assert {"config.ini", "weights.0.bin", "weights.1.bin", "tokenizer.json"} <= names
    listed = {entry["path"] for entry in jsonio.load(run / "manifest.json")["files"]}
    assert {"provenance.json", "conversion.log"} <= listed
    log = (run / "conversion.log").read_text()
    assert "model.layers.0.mlp.down_proj.weight: BF16 -> fp16" in log
    assert marks(run).index("conversion.end") < marks(run).index("engine.start")
    assert "value" in card_of(run)["startup"]["conversion_s"]


def test_power_was_sampled_and_only_the_cards_in_use_are_counted(first):
    _, run = first
    samples = evidence.read(run).telemetry
    # The tool shows all four cards of the machine: 100, 200, 300 and 400 W.
    assert {sample.device for sample in samples} == {"0", "1", "2", "3"}
    assert {sample.power_w for sample in samples if sample.device == "1"} == {200.0}
    for phase in card_of(run)["phases"]:
        metrics = phase["metrics"]
        assert metrics["average_power_w"]["value"] == pytest.approx(300.0)
        assert metrics["energy_j"]["value"] > 0
        assert metrics["joules_per_output_token"]["value"] > 0


def test_a_second_run_uses_the_weights_again_and_an_older_tool_serves_too(first, bench):
    _, before = first
    done, run = bench.run("second", EMULATED_TOOL="old")
    assert done.returncode == 0, done.stderr + done.stdout
    provenance = (run / "provenance.json").read_bytes()
    assert provenance == (before / "provenance.json").read_bytes()
    assert not (run / "conversion.log").exists()
    assert "used again" in card_of(run)["startup"]["conversion_s"]["not_measured"]
    assert "conversion.start" not in marks(run)
    # The JSON query is refused; the text of the same query gives the same power.
    for phase in card_of(run)["phases"]:
        assert phase["metrics"]["average_power_w"]["value"] == pytest.approx(300.0)


def test_weights_for_one_card_are_refused_for_two(first, single, bench, tmp_path):
    done, run = single
    assert done.returncode == 0, done.stderr + done.stdout
    env = evidence.read(run).plan.engine.env
    assert env["MTHREADS_VISIBLE_DEVICES"] == "0"
    others = tmp_path / "converted"
    shutil.copytree(bench.weights(1), others / bench.weights(2).name)
    done, run = bench.run("refused", "--converted", others)
    assert done.returncode == 3
    assert "error[conversion-mismatch]" in done.stderr
    assert "tensor_parallel is 1, the plan has 2" in done.stderr
    read = evidence.read(run)
    assert read.footer.error.code == "conversion-mismatch"
    assert (run / "engine.log").read_bytes() == b""
    assert "engine.start" not in marks(run)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--engine-arg", "quantization=awq"], "MTTransformer runs float16 only"),
        (["--engine-arg", "block-size=16"], "the only value is 64"),
        (["--dtype", "bfloat16"], "MTTransformer runs float16 only"),
        (["--model-type", "gpt2"], "knows no model type 'gpt2'"),
        (["--engine", "vllm_musa"], "vllm_musa does not run on MTT S4000"),
    ],
)
def test_what_the_vendor_does_not_support_is_refused_by_the_declaration(bench, more, says):
    done, run = bench.run("unsupported", *more)
    assert done.returncode == 2, done.stderr
    assert says in done.stderr
    assert not run.exists()


# The emulated commands refuse what the vendor's refuse, so that a wrong command cannot pass unseen.


def inside(image, *words, mounts=(), env=()):
    """Run a command in the emulated image; its status and output."""
    options = [f"--volume={source}:{target}" for source, target in mounts]
    options += [f"--env={text}" for text in env]
    done = subprocess.run(
        ["docker", "run", "--rm", "--network=none", *options, image, *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    return done.returncode, done.stdout + done.stderr


CONVERT = {
    "--in_file": "/in",
    "--saved_dir": "/out",
    "--weight_data_type": "fp16",
    "--model_type": "llama",
    "--tensor-para-size": "2",
    "--arch": "mp_22",
}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"--arch": "mp_31"}, "invalid choice: 'mp_31'"),
        ({"--weight_data_type": "int8"}, "invalid choice: 'int8'"),
        ({"--tensor-para-size": "3"}, "4 heads cannot be split over 3"),
        ({"--model_type": "chatglm2"}, "this is no model of type chatglm2"),
        ({"--saved_dir": None}, "required: --saved_dir"),
    ],
)
def test_the_emulated_converter_refuses(bench, change, says):
    chosen = {name: value for name, value in {**CONVERT, **change}.items() if value}
    words = [word for pair in chosen.items() for word in pair]
    status, output = inside(
        bench.emulation.image,
        *("python", "-m", "mttransformer.convert_weight", *words),
        mounts=[(emulated.MINI_MODEL, "/in:ro")],
    )
    assert status != 0
    assert says in output


@pytest.mark.parametrize(
    ("more", "env", "says"),
    [
        # As the vendor's own example has it: weights for one device, served with two.
        (["-tp", 2], True, "converted for tensor_para_size 1"),
        (["--block-size", 32], True, "only 64 is supported"),
        (["--quantization", "awq"], True, "does not support --quantization"),
        ([], False, "MTHREADS_VISIBLE_DEVICES names []"),
        ([], True, "there is no /dev/mtgpu.0"),
    ],
)
def test_the_emulated_server_refuses(single, bench, more, env, says):
    weights = bench.weights(1)
    words = ["--model", "/model", "--device", "musa", "-tp", 1, "--block-size", 64, *more]
    names = ("MTHREADS_VISIBLE_DEVICES", "MUSA_VISIBLE_DEVICES") if env else ()
    status, output = inside(
        bench.emulation.image,
        *("python", "-m", "vllm.entrypoints.openai.api_server", *words),
        mounts=[(weights, "/model:ro")],
        env=["PYTHONPATH=/home/workspace/vllm_mtt", *(f"{name}=0" for name in names)],
    )
    assert status != 0
    assert says in output
