"""Every command: help with an example, valid JSON, a refusal with its code and status, never a traceback."""

import json
import shlex
import shutil
import socket
import sys
from pathlib import Path

import click
import pytest
from huggingface_hub import constants

from suite.base import jsonio
from suite.cli.machine import settings
from suite.cli.main import main, program
from suite.judge.attest.keyfiles import load_public
from suite.measure import memory
from suite.measure.engine.sim_faults import FAULTS
from tests.factories import evidence as factory
from tests.factories import runs

VENDOR_CASES = Path(__file__).resolve().parents[2] / "cases" / "vendor"
MINI_MODEL = runs.ROOT / "suite" / "assets" / "mini_model"


def commands(top=None, words=()):
    """Every command and subcommand, by its words."""
    top = program() if top is None else top
    yield words, top
    if isinstance(top, click.Group):
        for name in top.list_commands(click.Context(top)):
            yield from commands(top.get_command(click.Context(top), name), (*words, name))


COMMANDS = dict(commands())


def parsed(group, words):
    """The context of a command line, down to its command, without running it."""
    context = group.make_context("suite", words)
    while isinstance(context.command, click.Group):
        rest = [*context._protected_args, *context.args]
        _, inner, rest = context.command.resolve_command(context, rest)
        context = inner.make_context(inner.name, rest, parent=context)
    return context


@pytest.fixture
def suite(capsys, monkeypatch, tmp_path):
    """Run a command in this process: status, standard output, standard error."""
    monkeypatch.delenv("SUITE_KEY", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    # The variable would be read at the first import, for all tests of this process that come after.
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)

    def run(*words):
        capsys.readouterr()
        status = main([str(word) for word in words])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return status, out, err

    return run


@pytest.fixture
def refused(suite):
    """Run a command that is refused; returns its message."""

    def run(*words, code, status):
        found, out, err = suite(*words)
        assert (found, err.split("]")[0]) == (status, f"error[{code}"), out + err
        return err

    return run


@pytest.fixture(scope="session")
def signed(tmp_path_factory):
    """A run directory that was scored, signed and rendered."""
    folder = tmp_path_factory.mktemp("signed")
    run = factory.write(folder / "run")
    assert main(["sign", str(run), "--key", str(runs.key(folder / "key.pem"))]) == 0
    return run


@pytest.fixture
def copied(signed, tmp_path):
    shutil.copytree(signed, tmp_path / "run")
    return tmp_path / "run"


# help ------------------------------------------------------------------------------------------------------


def test_the_commands_are_all_there():
    expected = (
        "run plan vendors data prepare doctor score verify render diff sign keygen sim completion"
    )
    assert set(expected.split()) <= {words[0] for words in COMMANDS if words}


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: " ".join(words) or "suite")
def test_help_says_what_it_does_and_gives_an_example(words, suite):
    status, out, _ = suite(*words, "--help")
    assert status == 0
    assert out.startswith("Usage: suite")
    assert len(COMMANDS[words].help) > len(COMMANDS[words].short_help)
    assert "TEXT" not in COMMANDS[words].short_help
    example = " ".join(out[out.index("example:") :].split())
    assert f"suite {' '.join(words)}" in example


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: " ".join(words) or "suite")
def test_an_example_is_a_command_line_that_can_be_read(words):
    for line in COMMANDS[words].epilog.split("example:")[1].split("&&"):
        name, *rest = shlex.split(line.partition(" > ")[0])
        assert name == "suite"
        with parsed(program(), rest):
            pass


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ((), "usage-wrong", "missing command"),
        (("vendors",), "usage-wrong", "suite vendors: missing command"),
        (("rn",), "command-unknown", "did you mean 'run'?"),
        (("zzz",), "command-unknown", "suite --help"),
        (("vendors", "lst"), "command-unknown", "did you mean 'list'?"),
        (("--versoin",), "option-unknown", "did you mean '--version'?"),
        (("run", "--xyzzy"), "option-unknown", "suite run --help"),
        (("run", "--vend", "cpu"), "option-unknown", "did you mean '--vendor'?"),
        (("run", "--vend=cpu"), "option-unknown", "did you mean '--vendor'?"),
        (("run", "--devices", "0"), "usage-wrong", "'0' is not a number from 1 to 9999"),
        (("run", "--devices", "1_0"), "usage-wrong", "'1_0' is not a number from 1 to 9999"),
        (("run", "--runtime", "contaner"), "usage-wrong", "did you mean 'container'?"),
        (("run", "--model", "--vendor", "cpu"), "usage-wrong", "'--model' requires an argument"),
        (("run", "--model"), "usage-wrong", "suite run: option '--model' requires an argument"),
        (("run", "stray"), "usage-wrong", "unexpected extra argument (stray)"),
        (("score",), "usage-wrong", "missing argument 'RUN'"),
        (("completion", "fsh"), "usage-wrong", "did you mean 'fish'?"),
        (("render", "card.json", "--format", "htlm"), "format-unknown", "did you mean 'html'?"),
        (("self-test", "--seconds", "x"), "usage-wrong", "'x' is not a number from 2 to 600"),
        (("self-test", "--seconds", "nan"), "usage-wrong", "'nan' is not a number from 2 to 600"),
        (("plan", "--division", "opn"), "usage-wrong", "did you mean 'open'?"),
        (("prepare", "--all", "--engine", "vllm"), "usage-wrong", "--engine and --all"),
    ],
)
def test_a_wrong_command_line_is_refused_in_two_lines(refused, words, code, says):
    err = refused(*words, code=code, status=2)
    assert says in err
    assert len(err.splitlines()) <= 2


