"""Every rule accepts the sound run and refuses each of its cases; see tests/cases/checks/*/README.md."""

from __future__ import annotations

import copy
import datetime as dt
import functools
import json
import re
from pathlib import Path

import msgspec
import pytest

from suite.base import jsonio
from suite.base.bilingual import chinese
from suite.base.status import Outcome
from suite.declare.plan.basis import plan_of
from suite.documents.basis import Basis
from suite.documents.challenge import Challenge, Salts
from suite.documents.codec import convert, plain
from suite.documents.value import NotMeasured
from suite.judge.attest import envelope
from suite.judge.card.verdict import conformant, grant
from suite.judge.metrics.compute import compute
from suite.judge.rules.registry import RULES, apply_rules
from tests.factories import (
    challenged,
    deviceauthority,
    elsewhere,
    farmed,
    grouped,
    loads,
    referenced,
    shipped,
    stamped,
)
from tests.factories import evidence as factory
from tests.unit.judge.rules import controlled, manytasks, prompted

HERE = Path(__file__).resolve()
TESTS = HERE.parents[3]
CASES = sorted(path.parent for path in (TESTS / "cases" / "checks").glob("*/case.json"))


def matches(request: dict, where: dict) -> bool:
    """`where` gives for each member a value, a list of values, or {"from": first, "to": last}."""
    return all(
        value.get("from", 0) <= request[key] <= value.get("to", 1 << 62)
        if isinstance(value, dict)
        else request[key] in value
        if isinstance(value, list)
        else request[key] == value
        for key, value in where.items()
    )


def marked(parts: dict, where: dict) -> list[dict]:
    """Marks with these members, or these members of their details."""
    return [
        mark
        for mark in parts["marks"]
        if all(mark.get(k, mark.get("detail", {}).get(k)) == value for k, value in where.items())
    ]


def salted(value: dict) -> dict:
    """Members of a challenge as its type holds them."""
    return value | ({"salts": convert(value["salts"], Salts)} if "salts" in value else {})


