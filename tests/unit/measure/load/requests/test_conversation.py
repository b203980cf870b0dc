"""Conversations: each turn carries the engine's own answers, and the oldest turns go when it grows too long."""

from __future__ import annotations

import hashlib
import json
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from suite.declare.tasks.prompt import CLOSED_V1
from suite.declare.tasks.reference import MINI_MODEL
from suite.declare.tasks.taskset import mini_set
from suite.declare.tasks.tokenizer import Tokenizer
from suite.documents.phase import Phase, Session
from suite.documents.plan import Plan
from suite.measure.load import synthetic
from suite.measure.load.requests.prepare import make_conversations
from tests.unit.measure.load.requests.test_prepare import plan

TASKS = mini_set(8)
MINI = Tokenizer.from_directory(MINI_MODEL)
PROMPTS = [CLOSED_V1.render(task.document) for task in TASKS.tasks]


def phase(tasks: int = 6, turns: int = 3, first: int = 0) -> Phase:
    session = Session(turns=turns, think_ms=0)
    return replace(synthetic.phase("p", tasks, 1, 1.0), first_task=first, session=session)


def limited(tokens: int, **request: Any) -> Plan:
    made = plan(**request)
    made.workload.max_input_tokens = tokens
    return made


def answer(text: str, outcome: str = "ok") -> Any:
    return SimpleNamespace(outcome=outcome, text=text)


def messages(job: Any) -> list[dict[str, str]]:
    return json.loads(job.body)["messages"]


def test_sessions_are_cut_from_the_tasks_in_order():
    sessions = make_conversations(plan(), phase(first=5), TASKS, MINI)
    firsts = [session.first() for session in sessions]
    assert [job.index for job in firsts] == [0, 3]
    assert [job.task for job in firsts] == [TASKS.tasks[5].id, TASKS.tasks[0].id]
    assert messages(firsts[0]) == [{"role": "user", "content": PROMPTS[5]}]


def test_a_turn_carries_prompts_and_answers_of_all_before():
    (session,) = make_conversations(limited(4000), phase(3), TASKS, MINI)
    session.first()
    session.after(answer("One."))
    job = session.after(answer("Two."))
    assert messages(job) == [
        {"role": "user", "content": PROMPTS[0]},
        {"role": "assistant", "content": "One."},
        {"role": "user", "content": PROMPTS[1]},
        {"role": "assistant", "content": "Two."},
        {"role": "user", "content": PROMPTS[2]},
    ]
    assert (job.index, job.task, job.t_sched_ns) == (2, TASKS.tasks[2].id, None)
    assert session.after(answer("Three.")) is None


def test_the_digest_is_of_the_turns_own_prompt_and_the_count_of_all():
    (session,) = make_conversations(plan(), phase(3), TASKS, MINI)
    first = session.first()
    job = session.after(answer("A fire."))
    assert job.prompt_sha256 == hashlib.sha256(PROMPTS[1].encode()).hexdigest()
    assert job.own_prompt_tokens == MINI.chat_tokens(messages(job))
    assert job.own_prompt_tokens > first.own_prompt_tokens + 3
    assert not job.truncated


@pytest.mark.parametrize("outcome", ["timeout", "cancelled", "http-5xx"])
def test_a_failed_turn_ends_its_session(outcome):
    (session,) = make_conversations(plan(), phase(3), TASKS, MINI)
    session.first()
    assert session.after(answer("half", outcome)) is None


def test_the_oldest_turns_go_when_the_conversation_is_too_long():
    limit = 3 + sum(MINI.count(PROMPTS[i]) for i in (0, 1)) + 40
    (session,) = make_conversations(limited(limit), phase(4, turns=4), TASKS, MINI)
    session.first()
    second = session.after(answer("One."))
    assert not second.truncated
    third = session.after(answer("Two."))
    assert third.truncated
    assert messages(third)[0]["content"] == PROMPTS[1]
    assert third.own_prompt_tokens == MINI.chat_tokens(messages(third)) <= limit
    fourth = session.after(answer("Three."))
    assert PROMPTS[0] not in [message["content"] for message in messages(fourth)]


def test_without_room_for_any_history_a_turn_stands_alone():
    (session,) = make_conversations(limited(60), phase(3), TASKS, MINI)
    session.first()
    job = session.after(answer("word " * 50))
    (message,) = messages(job)
    assert job.truncated
    assert job.own_prompt_tokens == MINI.prompt_tokens([message["content"]], "chat")[0] <= 60


def test_without_a_chat_api_a_conversation_is_plain_text():
    (session,) = make_conversations(plan(api="completions"), phase(3), TASKS, MINI)
    session.first()
    job = session.after(answer(" One."))
    prompt = json.loads(job.body)["prompt"]
    assert prompt == f"{PROMPTS[0]} One.\n\n{PROMPTS[1]}"
    assert job.own_prompt_tokens == MINI.count(prompt, special=True)


def test_without_a_tokenizer_nothing_is_counted_or_dropped():
    (session,) = make_conversations(limited(10), phase(3), TASKS, None)
    session.first()
    job = session.after(answer("One."))
    assert len(messages(job)) == 3
    assert (job.own_prompt_tokens, job.truncated) == (None, False)


def test_prompts_are_fitted_once_for_all_phases():
    fitted: dict[int, Any] = {}
    make_conversations(plan(), phase(), TASKS, MINI, fitted)
    assert sorted(fitted) == list(range(6))