def test_the_version(suite):
    status, out, _ = suite("--version")
    assert status == 0
    assert out.startswith("suite ")


# JSON ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ("vendors", "list", "--json"),
        ("vendors", "show", "mthreads", "--json"),
        ("plan", "--runtime", "sim", "--json"),
        ("plan", "--vendor", "nvidia", "--runtime", "container", "--json"),
        ("doctor", "--json"),
        ("sim", "--list-faults", "--json"),
    ],
)
def test_json_is_valid_and_strict(suite, words):
    status, out, err = suite(*words)
    assert status == 0, err
    jsonio.loads(out.encode(), name="output")


def test_doctor_gives_its_answers_as_json_when_something_is_missing(suite):
    status, out, _ = suite("doctor", "--vendor", "mthreads", "--json")
    answers = json.loads(out)["checks"]
    assert status == (3 if any(answer["outcome"] == "fail" for answer in answers) else 0)
    topics = {answer["topic"] for answer in answers}
    assert topics >= {
        "devices",
        "docker",
        "disk",
        "memory",
        "clock",
        "model",
        "data",
        "key",
        "division",
    }
    for answer in answers:
        assert answer["outcome"] == "pass" or answer["advice"] or answer["topic"] == "model", answer


def test_doctor_says_what_is_wrong_with_the_model_beside_everything_else(suite, tmp_path):
    (tmp_path / "config.json").write_text("{}")
    status, out, _ = suite("doctor", "--runtime", "process", "--model", tmp_path)
    assert status == 3
    assert "fail  model" in out
    assert "disk" in out
    assert "clock" in out


def test_doctor_names_a_key_that_cannot_be_used(suite, tmp_path, monkeypatch):
    (tmp_path / "key.pem").write_text("no key")
    monkeypatch.setenv("SUITE_KEY", str(tmp_path / "key.pem"))
    status, out, _ = suite("doctor", "--runtime", "process")
    assert status == 3
    assert "fail  key" in out


def test_doctor_fails_where_a_required_division_is_out_of_reach(suite):
    words = ("doctor", "--runtime", "process", "--json")
    assert suite(*words)[0] == 0
    status, out, _ = suite(*words, "--require-division", "closed")
    (division,) = [c for c in json.loads(out)["checks"] if c["topic"] == "division"]
    assert (status, division["outcome"]) == (3, "fail")
    assert "R030" in division["advice"]


@pytest.mark.parametrize(
    ("runtime", "limit", "outcome"),
    [
        ("process", "1", "fail"),
        ("process", "100", "warn"),
        ("process", "100000000", "pass"),
        ("container", "1", "pass"),
    ],
)
def test_doctor_counts_only_the_memory_that_the_job_has(
    suite, monkeypatch, runtime, limit, outcome
):
    monkeypatch.setattr(memory, "_groups", lambda _: ())
    monkeypatch.setenv("SLURM_MEM_PER_NODE", limit)
    answers = json.loads(suite("doctor", "--runtime", runtime, "--json")[1])["checks"]
    (found,) = [answer for answer in answers if answer["topic"] == "memory"]
    assert found["outcome"] == outcome, found
    if outcome != "pass":
        assert found["answer"].startswith("SLURM_MEM_PER_NODE: 0.")
        assert "raise that limit" in found["advice"]


