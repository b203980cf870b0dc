"""OpenVINO's server: the mini model converted by optimum-intel, and what the server answers and refuses."""

import json
import urllib.error
import urllib.request

import pytest

from suite.cli import inputs, serving
from suite.cli.machine import settings
from suite.cli.options import Choices
from suite.cli.terminal import Terminal
from suite.measure.digests import DigestStore

pytestmark = [pytest.mark.engine, pytest.mark.slow]

ARTICLE = "The council of Harbour Town has decided to repair the old bridge before the winter."


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    choices = Choices(
        engine="openvino", runtime="process", converted=tmp_path_factory.mktemp("converted")
    )
    with Terminal(quiet=True) as terminal:
        gathered = inputs.gather(choices, store=DigestStore(settings().cache), terminal=terminal)
        with serving.engine_of(gathered, terminal) as engine:
            yield engine.base_url, gathered.plan.engine.served_model_name


def post(served, path="/v1/chat/completions", **members):
    url, name = served
    body = {"model": name, "max_tokens": 16, "temperature": 0} | members
    if "prompt" not in body:
        body.setdefault("messages", [{"role": "user", "content": ARTICLE}])
    request = urllib.request.Request(url + path, json.dumps(body).encode())
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def chunks(text):
    lines = text.split("\n\n")
    assert lines[-2:] == ["data: [DONE]", ""]
    return [json.loads(line.removeprefix("data: ")) for line in lines[:-2]]


def test_a_stream_says_what_the_whole_answer_says(served):
    status, whole = post(served, return_token_ids=True)
    assert status == 200
    answer = json.loads(whole)
    (choice,) = answer["choices"]
    assert choice["message"]["content"].strip()
    assert 0 < answer["usage"]["completion_tokens"] == len(choice["token_ids"]) <= 16
    asked = {"stream": True, "stream_options": {"include_usage": True}, "return_token_ids": True}
    parts = chunks(post(served, **asked)[1])
    choices = [part["choices"][0] for part in parts if part["choices"]]
    assert "".join(part["delta"]["content"] for part in choices) == choice["message"]["content"]
    assert [number for part in choices for number in part["token_ids"]] == choice["token_ids"]
    assert choices[-1]["finish_reason"] == choice["finish_reason"]
    assert parts[-1]["usage"] == answer["usage"]


def test_lengths_and_ids_are_what_was_asked(served):
    asked = {"min_tokens": 12, "max_tokens": 12, "ignore_eos": True, "return_token_ids": True}
    status, text = post(served, "/v1/completions", prompt=[5, 6, 7], **asked)
    answer = json.loads(text)
    assert status == 200
    assert answer["usage"] == {"prompt_tokens": 3, "completion_tokens": 12, "total_tokens": 15}
    assert answer["choices"][0]["finish_reason"] == "length"


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"model": "another"}, "the model is"),
        ({"logprobs": 1}, "not served: logprobs"),
        ({"max_tokens": 1_000_000}, "are above"),
        ({"messages": None}, "Error"),
    ],
)
def test_what_it_cannot_give_is_refused(served, members, words):
    status, text = post(served, **members)
    assert (status, words in text) == (400, True), text
