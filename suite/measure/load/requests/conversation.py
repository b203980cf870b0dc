"""Conversations: each turn's request carries the turns before it, with the engine's own answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.measure.load.requests.body import body, chat_body, common_body, digest, fit_tasks
from suite.measure.load.requests.job import Job, response_limit

if TYPE_CHECKING:
    from suite.declare.tasks.chat_template import Message
    from suite.declare.tasks.taskset import TaskSet
    from suite.declare.tasks.tokenizer import FittedPrompt, Tokenizer
    from suite.documents.event import Request
    from suite.documents.phase import Phase
    from suite.documents.plan import Plan


@dataclass(slots=True)
class TaskConversation:
    """One session: the turns are tasks of the set, the answers are the engine's.

    Attributes:
        plan: says how requests are made.
        tokenizer: the model's, to count conversations; None counts nothing and drops nothing.
        turns: of the session, each with request index, task id and prompt.
        common: what all requests share.
        history: user prompts and answers so far, oldest first.
    """

    plan: Plan
    tokenizer: Tokenizer | None
    turns: list[tuple[int, str, FittedPrompt]]
    common: dict[str, object]
    history: list[tuple[str, str]] = field(default_factory=list)
    _asked: int = 0

    def first(self) -> Job:
        """The request of the first turn."""
        return self._job()

    def after(self, event: Request) -> Job | None:
        """The request after a turn has ended; None when that was the last one, or failed.

        Args:
            event: of the turn that was asked last.
        """
        _, _, prompt = self.turns[self._asked]
        self._asked += 1
        if event.outcome != "ok" or self._asked == len(self.turns):
            return None
        self.history.append((prompt.text, event.text))
        return self._job()

    def _job(self) -> Job:
        index, task, prompt = self.turns[self._asked]
        tokens = self._tokens(prompt)
        limit = self.plan.workload.max_input_tokens
        truncated = prompt.truncated
        while tokens is not None and tokens > limit and self.history:
            del self.history[0]  # it stays out of all later turns too
            truncated = True
            tokens = self._tokens(prompt)
        body = self._body(prompt.text)
        return Job(
            index=index,
            task=task,
            body=body,
            t_sched_ns=None,
            prompt_sha256=digest(prompt.text),
            truncated=truncated,
            own_prompt_tokens=tokens,
            most_bytes=response_limit(body, self.plan.workload.decoding.max_new_tokens),
        )

    def _chat(self) -> bool:
        return self.plan.engine.request.api == "chat"

    def _tokens(self, prompt: FittedPrompt) -> int | None:
        if self.tokenizer is None:
            return None
        if not self.history:
            return prompt.tokens
        if self._chat():
            return self.tokenizer.chat_tokens(self._messages(prompt.text))
        return self.tokenizer.count(self._text(prompt.text), special=True)

    def _body(self, prompt: str) -> bytes:
        if self._chat():
            return chat_body(self.common, self._messages(prompt))
        return body(self.plan, self.common, self._text(prompt))

    def _messages(self, prompt: str) -> list[Message]:
        messages: list[Message] = []
        for question, answered in self.history:
            messages.append({"role": "user", "content": question})
            messages.append({"role": "assistant", "content": answered})
        messages.append({"role": "user", "content": prompt})
        return messages

    def _text(self, prompt: str) -> str:
        """Without a chat template a conversation is its prompts and answers with blank lines between turns."""
        earlier = "".join(f"{question}{answered}\n\n" for question, answered in self.history)
        return earlier + prompt


def make_conversations(
    plan: Plan,
    phase: Phase,
    tasks: TaskSet,
    tokenizer: Tokenizer | None,
    fitted: dict[int, FittedPrompt] | None = None,
) -> list[TaskConversation]:
    """The sessions of a multi-turn phase, in the order in which they begin.

    Request i is turn ``i % turns`` of session ``i // turns`` and takes task ``(first_task + i) % size``.

    Args:
        plan: says how prompts are made and what is asked for.
        phase: with ``session``.
        tasks: the task set that the plan names.
        tokenizer: the model's, to count conversations; None counts and drops nothing.
        fitted: prompts of earlier phases by task number, added to.

    Raises:
        DataError: as `suite.declare.tasks.tokenizer.fit_prompts`.
    """
    assert phase.session is not UNSET, "only phases with sessions converse"
    turns = phase.session.turns
    size = len(tasks.tasks)
    numbers = [(phase.first_task + index) % size for index in range(phase.tasks)]
    by_number = {} if fitted is None else fitted
    fit_tasks(plan, tasks, tokenizer, by_number, numbers)
    common = common_body(plan)
    questions = [
        (index, tasks.tasks[number].id, by_number[number]) for index, number in enumerate(numbers)
    ]
    return [
        TaskConversation(plan, tokenizer, questions[start : start + turns], common)
        for start in range(0, len(questions), turns)
    ]