def test_doctor_asks_the_rest_where_no_image_is_known(suite):
    status, out, _ = suite("doctor", "--vendor", "sophgo", "--runtime", "container", "--json")
    answers = json.loads(out)["checks"]
    (image,) = [answer for answer in answers if answer["topic"] == "image"]
    assert (status, image["outcome"]) == (3, "fail")
    assert "--image" in image["advice"]
    assert {"devices", "memory", "model", "data", "key"} <= {each["topic"] for each in answers}


def test_doctor_looks_for_the_engine_in_an_environment_that_was_named(suite):
    words = ("doctor", "--engine", "llamacpp", "--engine-python", sys.executable, "--json")
    (environment,) = [
        answer
        for answer in json.loads(suite(*words)[1])["checks"]
        if answer["topic"] == "environment"
    ]
    assert (environment["outcome"], environment["advice"]) == (
        "warn",
        "it has no package xllamacpp",
    )


def test_doctor_names_a_docker_engine_that_does_not_answer(suite, monkeypatch, tmp_path):
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path / 'none.sock'}")
    status, out, _ = suite("doctor", "--runtime", "container")
    assert status == 3
    assert "fail  docker" in out
    assert "its socket does not exist" in out


def test_json_of_the_judging_commands(suite, signed):
    for words in (("score", signed), ("verify", signed), ("diff", signed, signed)):
        status, out, err = suite(*words, "--json")
        assert status == 0, err
        jsonio.loads(out.encode(), name="output")


# what is asked for does not exist --------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["run", "plan", "doctor"])
@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--vendor", "nvida"], "vendor-unknown", "did you mean 'nvidia'?"),
        (["--engine", "vlm"], "engine-unknown", "did you mean 'vllm'?"),
        (["--accelerator", "cpus"], "accelerator-unknown", "did you mean 'cpu'?"),
        (["--profile", "smok"], "profile-unknown", "did you mean 'smoke'?"),
        (["--model", "minni"], "model-unknown", "did you mean 'mini'?"),
        (["--model", "./nowhere"], "model-unknown", "give a directory"),
        (["--engine-arg", "max-num-seqs"], "argument-wrong", "needs a value"),
        (["--engine-arg", "block-size=3"], "argument-closed", "block-size"),
        (["--url", "localhost"], "url-wrong", "is it http://localhost?"),
        (["--telemetry-url", "localhost:9400"], "url-wrong", "http://127.0.0.1:9400/metrics"),
        (["--telemetry-url", ""], "option-empty", "--telemetry-url"),
        (["--url", "http://h:99999"], "url-wrong", "address of a server"),
        (["--url", "10.0.0.7:8000"], "url-wrong", "is it http://10.0.0.7:8000?"),
        (["--url", "gpu-1:8000/v1"], "url-wrong", "is it http://gpu-1:8000/v1?"),
        (["--url", "http://me:secret@h:8000"], "url-wrong", "h holds a user name or password"),
        (["--url", "http://h", "--runtime", "sim"], "url-unused", "--runtime endpoint"),
        (["--runtime", "endpoint"], "url-missing", "--url"),
        (["--sim-script", "{}"], "sim-script-unused", "--runtime sim"),
        (["--runtime", "sim", "--sim-script", "{"], "json-refused", "--script"),
        (["--runtime", "sim", "--sim-script", "[]"], "script-wrong", "object"),
        (["--runtime", "sim", "--sim-script", '{"faults":["melts"]}'], "script-wrong", "stalls"),
        (["--runtime", "sim", "--sim-script", "@nowhere"], "file-unreadable", "No such file"),
        (["--cpu-peak", "fast"], "peak-wrong", "avx512f:2:2600"),
        (["--cpu-peak", "avx2:9999:2600"], "cpu-peak-impossible", "physical cores"),
        (["--cpu-peak", "avx2:1:26000"], "cpu-peak-impossible", "physical cores"),
        (["--cpu-peak", "avx2:1:2.6"], "cpu-peak-impossible", "physical cores"),
        (["--peak", "fp16=98"], "peak-wrong", "@data-sheet"),
        (["--data", "nowhere.csv"], "data-missing", "nowhere.csv"),
    ],
)
def test_what_does_not_exist_is_refused_with_what_does(refused, command, words, code, says):
    err = refused(command, "--runtime", "process", *words, code=code, status=2)
    assert says in err


def test_a_model_that_is_nowhere(refused):
    err = refused(
        "plan", "--model", "no-such-owner/no-such-model", code="model-unavailable", status=2
    )
    assert "pass its directory" in err


