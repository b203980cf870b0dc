"""R066 and R090 to R092 against a sound conversion of Moore Threads' MTTransformer, and against each way to break it."""

import copy

import pytest

from suite.base import jsonio
from suite.base.status import Outcome
from suite.documents.codec import plain
from suite.judge.metrics.compute import Results
from suite.judge.rules.registry import RULES
from tests.factories import evidence as factory
from tests.factories.plans import plan_for

(RULE,) = [rule for rule in RULES if rule.number == "R066"]
LOSS = {
    "tensor": "model.norm.weight",
    "values": 10_000,
    "overflowed": 0,
    "vanished": 10,
    "largest_relative_error": 0.25,
}
OUTPUTS = [{"path": "rank0.bin", "bytes": 7, "sha256": "9" * 64}]


def parts():
    plan = plain(plan_for("mthreads", "vllm_mtt", 2))
    step, size = plan["conversion"], plan["model"]["facts"]["parameters"]
    document = factory.document()
    document["plan"] = plan
    document["provenance"] = {
        "provenance_schema": 1,
        "model": {"id": plan["model"]["id"], "sha256": plan["model"]["sha256"]},
        "inputs": [*plan["model"]["files"]],
        "tool": {"runtime": "container"},
        "outputs": copy.deepcopy(OUTPUTS),
        "census_before": [{"dtype": "BF16", "tensors": 2, "parameters": size}],
        "census_after": [{"dtype": "F16", "tensors": 4, "parameters": size + 9_000_000}],
        "rounding": {"dtype": "float16", "tensors": [LOSS]},
        "started_utc": "2026-01-31T12:00:00Z",
        "seconds": 60.0,
        "repeated": {"differing": [], "seconds": 61.0},
        **{
            n: copy.deepcopy(step[n])
            for n in ("kind", "reason", "command", "env", "model_type", "parameters")
        },
    }
    fact = {"value": jsonio.digest(OUTPUTS)}
    document["environment"]["facts"]["conversion.outputs_sha256"] = fact
    return document


def judge(document):
    return RULE.apply(factory.evidence(document), Results({}, {}, {}))


def test_a_sound_conversion_passes():
    found = judge(parts())
    assert found.outcome is Outcome.PASS, found.why


def test_weights_that_are_loaded_as_they_are_need_none():
    assert judge(factory.document()).outcome is Outcome.NOT_APPLICABLE


def stray(document):
    provenance = document["provenance"]
    document["plan"] = factory.document()["plan"]
    document["provenance"] = provenance


def other_step(document):
    """Plan and provenance agree with each other, and not with what is declared."""
    for holder in (document["plan"]["conversion"], document["provenance"]):
        holder["command"] = [*holder["command"], "--prune", "0.5"]


@pytest.mark.parametrize(
    ("forge", "says"),
    [
        (lambda d: d.pop("provenance"), "no provenance.json"),
        (stray, "does not convert"),
        (lambda d: d["provenance"]["model"].update(sha256="8" * 64), "other weights"),
        (lambda d: d["provenance"]["inputs"].clear(), "not the model's"),
        (lambda d: d["provenance"]["parameters"].update(tensor_parallel="1"), "parameters"),
        (lambda d: d["provenance"]["command"].append("--prune"), "command"),
        (lambda d: d["provenance"].update(model_type="qwen2"), "model_type"),
        (lambda d: d["provenance"]["outputs"][0].update(sha256="7" * 64), "engine was given"),
        (
            lambda d: d["environment"]["facts"].pop("conversion.outputs_sha256"),
            "engine was given",
        ),
        (other_step, "not the declared one"),
    ],
)
def test_what_does_not_fit_is_refused(forge, says):
    document = parts()
    forge(document)
    found = judge(document)
    assert found.outcome is Outcome.FAIL
    assert says in found.why


def test_provenance_is_read_with_the_run(tmp_path):
    from suite import evidence

    run = factory.write(tmp_path / "run")
    assert evidence.read(run).provenance is None
    (run / "provenance.json").write_bytes(jsonio.pretty(parts()["provenance"]))
    assert plain(evidence.read(run).provenance) == parts()["provenance"]


def found(number, document):
    (rule,) = [rule for rule in RULES if rule.number == number]
    return rule.apply(factory.evidence(document), Results({}, {}, {}))


@pytest.mark.parametrize("number", ["R090", "R091", "R092"])
def test_what_a_sound_conversion_keeps_passes(number):
    assert found(number, parts()).outcome is Outcome.PASS, found(number, parts()).why
    assert found(number, factory.document()).outcome is Outcome.NOT_APPLICABLE


def test_what_nobody_could_read_or_did_is_not_judged():
    document = parts()
    document["provenance"]["census_after"] = []
    document["provenance"]["rounding"] = "float32 holds every value of the source"
    del document["provenance"]["repeated"]
    for number in ("R090", "R091", "R092"):
        assert found(number, document).outcome is Outcome.NOT_APPLICABLE
