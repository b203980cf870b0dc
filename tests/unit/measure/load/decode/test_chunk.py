"""Reading chunks: in one go what one by one says, and nothing that is not a chunk of the right types."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from suite.measure.load.decode import answer, chunk
from suite.measure.load.decode.answer import AnswerReader
from suite.measure.load.decode.chunk import Chunk, Refusal, read, read_plain
from suite.measure.load.transport.framing import Framer

STREAMS = Path(__file__).with_name("streams")
PLAIN = b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n'


def outcome(pieces: list[bytes], at_once: int = 1) -> tuple[object, ...]:
    reader = AnswerReader()
    stamps = list(range(len(pieces)))
    for start in range(0, len(pieces), at_once):
        reader.feed_all(pieces[start : start + at_once], stamps[start : start + at_once])
    reader.end(len(pieces))
    return (
        reader.texts,
        reader.stamps,
        reader.tokens,
        reader.token_ids,
        reader.finish_reason,
        reader.prompt_tokens,
        reader.completion_tokens,
        reader.cached_tokens,
        reader.reasoning,
        reader.usage_in_choice,
        reader.done,
        reader.fault,
        reader.error,
    )


def same(pieces: list[bytes]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(answer, "read_plain", lambda _: None)
        one_by_one = outcome(pieces)
    assert outcome(pieces) == outcome(pieces, 3) == outcome(pieces, 64) == one_by_one


def event(document: object, ascii_only: bool) -> bytes:
    text = json.dumps(document, ensure_ascii=ascii_only, separators=(",", ":"))
    return b"data: " + text.encode("utf-8", "surrogatepass") + b"\n\n"


texts = st.text(max_size=8) | st.sampled_from(["", " a", '"', "\\", '","content":"', "é", "🙂"])
usages = st.none() | st.builds(
    lambda p, c, more: {"prompt_tokens": p, "total_tokens": p + c, "completion_tokens": c, **more},
    st.integers(0, 10**16),
    st.integers(0, 2_000),
    st.sampled_from([{}, {}, {"prompt_tokens_details": {"cached_tokens": 7}}]),
)


@st.composite
def documents(draw):
    chat = draw(st.booleans())
    text = draw(texts)
    choice = {"index": draw(st.sampled_from([0, 0, 0, 1, None]))}
    choice |= {"delta": {"content": text}} if chat else {"text": text}
    choice["finish_reason"] = draw(st.sampled_from([None, None, "", "stop"]))
    ids = draw(st.none() | st.lists(st.integers(0, 10**16) | st.integers(0, 99), max_size=3))
    if ids is not None:
        choice["token_ids"] = ids
    inner = draw(st.none() | st.none() | usages)
    if inner is not None:
        choice["usage"] = inner
    document = {"id": draw(texts), "created": draw(st.integers(0, 3)), "choices": [choice]}
    usage = draw(usages)
    if usage is not None:
        document["usage"] = usage
    extra = draw(st.none() | st.sampled_from([{"text": "b"}, {"error": None}, {"error": "x"}]))
    return document | (extra or {})


@given(st.lists(st.builds(event, documents(), st.booleans()), max_size=12))
@settings(max_examples=300)
def test_any_stream_means_the_same_in_one_go(pieces):
    same(pieces)


@given(st.data())
@settings(max_examples=300)
def test_a_damaged_chunk_is_the_same_damage_in_one_go(data):
    def whole(text: str, n: int) -> bytes:
        choice = {"index": 0, "delta": {"content": text}, "finish_reason": None, "token_ids": [n]}
        usage = {"prompt_tokens": 5, "total_tokens": 5 + n, "completion_tokens": n}
        return event({"id": "a", "created": 1, "choices": [choice], "usage": usage}, False)

    damaged = bytearray(whole(" twö", 2))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(damaged) - 1))
        byte = data.draw(st.integers(0, 255) | st.sampled_from(list(b'"\\,:{}[]0-.e\n\r')))
        if data.draw(st.booleans()):
            damaged[place] = byte
        else:
            damaged.insert(place, byte)
    same([whole(" one", 1), bytes(damaged), whole(" three", 3)])


@given(
    st.lists(
        st.sampled_from([PLAIN, b"data: ", b"{", b"}", b"{}", b"\n", b"\n\n", b'{"a":', b"1}"])
    )
)
@example([PLAIN, b'data: {"a":{"choices"', b":[]}}\n\n"])
@example([b"data: {}{}\n\n", b'data: {"x":\n1}\n\n'])
@example([b"data: {}{}\n\n", b'data: {"x":{}\n\n', b"data: {}}\n\n"])
def test_events_cut_anywhere_mean_the_same_in_one_go(pieces):
    same([PLAIN, *pieces, PLAIN])


@given(st.binary(max_size=6))
@example(b"\xc3\xa9")
@example(b"\xc3")
@example(b"\xed\xa0\x80")
@example(b"a\x7f")
@example(b"\\ud800")
@example(b"\\ud83d\\ude00")
def test_any_bytes_as_text_mean_the_same_in_one_go(text):
    same([PLAIN, PLAIN, PLAIN.replace(b'"a"', b'"' + text + b'"')])


@pytest.mark.parametrize("name", sorted(path.stem for path in STREAMS.glob("*.http")))
def test_recorded_streams_mean_the_same_in_one_go(name):
    framer = Framer()
    framer.feed((STREAMS / f"{name}.http").read_bytes(), 0)
    same(framer.pieces)
    if "refused" not in name:
        assert read_plain(framer.pieces[2:5]) is not None


def test_plain_chunks_are_read_in_one_go():
    chunks = read_plain([PLAIN, PLAIN.replace(b'"a"', b'"data: b"')])
    assert [chunk.choices[0].delta.content for chunk in chunks] == ["a", "data: b"]


@pytest.mark.parametrize(
    "piece",
    [
        PLAIN[:-1],
        PLAIN + b"\n",
        PLAIN + PLAIN,
        PLAIN.replace(b"data: ", b"data:"),
        PLAIN.replace(b'"choices":', b'"choices":\n'),
        PLAIN.replace(b'"choices":', b'"choices":\r'),
        b"data: [DONE]\n\n",
        b": ping\n\n",
        b'data: {"choices":[]}\n\n',
        b'data: {"choices":[{"text":"a"},{"index":1,"text":"b"}]}\n\n',
        b'data: {"choices":[{"index":1,"text":"b"}]}\n\n',
        b'data: {"choices":[{"text":"a","finish_reason":"stop"}]}\n\n',
        b'data: {"choices":[{"delta":{"content":"","reasoning":"hm"}}]}\n\n',
        b'data: {"choices":[{"text":"a"}],"error":"x"}\n\n',
    ],
)
def test_what_is_no_plain_chunk_is_read_by_itself(piece):
    assert read_plain([PLAIN, piece, PLAIN]) is None


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"{}{}", "not JSON"),
        (b"{'choices':[]}", "not JSON"),
        (b'{"choices":[],}', "not JSON"),
        (b'{"other":NaN}', "NaN"),
        (b'{"other":Infinity}', "Infinity"),
        (b'{"other":01}', "not JSON"),
        (b'{"other":"\x01"}', "not JSON"),
        (b'{"other":"\xff"}', "not UTF-8"),
        (b'{"other":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested deeper"),
        (b'{"choices":[{"text":"\\ud800","index":"1"}]}', "surrogate"),
        (b'{"choices":[{"text":"\\ud800"}],"other":NaN}', "NaN"),
        (b'{"choices":[{"text":5}]}', "$.choices[0].text"),
        (b'{"choices":[{"text":["a"]}]}', "$.choices[0].text"),
        (b'{"choices":[{"delta":"a"}]}', "$.choices[0].delta"),
        (b'{"choices":[{"delta":{"content":true}}]}', "$.choices[0].delta.content"),
        (b'{"choices":[{"finish_reason":1}]}', "$.choices[0].finish_reason"),
        (b'{"choices":[{"index":"1"}]}', "$.choices[0].index"),
        (b'{"choices":[{"token_ids":[1.5]}]}', "$.choices[0].token_ids[0]"),
        (b'{"choices":[{"token_ids":[true]}]}', "$.choices[0].token_ids[0]"),
        (b'{"choices":[{"token_ids":[-1]}]}', "$.choices[0].token_ids[0]"),
        (b'{"choices":[{"token_ids":"1"}]}', "$.choices[0].token_ids"),
        (b'{"choices":{}}', "$.choices"),
        (b'{"usage":{"prompt_tokens":"5"}}', "$.usage.prompt_tokens"),
        (b'{"usage":{"completion_tokens":1.5}}', "$.usage.completion_tokens"),
        (b'{"usage":{"completion_tokens":-1}}', "$.usage.completion_tokens"),
        (b'{"usage":{"completion_tokens":9007199254740992}}', "2^53"),
        (b'{"usage":[]}', "$.usage"),
    ],
)
def test_what_is_no_chunk_is_refused(data, sentence):
    refusal = read(data)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "malformed-chunk"
    assert sentence in refusal.sentence
    assert len(refusal.sentence) <= 200


def test_of_a_member_that_occurs_twice_the_last_one_counts():
    # One reader reads the bytes, once: there is no other that could have seen the first.
    assert read(b'{"choices":[{"text":"a","text":"b"}]}') == Chunk([chunk.Choice(text="b")])
    same([PLAIN, PLAIN.replace(b'"a"', b'"b","content":"c"'), PLAIN])


def test_members_that_are_not_read_may_hold_anything():
    other = b'{"other":[{"choices":5},null,1.5e300,"\\u00e9"],"choices":[],"model":{}}'
    assert read(other) == Chunk([], model={})