def test_prepare_refuses_unknown_names_before_it_fetches_anything(refused):
    refused("prepare", "--vendor", "cpuu", code="vendor-unknown", status=2)
    refused("prepare", "--engine", "vlm", code="engine-unknown", status=2)
    refused("prepare", "--accelerator", "x", code="accelerator-unknown", status=2)
    refused("prepare", "--all", "--image", "x", code="image-ambiguous", status=2)
    words = ("prepare", "--quiet", "--vendor", "mthreads", "--runtime", "process")
    refused(*words, code="process-undeclared", status=3)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--script", "{"], "json-refused"),
        (["--script", '{"ttft_ms": "fast"}'], "script-wrong"),
        (["--fault", "melts"], "script-wrong"),
        (["--port", "70000"], "port-wrong"),
        (["--json"], "json-needs-list"),
    ],
)
def test_sim_refuses_what_it_cannot_play(refused, words, code):
    refused("sim", *words, code=code, status=2)


def test_sim_says_which_port_is_taken(refused):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        err = refused("sim", "--port", port, code="address-taken", status=3)
    assert str(port) in err


def test_sim_names_every_fault(suite):
    status, out, _ = suite("sim", "--list-faults")
    assert status == 0
    assert [line.split()[0] for line in out.splitlines()[1:]] == sorted(FAULTS)


def test_the_script_becomes_part_of_the_plan(suite, tmp_path):
    (tmp_path / "script.json").write_text('{"faults": ["stalls"], "ttft_ms": 7}')
    words = ("plan", "--runtime", "sim", "--json", "--sim-script")
    _, from_file, _ = suite(*words, f"@{tmp_path / 'script.json'}")
    _, from_text, _ = suite(*words, '{"ttft_ms": 7, "faults": ["stalls"]}')
    assert from_file == from_text
    script = json.loads(from_file)["engine"]["command"][-1]
    assert json.loads(script) == {"faults": ["stalls"], "ttft_ms": 7}


# declarations ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "says"),
    [
        ("duplicate_key_fail", ""),
        ("tab_fail", ""),
        ("unknown_member_fail", ""),
        ("wrong_type_fail", ""),
        ("block_size_fail", "64"),
    ],
)
def test_a_wrong_declaration_is_reported_with_its_line(suite, case, says):
    status, out, _ = suite("vendors", "check", VENDOR_CASES / case)
    assert status == 2
    assert f"{case}/vendor.yaml:" in out
    assert says in out


def test_declarations_in_order(suite):
    status, out, _ = suite("vendors", "check")
    assert status == 0
    assert out.count(": in order") == len(out.splitlines()) >= 3


def test_a_shipped_declaration_is_checked_by_its_name(suite, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, out, _ = suite("vendors", "check", "mthreads")
    assert (status, out.splitlines()[0]) == (0, "mthreads: in order")
    assert (
        "- vllm_musa: the image v0.28.0 has no digest; `suite vendors pin mthreads` says it" in out
    )
    assert "- s5000: no peak for fp16, bf16: MFU is not measured there" in out.replace(
        "bf16, fp16", "fp16, bf16"
    )
    # Nothing is missing of a digest that is declared, and everything of what is privileged alone.
    assert "v0.27.1 has" not in suite("vendors", "check", "nvidia")[1]
    assert (
        "privileged or on the host's network (R065)" in suite("vendors", "check", "google-tpu")[1]
    )
    status, out, _ = suite("vendors", "check", "mtreads")
    assert status == 2
    assert "did you mean 'mthreads'?" in out


def test_a_new_declaration_is_in_order_and_plans(suite, refused, tmp_path, monkeypatch):
    status, said, _ = suite("vendors", "new", "my-card", "--in", tmp_path)
    assert status == 0
    assert f"suite run --vendor {tmp_path}/my-card --emulate" in said
    assert suite("vendors", "check", tmp_path / "my-card")[0] == 0
    assert "# my-card" in (tmp_path / "my-card" / "README.md").read_text("utf-8")
    words = (
        "plan",
        "--vendor",
        f"{tmp_path}/my-card",
        "--runtime",
        "container",
        "--image",
        "acme:1",
    )
    status, out, err = suite(*words)
    assert status == 0, err
    assert "/dev/my-card0" in out
    monkeypatch.chdir(tmp_path)
    assert "--vendor ./beside --emulate" in suite("vendors", "new", "beside", "--in", ".")[1]
    refused("vendors", "new", "my-card", "--in", tmp_path, code="file-exists", status=2)
    refused("vendors", "new", "My Card", "--in", tmp_path, code="vendor-name-wrong", status=2)
    refused("vendors", "new", "other", "--in", "/proc/no", code="file-unwritable", status=2)


def test_a_declaration_that_is_not_there(suite, tmp_path):
    status, out, _ = suite("vendors", "check", tmp_path)
    assert status == 2
    assert "No such file" in out


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("name: x\nname: y\n", "yaml-refused"),
        ("name:\tx\n", "yaml-refused"),
        ("name: x\n", "schema-violation"),
    ],
)
def test_a_wrong_profile_file(refused, tmp_path, content, code):
    (tmp_path / "x.yaml").write_text(content)
    err = refused("plan", "--runtime", "sim", "--profile", tmp_path / "x.yaml", code=code, status=2)
    assert "x.yaml" in err


