"""Reading an answer: streams recorded from real engines, and what engines were seen to do wrong."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.base import jsonio
from suite.measure.load.decode.answer import AnswerReader
from suite.measure.load.decode.foreign import body_error, clean, joined
from suite.measure.load.transport.framing import DONE, MORE, Framer

STREAMS = Path(__file__).with_name("streams")


def framed(data: bytes, size: int = 1 << 20) -> Framer:
    framer, state = Framer(), MORE
    for start in range(0, len(data), size):
        state = framer.feed(data[start : start + size], start)
    assert state == DONE
    return framer


def read(framer: Framer) -> AnswerReader:
    reader = AnswerReader()
    for piece, stamp in zip(framer.pieces, framer.stamps, strict=True):
        reader.feed(piece, stamp)
    reader.end(framer.stamps[-1])
    return reader


def recorded(name: str, size: int = 1 << 20) -> AnswerReader:
    return read(framed((STREAMS / f"{name}.http").read_bytes(), size))


def stream(*documents: object, done: bool = True) -> AnswerReader:
    reader = AnswerReader()
    for stamp, document in enumerate(documents):
        reader.feed(b"data: " + jsonio.canonical(document) + b"\n\n", stamp)
    if done:
        reader.feed(b"data: [DONE]\n\n", len(documents))
    reader.end(len(documents))
    return reader


def delta(text: str | None, **choice: object) -> dict[str, object]:
    return {"choices": [{"index": 0, "delta": {"content": text}, **choice}]}


@pytest.mark.parametrize(
    ("name", "done", "tokens"),
    [
        ("vllm_0.32_chat", True, [1] * 8),
        ("vllm_0.32_completions", True, [1] * 8),
        ("transformers_5.19_chat", False, None),
        ("transformers_5.19_completions", False, None),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 100, 1 << 20])
def test_recorded_streams_are_read_however_they_are_cut(name, done, tokens, size):
    reader = recorded(name, size)
    assert reader.fault is None
    assert "".join(reader.texts) == " 20" * 8
    assert len(reader.stamps) == 8
    assert reader.stamps == sorted(reader.stamps)
    assert reader.finish_reason == "length"
    assert reader.done is done
    assert reader.chunk_tokens() == tokens
    assert (reader.prompt_tokens, reader.completion_tokens) == (40, 8)
    assert reader.token_ids == ([3878] * 8 if tokens else None)


@pytest.mark.parametrize(
    ("texts", "lead"),
    [
        (["a", " b", " cc", " d", " e"], (1, 2, 3, 2)),
        (["\n", "a", "\u200b", " b", " c", " d", " e"], (1, 1, 1, 2, 2, 2)),
        (["a", " b"], (1, 2)),
        ([" ", "\n"], (1, 1)),
    ],
)
def test_the_first_chunks_are_kept_up_to_the_fourth_that_shows_something(texts, lead):
    assert stream(*(delta(text) for text in texts)).lead_chars() == lead


def test_a_chunk_without_a_token_is_not_one_of_the_four():
    ids = [[], [1], [2], [3], [4], [5]]
    parts = [delta(text, token_ids=own) for text, own in zip("abcdef", ids, strict=True)]
    assert stream(*parts).lead_chars() == (1,) * 5


def test_reasoning_is_one_of_the_four():
    thought = {"choices": [{"index": 0, "delta": {"reasoning_content": "hm "}}]}
    assert stream(thought, thought, thought, delta("a"), delta("b")).lead_chars() == (0, 0, 0, 1)


@pytest.mark.parametrize(
    ("details", "cached"),
    [
        ({"cached_tokens": 512}, 512),
        ({"cached_tokens": None}, None),
        (None, None),
        ({"audio_tokens": 3}, None),
    ],
)
def test_cached_prompt_tokens_are_read_from_the_usage(details, cached):
    usage = {"prompt_tokens": 530, "completion_tokens": 1, "prompt_tokens_details": details}
    reader = stream(delta("a"), {"choices": [], "usage": usage})
    assert (reader.fault, reader.prompt_tokens, reader.cached_tokens) == (None, 530, cached)


@given(st.lists(st.integers(1, 4_000), max_size=12))
def test_a_recorded_stream_means_the_same_for_every_cut(places):
    data = (STREAMS / "vllm_0.32_chat.http").read_bytes()
    edges = [0, *sorted({place % len(data) for place in places}), len(data)]
    framer = Framer()
    for start, end in itertools.pairwise(edges):
        if start < end:
            framer.feed(data[start:end], start)
    reader = read(framer)
    assert reader.token_ids == [3878] * 8
    assert reader.done


@pytest.mark.parametrize(
    ("name", "status", "sentence"),
    [
        ("transformers_5.19_refused", 422, "Unexpected fields in the request: {'ignore_eos'}"),
        ("vllm_0.32_refused", 400, "max_tokens=100000 cannot be greater than max_model_len=2048"),
    ],
)
def test_recorded_refusals_give_their_sentence(name, status, sentence):
    framer = framed((STREAMS / f"{name}.http").read_bytes())
    assert framer.status == status
    assert body_error(framer.pieces).startswith(sentence)


def test_a_role_and_an_empty_delta_are_no_content():
    role = {"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]}
    reader = stream(role, delta(""), delta(None), delta("a"), delta("", finish_reason="stop"))
    assert reader.stamps == [3]
    assert reader.finish_reason == "stop"


def test_reasoning_counts_for_the_times_and_not_for_the_text():
    thought = {"choices": [{"index": 0, "delta": {"reasoning_content": "hm"}}]}
    reader = stream(thought, delta("a"))
    assert reader.stamps == [0, 1]
    assert "".join(reader.texts) == "a"


def test_ids_of_chunks_without_text_count_with_the_next_text():
    reader = stream(
        delta("", token_ids=[1, 2]),
        delta("é", token_ids=[3]),
        delta("b", token_ids=[4, 5]),
        delta("", token_ids=[6], finish_reason="stop"),
    )
    assert reader.chunk_tokens() == [3, 2]
    assert reader.token_ids == [1, 2, 3, 4, 5, 6]


def test_running_usage_gives_chunk_tokens_without_ids():
    def chunk(text: str, n: int) -> dict[str, object]:
        return {**delta(text), "usage": {"prompt_tokens": 9, "completion_tokens": n}}

    reader = stream(chunk("", 0), chunk("a", 1), chunk("", 2), chunk("b", 5), chunk("", 6))
    assert reader.chunk_tokens() == [1, 4]
    assert reader.completion_tokens == 6
    assert reader.token_ids is None


def test_a_chunk_about_which_nothing_is_known_leaves_all_unknown():
    assert stream(delta("a", token_ids=[1]), delta("b")).chunk_tokens() is None
    last = {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2}}
    reader = stream(delta("a"), delta("b"), last)
    assert reader.chunk_tokens() is None
    assert reader.completion_tokens == 2


def test_other_choices_are_left_out():
    other = {"choices": [{"index": 1, "delta": {"content": "no"}}]}
    assert "".join(stream(other, delta("yes")).texts) == "yes"


def test_what_follows_done_is_ignored():
    reader = stream(delta("a"))
    reader.feed(b"data: {\n\n", 9)
    assert reader.fault is None


@pytest.mark.parametrize(
    ("data", "code", "sentence"),
    [
        (b'{"choices":[', "malformed-chunk", "not JSON"),
        (b"[]", "malformed-chunk", "Expected `object`, got `array`"),
        (b"{}", "malformed-chunk", "no choices"),
        (b'{"choices":[1]}', "malformed-chunk", "Expected `object`, got `int`"),
        (
            b'{"choices":[{"delta":{"content":5}}]}',
            "malformed-chunk",
            "Expected `str | null`, got `int`",
        ),
        (b'{"choices":[{"text":"\xff"}]}', "malformed-chunk", "not UTF-8"),
        (b'{"choices":[{"text":"a","logprobs":NaN}]}', "malformed-chunk", "NaN"),
        (b'{"error":{"message":"out of\\nmemory"}}', "error-in-stream", "out of memory"),
        (b'{"error":"broken"}', "error-in-stream", "broken"),
        (b'{"error":{"code":7}}', "error-in-stream", '{"code":7}'),
        (
            b'{"object":"error","message":"worker 3 died","type":"InternalServerError","code":500}',
            "error-in-stream",
            "worker 3 died",
        ),
        (b'{"message":"worker 3 died","code":500}', "error-in-stream", "worker 3 died"),
        (b'{"detail":"worker 3 died"}', "error-in-stream", "worker 3 died"),
        (b'{"detail":[{"loc":["body"],"msg":"too long"}]}', "error-in-stream", "too long"),
        (b'{"error":"worker 3 died","choices":[]}', "error-in-stream", "worker 3 died"),
        (b'{"object":"error","code":500,"choices":[]}', "error-in-stream", '"code":500'),
        (b'{"errors":["worker 3 died"]}', "error-in-stream", "worker 3 died"),
        (b'{"status":"error","reason":"worker 3 died"}', "malformed-chunk", "worker 3 died"),
        (
            b'{"object":"error","message":"cache full","code":"40301"}',
            "error-in-stream",
            "cache full",
        ),
        (b'"worker 3 died"', "error-in-stream", "worker 3 died"),
        (b"worker 3 died", "malformed-chunk", "(worker 3 died)"),
    ],
)
def test_what_is_wrong_in_a_stream(data, code, sentence):
    reader = AnswerReader()
    reader.feed(b"data: " + jsonio.canonical(delta("a")) + b"\n\n", 1)
    reader.feed(b"data: " + data + b"\n\n", 2)
    reader.feed(b"data: " + jsonio.canonical(delta("b")) + b"\n\n", 3)
    assert reader.fault == code
    assert sentence in reader.error
    assert reader.stamps == [1]


def test_an_error_event_is_an_error_whatever_it_holds():
    reader = AnswerReader()
    reader.feed(b'event: error\ndata: {"message": "no"}\n\n', 1)
    assert (reader.fault, reader.error) == ("error-in-stream", "no")


@pytest.mark.parametrize("data", [b"worker 3 died", b'{"message":"a","message":"worker 3 died"}'])
def test_an_error_event_need_not_be_sound_json(data):
    reader = AnswerReader()
    reader.feed(b"event: error\ndata: " + data + b"\n\n", 1)
    assert reader.fault == "error-in-stream"
    assert "worker 3 died" in reader.error


@pytest.mark.parametrize(
    "body",
    [
        b'{"error":{"code":400,"message":"request (6009 tokens) exceeds the context"}}',
        b'{\n  "error": {\n    "message": "request (6009 tokens) exceeds the context"\n  }\n}\n',
        b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n{"detail":"it exceeds the context"}\n',
    ],
)
def test_an_error_without_an_event_is_in_its_words(body):
    reader = AnswerReader()
    for place in range(0, len(body), 9):
        reader.feed(body[place : place + 9], place)
    reader.end(len(body))
    assert reader.fault is None
    assert reader.unframed_error().endswith("exceeds the context")


def test_lines_that_are_no_fields_are_no_error():
    reader = AnswerReader()
    reader.feed(b": ping\nretry: 5\nid: 7\nsomething\n\n", 1)
    reader.end(2)
    assert reader.unframed_error() == ""


def test_an_empty_finish_reason_is_none():
    usage = {"choices": [{"index": 0, "finish_reason": ""}], "usage": {"completion_tokens": 1}}
    reader = stream(
        delta("a", finish_reason=""), delta("", finish_reason="length"), usage, delta(None)
    )
    assert (reader.finish_reason, reader.fault) == ("length", None)
    assert stream(delta("a", finish_reason="")).finish_reason is None


@pytest.mark.parametrize("index", [{"index": None}, {"index": "0"}, {}], ids=str)
def test_a_single_choice_needs_no_index(index):
    chunk = {"choices": [{**index, "delta": {"content": "a"}}]}
    assert stream(chunk, chunk).texts == ["a", "a"]


def test_thinking_is_reasoning_where_it_is_text():
    deltas = ({"content": None, "thinking": "hm "}, {"content": "a", "thinking": {"budget": 4}})
    reader = stream(*({"choices": [{"delta": each}]} for each in deltas))
    assert (reader.reasoning, reader.texts) == (["hm "], ["", "a"])


def test_counts_inside_the_choice_are_read():
    usage = {"prompt_tokens": 9, "completion_tokens": 1, "cached_tokens": 4}
    reader = stream(delta("a"), delta("", finish_reason="stop", usage=usage))
    assert (reader.prompt_tokens, reader.completion_tokens) == (9, 1)
    assert (reader.cached_tokens, reader.usage_in_choice) == (4, True)
    both = stream({**delta("a", usage=usage), "usage": {"prompt_tokens": 8}})
    assert (both.prompt_tokens, both.usage_in_choice) == (8, False)


@pytest.mark.parametrize(
    ("details", "cached"),
    [
        ({"prompt_tokens_details": {"cached_tokens": 512}}, 512),
        ({"prompt_tokens_details": {"cached_tokens": None}}, None),
        ({"prompt_tokens_details": {}}, None),
        ({"prompt_tokens_details": None}, None),
        ({"prompt_cache_hit_tokens": 512, "prompt_cache_miss_tokens": 18}, 512),
        ({"cached_tokens": 0}, 0),
        ({}, None),
    ],
)
def test_cached_prompt_tokens(details, cached):
    usage = {"prompt_tokens": 530, "completion_tokens": 1, **details}
    assert stream(delta("a"), {"choices": [], "usage": usage}).cached_tokens == cached
    assert stream({**delta("a"), "usage": usage}, delta("b")).cached_tokens == cached


def test_halves_of_a_character_are_joined_or_replaced():
    def chunk(text: str) -> bytes:
        return b'data: {"choices":[{"delta":{"content":"%b"}}]}\n\n' % text.encode()

    reader = AnswerReader()
    reader.feed_all([chunk("ok \\ud83d"), chunk("\\ude00 end")], [1, 2])
    assert reader.stamps == [1, 2]
    assert joined(reader.texts) == ("ok \U0001f600 end", 0)
    reader = AnswerReader()
    reader.feed_all([chunk("a\\ude00b \\ud83d"), chunk("c \\ufffd\\ud83d")], [1, 2])
    assert joined(reader.texts) == ("a\ufffdb \ufffdc \ufffd\ufffd", 3)


def test_a_null_error_is_none():
    assert stream({**delta("a"), "error": None}).fault is None


def test_an_encoding_that_nobody_asked_for_is_refused_or_undone():
    assert AnswerReader("br").fault == "malformed-response"
    reader = AnswerReader("gzip")
    reader.feed(b"data: {}\n\n", 1)
    assert reader.fault == "malformed-response"


@given(st.text())
def test_foreign_text_becomes_one_short_printable_line(text):
    result = clean(text)
    assert len(result) <= 200
    assert "\n" not in result
    assert "\x1b" not in result
    assert result == result.strip()


@given(st.binary(max_size=300))
def test_any_refusal_body_gives_some_sentence(data):
    assert isinstance(body_error([data]), str)


def named(model: object, fingerprint: object = None, text: str | None = "a") -> dict[str, object]:
    return {"model": model, "system_fingerprint": fingerprint, **delta(text)}


COUNTS = {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2}}
END = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}


@pytest.mark.parametrize(
    ("documents", "models", "fingerprints"),
    [
        # Nearly always every chunk has both, and neither changes.
        ([named("tiny-0.5b", "fp_1")] * 3 + [END], ["tiny-0.5b"], ["fp_1"]),
        (
            [named("a", "fp_1")] * 2 + [END | {"model": "a"}, COUNTS | {"model": "b"}],
            ["a", "b"],
            [],
        ),
        ([delta("a"), END], [], []),
        # Of another type or empty it says nothing, and spoils nothing.
        ([named(5, ["fp"]), named({}, ""), END], [], []),
        ([named("a", text=""), named("a", "fp_9"), END], ["a"], []),
    ],
)
def test_who_answered_is_kept(documents, models, fingerprints):
    reader = stream(*documents)
    assert reader.fault is None
    assert list(reader.models) == models
    assert list(reader.fingerprints) == fingerprints


def test_a_server_with_ever_new_names_fills_no_memory():
    reader = stream(*(END | {"model": f"m{n}"} for n in range(1000)))
    assert len(reader.models) == 8


@pytest.mark.parametrize("name", ["vllm_0.32_chat", "transformers_5.19_chat"])
def test_real_engines_say_who_answers(name):
    assert len(recorded(name).models) == 1
