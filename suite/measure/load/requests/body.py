"""A request's body, and the prompts of tasks: what every kind of phase shares."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from suite.base import jsonio
from suite.declare.tasks.prompt import PromptTemplate
from suite.declare.tasks.tokenizer import fit_prompts
from suite.documents.document import given

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from suite.declare.tasks.chat_template import Message
    from suite.declare.tasks.taskset import TaskSet
    from suite.declare.tasks.tokenizer import FittedPrompt, Tokenizer
    from suite.documents.plan import Plan


def fit_tasks(
    plan: Plan,
    tasks: TaskSet,
    tokenizer: Tokenizer | None,
    fitted: dict[int, FittedPrompt],
    numbers: Iterable[int],
) -> None:
    """Add the prompts of tasks that are not there yet.

    Args:
        plan: says how prompts are made.
        tasks: the task set that the plan names.
        tokenizer: the model's, or None.
        fitted: prompts by task number, added to.
        numbers: of the tasks that are needed.

    Raises:
        DataError: as `suite.declare.tasks.tokenizer.fit_prompts`.
    """
    missing = sorted(set(numbers) - fitted.keys())
    new = fit(plan, tokenizer, [tasks.tasks[number].document for number in missing])
    fitted.update(zip(missing, new, strict=True))


def fit(plan: Plan, tokenizer: Tokenizer | None, documents: Sequence[str]) -> list[FittedPrompt]:
    """The prompts of some documents.

    Raises:
        DataError: as `suite.declare.tasks.tokenizer.fit_prompts`.
    """
    prompt = plan.workload.prompt
    return fit_prompts(
        tokenizer,
        PromptTemplate(prompt.id, prompt.template, "the plan"),
        documents,
        api=plan.engine.request.api,
        max_input_tokens=plan.workload.max_input_tokens,
    )


def common_body(
    plan: Plan, *, exactly: int | None = None, most: int | None = None
) -> dict[str, object]:
    """What requests share: the plan's parameters, then the engine's own members.

    Args:
        plan: the plan.
        exactly: answers shall have exactly so many tokens; None is what the plan's decoding says.
        most: answers shall have at most so many tokens; None is the same.
    """
    decoding, request = plan.workload.decoding, plan.engine.request
    limit = decoding.max_new_tokens if most is None else most
    least = min(decoding.min_new_tokens, limit) if exactly is None else exactly
    members: dict[str, object] = {
        "model": plan.engine.served_model_name,
        "max_tokens": limit if exactly is None else exactly,
        "temperature": decoding.temperature,
        "top_p": decoding.top_p,
        "seed": decoding.seed,
        "stream": True,
    }
    if decoding.stop:
        members["stop"] = decoding.stop
    if least:
        members["min_tokens"] = least
    if decoding.ignore_eos or exactly is not None:
        members["ignore_eos"] = True
    if request.stream_options is not None:
        members["stream_options"] = request.stream_options
    members.update(request.extra_body)
    if exactly is not None:
        members.update(given(request.exact_body, {}))
    return {name: value for name, value in members.items() if name not in request.omit}


def body(plan: Plan, common: dict[str, object], prompt: str | list[int]) -> bytes:
    """A request's body, JSON, for one prompt as text or, with the completions API, as token ids."""
    if plan.engine.request.api == "chat":
        return jsonio.canonical({**common, "messages": [{"role": "user", "content": prompt}]})
    return jsonio.canonical({**common, "prompt": prompt})


def chat_body(common: dict[str, object], messages: list[Message]) -> bytes:
    """A request's body, JSON, for a conversation."""
    return jsonio.canonical({**common, "messages": messages})


def digest(prompt: str | list[int]) -> str:
    """SHA-256 of a prompt in UTF-8; of token ids written in decimal with a comma between them."""
    text = prompt if isinstance(prompt, str) else ",".join(map(str, prompt))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
