"""Every scenario once against the real vLLM in its container: each leaves what its rules and its page need."""

import json

import pytest
from msgspec import UNSET

from suite import evidence
from suite.declare.profiles.load import load_profile
from tests.factories import runs

pytestmark = [pytest.mark.container, pytest.mark.engine, pytest.mark.slow]

PROFILE = "scenarios-smoke"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A finished run of the profile."""
    folder = tmp_path_factory.mktemp("scenarios")
    directory = folder / "run"
    words = ["run", "--vendor", "cpu", "--engine", "vllm", "--runtime", "container"]
    done = runs.suite(
        *words, "--profile", PROFILE, "--out", directory, "--key", runs.key(folder / "key.pem")
    )
    # Two busy cores may miss an objective or end a steady state; what is judged below never depends on speed.
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return directory


@pytest.fixture(scope="module")
def card(run):
    return json.loads((run / "scorecard.json").read_bytes())["predicate"]


@pytest.fixture(scope="module")
def outcomes(card):
    return {check["rule"]: (check["outcome"], check["why"]) for check in card["checks"]}


def test_every_phase_of_the_profile_is_on_the_card(card):
    wanted = {phase.name for phase in load_profile(PROFILE).doc.phases}
    found = {phase.get("group", {}).get("name", phase["name"]) for phase in card["phases"]}
    assert found == wanted


def test_every_phase_that_ran_has_a_ttft_and_a_throughput(card):
    # A search has no throughput of its own: its probes have different rates.
    plain = [p for p in card["phases"] if "not_run" not in p and "searches" not in p]
    assert len(plain) > 20
    for phase in plain:
        assert phase["metrics"]["ttft_mean"].get("value", 0) > 0, phase["name"]
        assert phase["metrics"]["output_throughput"].get("value", 0) > 0, phase["name"]


def test_lengths_are_exact_to_the_token(run):
    read = evidence.read(run)
    plan = {phase.name: phase for phase in read.plan.workload.phases if phase.measured}
    judged = 0
    for request in read.requests:
        phase = plan.get(request.phase)
        if phase is None or phase.lengths is UNSET or not request.measured:
            continue
        judged += 1
        inputs, outputs = phase.lengths.input_tokens, phase.lengths.output_tokens
        assert request.usage.engine_prompt == inputs[request.index % len(inputs)]
        assert request.usage.engine_completion == outputs[request.index % len(outputs)]
    assert judged > 70


def test_the_point_that_the_model_cannot_hold_says_why(card):
    (skipped,) = [phase for phase in card["phases"] if "not_run" in phase]
    assert skipped["name"] == "context-i6144-o64"
    assert "4,096" in skipped["not_run"]


def test_the_search_ends_with_a_bracket_or_says_why_not(card):
    ((search,),) = [phase["searches"] for phase in card["phases"] if "searches" in phase]
    assert 1 <= len(search["probes"]) <= 6
    assert search["ended"] in {"resolution", "max-probes", "max-rate-met", "min-rate-missed"}
    met = [probe["rate"] for probe in search["probes"] if probe["met"]]
    assert search["rate"].get("value") == (max(met) if met else None)


@pytest.mark.parametrize(
    "rule", ["R001", "R002", "R004", "R012", "R013", "R014", "R015", "R040", "R041", "R042", "R043"]
)
def test_the_rules_that_do_not_depend_on_speed_hold(outcomes, rule):
    assert outcomes[rule][0] == "pass", outcomes[rule]


def test_the_card_verifies(run):
    done = runs.suite("verify", run, "--key", run / "signer.pub.pem")
    assert done.stdout.splitlines()[-1].startswith("INTACT"), done.stdout
