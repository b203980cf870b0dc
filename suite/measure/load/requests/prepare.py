"""Serialises the requests of a phase before it starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.base.bilingual import Sentence
from suite.base.errors import DataError
from suite.declare.profiles import controls
from suite.declare.tasks.synthetic import (
    ExactPrompt,
    Words,
    exact_ids,
    exact_texts,
    prompt_key,
    synthetic_task,
)
from suite.documents.document import given
from suite.measure.load.requests.body import body, common_body, digest, fit, fit_tasks
from suite.measure.load.requests.conversation import make_conversations
from suite.measure.load.requests.job import Job, response_limit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.declare.tasks.taskset import TaskSet
    from suite.declare.tasks.tokenizer import FittedPrompt, Tokenizer
    from suite.documents.phase import Control, Lengths, Phase
    from suite.documents.plan import Plan

__all__ = ["make_conversations", "make_jobs"]


def make_jobs(
    plan: Plan,
    phase: Phase,
    tasks: TaskSet,
    tokenizer: Tokenizer | None,
    fitted: dict[int, FittedPrompt] | None = None,
    *,
    indexes: range | None = None,
    arrivals_ns: Sequence[int] | None = None,
) -> list[Job]:
    """The requests of a phase, in sending order.

    Args:
        plan: says how prompts are made and what is asked for.
        phase: says which tasks; request i takes task ``(first_task + i) % size``, or has a prompt of
            exact length that belongs to no task.
        tasks: the task set that the plan names.
        tokenizer: the model's, to count prompts and cut documents; None counts and cuts nothing.
        fitted: prompts of earlier phases by task number, added to; the prompts of one plan never change.
        indexes: only these requests, such as those of one probe; None is the whole phase.
        arrivals_ns: when each of them should be sent; None takes the phase's own times.

    Raises:
        DataError: as `suite.declare.tasks.tokenizer.fit_prompts`, or with exact lengths
            `suite.declare.tasks.synthetic.exact_texts` and ``tokenizer-missing``.
    """
    chosen = range(phase.tasks) if indexes is None else indexes
    times = _times(phase, chosen) if arrivals_ns is None else arrivals_ns
    lengths = given(phase.lengths)
    if lengths is not None:
        return _exact(plan, phase, lengths, tasks, tokenizer=tokenizer, chosen=chosen, times=times)
    size = len(tasks.tasks)
    hidden = controls.by_index(phase)
    numbers = [controls.number(phase, hidden, index, size) for index in chosen]
    by_number = {} if fitted is None else fitted
    fit_tasks(plan, tasks, tokenizer, by_number, numbers)
    prompts = {number: by_number[number] for number in set(numbers)}
    prompts |= _salted(plan, tasks, tokenizer, [hidden[i] for i in chosen if i in hidden])
    common = common_body(plan, most=given(phase.max_new_tokens))
    most = given(phase.max_new_tokens) or plan.workload.decoding.max_new_tokens
    # A long phase asks the same tasks again and again: one body each, not one each time.
    bodies = {number: body(plan, common, prompt.text) for number, prompt in prompts.items()}
    digests = {number: digest(prompt.text) for number, prompt in prompts.items()}
    jobs = []
    for position, (index, number) in enumerate(zip(chosen, numbers, strict=True)):
        name, key = _task_and_prompt(tasks, number, hidden.get(index))
        jobs.append(
            Job(
                index=index,
                task=name,
                body=bodies[key],
                t_sched_ns=None if times is None else times[position],
                prompt_sha256=digests[key],
                truncated=prompts[key].truncated,
                own_prompt_tokens=prompts[key].tokens,
                most_bytes=response_limit(bodies[key], most),
            )
        )
    return jobs


def _task_and_prompt(tasks: TaskSet, number: int, control: Control | None) -> tuple[str, int]:
    """The name of a request's task, and the number of its prompt."""
    name = tasks.tasks[number].id
    if control is None:
        return name, number
    return controls.task_name(name, control), -1 - control.index if control.salt else number


def _salted(
    plan: Plan, tasks: TaskSet, tokenizer: Tokenizer | None, hidden: Sequence[Control]
) -> dict[int, FittedPrompt]:
    """The prompts of controls with new words, under numbers that no task has, below 0 by their positions."""
    size = len(tasks.tasks)
    salted = [control for control in hidden if control.salt]
    texts = [
        controls.salted(tasks.tasks[control.task % size].document, control) for control in salted
    ]
    prompts = fit(plan, tokenizer, texts)
    return {-1 - control.index: prompt for control, prompt in zip(salted, prompts, strict=True)}


def _times(phase: Phase, chosen: range) -> list[int] | None:
    arrivals = phase.arrivals_ns
    return None if arrivals is None else [arrivals[index] for index in chosen]


def _exact(
    plan: Plan,
    phase: Phase,
    lengths: Lengths,
    tasks: TaskSet,
    *,
    tokenizer: Tokenizer | None,
    chosen: range,
    times: Sequence[int] | None,
) -> list[Job]:
    """The requests of a phase with exact lengths, each with a prompt of its own."""
    if tokenizer is None:
        message = Sentence(
            "prompts of exact length need the model's tokenizer.json",
            "长度精确的提示词需要模型的 tokenizer.json",
        )
        raise DataError("tokenizer-missing", message)
    request = plan.engine.request
    into, out = lengths.input_tokens, lengths.output_tokens
    sizes = [
        ExactPrompt(
            prompt_key(lengths.seed, phase.name, phase.repeat, index),
            into[index % len(into)],
        )
        for index in chosen
    ]
    words = Words.of(task.document for task in tasks.tasks)
    prompts: list[str | list[int]] = []
    if lengths.own is not UNSET:
        size = len(tasks.tasks)
        owners = [tasks.tasks[(phase.first_task + index) % size] for index in chosen]
        for prompt in fit(plan, None, [owner.document for owner in owners]):
            ids = tokenizer.prompt_ids(prompt.text, request.api) if request.prompt_ids else None
            prompts.append(prompt.text if ids is None else ids)
    elif request.prompt_ids:
        prompts += exact_ids(tokenizer, words, sizes)
    else:
        prompts += exact_texts(tokenizer, words, sizes, request.api)
    common = {count: common_body(plan, exactly=count) for count in sorted(set(out))}
    return [
        Job(
            index=index,
            task=synthetic_task(index),
            body=request_body,
            t_sched_ns=None if times is None else times[position],
            prompt_sha256=digest(prompt),
            own_prompt_tokens=sizes[position].tokens,
            most_bytes=response_limit(request_body, out[index % len(out)]),
        )
        for position, (index, prompt) in enumerate(zip(chosen, prompts, strict=True))
        for request_body in (body(plan, common[out[index % len(out)]], prompt),)
    ]