def again(parts: dict, request: dict, time: int, step: dict) -> dict:
    """A request once more, behind all others of its phase; with `tasks`, for a task of its own that is like the first's."""
    more = copy.deepcopy(request) | {"index": request["index"] + 1000 * time}
    if "tasks" in step:
        more["task"] = f"{request['task']}-{time}"
        parts["tasks"][more["task"]] = parts["tasks"][request["task"]] | {"id": more["task"]}
    return more


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
        case "append":
            node[last].append(step["value"])
        case "insert":
            node.insert(last, step["value"])
        case "suffix-at":
            node[last] += step["value"]
        case "attempt":
            parts["attempts"] = [*parts.get("attempts", []), factory.attempt(parts)]
        case "count":
            aside = sum(attempt["requests"] for attempt in parts["attempts"])
            node[last] = len(parts["requests"]) + aside
        case "copy":
            source, name = resolve(parts, step["from"])
            node[last] = source[name]
        case "each":
            for request in chosen:
                request.update(step["value"])
        case "repeat":
            for request in chosen:
                request[step["member"]] = step["value"] * step["times"]
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
        case "again":
            parts["requests"] += [
                again(parts, request, time, step)
                for time in range(1, step["times"])
                for request in chosen
            ]
        case "drop":
            parts["requests"] = [r for r in parts["requests"] if r not in chosen]
            parts["footer"]["requests"] = len(parts["requests"])
        case "delay":
            for request in chosen:
                late = request["index"] * step["by"]
                request |= {
                    "chunk_t0": request["chunk_t0"] + late,
                    "t_end": request["t_end"] + late,
                }
        case "move":
            for request in chosen:
                for member in ("t_sched", "t_send", "chunk_t0", "t_end"):
                    request[member] += step["by"]
        case "first-after":
            for request in chosen:
                if request["outcome"] == "ok":
                    request["chunk_t0"] = request["t_send"] + step["by"]
        case "prompts":
            for request in chosen:
                request["usage"] |= {"own_prompt": step["value"], "engine_prompt": step["value"]}
        case "fewer-tokens":
            for request in chosen:
                request["usage"]["engine_completion"] -= step["by"]
                request["usage"]["ids_completion"] -= step["by"]
                del request["token_ids"][-step["by"] :]
        case "usage":
            for request in chosen:
                request["usage"] |= step["value"]
        case "mark":
            for mark in marked(parts, step["mark"]):
                mark["detail"] = {**mark.get("detail", {}), **step["value"]}
        case "mark-time":
            for mark in marked(parts, step["mark"]):
                mark["t"] += step["by"]
        case "no-detail":
            for mark in marked(parts, step["mark"]):
                del mark["detail"]
        case "drop-marks":
            gone = marked(parts, step["mark"])
            parts["marks"] = [mark for mark in parts["marks"] if mark not in gone]
        case "halve":
            for request in chosen:
                words = request["text"].split()
                half = len(words) // 2
                request["text"] = " ".join(words[:half])
                for member, kept in (
                    ("chunk_dt", half - 1),
                    ("chunk_tokens", half),
                    ("token_ids", half),
                ):
                    request[member] = request[member][:kept]
                counts = ("engine_completion", "ids_completion", "own_completion")
                request["usage"] |= dict.fromkeys(counts, half)
        case "suffix":
            for request in chosen:
                request["text"] += step["value"]
        case "planned-again":
            planned = plan_of(convert(parts["basis"], Basis))
            node[last] = plain(planned)
            parts["header"]["plan_sha256"] = jsonio.digest(planned)
        case "another-challenge":
            kept = convert(parts["basis"]["challenge"]["stated"], Challenge)
            node[last] = challenged.bundle(msgspec.structs.replace(kept, **salted(step["value"])))
        case "another-commitment":
            made = convert(parts["basis"], Basis)
            signed = challenged.commitment(made, **step["value"])
            answered = jsonio.sha256_hex(envelope.parse(signed.encode()).payload)
            kept = convert(parts["basis"]["challenge"]["stated"], Challenge)
            stated = msgspec.structs.replace(kept, commitment=answered)
            parts["basis"]["challenge"] = {
                "stated": plain(stated),
                "bundle": challenged.bundle(stated),
                "commitment": signed,
            }
            parts["plan"]["challenge"] = plain(stated)
        case "devices-sign":
            parts["device_evidence"] = deviceauthority.signed(
                parts, factory.log(parts), fault=step["value"]
            )
        case "restamp":
            begun = dt.datetime.fromisoformat(parts["header"]["started_utc"])
            for at in step["lines"]:
                stamp = parts["stamps"][at]
                late = step.get("by", 0) + step.get("slower", 0) * stamp["stated"]["t"] / 1e9
                parts["stamps"][at] = stamped.restamped(stamp, begun, late)
        case "remembers":
            for request in chosen:
                replaced = parts["tasks"][request["task"]].get("origin", {}).get("replaced")
                request["text"] += f" {replaced[0]}" if replaced else ""
        case other if other in BENT:
            for request in chosen:
                BENT[other](request, step)
        case other:
            pytest.fail(f"unknown operation {other}")


BENT = controlled.OPS | prompted.OPS


def judge(parts: dict):
    evidence = factory.evidence(parts)
    checks = apply_rules(evidence, compute(evidence))
    return evidence, {check.rule: check for check in checks}


OWN = ("R038", "R039", "R073")
"""These hold the plan against what the suite ships, or make it again; the factory's small plan is not that, see `own_plan`."""


def english_alone(checks) -> list[str]:
    """Findings that say nothing in Chinese; a peak's own figures need no words."""
    return [
        f"{check.rule}: {check.why}"
        for check in checks.values()
        if not re.search("[\u4e00-\u9fff]", chinese(check.why)) and check.rule != "R060"
    ]


def others(checks) -> tuple:
    return tuple(check for check in checks.values() if check.rule not in OWN)


def attested() -> dict:
    """The plain run, with a device of a maker of ours that signed before and after it."""
    parts = factory.document()
    return parts | {"device_evidence": deviceauthority.signed(parts, factory.log(parts))}


BASES = {
    "attested": attested,
    "challenged": challenged.document,
    "changed-articles": functools.partial(challenged.document, stories=False),
    "controls": controlled.document,
    "elsewhere": elsewhere.document,
    "farmed": farmed.document,
    "grouped": grouped.document,
    "plain": factory.document,
    "prompts": prompted.document,
    "interval": loads.interval,
    "kept": shipped.kept,
    "lengths": loads.lengths,
    "lockstep": loads.lockstep,
    "many-tasks-search": manytasks.search,
    "many-tasks-sweep": manytasks.sweep,
    "multi-turn": loads.multi_turn,
    "not-run": loads.not_run,
    "referenced": referenced.document,
    "replay": loads.replay,
    "saturated": loads.saturated,
    "search": loads.search,
    "server": loads.flooded,
    "soak": loads.soak,
    "timed": loads.timed,
    "timed-search": loads.timed_search,
}
"""The sound runs that cases break; a case names its own, or takes the plain one."""


