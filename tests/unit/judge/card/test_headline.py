"""Which numbers lead a card."""

import pytest

from suite.documents.card_phase import Series
from suite.documents.codec import convert
from suite.documents.plan import Plan
from suite.documents.value import Measured, NotMeasured
from suite.judge.card.headline import headline
from suite.judge.log.details import PhaseDetails
from suite.judge.metrics.compute import PhaseResult, Results
from suite.judge.metrics.registry import PHASE_METRICS
from tests.factories import evidence


def result(name, scenario, throughput=None, not_run="", **metrics):
    values = dict.fromkeys(tuple(metric.id for metric in PHASE_METRICS), NotMeasured("x")) | metrics
    if throughput is not None:
        values["output_throughput"] = Measured(throughput, "tokens/s", 1, None, None, "x")
    return PhaseResult(
        name=name,
        scenario=scenario,
        repeats=1,
        metrics=values,
        series=Series(),
        token_source="none",
        arrival_source="none",
        details=PhaseDetails(not_run=not_run),
    )


def led(phases, objectives=True, concurrency=None):
    plan = evidence.plan()
    bound = 100.0 if objectives else None
    plan["workload"]["objectives"] = {"ttft_ms": bound, "tpot_ms": bound, "e2e_ms": None}
    plan["workload"]["phases"] = [
        evidence.phase(p.name, p.scenario, concurrency=(concurrency or {}).get(p.name))
        for p in phases
    ]
    found = headline(convert(plan, Plan), Results({p.name: p for p in phases}, {}, {}))
    return [(item.phase, item.metric) for item in found]


def test_the_first_profiles_lead_as_they_did():
    phases = [result(n, n) for n in ("single_stream", "offline", "server")]
    assert led(phases) == [
        ("offline", "output_throughput"),
        ("single_stream", "ttft_p50"),
        ("single_stream", "tpot_p50"),
        ("server", "goodput"),
        ("offline", "rouge1"),
        ("offline", "mfu"),
    ]
    assert ("single_stream", "e2e_p50") in led(phases, objectives=False)


def test_a_search_leads_with_its_answer():
    assert led([result("slo", "slo_search")]) == [("slo", "slo_rate")]


def test_a_sweep_leads_with_its_best_throughput_and_its_quietest_point():
    phases = [
        result("c8", "concurrency", 900.0),
        result("c1", "concurrency", 100.0),
        result("c32", "concurrency", 1500.0),
        result("c64", "concurrency", 1400.0),
    ]
    found = led(phases, concurrency={"c1": 1, "c8": 8, "c32": 32, "c64": 64})
    assert found[:3] == [("c32", "output_throughput"), ("c1", "ttft_p50"), ("c1", "tpot_p50")]
    assert not [metric for _, metric in found if metric == "rouge1"]


def test_a_point_that_was_not_run_never_leads():
    phases = [result("a", "concurrency", not_run="too long"), result("b", "concurrency", 5.0)]
    assert {phase for phase, _ in led(phases, concurrency={"a": 1, "b": 2})} == {"b"}
    assert led([result("a", "concurrency", not_run="too long")]) == []


@pytest.mark.parametrize("kind", ["multi_turn", "soak"])
def test_other_loads_lead_with_latency_and_throughput(kind):
    found = led([result("p", kind)])
    assert ("p", "output_throughput") in found
    assert ("p", "ttft_p50") in found
    assert (("p", "drift_ttft") in found) == (kind == "soak")


def test_rouge_leads_wherever_it_was_measured():
    rouge = Measured(0.4, "1", 8, None, None, "x")
    found = led([result("p", "multi_turn", rouge1=rouge)])
    assert ("p", "rouge1") in found
