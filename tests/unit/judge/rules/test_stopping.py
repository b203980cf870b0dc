"""How long a phase must be steady, and how many answers tell it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from msgspec.structs import replace as changed

from suite.judge.metrics.compute import compute
from suite.judge.rules import stopping
from tests.factories import evidence as factory
from tests.factories import loads


@pytest.fixture(scope="module")
def flooded():
    evidence = factory.evidence(loads.flooded())
    return evidence, compute(evidence)


def steady(flooded, answers=400, **members):
    """The outcome of R048 where so many answers came and the phase was steady so."""
    evidence, results = flooded
    phase = results.phases["server"]
    [state] = phase.details.steady
    details = replace(phase.details, steady=(changed(state, **members),))
    phases = results.phases | {"server": replace(phase, details=details)}
    kept = [r for r in evidence.requests if r.phase != "server" or r.index < answers]
    return stopping.was_steady(
        replace(evidence, requests=tuple(kept)), replace(results, phases=phases)
    ).outcome


@pytest.mark.parametrize(("share", "outcome"), [(0.45, "warn"), (0.55, "pass")])
def test_half_of_a_phase_must_be_steady(flooded, share, outcome):
    assert steady(flooded, share=share) == outcome


@pytest.mark.parametrize(("answers", "outcome"), [(63, "not-applicable"), (64, "warn")])
def test_sixty_four_answers_tell(flooded, answers, outcome):
    assert steady(flooded, answers, found=False) == outcome


@pytest.mark.parametrize(("over", "outcome"), [(0.78, "fail"), (0.82, "pass")])
def test_the_last_arrival_of_a_soak_may_come_a_fifth_early(over, outcome):
    """The soak lasts so much of its planned time; its last arrival ends it."""
    doc = loads.phase("soak", "soak", **loads.arrivals(20.0, 400))
    made = loads.open_ended(doc, loads.even())
    mine = [request for request in made["requests"] if request["phase"] == "soak"]
    begun = min(r["t_sched"] for r in mine) - doc["arrivals_ns"][0]
    lasted = (max(r["t_end"] for r in mine) - begun) / 1e9
    doc["stop"] = loads.stop(min_duration_s=lasted / over)
    evidence = factory.evidence(made)
    found = stopping.no_drift(evidence, compute(evidence)).outcome
    assert (found == "fail") == (outcome == "fail")
