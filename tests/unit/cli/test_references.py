"""Reference runs at the command line: made, listed, checked, planned with, and what a verification says of the one that a run carries."""

from __future__ import annotations

import json
import shutil

import pytest
from msgspec.structs import replace

from suite.base import jsonio
from suite.cli.main import main
from suite.declare.tasks.reference import MINI_MODEL, read
from suite.judge.attest.reference import make_reference
from suite.judge.attest.sign import sign
from tests.cases.bundle_verify.cases import REVIEWER, STRANGER, VENDOR_A, entry
from tests.factories import evidence as factory
from tests.factories import keyfile, referenced, shipped


@pytest.fixture
def trust(tmp_path):
    entries = [entry(REVIEWER, "reviewers", role="reviewer"), entry(VENDOR_A, "cpu", role="vendor")]
    path = tmp_path / "keys.json"
    path.write_bytes(jsonio.pretty({"trust_schema": 1, "keys": entries}))
    return path


@pytest.fixture(scope="module")
def signed(tmp_path_factory):
    """A small signed run without a reference run."""
    folder = tmp_path_factory.mktemp("run")
    run = factory.write(folder / "run", shipped.kept())
    assert main(["sign", str(run), "--key", str(keyfile.written(folder / "v.pem", VENDOR_A))]) == 0
    return run


def made(suite, tmp_path, run, signer=REVIEWER, *words):
    key = keyfile.written(tmp_path / "signer.pem", signer)
    out = tmp_path / "references" / "it.reference.sigstore.json"
    status, shown, err = suite("reference", "make", run, "--key", key, "--out", out, *words)
    assert status == 0, err
    assert "ROUGE" in shown
    return out


def test_a_reference_run_is_made_listed_and_checked(suite, tmp_path, signed, trust):
    file = made(suite, tmp_path, signed, REVIEWER, "--name", "our-model")
    answers = read(file.read_bytes(), "it").document.answers
    lines = [json.loads(line) for line in (signed / "tasks.jsonl").read_text().splitlines()]
    assert [answer.id for answer in answers] == [line["id"] for line in lines]
    assert not any(line["reference"].encode() in file.read_bytes() for line in lines)
    words = ("reference", "list", "--references", file.parent, "--trust", trust)
    status, out, _ = suite(*words, "--json")
    rows = json.loads(out)
    assert status == 0
    assert rows[0]["signed_by"] == "shipped with the suite"
    assert (rows[-1]["model"], rows[-1]["signed_by"]) == ("our-model", "reviewers, a reviewer")
    assert "our-model" in suite(*words)[1]
    status, out, err = suite("reference", "check", file, "--trust", trust, "--run", signed)
    assert status == 0, err
    assert "answer by answer" in out
    again = ("reference", "make", signed, "--key", tmp_path / "signer.pem", "--out", file)
    assert "reference-exists" in suite(*again)[2]


@pytest.mark.parametrize(
    ("signer", "code"), [(STRANGER, "key-unknown"), (VENDOR_A, "role-forbids")]
)
def test_a_reference_run_that_no_reviewer_signed_is_refused(
    suite, tmp_path, signed, trust, signer, code
):
    file = made(suite, tmp_path, signed, signer)
    status, _, err = suite("reference", "check", file, "--trust", trust)
    assert (status, code in err) == (5, True)
    out = suite("reference", "list", "--references", file.parent, "--trust", trust)[1]
    assert "refused: " in out


def test_a_reference_run_that_says_better_than_its_run_is_refused(suite, tmp_path, signed, trust):
    file = made(suite, tmp_path, signed)
    stated = read(file.read_bytes(), "it").document
    first, *others = stated.answers
    easier = replace(stated, answers=(replace(first, rouge=(0, 0, 0, 0)), *others))
    manifest = jsonio.sha256_hex((signed / "manifest.json").read_bytes())
    file.write_bytes(sign(make_reference(easier, manifest), REVIEWER))
    status, _, err = suite("reference", "check", file, "--trust", trust, "--run", signed)
    assert (status, "does not follow" in err) == (5, True)
    file.write_bytes(sign(make_reference(stated, "1" * 64), REVIEWER))
    status, _, err = suite("reference", "check", file, "--trust", trust, "--run", signed)
    assert (status, "another run" in err) == (5, True)


