"""Do the fixtures notice when a rule changes? ``python -m tests.mutation.rules [R080 …]`` prints the figure and the survivors.

Each rule is deleted (it always passes), inverted (what passes fails, what does not passes), and each number that stands in the modules
of rules, or of the log that they read, is moved by one unit of its last written place, up and down. A mutant is noticed when one
of the cases under ``tests/cases/checks`` no longer ends as it says, a sound run no longer passes, or a unit test that reads the
bound's module fails. Bounds that cannot matter stand in ``equivalent.json``, each with its reason; one that is noticed all the
same has no place there.
"""

from __future__ import annotations

import argparse
import functools
import json
import sys
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from suite.base.errors import SuiteError
from suite.base.status import Outcome
from suite.judge import rules
from suite.judge.metrics.compute import compute
from suite.judge.rules.registry import RULES
from suite.judge.rules.rule import Rule
from tests.factories import evidence as factory
from tests.mutation import trials
from tests.mutation.bounds import Bound, UnitTests, bounds, moved, reaches
from tests.unit.judge.rules import test_rules as cases

EQUIVALENT = Path(__file__).with_name("equivalent.json")
PASSING = (Outcome.PASS, Outcome.NOT_APPLICABLE)
BROKEN = (SuiteError, ArithmeticError, LookupError, TypeError, ValueError)
"""How judging ends where a mutant makes it impossible: that is noticed too."""


@dataclass(frozen=True)
class Fixture:
    """A run, and how rules must end on it: a case's own rule as it says, all rules of a sound run without a finding."""

    name: str
    evidence: object
    results: object
    wanted: dict[str, Outcome | None]

    def notices(self, rule: Rule, results: object = None) -> bool:
        """Whether the rule ends otherwise than it must, over the metrics as they are or over those of a mutant."""
        if rule.number not in self.wanted:
            return False
        try:
            outcome = rule.apply(self.evidence, results or self.results).outcome
        except BROKEN:
            return True
        wanted = self.wanted[rule.number]
        return outcome not in PASSING if wanted is None else outcome is not wanted

    def notices_measured_again(self, touched: Collection[Rule]) -> bool:
        """The same for any of some rules, with the metrics made again."""
        mine = [rule for rule in touched if rule.number in self.wanted]
        if not mine:
            return False
        try:
            again = compute(self.evidence)
        except BROKEN:
            return True
        return any(self.notices(rule, again) for rule in mine)


def fixtures(numbers: Collection[str]) -> list[Fixture]:
    """Every case of some rules, and the sound runs that they break, measured once."""
    found = []
    chosen = [
        (case, said)
        for case in cases.CASES
        if (said := json.loads((case / "case.json").read_text()))["rule"] in numbers
    ]
    bases = {"plain", *(said.get("base", "plain") for _, said in chosen)}
    for base in sorted(bases & cases.BASES.keys()):
        make = cases.BASES[base]
        evidence = factory.evidence(make())
        known = (*cases.OWN, *cases.EXPECTED.get(base, () if base == "plain" else ("R032",)))
        wanted = {rule.number: None for rule in RULES if rule.number not in known}
        found.append(Fixture(base, evidence, compute(evidence), wanted))
    if "own-plan" in bases:
        own = factory.evidence(cases.own_plan())
        found.append(Fixture("own-plan", own, compute(own), dict.fromkeys(cases.OWN)))
    for case, said in chosen:
        parts = (cases.BASES | cases.PLANS)[said.get("base", "plain")]()
        for step in said["patch"]:
            cases.apply(parts, step)
        evidence = factory.evidence(parts)
        wanted = {said["rule"]: Outcome(said["outcome"])}
        found.append(Fixture(case.name, evidence, compute(evidence), wanted))
    return found


def _deleted(rule: Rule) -> Rule:
    return Rule(**{**_members(rule), "judge": lambda *_: rules.rule.passed("")})


