"""Rules that decide the division, and the granting itself: a division is checked, not claimed.

A rule here ends as `WARN` when the run lacks what a stricter division asks for; the run then falls to the
division that the rule still allows, and that is not a failure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from suite.base.status import Outcome
from suite.declare.tasks.reference import known_weights
from suite.judge.checks import origin
from suite.judge.checks.rule import DIVISIONS, Division, Finding, Rule, failed, passed, warned
from suite.judge.metrics.compute import questions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.evidence import Evidence
    from suite.judge.checks.result import CheckResult
    from suite.judge.metrics.compute import Results

CLOSED_PROMPT = "closed-v1"
CLOSED_MIN_NEW_TOKENS = 64
OTHER_QUESTIONS = {"synthetic": "synthetic prompts", "history": "with a history"}
"""What is not the closed question; nothing holds such answers to the reference run's."""


def in_container(evidence: Evidence, _: Results) -> Finding:
    """R030: closed needs a container whose image digest is known."""
    runtime = evidence.plan["runtime"]
    if runtime != "container":
        note = evidence.plan["runtime_note"]
        return warned(
            f"runtime: {runtime}; closed needs a container" + (f" ({note})" if note else "")
        )
    facts = evidence.environment["facts"]
    digest = facts.get("image.digest") if isinstance(facts, dict) else None
    if not isinstance(digest, dict) or not str(digest.get("value", "")).startswith("sha256:"):
        return warned("the digest of the image that ran is unknown; closed needs it")
    image = evidence.plan["engine"]["image"]
    if image is None or (image["source"] != "build" and image["digest"] is None):
        return warned("the image is named by a tag that can move; closed needs name@sha256:…")
    return passed(f"container, image {digest['value']}")


def locked_tasks(evidence: Evidence, _: Results) -> Finding:
    """R031: closed and optimised need a locked task set."""
    tasks = evidence.plan["workload"]["taskset"]
    if not tasks["locked"]:
        return warned(
            f"task set: {tasks['name']} ({tasks['size']} tasks), not one of the locked sets"
        )
    return passed(f"task set: {tasks['name']}, locked")


def fixed_prompt(evidence: Evidence, _: Results) -> Finding:
    """R032: closed needs its own prompt, greedy decoding and at least 64 new tokens."""
    workload = evidence.plan["workload"]
    decoding = workload["decoding"]
    wrong = []
    if workload["prompt"]["id"] != CLOSED_PROMPT:
        wrong.append(f"prompt {workload['prompt']['id']}")
    if decoding["temperature"] != 0 or decoding["ignore_eos"] or decoding["stop"]:
        wrong.append("decoding is not plain greedy")
    if decoding["max_new_tokens"] < CLOSED_MIN_NEW_TOKENS:
        wrong.append(
            f"{decoding['max_new_tokens']} new tokens, at least {CLOSED_MIN_NEW_TOKENS} asked"
        )
    wrong += [
        f"{doc['name']} asks {OTHER_QUESTIONS[other]}"
        for doc in workload["phases"]
        if doc["measured"] and not doc["repeat"] and (other := questions(doc)) != "tasks"
    ]
    if wrong:
        return warned(f"not the closed question: {'; '.join(wrong[:3])}", wrong)
    return passed("the closed prompt, greedy, at least 64 new tokens")


def plain_engine(evidence: Evidence, _: Results) -> Finding:
    """R033: closed forbids reuse across requests, quantisation and speculative decoding."""
    engine = evidence.plan["engine"]
    used = []
    if engine["prefix_caching"]:
        used.append("prefix cache")
    if engine["quantisation"]:
        used.append(f"quantisation {engine['quantisation']}")
    if engine["speculative_decoding"]:
        used.append("speculative decoding")
    if used:
        return warned(f"uses {', '.join(used)}: optimised, not closed", used)
    return passed("no prefix cache, no quantisation, no speculative decoding")