# model and data --------------------------------------------------------------------------------------------


def test_a_model_directory_without_configuration(refused, tmp_path):
    refused("plan", "--runtime", "sim", "--model", tmp_path, code="model-no-config", status=2)


def test_a_model_directory_without_weights(refused, tmp_path):
    for name in ("config.json", "tokenizer.json"):
        shutil.copy(MINI_MODEL / name, tmp_path)
    refused("plan", "--runtime", "sim", "--model", tmp_path, code="model-no-weights", status=2)


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("x.csv", "article,highlights\nA b.,C.\n", "data-columns"),
        ("x.jsonl", '{"article": "A b.", "highlights": "C."}\n', "data-columns"),
    ],
)
def test_a_data_file_of_the_wrong_columns(refused, tmp_path, name, content, code):
    (tmp_path / name).write_text(content)
    err = refused("plan", "--runtime", "sim", "--data", tmp_path / name, code=code, status=2)
    assert name in err
    assert "summary" in err


# runs ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["score", "sign", "verify", "render"])
def test_a_run_that_is_not_there(suite, command, tmp_path):
    status, _, err = suite(command, tmp_path / "nowhere")
    assert status == 4
    assert err.startswith("error[")
    assert "nowhere" in err


@pytest.mark.parametrize("command", ["score", "sign", "render", "verify"])
def test_an_empty_run_directory(suite, command, tmp_path):
    (tmp_path / "run").mkdir()
    status, out, err = suite(command, tmp_path / "run")
    # To verify is to ask for a signature, and nobody signed this.
    assert status == (5 if command == "verify" else 4), out + err


def test_runs_to_compare_that_are_not_there(refused, signed, tmp_path):
    refused("diff", signed, tmp_path / "nowhere", code="bundle-missing", status=4)
    refused("diff", tmp_path / "nowhere", signed, code="bundle-missing", status=4)


def test_an_events_file_cut_in_the_middle(suite, refused, copied):
    path = copied / "events.jsonl"
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    for command in ("score", "sign"):
        err = refused(command, copied, code="line-cut", status=4)
        assert "events.jsonl:" in err
    status, out, _ = suite("verify", copied)
    assert status == 4, out
    assert "events.jsonl" in out


@pytest.mark.parametrize(
    "name", ["plan.json", "environment.json", "tasks.jsonl", "telemetry.jsonl"]
)
def test_a_garbled_file_is_named(suite, copied, name):
    (copied / name).write_bytes(b"\xff\x00{{{")
    for command in ("score", "sign"):
        status, _, err = suite(command, copied)
        assert status == 4
        assert name in err
    assert suite("verify", copied)[0] == 4


@pytest.mark.parametrize("name", ["manifest.json", "engine.log"])
def test_what_a_verifier_refuses_is_not_signed_without_a_word(suite, copied, name):
    (copied / name).write_bytes(b"\xff\x00{{{")
    status, _, err = suite("sign", copied)
    assert status == 4
    assert name in err
    assert "REFUSED" in err


def test_a_card_edited_by_one_byte(suite, copied):
    path = copied / "scorecard.json"
    data = path.read_bytes()
    at = data.index(b'"conformant":') + len(b'"conformant":')
    path.write_bytes(data[:at] + b"T" + data[at + 1 :])
    status, out, _ = suite("verify", copied)
    assert status == 5, out


def test_a_bundle_edited_by_one_byte(suite, copied):
    path = copied / "scorecard.sigstore.json"
    data = bytearray(path.read_bytes())
    at = data.index(b'"payload"') + 40
    data[at] = ord("A") if data[at] != ord("A") else ord("B")
    path.write_bytes(bytes(data))
    for command in (("verify", copied), ("render", copied), ("diff", copied, copied)):
        status, out, err = suite(*command)
        assert status == 5, out + err


