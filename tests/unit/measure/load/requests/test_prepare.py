"""What is sent: exactly the plan's parameters, the plan's prompt, and nothing that the engine refuses."""

from __future__ import annotations

import hashlib
import json
from types import SimpleNamespace
from typing import Any, cast

import pytest
from msgspec.structs import replace

from suite.base.errors import DataError
from suite.declare.tasks.prompt import CLOSED_V1
from suite.declare.tasks.reference import MINI_MODEL
from suite.declare.tasks.taskset import mini_set
from suite.declare.tasks.tokenizer import Tokenizer
from suite.documents.phase import Lengths, Phase
from suite.documents.plan import Plan
from suite.measure.load import synthetic
from suite.measure.load.requests.prepare import make_jobs
from suite.measure.load.synthetic import REQUEST

TASKS = mini_set(4)
MINI = Tokenizer.from_directory(MINI_MODEL)


def plan(decoding: dict[str, Any] | None = None, **request: Any) -> Plan:
    """What requests are made from of a plan."""
    settings = {"max_new_tokens": 64, "min_new_tokens": 0, "temperature": 0.0, "top_p": 1.0}
    settings |= {"seed": 0, "ignore_eos": False, "stop": (), **(decoding or {})}
    workload = SimpleNamespace(
        prompt=CLOSED_V1.to_doc(),
        max_input_tokens=1_000,
        decoding=SimpleNamespace(**settings),
    )
    engine = SimpleNamespace(served_model_name="mini", request=replace(REQUEST, **request))
    return cast("Plan", SimpleNamespace(engine=engine, workload=workload))


def phase(tasks: int = 2, first: int = 0, arrivals: list[int] | None = None) -> Phase:
    arrivals_ns = None if arrivals is None else tuple(arrivals)
    made = synthetic.phase("p", tasks, None, 1.0)
    return replace(made, first_task=first, arrivals_ns=arrivals_ns)


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


def exact(input_tokens, output_tokens, *, tasks=3, arrivals=None, repeat=0, name="lengths"):
    lengths = Lengths(input_tokens=tuple(input_tokens), output_tokens=tuple(output_tokens), seed=1)
    made = synthetic.phase(name, tasks, None, 1.0)
    return replace(made, repeat=repeat, arrivals_ns=arrivals, lengths=lengths)


def test_exact_lengths_are_asked_for_exactly():
    jobs = make_jobs(plan(), exact([40, 60], [8, 16, 24], tasks=6), TASKS, MINI)
    for index, job in enumerate(jobs):
        body = json.loads(job.body)
        (message,) = body["messages"]
        into, out = (40, 60)[index % 2], (8, 16, 24)[index % 3]
        assert MINI.prompt_tokens([message["content"]], "chat") == [into] == [job.own_prompt_tokens]
        assert (body["max_tokens"], body["min_tokens"], body["ignore_eos"]) == (out, out, True)
        assert job.prompt_sha256 == hashlib.sha256(message["content"].encode()).hexdigest()
        assert (job.index, job.task, job.truncated) == (index, f"synthetic-{index}", False)
    assert len({job.prompt_sha256 for job in jobs}) == 6


def test_what_the_server_refuses_is_left_out_of_exact_requests_too():
    omitting = plan(omit=["ignore_eos", "min_tokens"])
    body = json.loads(make_jobs(omitting, exact([40], [8]), TASKS, MINI)[0].body)
    assert not {"ignore_eos", "min_tokens"} & set(body)
    assert body["max_tokens"] == 8


def test_an_engines_own_members_for_exact_lengths_go_into_those_requests_alone():
    own = plan(exact_body={"skip_special_tokens": False})
    body = json.loads(make_jobs(own, exact([40], [8]), TASKS, MINI)[0].body)
    assert body["skip_special_tokens"] is False
    assert "skip_special_tokens" not in bodies(own, phase())[0]


def test_exact_prompts_are_token_ids_where_the_plan_says_so():
    ids = plan(api="completions", prompt_ids=True)
    jobs = make_jobs(ids, exact([1, 33], [8]), TASKS, MINI)
    prompts = [json.loads(job.body)["prompt"] for job in jobs]
    assert [len(prompt) for prompt in prompts] == [1, 33, 1]
    assert all(isinstance(item, int) for prompt in prompts for item in prompt)
    assert jobs[1].prompt_sha256 == hashlib.sha256(",".join(map(str, prompts[1])).encode()).hexdigest()  # fmt: skip
    texts = make_jobs(plan(api="completions"), exact([1, 33], [8]), TASKS, MINI)
    prompts = [json.loads(job.body)["prompt"] for job in texts]
    assert MINI.prompt_tokens(prompts, "completions") == [1, 33, 1]


def test_tasks_stay_text_where_only_exact_prompts_are_ids():
    body = bodies(plan(api="completions", prompt_ids=True), phase())[0]
    assert body["prompt"] == CLOSED_V1.render(TASKS.tasks[0].document)


def test_exact_lengths_need_a_tokenizer():
    with pytest.raises(DataError) as caught:
        make_jobs(plan(), exact([40], [8]), TASKS, None)
    assert caught.value.code == "tokenizer-missing"


def test_phases_and_repeats_share_no_prompt():
    digests = [
        job.prompt_sha256
        for changes in ({}, {"repeat": 1}, {"name": "lengths-warmup"})
        for job in make_jobs(plan(), exact([40], [8], **changes), TASKS, MINI)
    ]
    assert len(set(digests)) == 9


@pytest.mark.parametrize("lengths", [None, [40]])
def test_a_probe_is_a_range_of_the_phase(lengths):
    whole = exact(lengths, [8], tasks=12) if lengths else phase(tasks=12, first=1)
    everything = make_jobs(plan(), whole, TASKS, MINI)
    times = [7, 8, 9]
    probe = make_jobs(plan(), whole, TASKS, MINI, indexes=range(6, 9), arrivals_ns=times)
    assert [job.index for job in probe] == [6, 7, 8]
    assert [job.t_sched_ns for job in probe] == times
    assert [(job.body, job.task) for job in probe] == [
        (job.body, job.task) for job in everything[6:9]
    ]
    late = make_jobs(plan(), replace(whole, arrivals_ns=tuple(range(12))), TASKS, MINI, indexes=range(6, 9))  # fmt: skip
    assert [job.t_sched_ns for job in late] == [6, 7, 8]


def test_the_same_task_is_one_body_however_often_it_is_asked():
    jobs = make_jobs(plan(), phase(tasks=400), TASKS, None)
    assert len({id(job.body) for job in jobs}) == 4
