"""Every rule accepts the sound run and refuses each of its cases; see tests/cases/checks/*/README.md."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from suite.base.status import Outcome
from suite.judge.checks import RULES, conformant, grant, run_checks
from suite.judge.metrics.compute import compute
from tests.factories import evidence as factory

HERE = Path(__file__).resolve()
TESTS = HERE.parents[3]
CASES = sorted(path.parent for path in (TESTS / "cases" / "checks").glob("*/case.json"))


def matches(request: dict, where: dict) -> bool:
    return all(
        request[key] in value if isinstance(value, list) else request[key] == value
        for key, value in where.items()
    )


def resolve(parts: dict, path: str):
    *parents, last = path.strip("/").split("/")
    node = parts
    for name in parents:
        node = node[int(name)] if isinstance(node, list) else node[name]
    return node, int(last) if isinstance(node, list) else last


def apply(parts: dict, step: dict) -> None:
    """Break one thing. The operations are listed here; a case names them."""
    node, last = resolve(parts, step["path"])
    chosen = [r for r in parts["requests"] if matches(r, step.get("where", {"measured": True}))]
    match step["op"]:
        case "set":
            node[last] = step["value"]
        case "remove":
            del node[last]
        case "copy":
            source, name = resolve(parts, step["from"])
            node[last] = source[name]
        case "each":
            for request in chosen:
                request.update(step["value"])
        case "keep":
            node[last] = chosen
        case "add":
            for request in chosen:
                request[step["member"]] += step["value"]
        case "scale":
            for request in chosen:
                request[step["member"]] += request["index"] * step["by"]
        case "stretch":
            for request in chosen:
                request["t_send"] = min(r["t_send"] for r in chosen)
        case "references":
            for request in chosen:
                request["text"] = parts["tasks"][request["task"]]["reference"]
        case "leads":
            for request in chosen:
                request["text"] = parts["tasks"][request["task"]]["lead"]
        case "more-tokens":
            for request in chosen:
                request["usage"]["engine_completion"] += step["by"]
                request["usage"]["ids_completion"] += step["by"]
                request["token_ids"] += [7] * step["by"]
        case "suffix":
            for request in chosen:
                request["text"] += step["value"]
        case other:
            pytest.fail(f"unknown operation {other}")


def judge(parts: dict):
    evidence = factory.evidence(parts)
    checks = run_checks(evidence, compute(evidence))
    return evidence, {check.rule: check for check in checks}


OWN = ("R038", "R039")
"""These hold the plan against what the suite ships; the factory's small plan is not that. See test_origin.py."""


def others(checks) -> tuple:
    return tuple(check for check in checks.values() if check.rule not in OWN)


@pytest.fixture(scope="module")
def sound():
    return judge(factory.document())


def test_the_sound_run_passes_every_rule(sound):
    evidence, checks = sound
    bad = [
        f"{check.rule}: {check.why}"
        for check in others(checks)
        if check.outcome not in (Outcome.PASS, Outcome.NOT_APPLICABLE)
    ]
    assert bad == []
    assert conformant(tuple(checks.values()))
    assert grant(evidence, others(checks)).granted == "closed"


def test_rule_numbers_are_unique_and_in_order():
    numbers = [rule.number for rule in RULES]
    assert numbers == sorted(set(numbers))


def test_every_rule_has_a_case_that_it_refuses():
    refused = {json.loads((case / "case.json").read_text())["rule"] for case in CASES}
    assert refused == {rule.number for rule in RULES} - set(OWN)


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_case(case: Path, sound):
    wanted = json.loads((case / "case.json").read_text())
    assert (case / "README.md").read_text().startswith(f"# {case.name}\n")
    assert case.name.endswith("_" + wanted["outcome"])
    parts = factory.document()
    for step in wanted["patch"]:
        apply(parts, step)
    evidence, checks = judge(parts)
    found = checks[wanted["rule"]]
    assert found.outcome == wanted["outcome"], found.why
    assert sound[1][wanted["rule"]].outcome != found.outcome
    if "granted" in wanted:
        assert grant(evidence, others(checks)).granted == wanted["granted"]
    if found.outcome is Outcome.FAIL:
        assert not conformant(tuple(checks.values()))