def test_a_page_edited_by_one_byte(suite, copied):
    path = copied / "scorecard.html"
    data = path.read_bytes()
    path.write_bytes(data.replace(b"<title>", b"<title> ", 1))
    status, out, _ = suite("verify", copied)
    assert status == 5, out
    # The page holds what was signed: alone it is refused too.
    assert suite("verify", path)[0] == 5


def test_a_garbled_bundle(suite, copied):
    (copied / "scorecard.sigstore.json").write_bytes(b"\xff{")
    for command in (("verify", copied), ("render", copied), ("diff", copied, copied)):
        status, out, err = suite(*command)
        assert status == 5, out + err


def test_the_signer_is_the_one_vouched_for_or_not(suite, signed, tmp_path):
    assert suite("verify", signed, "--key", signed / "signer.pub.pem")[0] == 0
    suite("keygen", "--out", tmp_path / "other.pem")
    status, out, _ = suite("verify", signed, "--key", tmp_path / "other.pub.pem")
    assert status == 5, out


def test_a_trust_list_decides_whose_cards_count(suite, signed, tmp_path):
    def trust(pem):
        public = load_public(pem)
        entry = {
            "owner": "cpu",
            "role": "vendor",
            "algorithm": str(public.algorithm),
            "key": public.pem.decode(),
        }
        path = tmp_path / "keys.json"
        path.write_bytes(jsonio.pretty({"trust_schema": 1, "keys": [entry]}))
        return path

    status, out, err = suite("verify", signed, "--trust", trust(signed / "signer.pub.pem"))
    assert status == 0, out + err
    assert "NOT ESTABLISHED" not in out
    suite("keygen", "--out", tmp_path / "other.pem")
    status, out, err = suite("verify", signed, "--trust", trust(tmp_path / "other.pub.pem"))
    assert status == 5, out + err
    assert "key-unknown" in out
    # What is compared or rendered must hold too.
    assert suite("render", signed, "--trust", tmp_path / "keys.json")[0] == 5
    assert suite("diff", signed, signed, "--trust", tmp_path / "keys.json")[0] == 5


def test_a_trust_list_that_cannot_be_read(refused, signed, tmp_path):
    refused("verify", signed, "--trust", tmp_path / "no", code="file-unreadable", status=5)
    (tmp_path / "keys.json").write_text("{}")
    words = ("verify", signed, "--trust", tmp_path / "keys.json")
    refused(*words, code="schema-violation", status=5)


def test_trust_and_key_exclude_each_other(suite, signed):
    status, _, err = suite("verify", signed, "--trust", "a", "--key", "b")
    assert status == 2
    assert "--trust and --key exclude each other" in err


def test_a_page_that_cannot_be_written(refused, signed):
    refused("render", signed, "--out", "/proc/no/page.html", code="page-unwritable", status=2)


# before a run ----------------------------------------------------------------------------------------------


def test_a_named_key_that_is_not_there_ends_the_run_before_anything_starts(refused, tmp_path):
    words = ["--runtime", "sim", "--out", tmp_path / "run", "--key", "/proc/no/key.pem"]
    err = refused("run", "--quiet", *words, code="key-unreadable", status=2)
    assert "/proc/no/key.pem" in err
    assert not (tmp_path / "run").exists()


def test_a_key_file_that_is_no_key_ends_the_run_before_anything_starts(refused, tmp_path):
    (tmp_path / "key.pem").write_text("not a key")
    (tmp_path / "key.pem").chmod(0o600)
    words = ["--runtime", "sim", "--out", tmp_path / "run", "--key", tmp_path / "key.pem"]
    refused("run", "--quiet", *words, code="key-wrong", status=2)
    assert not (tmp_path / "run").exists()


def test_a_run_directory_that_exists_is_left_alone(refused, tmp_path):
    (tmp_path / "run").mkdir()
    words = ["--runtime", "sim", "--out", tmp_path / "run"]
    refused("run", "--quiet", *words, code="run-exists", status=2)
    assert list((tmp_path / "run").iterdir()) == []
    assert not (tmp_path / "config").exists()


def test_a_run_directory_that_cannot_be_made(refused, tmp_path):
    (tmp_path / "file").write_text("")
    words = ["--runtime", "sim", "--out", tmp_path / "file" / "run"]
    err = refused("run", "--quiet", *words, code="run-unwritable", status=3)
    assert "--out" in err
    assert not (tmp_path / "config").exists(), "a key was made for a run that could not be"