@functools.cache
def _own_plan() -> dict:
    return shipped.plan()


def own_plan() -> dict:
    """The plan of `make run` beside the plain run, for the rules that look at the plan alone."""
    return factory.document() | {"plan": copy.deepcopy(_own_plan())}


PLANS = {"own-plan": own_plan}
"""What is no sound run, and has a sound plan."""

EXPECTED = {
    "challenged": ("R031", "R036"),
    "changed-articles": ("R031", "R036"),
    "elsewhere": ("R030", "R033", "R034", "R035"),
    "kept": ("R036",),
    "referenced": ("R036",),
    "saturated": ("R046", "R048"),
}
"""What these runs are warned of; the others at most that they do not ask the closed question."""


NEVER = {
    "R036",
    "R051",
    "R052",
    "R058",
    "R059",
    "R060",
    "R061",
    "R062",
    "R063",
    "R064",
    "R066",
    "R067",
    "R079",
    "R139",
    "R090",
    "R091",
    "R092",
    "R093",
    "R094",
    "R095",
    "R096",
    "R108",
    "R117",
}
"""Rules that no sound run of these has an object for: inverted, they are noticed by other tests than the cases."""


@functools.cache
def sound_run(base: str):
    return judge((BASES | PLANS)[base]())


@pytest.fixture(scope="module")
def sound():
    return sound_run("plain")


@pytest.mark.parametrize("base", sorted(BASES.keys() - {"plain"}))
def test_every_sound_scenario_passes_every_rule(base):
    _, checks = sound_run(base)
    bad = [
        f"{check.rule}: {check.why}"
        for check in others(checks)
        if check.outcome not in (Outcome.PASS, Outcome.NOT_APPLICABLE)
        and check.rule not in EXPECTED.get(base, ("R032",))
    ]
    assert bad == []
    assert conformant(tuple(checks.values()))
    assert english_alone(checks) == []


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
    assert refused == {rule.number for rule in RULES}


def test_every_rule_passes_on_a_sound_run():
    """Else nothing would notice a rule that is turned round; see tests/mutation/rules.py."""
    passes = {
        number
        for base in BASES | PLANS
        for number, check in sound_run(base)[1].items()
        if check.outcome is Outcome.PASS
    }
    assert passes >= {rule.number for rule in RULES} - NEVER


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_case(case: Path):
    wanted = json.loads((case / "case.json").read_text())
    assert (case / "README.md").read_text().startswith(f"# {case.name}\n")
    assert case.name.endswith("_" + wanted["outcome"])
    base = wanted.get("base", "plain")
    parts = (BASES | PLANS)[base]()
    for step in wanted["patch"]:
        apply(parts, step)
    evidence, checks = judge(parts)
    found = checks[wanted["rule"]]
    assert found.outcome == wanted["outcome"], found.why
    # What passes lies just within a bound, where another bound would refuse it.
    if found.outcome is not Outcome.PASS:
        assert sound_run(base)[1][wanted["rule"]].outcome != found.outcome
    if "granted" in wanted:
        judged = (*others(checks), found)
        assert grant(evidence, judged).granted == wanted["granted"]
    if found.outcome is Outcome.FAIL:
        assert not conformant(tuple(checks.values()))
    assert english_alone(checks) == []


def test_an_interrupted_search_says_one_thing():
    """Undecided, missed and "does not follow" stood on one card."""
    case = json.loads(
        (TESTS / "cases" / "checks" / "R041_interrupted_fail" / "case.json").read_text()
    )
    parts = BASES["search"]()
    for step in case["patch"]:
        apply(parts, step)
    evidence, checks = judge(parts)
    why = checks["R041"].why
    assert "the search has no answer: search/0: interrupted after 6 decided probes" in why
    assert "does not follow" not in why
    (found,) = compute(evidence).phases["search"].details.searches
    assert [probe.met for probe in found.probes][-1] is None
    assert isinstance(found.rate, NotMeasured)
    assert "interrupted" in found.rate.why
