"""A rule is registered once, and what it limits counts wherever it stands."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from suite.base.bilingual import Bilingual
from suite.base.status import Outcome
from suite.declare.known import RELEASES, _releases
from suite.declare.plan.basis import plan_of
from suite.documents.basis import Basis
from suite.documents.codec import convert, plain
from suite.judge.card.verdict import grant
from suite.judge.metrics.compute import compute
from suite.judge.rules.rebuilt import _came_later
from suite.judge.rules.registry import RULES, apply_rules, rules_for
from suite.judge.rules.rule import rule, warned
from tests.factories import challenged, deviceauthority, farmed, grouped, shipped
from tests.factories import evidence as factory

WORDS = Bilingual("words", "词")
SAID = {"title": WORDS, "asks": WORDS, "reason": WORDS, "phases": "run"}


def test_every_rule_says_what_it_is_in_both_languages():
    for known in RULES:
        for words in (known.title, known.asks, known.reason, known.broken):
            assert words.en
            assert words.zh


def test_a_number_is_given_once():
    with pytest.raises(ValueError, match="R001"):
        rule("R001", **SAID, broken=WORDS)(RULES[0].judge)


def test_a_rule_says_how_it_ends_when_it_is_broken():
    with pytest.raises(ValueError, match="R099"):
        rule("R099", **SAID)


@pytest.mark.parametrize("place", range(len(RULES)))
def test_a_limit_counts_whichever_rule_has_it(place):
    """The division once read the limits of two modules only."""
    limiting = replace(RULES[place], judge=lambda *_: warned("lacks something"), limits="optimised")
    evidence = factory.evidence()
    granted = grant(evidence, (limiting.apply(evidence, None),))
    assert (granted.requested, granted.granted) == ("closed", "optimised")
    assert [check.rule for check in granted.obstacles] == [RULES[place].number]


def test_a_warning_without_a_limit_bars_nothing():
    evidence = factory.evidence()
    checks = apply_rules(evidence, compute(evidence))
    warnings = tuple(
        replace(check, outcome=Outcome.WARN) for check in checks if check.limits is None
    )
    assert grant(evidence, warnings).granted == "closed"


def earlier(run):
    """The run, said to be of the first release that is listed."""
    release = _releases(RELEASES)[0]
    suite = msgspec.structs.replace(
        run.plan.suite, version=release.version, files_sha256=release.files_sha256
    )
    return replace(run, plan=msgspec.structs.replace(run.plan, suite=suite))


def asked(run) -> set[str]:
    return {check.rule for check in apply_rules(run, compute(run))}


def signing_devices() -> dict:
    parts = factory.document()
    return parts | {"device_evidence": deviceauthority.signed(parts, factory.log(parts))}


@pytest.mark.parametrize(
    ("make", "also"),
    [
        (factory.document, set()),
        (farmed.document, {"R118", "R119", "R120", "R121", "R122", "R123"}),
        (grouped.document, {"R130", "R131", "R132", "R133"}),
        (signing_devices, {"R115", "R116", "R117"}),
        (challenged.document, {"R103", "R104"}),
    ],
)
def test_what_an_earlier_release_could_not_do_is_judged_all_the_same(make, also):
    """A run of today that named release 0.2.0 as its suite was not asked for its clients, nodes, stamps and devices."""
    run = earlier(factory.evidence(make()))
    own = {known.number for known in rules_for(run.plan.suite)}
    assert own < {known.number for known in RULES}
    assert asked(run) == own | also


def test_a_challenge_of_today_asks_the_rules_of_today():
    """Whoever leaves the stamps out and names an earlier release would not be asked for them."""
    run = earlier(factory.evidence(challenged.document()))
    run = replace(run, growth=())
    assert "R103" not in asked(run)
    issued = msgspec.structs.replace(run.plan.challenge, suite="0.3.0")
    today = replace(run, plan=msgspec.structs.replace(run.plan, challenge=issued))
    assert asked(today) == {known.number for known in RULES}


@pytest.mark.parametrize("member", ["peak_probe", "compile_cache"])
def test_a_run_that_names_a_release_leaves_nothing_out_that_the_release_wrote(member):
    """Whoever named a listed release could leave any optional member out of the plan."""
    parts, release = shipped.kept(), _releases(RELEASES)[0]
    parts["basis"]["suite"] |= {
        "version": release.version,
        "files_sha256": release.files_sha256,
    }
    whole = plan_of(convert(parts["basis"], Basis))
    assert follows(parts, plain(whole)) is Outcome.PASS
    short = plain(whole)
    del short["engine"][member]
    assert follows(parts, short) is Outcome.FAIL
    came_later = msgspec.structs.replace(release, optional=())
    assert not _came_later(whole, f"/engine/{member}", release)
    assert _came_later(whole, f"/engine/{member}", came_later)
    assert not _came_later(whole, "/workload/phases/0", came_later)
    assert not _came_later(whole, "/engine/env/NAME", came_later)
    assert _came_later(whole, "/telemetry/0/averages_ms", came_later)


def follows(parts: dict, plan: dict) -> Outcome:
    """How R073 ends on the run with this plan."""
    run = factory.evidence(parts | {"plan": plan})
    checks = {check.rule: check for check in apply_rules(run, compute(run))}
    return checks["R073"].outcome
