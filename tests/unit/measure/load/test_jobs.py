"""What is sent: exactly the plan's parameters, the plan's prompt, and nothing that the engine refuses."""

from __future__ import annotations

import hashlib
import json
from typing import Any, cast

import pytest

from suite.declare.plandoc import PhaseDoc, PlanDoc
from suite.declare.workload.prompt import CLOSED_V1
from suite.declare.workload.tasks import mini_set
from suite.measure.load.jobs import make_jobs

TASKS = mini_set(4)


def plan(decoding: dict[str, Any] | None = None, **request: Any) -> PlanDoc:
    document = {
        "engine": {
            "served_model_name": "mini",
            "request": {
                "api": "chat",
                "path": "/v1/chat/completions",
                "extra_body": {},
                "stream_options": {"include_usage": True},
                "token_ids": False,
                "omit": [],
                "done_marker": True,
                **request,
            },
        },
        "workload": {
            "prompt": CLOSED_V1.to_doc(),
            "max_input_tokens": 1_000,
            "decoding": {
                "max_new_tokens": 64,
                "min_new_tokens": 0,
                "temperature": 0.0,
                "top_p": 1.0,
                "seed": 0,
                "ignore_eos": False,
                "stop": [],
                **(decoding or {}),
            },
        },
    }
    return cast("PlanDoc", document)


def phase(tasks: int = 2, first: int = 0, arrivals: list[int] | None = None) -> PhaseDoc:
    return cast("PhaseDoc", {"tasks": tasks, "first_task": first, "arrivals_ns": arrivals})


def bodies(*arguments: Any) -> list[dict[str, Any]]:
    return [json.loads(job.body) for job in make_jobs(*arguments, TASKS, None)]


def test_a_chat_request_holds_the_plan_and_nothing_else():
    prompt = CLOSED_V1.render(TASKS.tasks[0].document)
    assert bodies(plan(), phase())[0] == {
        "model": "mini",
        "messages": [{"role": "user", "content": prompt}],
        "max_tokens": 64,
        "temperature": 0.0,
        "top_p": 1.0,
        "seed": 0,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_a_completion_request_holds_the_prompt_itself():
    body = bodies(plan(api="completions"), phase())[1]
    assert body["prompt"] == CLOSED_V1.render(TASKS.tasks[1].document)
    assert "messages" not in body


def test_optional_parameters_appear_when_the_plan_sets_them():
    decoding = {"min_new_tokens": 8, "ignore_eos": True, "stop": ["\n"]}
    body = bodies(plan(decoding, extra_body={"return_token_ids": True}), phase())[0]
    assert body["min_tokens"] == 8
    assert body["ignore_eos"] is True
    assert body["stop"] == ["\n"]
    assert body["return_token_ids"] is True


def test_what_the_server_refuses_is_left_out():
    decoding = {"min_new_tokens": 8, "ignore_eos": True}
    omit = ["ignore_eos", "min_tokens", "stream_options"]
    body = bodies(plan(decoding, omit=omit, stream_options=None), phase())[0]
    assert not set(omit) & set(body)


def test_tasks_begin_where_the_phase_says_and_go_round():
    jobs = make_jobs(plan(), phase(tasks=6, first=2), TASKS, None)
    ids = [task.id for task in TASKS.tasks]
    assert [job.task for job in jobs] == [ids[i] for i in (2, 3, 0, 1, 2, 3)]
    assert [job.index for job in jobs] == list(range(6))
    assert jobs[0].body == jobs[4].body


def test_prompts_are_digested_and_counted():
    class Words:
        """Counts words."""

        def prompt_tokens(self, prompts, api):
            assert api == "chat"
            return [len(prompt.split()) for prompt in prompts]

    job = make_jobs(plan(), phase(), TASKS, cast("Any", Words()))[0]
    prompt = CLOSED_V1.render(TASKS.tasks[0].document)
    assert job.prompt_sha256 == hashlib.sha256(prompt.encode()).hexdigest()
    assert job.own_prompt_tokens == len(prompt.split())
    assert not job.truncated


@pytest.mark.parametrize("arrivals", [None, [0, 5]])
def test_intended_times_are_those_of_the_plan(arrivals):
    jobs = make_jobs(plan(), phase(arrivals=arrivals), TASKS, None)
    assert [job.t_sched_ns for job in jobs] == (arrivals or [None, None])
