"""Evidence in, scorecard out."""

import pytest

from suite.base import jsonio, schema
from suite.documents.card import Scorecard
from suite.documents.codec import convert, plain
from suite.judge.attest.text import value_problem
from suite.judge.score import score
from tests.factories import evidence, scorecard


def built(parts=None):
    """The card of a run as plain data."""
    return plain(score(evidence.evidence(parts)))


@pytest.fixture(scope="module")
def sound():
    return built()


@pytest.mark.parametrize(
    "make",
    [scorecard.card, scorecard.process_card, scorecard.poor_card, scorecard.accelerator_card],
)
def test_the_factorys_cards_are_valid(make):
    assert schema.problems(make(), "scorecard") == []
    assert value_problem(make()) is None


def test_a_sound_run_makes_a_valid_card(sound):
    assert schema.problems(sound, "scorecard") == []
    assert value_problem(sound) is None
    assert sound["verdict"]["conformant"] is True
    # The factory's small workload is not one that the suite ships; nothing else stands in the way.
    assert [reason["rule"] for reason in sound["division"]["reasons"]] == ["R038", "R039", "R073"]
    assert sound["division"]["requested"] == "closed"
    assert sound["division"]["granted"] == "open"
    passed = sum(1 for check in sound["checks"] if check["outcome"] == "pass")
    english, chinese = sound["verdict"]["sentence"]["en"], sound["verdict"]["sentence"]["zh"]
    assert english == (
        f"No rule failed: {passed} passed, 3 with a warning. Division: open, not closed as requested."
    )
    assert chinese == f"没有规则未通过：{passed} 条通过，3 条警告。赛道：开放，未达到所申请的封闭。"


def test_the_same_evidence_gives_the_same_bytes(sound):
    assert jsonio.canonical(built()) == jsonio.canonical(sound)
    assert plain(convert(sound, Scorecard)) == sound


def test_the_card_says_what_ran(sound):
    assert sound["engine"]["version"] == "0.32.0"
    assert sound["engine"]["image_digest"] == "sha256:" + "9" * 64
    assert sound["engine"]["image_reference"] == "llm-conformance/cpu-vllm:1"
    assert sound["engine"]["image_pinned"] is False
    assert sound["model"]["parameters"] == 139_584
    assert sound["workload"]["prompt"]["template"][0] == "Summarise the article in one sentence."
    assert sound["environment"]["host.cpu"] == {"value": "Some CPU"}
    assert [phase["name"] for phase in sound["phases"]] == ["single-stream", "offline", "server"]
    assert sound["phases"][1]["load"] == {
        "concurrency": 4,
        "process": None,
        "rate": None,
        "seed": None,
    }
    assert sound["phases"][2]["load"] == {
        "concurrency": None,
        "process": "poisson",
        "rate": 3.3,
        "seed": 1,
        "drawn": 3.33333333,
    }


def test_every_headline_number_is_on_the_card(sound):
    phases = {phase["name"]: phase for phase in sound["phases"]}
    assert [item["metric"] for item in sound["headline"]] == [
        "output_throughput",
        "ttft_p50",
        "tpot_p50",
        "goodput",
        "rouge1",
        "mfu",
    ]
    for item in sound["headline"]:
        assert item["metric"] in phases[item["phase"]]["metrics"]
        assert item["metric"] in sound["metrics"]


def test_without_objectives_there_is_no_goodput_in_the_headline():
    parts = evidence.document()
    parts["plan"]["workload"]["objectives"] = {"ttft_ms": None, "tpot_ms": None, "e2e_ms": None}
    metrics = [item["metric"] for item in built(parts)["headline"]]
    assert "goodput" not in metrics
    assert "e2e_p50" in metrics


def test_every_metric_on_the_card_is_defined_in_reading_order(sound):
    used = {name for phase in sound["phases"] for name in phase["metrics"]} | set(sound["startup"])
    assert used == set(sound["metrics"])
    orders = [metric["order"] for metric in sound["metrics"].values()]
    assert len(set(orders)) == len(orders)
    assert sound["metrics"]["ttft_p50"]["order"] < sound["metrics"]["rouge1"]["order"]


def test_the_bound_is_the_reference_times_its_share(sound):
    rows = {row["metric"]: row for row in sound["quality"]["rows"]}
    assert rows["rouge1"]["reference"] == 0.45
    assert rows["rouge1"]["bound"] == pytest.approx(0.405)
    assert rows["generated_tokens_mean"]["bound"] == pytest.approx(9.0)
    assert rows["rouge1"]["baseline"]["value"] < rows["rouge1"]["value"]["value"]
    assert sound["quality"]["plausibility"] == "plausible"