def test_a_home_that_cannot_be_written_names_the_two_ways_out(refused, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", "/proc/no")
    err = refused(
        "run",
        "--quiet",
        "--runtime",
        "sim",
        "--out",
        tmp_path / "run",
        code="key-unwritable",
        status=3,
    )
    assert "--key" in err
    assert "$SUITE_KEY" in err


def test_an_environment_of_the_users_own_is_named_by_its_python_or_its_directory(
    suite, refused, tmp_path
):
    programs = tmp_path / "own" / "bin"
    programs.mkdir(parents=True)
    (programs / "python").symlink_to(sys.executable)
    for path in (programs / "python", tmp_path / "own"):
        status, out, err = suite("plan", "--engine-python", path)
        assert status == 0, err
        assert f"# Engine: in the Python environment of {programs / 'python'};" in out
    status, out, _ = suite("doctor", "--engine-python", tmp_path / "own")
    assert f"{programs / 'python'}: Python {sys.version.split()[0]}, " in out
    for words in (("--runtime", "container"), ("--url", "http://127.0.0.1:9")):
        refused("plan", "--engine-python", programs, *words, code="engine-python-unused", status=2)


def test_a_flag_of_the_engine_is_given_without_a_value(suite, refused):
    status, out, err = suite("plan", "--runtime", "process", "--engine-arg", "enforce-eager")
    assert status == 0, err
    assert "--enforce-eager" in out
    words = ("plan", "--runtime", "process", "--engine-arg", "max-num-seqs")
    assert "max-num-seqs needs a value" in refused(*words, code="argument-wrong", status=2)
    refused("plan", "--engine-arg", "=4", code="engine-arg-wrong", status=2)
    refused("plan", "--engine-arg", "--", code="engine-arg-wrong", status=2)


@pytest.mark.parametrize(
    ("vendor", "missing"),
    [("mthreads", ["mthreads-gmi", "/dev/mtgpu.0"]), ("nvidia", ["nvidia-smi", "/dev/nvidia0"])],
)
def test_a_machine_without_the_devices_is_refused_in_preflight(refused, tmp_path, vendor, missing):
    if shutil.which(missing[0]):
        pytest.skip(f"this machine has {missing[0]}")
    words = ["--vendor", vendor, "--out", tmp_path / "run"]
    err = refused("run", "--quiet", *words, code="preflight-failed", status=3)
    for what in missing:
        assert what in err
    assert "nothing was pulled or started" in err
    assert not (tmp_path / "run").exists()
    assert not (tmp_path / "config").exists()  # where the local key would have been made


def test_a_container_without_a_docker_engine(refused, tmp_path, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
    words = [
        "--runtime",
        "container",
        "--out",
        tmp_path / "run",
        "--key",
        runs.key(tmp_path / "key.pem"),
    ]
    err = refused("run", "--quiet", *words, code="docker-unreachable", status=3)
    assert "its socket does not exist" in err
    assert not (tmp_path / "run").exists()
    refused("prepare", "--quiet", "--runtime", "container", code="docker-unreachable", status=3)


def test_a_docker_socket_that_refuses(refused, tmp_path, monkeypatch):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "dead.sock"))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/dead.sock")
    words = [
        "--runtime",
        "container",
        "--out",
        tmp_path / "run",
        "--key",
        runs.key(tmp_path / "key.pem"),
    ]
    err = refused("run", "--quiet", *words, code="docker-unreachable", status=3)
    assert "refuses connections" in err


# keys ------------------------------------------------------------------------------------------------------


def test_a_key_is_never_overwritten(suite, refused, tmp_path):
    assert suite("keygen", "--out", tmp_path / "key.pem")[0] == 0
    before = (tmp_path / "key.pem").read_bytes()
    refused("keygen", "--out", tmp_path / "key.pem", code="key-exists", status=2)
    assert (tmp_path / "key.pem").read_bytes() == before


def test_a_key_that_cannot_be_written(refused):
    refused("keygen", "--out", "/proc/no/key.pem", code="key-unwritable", status=3)


def test_a_report_lies_beside_the_run_and_the_run_stays_intact(suite, copied):
    for subject in (copied, copied / "scorecard.sigstore.json"):
        key = copied / "signer.pub.pem"
        status, out, _ = suite("render", subject, "--key", key, "--format", "csv")
        assert (status, out.strip()) == (0, str(copied.with_name("run-csv.csv")))
    assert copied.with_name("run-csv.csv").read_text().startswith("run,phase,")
    assert suite("verify", copied)[0] == 0


