"""Do the fixtures notice when a rule changes? ``python -m tests.mutation.rules [R080 …]`` prints the figure and the survivors.

Each rule is deleted (it always passes), inverted (what passes fails, what does not passes), and each number that stands in the modules
of rules, or of the log that they read, is moved by one unit of its last written place, up and down. A mutant is noticed when one
of the cases under ``tests/cases/checks`` no longer ends as it says, or a sound run no longer passes.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import importlib
import json
import pkgutil
import sys
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from suite.base.errors import SuiteError
from suite.base.status import Outcome
from suite.judge import log, rules
from suite.judge.metrics.compute import compute
from suite.judge.rules.registry import RULES
from suite.judge.rules.rule import Rule
from tests.factories import evidence as factory
from tests.unit.judge.rules import test_rules as cases

PASSING = (Outcome.PASS, Outcome.NOT_APPLICABLE)


@dataclass(frozen=True)
class Fixture:
    """A run, and how rules must end on it: a case's own rule as it says, all rules of a sound run without a finding."""

    name: str
    evidence: object
    results: object
    wanted: dict[str, Outcome | None]

    def notices(self, rule: Rule) -> bool:
        """Whether the rule ends otherwise than it must."""
        if rule.number not in self.wanted:
            return False
        try:
            outcome = rule.apply(self.evidence, self.results).outcome
        except (SuiteError, ArithmeticError, LookupError, TypeError, ValueError):
            return True
        wanted = self.wanted[rule.number]
        return outcome not in PASSING if wanted is None else outcome is not wanted


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


@dataclass(frozen=True)
class Bound:
    """A number of a module, and how far it is moved."""

    module: ModuleType
    name: str
    value: float
    unit: float


def bounds() -> Iterator[Bound]:
    """The numbers that stand in the modules of rules and of the log, by name."""
    for package in (rules, log):
        for found in pkgutil.iter_modules(package.__path__):
            module = importlib.import_module(f"{package.__name__}.{found.name}")
            source = Path(module.__file__ or "").read_text("utf-8")
            for node in ast.parse(source).body:
                target, value = _assigned(node)
                if target.isupper() and isinstance(value, ast.Constant):
                    written = ast.get_source_segment(source, value) or ""
                    if type(value.value) in (int, float):
                        yield Bound(module, target, value.value, _unit(written))


def _assigned(node: ast.stmt) -> tuple[str, ast.expr | None]:
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id, node.value
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return node.target.id, node.value
    return "", None


def _unit(written: str) -> float:
    """One of the last written place that is not 0: 0.05 is moved by 0.01, 5_000_000 by a million."""
    digits = written.replace("_", "")
    if "e" in digits or "." in digits:
        return (
            float(10 ** -len(digits.partition(".")[2].rstrip("0")))
            if "e" not in digits
            else float(digits) / 10
        )
    return int(10 ** (len(digits) - len(digits.rstrip("0")))) if int(digits) else 1


@contextlib.contextmanager
def moved(bound: Bound, by: float) -> Iterator[None]:
    """The number moved, in its module and wherever it was imported by name."""
    holders = [
        module
        for module in list(sys.modules.values())
        if getattr(module, "__name__", "").startswith("suite.judge")
        and vars(module).get(bound.name) is vars(bound.module)[bound.name]
    ]
    for module in holders:
        setattr(module, bound.name, bound.value + by)
    try:
        yield
    finally:
        for module in holders:
            setattr(module, bound.name, bound.value)


def _reaches() -> dict[str, set[str]]:
    """The modules of the judge that each of them reads, directly or through others."""
    direct: dict[str, set[str]] = {}
    for name, module in list(sys.modules.items()):
        if name.startswith("suite.judge"):
            direct[name] = {
                getattr(value, "__name__" if isinstance(value, ModuleType) else "__module__", "")
                for value in vars(module).values()
            } - {name}
    reached: dict[str, set[str]] = {}
    for name in direct:
        seen, left = {name}, [name]
        while left:
            for other in direct.get(left.pop(), set()) - seen:
                if other.startswith("suite.judge"):
                    seen.add(other)
                    left.append(other)
        reached[name] = seen
    return reached


def mutants(numbers: Collection[str]) -> Iterator[tuple[str, str, bool]]:
    """Every mutant of some rules: its kind, its name, and whether a fixture notices it."""
    known = fixtures(numbers)
    chosen = [rule for rule in RULES if rule.number in numbers]
    for rule in chosen:
        for kind, mutant in (("deleted", _deleted(rule)), ("inverted", _inverted(rule))):
            yield kind, rule.number, any(fixture.notices(mutant) for fixture in known)
    reached = _reaches()
    for bound in bounds():
        touched = [
            rule for rule in chosen if bound.module.__name__ in reached[rule.judge.__module__]
        ]
        where = bound.module.__name__.removeprefix("suite.judge.")
        for by in (bound.unit, -bound.unit) if touched else ():
            with moved(bound, by):
                noticed = any(fixture.notices(rule) for fixture in known for rule in touched)
            yield "bounds", f"{where}.{bound.name} {bound.value:g} {by:+g}", noticed


def main() -> int:
    """Print the survivors and the figures; 1 where there is a survivor."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rules", nargs="*", help="such as R080; without any, all of them")
    numbers = parser.parse_args().rules or [rule.number for rule in RULES]
    counts = {kind: Counter[bool]() for kind in ("deleted", "inverted", "bounds")}
    for kind, name, noticed in mutants(numbers):
        counts[kind][noticed] += 1
        if not noticed:
            print(f"survives: {kind} {name}", flush=True)
    for kind, ends in counts.items():
        print(f"{kind}: {ends[True]} of {ends.total()} noticed")
    return int(any(ends[False] for ends in counts.values()))


if __name__ == "__main__":
    sys.exit(main())