def test_a_run_that_was_changed_makes_no_reference(suite, tmp_path, signed):
    copy = tmp_path / "copy"
    shutil.copytree(signed, copy)
    log = copy / "events.jsonl"
    log.write_text(log.read_text().replace("Monday", "Sunday", 1))
    status, _, err = suite(
        "reference", "make", copy, "--key", keyfile.written(tmp_path / "k", REVIEWER)
    )
    assert status != 0, err
    assert not list(tmp_path.glob("*.reference.*"))


@pytest.mark.parametrize(
    ("place", "value", "why"),
    [
        (("workload", "decoding", "temperature"), 1, "greedily"),
        (("engine", "quantisation"), "int4", "quantised"),
        (("engine", "dtype", "executed"), "float16", "float16"),
        (("engine", "speculative_decoding"), True, "ahead"),
        (("runtime",), "sim", "process"),
    ],
)
def test_what_runs_otherwise_is_no_reference(place, value, why):
    from suite.base.errors import EvidenceError
    from suite.judge.attest.reference import reference_of_run
    from suite.judge.attest.review import verifier

    parts = shipped.kept()
    node = parts["plan"]
    for name in place[:-1]:
        node = node[name]
    node[place[-1]] = value
    with pytest.raises(EvidenceError) as refused:
        reference_of_run(factory.evidence(parts), verifier(REVIEWER.public), referenced.MADE)
    assert refused.value.code == "reference-unfit"
    assert any(why in problem.message for problem in refused.value.problems)


@pytest.mark.parametrize("signer", [REVIEWER, STRANGER, VENDOR_A])
def test_a_verifier_with_a_list_asks_who_signed_the_reference_run(suite, tmp_path, trust, signer):
    parts = referenced.document()
    stated = read(parts["basis"]["reference"].encode(), "it").document
    run = factory.write(
        tmp_path / "run", referenced.carrying(parts, referenced.signed(stated, signer))
    )
    assert suite("sign", run, "--key", keyfile.written(tmp_path / "v.pem", VENDOR_A))[0] == 0
    for words, outcome in (
        (("--trust", trust), "pass" if signer is REVIEWER else "fail"),
        ((), "warn"),
    ):
        status, out, _ = suite("verify", run, *words, "--json")
        steps = {step["what"]: step["outcome"] for step in json.loads(out)["steps"]}
        assert steps["A reviewer signed the reference run"] == outcome
        assert (status == 5) == (outcome == "fail")


def test_a_plan_takes_the_reviewers_reference_run_where_the_suite_ships_none(suite, tmp_path):
    model = tmp_path / "model"
    shutil.copytree(MINI_MODEL, model)
    weights = bytearray((model / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (model / "model.safetensors").write_bytes(weights)
    directory = tmp_path / "references"
    directory.mkdir()
    own = referenced.bundle(jsonio.sha256_hex(bytes(weights)))
    (directory / "own.reference.sigstore.json").write_text(own)
    words = ("plan", "--runtime", "process", "--model", model)
    status, out, err = suite(*words)
    assert status == 0, err
    assert "no reference run knows" in out + err
    status, out, err = suite(*words, "--references", directory, "--json")
    assert status == 0, err
    quality = json.loads(out)["workload"]["quality"]
    assert quality["reference"]["rouge1"] == 0.6
    assert quality["reference_sha256"] == read(own.encode(), "it").sha256
    assert "no reference run knows" not in suite(*words, "--references", directory)[1]
    status, _, err = suite(*words, "--references", tmp_path / "nothing")
    assert (status, "reference-unreadable" in err) == (2, True)
