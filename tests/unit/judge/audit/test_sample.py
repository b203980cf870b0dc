"""Which answers an audit takes, and in which tokens: from the mini model's recorded answers, as a log holds them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from msgspec.structs import replace as changed

from suite.base import jsonio
from suite.base.errors import EvidenceError
from suite.declare.tasks.mini import mini_tasks
from suite.declare.tasks.prompt import CLOSED_V1
from suite.declare.tasks.reference import MINI_MODEL
from suite.declare.tasks.tokenizer import Tokenizer
from suite.documents.taskline import TaskLine
from suite.judge.audit.sample import choose, end_tokens, judged
from suite.judge.audit.verdict import Token
from tests.factories import evidence as factory

TASKS = {task.id: task for task in mini_tasks()[:40]}
DOCUMENTS = {name: task.document for name, task in TASKS.items()}
GOLDEN = [json.loads(line) for line in (MINI_MODEL / "golden.jsonl").read_text().splitlines()[:40]]
ENDS = (2,)


@pytest.fixture(scope="module")
def tokenizer():
    return Tokenizer.from_directory(MINI_MODEL)


def recorded(*, ids: bool = True, **changes):
    """A run that asked forty tasks of the mini set in two phases."""
    run = factory.evidence()
    pattern = next(request for request in run.requests if request.measured)
    requests = []
    for number, line in enumerate(GOLDEN):
        prompt = CLOSED_V1.render(DOCUMENTS[line["id"]])
        member = {
            "phase": ("offline", "server")[number % 2],
            "index": number,
            "task": line["id"],
            "text": line["text"],
            "token_ids": tuple(line["token_ids"][:-1]) if ids else None,
            "finish_reason": "stop",
            "prompt_sha256": jsonio.sha256_hex(prompt.encode()),
        }
        requests.append(changed(pattern, **member | changes))
    plan = run.plan
    prompt = changed(plan.workload.prompt, template=CLOSED_V1.template, id=CLOSED_V1.id)
    workload = changed(plan.workload, prompt=prompt)
    lines = {
        name: TaskLine(
            id=name,
            record_sha256=task.sha256,
            document_sha256=jsonio.sha256_hex(task.document.encode()),
            document_words=3,
            lead="",
            reference=task.summary,
        )
        for name, task in TASKS.items()
    }
    plan = changed(plan, workload=workload)
    return replace(run, plan=plan, requests=tuple(requests), tasks=lines)


def chosen(run, tokenizer, **given):
    return choose(run, tokenizer, DOCUMENTS, ends=ENDS, **{"seed": 1} | given)


def test_prompt_and_answer_are_the_tokens_that_the_model_saw(tokenizer):
    golden = {line["id"]: tuple(line["token_ids"]) for line in GOLDEN}
    answers = chosen(recorded(), tokenizer)
    assert {answer.request.task: answer.output for answer in answers} == golden
    for answer in answers:
        assert answer.prompt[0] == 1
        assert DOCUMENTS[answer.request.task] in tokenizer.decode(answer.prompt)


def test_text_gives_the_same_tokens_where_the_engine_names_none(tokenizer):
    by_ids = {item.request.task: item.output for item in chosen(recorded(), tokenizer)}
    # The recorded texts lack the blank that their first token holds.
    by_text = chosen(recorded(ids=False), tokenizer, lead=" ")
    same = sum(by_ids[answer.request.task] == answer.output for answer in by_text)
    assert {answer.source for answer in by_text} == {"text"}
    assert same >= 0.9 * len(by_text)


def test_no_more_tokens_than_were_asked_for_from_every_phase(tokenizer):
    answers = chosen(recorded(), tokenizer, tokens=100)
    assert sum(len(answer.output) for answer in answers) == 100
    assert {answer.request.phase for answer in answers} == {"offline", "server"}


def test_the_seed_chooses(tokenizer):
    def names(seed):
        return [
            answer.request.task for answer in chosen(recorded(), tokenizer, seed=seed, tokens=100)
        ]

    assert names(1) == names(1) != names(2)


def test_a_cut_answer_has_no_end_token(tokenizer):
    answers = chosen(recorded(finish_reason="length"), tokenizer)
    assert all(answer.output[-1] not in ENDS for answer in answers)


def test_what_comes_after_the_end_token_is_left_out(tokenizer):
    padded = (315, 17, 2, 2, 2, 99)
    assert {item.output for item in chosen(recorded(token_ids=padded), tokenizer)} == {(315, 17, 2)}


@pytest.mark.parametrize(
    "changes",
    [{"prompt_sha256": "0" * 64}, {"outcome": "timeout"}, {"measured": False}],
    ids=["other words", "failed", "warm-up"],
)
def test_answers_that_cannot_be_said_again_are_none(tokenizer, changes):
    with pytest.raises(EvidenceError) as refused:
        chosen(recorded(**changes), tokenizer)
    assert refused.value.code == "audit-impossible"


def test_a_sampled_run_is_refused(tokenizer):
    run = recorded()
    decoding = changed(run.plan.workload.decoding, temperature=0.7)
    workload = changed(run.plan.workload, decoding=decoding)
    run = replace(run, plan=changed(run.plan, workload=workload))
    with pytest.raises(EvidenceError) as refused:
        chosen(run, tokenizer)
    assert refused.value.code == "audit-impossible"


def test_words_parted_otherwise_are_no_divergence_where_ids_come_from_text(tokenizer):
    whole, part = tokenizer.continuation(" Summary"), tokenizer.continuation(" Sum")[:1]
    answer = next(item for item in chosen(recorded(ids=False), tokenizer))
    answer = replace(answer, output=(part[0], 315, 315))
    tokens = [Token(1, 0.0, 1.0, 0.0, 0), Token(2, 4.0, 4.0, 0.0, 0), Token(1, 0.0, 1.0, 0.0, 0)]
    assert len(judged(answer, tokens, [part[0], whole[0], 315], tokenizer)) == 3
    tokens = [Token(2, 4.0, 4.0, 0.0, 0), *tokens[1:]]
    assert judged(answer, tokens, [part[0], 315, 315], tokenizer) == []
    by_ids = replace(answer, source="ids")
    assert len(judged(by_ids, tokens, [part[0], 315, 315], tokenizer)) == 3


def test_the_end_tokens_are_the_configuration_s():
    assert end_tokens(MINI_MODEL) == ENDS
