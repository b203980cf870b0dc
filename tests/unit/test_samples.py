"""The sample cards of the documents are what their page says: real, signed by the key beside them, comparable in part."""

import base64
import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from suite.cli.main import main
from suite.documents.card import Scorecard
from suite.documents.codec import convert
from suite.judge.compare.subjects import subjects

SAMPLES = Path(__file__).resolve().parents[2] / "docs" / "samples"
NAMES = ("transformers-cpu", "vllm-cpu")
KEY = ("--key", str(SAMPLES / "signer.pub.pem"))


def card(name):
    bundle = json.loads((SAMPLES / name / "scorecard.sigstore.json").read_text("utf-8"))
    return json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))["predicate"]


def test_every_sample_is_named_on_both_pages():
    assert tuple(sorted(path.name for path in SAMPLES.iterdir() if path.is_dir())) == NAMES
    for page in ("index.md", "index.zh.md"):
        text = (SAMPLES / page).read_text("utf-8")
        assert all(f"({name}/scorecard.html)" in text for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("file", ["scorecard.sigstore.json", "scorecard.html"])
def test_a_sample_verifies_with_the_key_beside_it(name, file, capsys):
    assert main(["verify", str(SAMPLES / name / file), *KEY]) == 0
    assert "INTACT" in capsys.readouterr().out


@pytest.mark.parametrize("name", NAMES)
def test_the_page_of_a_sample_is_todays(name, capsys):
    main(["verify", str(SAMPLES / name / "scorecard.html"), *KEY])
    assert "rendered again, byte for byte the same" in capsys.readouterr().out, "make sample-pages"


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_is_a_real_run_in_the_closed_division(name):
    predicate = card(name)
    assert predicate["runtime"] == "container"
    assert predicate["verdict"]["conformant"]
    assert predicate["division"]["granted"] == "closed"


def test_what_the_page_says_of_their_comparison_is_so(capsys):
    bundles = [str(SAMPLES / name / "scorecard.sigstore.json") for name in reversed(NAMES)]
    main(["diff", *bundles, *KEY, "--json"])
    metrics = {
        (entry["phase"], entry["metric"]): entry["outcome"]
        for entry in json.loads(capsys.readouterr().out)["metrics"]
    }
    assert metrics["offline", "itl_mean"] == "better-once"
    assert metrics["offline", "ttft_p50"] == "worse-once"
    assert metrics["offline", "output_throughput"] == "worse-once"
    assert metrics["server", "goodput"] == "not-distinguishable"
    for name in NAMES:
        phases = {phase["name"]: phase["metrics"] for phase in card(name)["phases"]}
        assert "value" not in phases["offline"]["mfu"]
        assert "value" not in phases["single-stream"]["ttft_p99"]


@pytest.mark.parametrize("name", NAMES)
def test_every_fact_that_differs_has_a_name_for_people(name):
    """In both languages; against a card that states nothing of its environment."""
    whole = convert(card(name), Scorecard)
    listed = subjects(whole, replace(whole, environment={}))
    assert len(listed) > 20
    assert [item.what for item in listed if item.what in (item.title.en, item.title.zh)] == []