def test_a_report_of_a_bundle_alone_has_its_name(suite, copied, tmp_path):
    bundle = tmp_path / "card.sigstore.json"
    shutil.copyfile(copied / "scorecard.sigstore.json", bundle)
    key = copied / "signer.pub.pem"
    status, out, _ = suite("render", bundle, "--key", key, "--format", "markdown")
    assert (status, out.strip()) == (0, str(tmp_path / "card-markdown.md"))


def test_a_folder_with_the_bundle_alone_is_rendered_as_the_bundle(suite, copied, tmp_path):
    folder = tmp_path / "submission"
    folder.mkdir()
    shutil.copyfile(copied / "scorecard.sigstore.json", folder / "scorecard.sigstore.json")
    key = copied / "signer.pub.pem"
    status, out, _ = suite("render", folder, "--key", key)
    assert (status, out.strip()) == (0, str(folder / "scorecard.html"))


def test_the_key_of_the_environment_is_used(suite, signed, tmp_path, monkeypatch):
    shutil.copytree(signed, tmp_path / "run")
    monkeypatch.setenv("SUITE_KEY", str(tmp_path / "mine.pem"))
    assert suite("sign", tmp_path / "run")[0] == 2
    assert not (tmp_path / "mine.pem").exists()
    suite("keygen")
    assert suite("sign", tmp_path / "run")[0] == 0
    assert suite("verify", tmp_path / "run", "--key", tmp_path / "mine.pub.pem")[0] == 0


def test_settings_come_from_the_environment(monkeypatch, tmp_path):
    for name in ("SUITE_CACHE", "TORCH_INDEX", "BASE_IMAGE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    default = settings()
    assert default.base_image == ""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert settings().cache == tmp_path / default.cache.name
    monkeypatch.setenv("SUITE_CACHE", str(tmp_path / "own"))
    monkeypatch.setenv("TORCH_INDEX", "https://example.org/cpu")
    monkeypatch.setenv("BASE_IMAGE", "debian:12")
    changed = settings()
    assert changed.cache == tmp_path / "own"
    assert (changed.torch_index, changed.base_image) == ("https://example.org/cpu", "debian:12")


def test_score_prints_other_tools_views(tmp_path, capsys):
    run = factory.write(tmp_path / "run")
    main(["score", str(run), "--views"])
    views = json.loads(capsys.readouterr().out)
    fields = views["offline"]["vllm-serving"]["fields"]
    assert fields["Mean TPOT (ms)"]["value"] > 0


# completion and defects ------------------------------------------------------------------------------------


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_gets_its_completion(suite, shell):
    status, out, _ = suite("completion", shell)
    assert status == 0
    assert "_SUITE_COMPLETE" in out
    assert "suite" in out


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("suite re", {"receipt", "reference", "regress", "render", "reproduce", "review"}),
        ("suite vendors sh", {"show"}),
        ("suite run --prof", {"--profile"}),
        ("suite run --profile smo", {"smoke"}),
        ("suite run --vendor mth", {"mthreads"}),
        ("suite run --vendor mthreads --engine vllm_mt", {"vllm_mtt"}),
        ("suite run --runtime co", {"container"}),
        ("suite vendors show mth", {"mthreads"}),
        ("suite vendors check mth", {"mthreads"}),
    ],
)
def test_completion_knows_commands_options_and_names(suite, monkeypatch, line, expected):
    words = line.split()
    monkeypatch.setenv("_SUITE_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
    _, out, _ = suite()
    assert {entry.partition(",")[2] for entry in out.split()} == expected


def test_a_defect_has_a_status_of_its_own_and_a_short_report(suite, monkeypatch, tmp_path):
    def broken(directory):
        raise KeyError(directory.name)

    monkeypatch.setattr("suite.evidence.read", broken)
    status, _, err = suite("score", tmp_path / "run")
    assert status == 70
    assert err.startswith("error[defect]: KeyError: 'run'\n")
    assert "commands/score.py" in err
    assert "please open an issue" in err
    assert len(err.splitlines()) < 10


@pytest.mark.parametrize(
    "page", sorted(runs.ROOT.glob("vendors/*/README.md")), ids=lambda page: page.parent.name
)
def test_the_plan_that_a_vendors_page_names_can_be_made(suite, page):
    lines = [line.partition("#")[0].split() for line in page.read_text("utf-8").splitlines()]
    plans = {tuple(words[1:]) for words in lines if words[:2] == ["suite", "plan"]}
    for words in plans:
        status, _, err = suite(*words)
        assert status == 0, err