def pinned_model(evidence: Evidence, _: Results) -> Finding:
    """R034: the model's files are pinned by digest, and tokenizer and chat template with them."""
    model = evidence.plan["model"]
    if evidence.plan["runtime"] == "endpoint":
        return warned("a running server was measured: which weights it holds cannot be seen")
    if model["tokenizer_sha256"] is None:
        return warned("the model has no tokenizer.json: the suite cannot count its tokens")
    if model["revision"] is None and not known_weights(model["files"]):
        return warned("a directory without a revision, and no reference run knows its weights")
    pinned = model["revision"] or model["sha256"][:12]
    return passed(f"model {pinned}, {len(model['files'])} files by digest")


def real_hardware(evidence: Evidence, _: Results) -> Finding:
    """R035: a simulated server or an emulated vendor measures the suite, not hardware."""
    plan = evidence.plan
    if plan["runtime"] == "sim":
        return warned("the answers come from a simulated server; nothing here is about hardware")
    if plan["vendor"]["emulated"]:
        return warned(
            "the vendor's commands were answered by an emulated image, not by its hardware"
        )
    return passed("no emulation declared")


def telemetry_named(evidence: Evidence, _: Results) -> Finding:
    """R036: declared telemetry was read."""
    declared = {tool["tool"] for tool in evidence.plan["telemetry"]}
    read = {sample["tool"] for sample in evidence.telemetry}
    missing = sorted(declared - read)
    if missing:
        return warned(f"declared but gave no sample: {', '.join(missing)}", missing)
    if not declared:
        return Finding(Outcome.NOT_APPLICABLE, "no telemetry is declared")
    return passed(f"samples from {', '.join(sorted(read))}")


def dtype_known(evidence: Evidence, _: Results) -> Finding:
    """R037: the executed precision is the requested one, or the difference is declared."""
    dtype = evidence.plan["engine"]["dtype"]
    if dtype["requested"] in (dtype["executed"], "auto"):
        return passed(f"executed as {dtype['executed']}")
    if dtype["note"]:
        return warned(
            f"requested {dtype['requested']}, executed {dtype['executed']}: {dtype['note']}"
        )
    return failed(f"requested {dtype['requested']}, executed {dtype['executed']}, without a reason")


RULES = (
    Rule(
        "R030",
        "Runs in a container of known digest",
        "在已知摘要的容器中运行",
        in_container,
        "open",
    ),
    Rule("R031", "Uses a locked task set", "使用锁定的任务集", locked_tasks, "open"),
    Rule("R032", "Asks the closed question", "使用封闭赛道的提示与解码", fixed_prompt, "open"),
    Rule(
        "R033", "Reuses nothing across requests", "请求间无复用、无量化", plain_engine, "optimised"
    ),
    Rule("R034", "Pins the model by digest", "模型以摘要固定", pinned_model, "open"),
    Rule("R035", "Measures real hardware", "测量真实硬件", real_hardware, "open"),
    Rule("R036", "Telemetry was read", "已读取遥测", telemetry_named),
    Rule("R037", "Executed precision is declared", "已声明执行精度", dtype_known),
)


@dataclass(frozen=True, slots=True)
class Grant:
    """Which division was asked for, which is granted, and what stands in the way of a stricter one."""

    requested: Division
    granted: Division
    reasons: tuple[str, ...]


def grant(evidence: Evidence, checks: Sequence[CheckResult]) -> Grant:
    """Grant the strictest division that every finding still allows, but none stricter than requested."""
    requested = evidence.plan["workload"]["division"]
    limits = {rule.number: rule.limits for rule in (*RULES, *origin.RULES)}
    rank = DIVISIONS.index(requested)
    reasons = []
    for check in checks:
        limit = limits.get(check.rule)
        if limit is None or check.outcome is not Outcome.WARN:
            continue
        reasons.append(f"{check.rule}: {check.why}")
        rank = max(rank, DIVISIONS.index(limit))
    return Grant(requested, DIVISIONS[rank], tuple(reasons))
