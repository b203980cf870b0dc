"""Data sets of other benchmarks: ShareGPT and JSON Lines, with answers as long as their own."""

import json

import pytest
from msgspec import UNSET

from suite.base.errors import DataError
from suite.declare.profiles.expand import expand_phases
from suite.declare.profiles.load import load_profile
from suite.declare.tasks.datalengths import tasks_and_lengths
from suite.declare.tasks.read import read_tasks
from suite.declare.tasks.reference import MINI_MODEL
from suite.declare.tasks.tokenizer import load_tokenizer


def talk(question, answer, *more, system=None, **members):
    said = [("human", question), ("gpt", answer), *more]
    said = ([("system", system)] if system else []) + said
    return {"conversations": [{"from": who, "value": text} for who, text in said], **members}


WORDS = "the river bridge council open fire team over spring market"
ROWS = [
    talk(f"{WORDS} one?", f"{WORDS} two", ("human", "and?"), id="a"),
    talk(f"{WORDS} three?", f"{WORDS} four", system="be kind", id="a"),
    talk("a", WORDS, id="short"),
    talk(WORDS * 400, WORDS, id="long"),
    {"id": "begun", "conversations": [{"from": "gpt", "value": "I begin"}]},
    {"id": "empty", "conversations": []},
    talk(f"{WORDS} five?", " ", id="unanswered"),
    {"messages": [{"role": "user", "content": f"{WORDS}?\ud800"}, {"role": "assistant", "content": WORDS}]},
]  # fmt: skip


@pytest.fixture(params=["array", "lines"])
def file(request, tmp_path):
    path = tmp_path / ("ShareGPT_V3.json" if request.param == "array" else "chats.jsonl")
    rows = [json.dumps(row) for row in ROWS]
    if request.param == "array":
        path.write_text("[" + ",\n".join(rows) + "]")
    else:
        rows[-1] = rows[-1].replace("\\ud800", "")  # one a line goes through the strict reader
        path.write_text("\n".join(rows) + "\n")
    return path


def test_first_question_and_answer_of_each_conversation(file):
    reading = read_tasks(file)
    assert reading.kind == "ShareGPT file"
    assert reading.notes["no-first-exchange"] == 3
    asked = {task.id: (task.document, task.summary) for task in reading.tasks}
    assert asked["a"] == (f"{WORDS} one?", f"{WORDS} two")
    assert asked["row-000002"] == (f"{WORDS} three?", f"{WORDS} four"), "an id that occurs twice"
    assert len(asked) == 5


def test_messages_may_be_of_parts_and_begin_with_what_a_developer_says(tmp_path):
    def asked(*content):
        said = [
            {"role": "developer", "content": "be kind"},
            {"role": "user", "content": [*content]},
            {"role": "assistant", "content": [{"type": "text", "text": WORDS}]},
        ]
        return {"messages": said}

    text, image = {"type": "text", "text": f"{WORDS}?"}, {"type": "image_url", "image_url": {}}
    path = tmp_path / "chats.json"
    path.write_text(json.dumps([asked(text), asked(text, image)]))
    read = read_tasks(path)
    assert [(task.document, task.summary) for task in read.tasks] == [(f"{WORDS}?", WORDS)]


def test_answers_are_as_long_as_the_datas(file):
    tokenizer = load_tokenizer(MINI_MODEL)
    tasks, profile = tasks_and_lengths(load_profile("dataset"), file, tokenizer)
    assert len(tasks.tasks) == 3
    assert tasks.excluded["too-short-or-long"] == 2
    offline = next(p for p in expand_phases(profile, 3) if p.name == "offline")
    assert offline.lengths.own is True
    assert offline.lengths.output_tokens == tuple(tokenizer.count(t.summary) for t in tasks.tasks)
    prompts = [task.document for task in tasks.tasks]
    assert list(offline.lengths.input_tokens) == tokenizer.prompt_tokens(prompts, "completions")
    warmup = next(p for p in expand_phases(profile, 3) if p.name == "offline-warmup")
    first = warmup.first_task
    for index in range(3):
        own = offline.lengths.output_tokens[(first + index) % 3]
        assert warmup.lengths.output_tokens[index] == own, "lengths go with their tasks"


def test_without_data_or_tokenizer_it_is_refused(file, tmp_path):
    tokenizer = load_tokenizer(MINI_MODEL)
    with pytest.raises(DataError) as refused:
        tasks_and_lengths(load_profile("dataset"), None, tokenizer)
    assert refused.value.code == "data-needed"
    with pytest.raises(DataError) as refused:
        tasks_and_lengths(load_profile("dataset"), file, None)
    assert refused.value.code == "tokenizer-missing"
    none = tmp_path / "none.json"
    none.write_text(json.dumps([talk("a", "b")]))
    with pytest.raises(DataError) as refused:
        tasks_and_lengths(load_profile("dataset"), none, tokenizer)
    assert refused.value.code == "data-empty"


def test_a_profile_of_data_that_was_not_read_runs_nothing():
    phases = expand_phases(load_profile("dataset"), 3)
    assert all(phase.not_run is not UNSET for phase in phases)


@pytest.mark.parametrize("text", ["[{]", '[{"conversations": [', "[" * 100_000])
def test_broken_files_are_refused(tmp_path, text):
    path = tmp_path / "x.json"
    path.write_text('[{"conversations": []},' + text)
    with pytest.raises(DataError):
        read_tasks(path)


def test_prompt_and_completion_are_columns(tmp_path):
    path = tmp_path / "train.jsonl"
    path.write_text('{"prompt": "who?", "completion": "me"}\n')
    (task,) = read_tasks(path).tasks
    assert (task.document, task.summary) == ("who?", "me")