def _inverted(rule: Rule) -> Rule:
    def judge(evidence: object, results: object) -> object:
        found = rule.judge(evidence, results)
        if found.outcome is Outcome.PASS:
            return rules.rule.failed(found.why)
        return found if found.outcome is Outcome.NOT_APPLICABLE else rules.rule.passed(found.why)

    return Rule(**{**_members(rule), "judge": judge})


def _members(rule: Rule) -> dict[str, object]:
    return {name: getattr(rule, name) for name in Rule.__slots__}


def mutants(numbers: Collection[str]) -> Iterator[tuple[str, str, bool]]:
    """Every mutant of some rules: its kind, its name, and whether a fixture notices it."""
    known = fixtures(numbers)
    chosen = [rule for rule in RULES if rule.number in numbers]
    for rule in chosen:
        for kind, mutant in (("deleted", _deleted(rule)), ("inverted", _inverted(rule))):
            yield kind, rule.number, any(fixture.notices(mutant) for fixture in known)
    reached, units = reaches(), UnitTests()
    for bound in bounds():
        name = bound.module.__name__
        touched = [rule for rule in chosen if name in _read_by(rule, reached)]
        for by in (bound.unit, -bound.unit) if touched else ():
            noticed = _notices(known, touched, bound, by) or units.notice(bound, by)
            yield "bounds", f"{bound.place} {bound.value:g} {by:+g}", noticed


def _read_by(rule: Rule, reached: dict[str, set[str]]) -> set[str]:
    judges = (rule.judge, rule.foreseen)
    return set().union(*(reached[judge.__module__] for judge in judges if judge is not None))


def _notices(known: list[Fixture], touched: list[Rule], bound: Bound, by: float) -> bool:
    """Whether a fixture notices a moved bound: in the rules first, then in the metrics that they read."""
    with moved(bound, by):
        if any(fixture.notices(rule) for fixture in known for rule in touched):
            return True
        return any(fixture.notices_measured_again(touched) for fixture in known)


@functools.cache
def _equivalent() -> dict[str, str]:
    """Why a bound cannot matter, by its place, or its place and the way it is moved."""
    return json.loads(EQUIVALENT.read_text("utf-8"))


def _reason(name: str) -> str | None:
    place, _, by = name.split()
    return _equivalent().get(f"{place} {by}", _equivalent().get(place))


def main() -> int:
    """Print the survivors and the figures; 1 where there is a survivor."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rules", nargs="*", help="such as R080; without any, all of them")
    numbers = parser.parse_args().rules or [rule.number for rule in RULES]
    counts = {kind: Counter[str]() for kind in ("deleted", "inverted", "bounds")}
    for kind, name, noticed in mutants(numbers):
        listed = kind == "bounds" and _reason(name) is not None
        end = "noticed" if noticed else "equivalent" if listed else "survives"
        counts[kind][end] += 1
        if noticed and listed and f"{name.split()[0]} {name.split()[2]}" in _equivalent():
            end = "listed as equivalent, and noticed"
            counts[kind]["survives"] += 1
        if end != "noticed":
            print(f"{end}: {kind} {name}", flush=True)
    for kind, ends in counts.items():
        meant = ends.total() - ends["equivalent"]
        print(f"{kind}: {ends['noticed']} of {meant} noticed, {ends['equivalent']} equivalent")
    if len(numbers) == len(RULES):
        trials.record(
            "rule-mutations",
            "all rules",
            rules=len(RULES),
            deleted=counts["deleted"]["noticed"],
            inverted=counts["inverted"]["noticed"],
            bounds_noticed=counts["bounds"]["noticed"],
            bounds=counts["bounds"].total() - counts["bounds"]["equivalent"],
            equivalent=counts["bounds"]["equivalent"],
        )
    return int(any(ends["survives"] for ends in counts.values()))


if __name__ == "__main__":
    sys.exit(main())