def test_without_a_reference_there_is_no_bound():
    parts = evidence.document()
    parts["plan"]["workload"]["quality"]["reference"] = None
    quality = built(parts)["quality"]
    assert quality["reference_source"] == ""
    assert {row["bound"] for row in quality["rows"]} == {None}


@pytest.mark.parametrize(
    ("bounds", "answer"),
    [
        ({"rouge1_floor": 0.99}, "below-floor"),
        ({"rouge2_floor": 0.99}, "below-floor"),
        ({"rouge1_ceiling": 0.2}, "above-ceiling"),
    ],
)
def test_what_cannot_be_a_summary_is_called_so(bounds, answer):
    parts = evidence.document()
    parts["plan"]["workload"]["quality"] |= bounds
    card = built(parts)
    assert card["quality"]["plausibility"] == answer
    assert card["verdict"]["conformant"] is False
    assert "R022" in card["verdict"]["sentence"]["en"]


def test_a_process_run_is_not_closed_and_says_why():
    parts = evidence.document()
    parts["plan"] |= {"runtime": "process", "runtime_note": "no Docker engine answered"}
    card = built(parts)
    assert card["verdict"]["conformant"] is True
    assert card["verdict"]["outcome"] == "warn"
    assert card["division"]["granted"] == "open"
    assert [reason["rule"] for reason in card["division"]["reasons"]] == [
        "R030",
        "R038",
        "R039",
        "R073",
    ]
    assert "no Docker engine answered" in card["division"]["reasons"][0]["why"]
    assert card["verdict"]["sentence"]["en"].endswith("Division: open, not closed as requested.")


def test_a_run_that_was_cut_says_so():
    parts = evidence.document()
    parts["footer"] = None
    card = built(parts)
    assert card["run"]["ended"] == "cut"
    assert card["verdict"]["conformant"] is False


def test_an_interrupted_run_carries_its_error():
    parts = evidence.document()
    parts["footer"] |= {
        "ended": "engine-died",
        "error": {"code": "engine-died", "message": "killed\nby OOM"},
    }
    card = built(parts)
    assert card["run"]["ended"] == "engine-died"
    assert card["run"]["error"] == "killed by OOM [engine-died]"
    parts["footer"]["error"]["message"] = "killed by OOM [engine-died]"
    assert built(parts)["run"]["error"] == "killed by OOM [engine-died]"


def test_a_nonce_travels_with_the_card():
    parts = evidence.document()
    parts["plan"]["nonce"] = "round-7"
    assert built(parts)["run"]["nonce"] == "round-7"
    assert "nonce" not in built()["run"]


def test_text_from_elsewhere_is_made_fit_for_signing():
    parts = evidence.document()
    facts = parts["environment"]["facts"]
    facts["engine.log"] = {
        "value": "line\x1b[31m one\nline\u202e two \ud83d\ude00".encode(
            "utf-16", "surrogatepass"
        ).decode("utf-16")
    }
    facts["host.name"] = {"value": "cafe\u0301"}
    facts["driver.version"] = {"unknown": "mthreads-gmi:\tnot found"}
    facts["host.cpus"] = {"value": 2}
    facts["engine.eager"] = {"value": True}
    facts["engine.config"] = {"value": "x" * 9000}
    card = built(parts)
    assert schema.problems(card, "scorecard") == []
    assert value_problem(card) is None
    assert card["environment"]["host.name"] == {"value": "café"}
    assert card["environment"]["driver.version"] == {"unknown": "mthreads-gmi: not found"}
    assert card["environment"]["host.cpus"] == {"value": "2"}
    assert card["environment"]["engine.eager"] == {"value": "yes"}
    assert len(card["environment"]["engine.config"]["value"]) == 4000


def test_a_phase_that_never_ran_is_left_out_or_explained():
    parts = evidence.document()
    parts["requests"] = [r for r in parts["requests"] if r["phase"] != "server"]
    card = built(parts)
    assert schema.problems(card, "scorecard") == []
    served = [phase for phase in card["phases"] if phase["name"] == "server"]
    assert all("not_measured" in phase["metrics"]["ttft_p50"] for phase in served)


def test_an_image_without_digest_is_not_named():
    parts = evidence.document()
    parts["environment"]["facts"] = {"image.digest": {"unknown": "no inspect"}}
    engine = built(parts)["engine"]
    assert (engine["image_digest"], engine["image_reference"], engine["version"]) == ("", "", "")
