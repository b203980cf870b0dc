"""Serialises the requests of a phase before it starts."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from suite.base import jsonio
from suite.declare.workload.prompt import PromptTemplate
from suite.declare.workload.tokenizer import fit_prompts
from suite.measure.load.job import Job

if TYPE_CHECKING:
    from suite.declare.plandoc import PhaseDoc, PlanDoc
    from suite.declare.workload.tasks import TaskSet
    from suite.declare.workload.tokenizer import FittedPrompt, Tokenizer


def make_jobs(
    plan: PlanDoc,
    phase: PhaseDoc,
    tasks: TaskSet,
    tokenizer: Tokenizer | None,
    fitted: dict[int, FittedPrompt] | None = None,
) -> list[Job]:
    """The requests of a phase, in sending order.

    Args:
        plan: says how prompts are made and what is asked for.
        phase: says which tasks; request i takes task ``(first_task + i) % size``.
        tasks: the task set that the plan names.
        tokenizer: the model's, to count prompts and cut documents; None counts and cuts nothing.
        fitted: prompts of earlier phases by task number, added to; the prompts of one plan never change.

    Raises:
        DataError: as `suite.declare.workload.tokenizer.fit_prompts`.
    """
    workload = plan["workload"]
    request = plan["engine"]["request"]
    size = len(tasks.tasks)
    chosen = [(phase["first_task"] + i) % size for i in range(phase["tasks"])]
    by_number = {} if fitted is None else fitted
    unique = sorted(set(chosen) - by_number.keys())
    prompt = workload["prompt"]
    template = PromptTemplate(prompt["id"], prompt["template"], "the plan")
    new = fit_prompts(
        tokenizer,
        template,
        [tasks.tasks[number].document for number in unique],
        api=request["api"],
        max_input_tokens=workload["max_input_tokens"],
    )
    by_number.update(zip(unique, new, strict=True))
    arrivals = phase["arrivals_ns"]
    common = _common(plan)
    jobs = []
    for index, number in enumerate(chosen):
        one = by_number[number]
        jobs.append(
            Job(
                index=index,
                task=tasks.tasks[number].id,
                body=_body(plan, common, one.text),
                t_sched_ns=None if arrivals is None else arrivals[index],
                prompt_sha256=hashlib.sha256(one.text.encode("utf-8")).hexdigest(),
                truncated=one.truncated,
                own_prompt_tokens=one.tokens,
            )
        )
    return jobs


def _common(plan: PlanDoc) -> dict[str, object]:
    """What all requests of a plan share: the plan's parameters, then the engine's own members."""
    decoding, request = plan["workload"]["decoding"], plan["engine"]["request"]
    body: dict[str, object] = {
        "model": plan["engine"]["served_model_name"],
        "max_tokens": decoding["max_new_tokens"],
        "temperature": decoding["temperature"],
        "top_p": decoding["top_p"],
        "seed": decoding["seed"],
        "stream": True,
    }
    if decoding["stop"]:
        body["stop"] = decoding["stop"]
    if decoding["min_new_tokens"]:
        body["min_tokens"] = decoding["min_new_tokens"]
    if decoding["ignore_eos"]:
        body["ignore_eos"] = True
    if request["stream_options"] is not None:
        body["stream_options"] = request["stream_options"]
    body.update(request["extra_body"])
    return {name: value for name, value in body.items() if name not in request["omit"]}


def _body(plan: PlanDoc, common: dict[str, object], prompt: str) -> bytes:
    if plan["engine"]["request"]["api"] == "chat":
        return jsonio.canonical({**common, "messages": [{"role": "user", "content": prompt}]})
    return jsonio.canonical({**common, "prompt": prompt})
