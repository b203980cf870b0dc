"""R038 and R039 against a plan that the suite made itself, and against forged ones."""

from __future__ import annotations

import copy

import pytest

from suite.base.status import Outcome
from suite.declare.profiles.load import load_profile, profile_names
from suite.declare.tasks import pins
from suite.documents.codec import plain
from suite.judge.card.verdict import grant
from suite.judge.metrics.compute import Results
from suite.judge.rules import shipped as shipped_rules
from suite.judge.rules.registry import RULES
from tests.factories import evidence as factory
from tests.factories import shipped
from tests.factories.plans import plan_for


@pytest.fixture(scope="module")
def own():
    """The plan of `make run`."""
    return shipped.plan()


def judge(number, plan):
    evidence = factory.evidence(factory.document() | {"plan": plan})
    (rule,) = [rule for rule in RULES if rule.number == number]
    found = rule.apply(evidence, Results({}, {}, {}))
    return found, evidence


@pytest.mark.parametrize("number", ["R038", "R039"])
def test_the_suites_own_plan_passes(own, number):
    found, _ = judge(number, own)
    assert found.outcome is Outcome.PASS, found.why


def test_the_own_plan_knows_its_reference(own):
    assert own["workload"]["quality"]["reference"] is not None


MINI_SET = [name for name in profile_names() if load_profile(name).doc.taskset.set == "mini"]


@pytest.mark.parametrize("name", MINI_SET)
def test_the_phases_of_every_shipped_profile_are_rebuilt(name):
    found, _ = judge("R038", shipped.plan(name))
    assert found.outcome is Outcome.PASS, found.why


def test_points_that_were_left_out_are_missed():
    """A smaller context than the model's leaves points out; whoever reads the card must know."""
    plan = shipped.plan("lengths", max_model_len=1024)
    assert any("not_run" in phase for phase in plan["workload"]["phases"])
    found, _ = judge("R038", plan)
    assert found.outcome is Outcome.WARN
    assert "phases" in found.why


@pytest.mark.parametrize(
    "forge",
    [
        lambda phase: phase.update(not_run="too long"),
        lambda phase: phase["lengths"].update(input_tokens=[8]),
        lambda phase: phase["lengths"].update(seed=2),
        lambda phase: phase.update(lockstep=False),
        lambda phase: phase["group"]["axes"].update(concurrency=64),
    ],
)
def test_forged_points_are_noticed(forge):
    plan = shipped.plan("grid")
    forge(plan["workload"]["phases"][-1])
    assert judge("R038", plan)[0].outcome is Outcome.WARN


FORGERIES = {
    "fewer requests": lambda p: p["workload"]["phases"][3].update(tasks=8),
    "lighter load": lambda p: p["workload"]["phases"][-1]["arrivals_ns"].__setitem__(5, 10**12),
    "generous failures": lambda p: p["workload"]["phases"][3].update(failure_bound=1.0),
    "another prompt": lambda p: p["workload"]["prompt"].update(template="Say hi {document}"),
    "prompt of another id": lambda p: p["workload"]["prompt"].update(id="closed-v0"),
    "another profile": lambda p: p["workload"].update(profile="mine"),
    "edited profile": lambda p: p["workload"].update(profile_sha256="0" * 64),
    "false lock": lambda p: p["workload"]["taskset"].update(records_sha256="0" * 64),
    "false lock of XSum": lambda p: p["workload"]["taskset"].update(name="xsum-1000"),
    "lower floor": lambda p: p["workload"]["quality"].update(rouge1_floor=0.0),
    "no reference": lambda p: p["workload"]["quality"].update(reference=None),
    "easier objectives": lambda p: p["workload"]["objectives"].update(ttft_ms=1e7),
    "fewer tokens": lambda p: p["workload"]["decoding"].update(max_new_tokens=32),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_workload_is_open(own, name):
    plan = copy.deepcopy(own)
    FORGERIES[name](plan)
    found, evidence = judge("R038", plan)
    assert found.outcome is Outcome.WARN
    assert grant(evidence, [found]).granted == "open"


def _locked_xsum(plan, monkeypatch):
    """The plan over texts that lie in the evidence, as if the suite had locked and pinned them as XSum."""
    document = factory.document()
    lines = list(document["tasks"].values())
    size = len(lines)
    ids = [line["id"] for line in lines]
    known = pins.published_pins(ids, [line["reference"] for line in lines], [""] * size)
    for line in lines:
        key = pins.key_of(line["id"])
        known[key] = pins.pin_of(line["id"], line["reference"], "", line["document_sha256"])
    monkeypatch.setattr(pins, "pins", lambda: known)
    monkeypatch.setattr(shipped_rules, "pins", lambda: known)
    plan["workload"]["taskset"] |= {
        "name": "xsum-256",
        "locked": True,
        "pinned": {
            "references": size,
            "openings": size,
            "documents": size,
            "known_documents": size,
        },
    }
    return document | {"plan": plan}


def _pin_problems(document):
    return shipped_rules._pins(factory.evidence(document))


def test_a_locked_set_of_xsum_is_held_by_its_texts(own, monkeypatch):
    document = _locked_xsum(copy.deepcopy(own), monkeypatch)
    assert _pin_problems(document) == []
    del document["plan"]["workload"]["taskset"]["pinned"]
    assert _pin_problems(document) == [
        "the plan does not say which of its texts are the known ones"
    ]


@pytest.mark.parametrize("member", ["reference", "document_sha256"])
def test_other_texts_under_locked_ids_are_noticed(own, monkeypatch, member):
    document = _locked_xsum(copy.deepcopy(own), monkeypatch)
    for line in document["tasks"].values():
        line[member] = "0" * 64
    (problem,) = _pin_problems(document)
    assert f"{0 if member == 'reference' else len(document['tasks'])} of" in problem


def test_counts_of_pinned_texts_are_recounted(own, monkeypatch):
    document = _locked_xsum(copy.deepcopy(own), monkeypatch)
    document["plan"]["workload"]["taskset"]["pinned"]["documents"] = 0
    assert _pin_problems(document) == [
        "the plan counts its pinned texts otherwise than the tasks show"
    ]


def test_a_changed_declaration_is_open(own):
    plan = copy.deepcopy(own)
    plan["vendor"]["sha256"] = "0" * 64
    found, evidence = judge("R039", plan)
    assert found.outcome is Outcome.WARN
    assert grant(evidence, [found]).granted == "open"


def test_an_unknown_vendor_is_open(own):
    plan = copy.deepcopy(own)
    plan["vendor"]["id"] = "acme"
    assert judge("R039", plan)[0].outcome is Outcome.WARN


def test_a_declared_peak_passes_and_a_forged_one_does_not():
    plan = plain(plan_for("nvidia", "vllm", model=None))
    assert plan["peaks"]["compute"] is not None
    assert judge("R039", plan)[0].outcome is Outcome.PASS
    plan["peaks"]["compute"]["flops"] *= 2
    found, _ = judge("R039", plan)
    assert found.outcome is Outcome.WARN
    assert "brought along" in found.why


def test_the_factorys_small_run_is_not_the_suites_own():
    found, _ = judge("R038", factory.plan())
    assert found.outcome is Outcome.WARN
