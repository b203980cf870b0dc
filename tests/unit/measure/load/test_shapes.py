"""The short way of reading chunks says exactly what the long way says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from suite.measure.load import shapes
from suite.measure.load.answer import AnswerReader
from suite.measure.load.framing import Framer
from suite.measure.load.shapes import Shapes

STREAMS = Path(__file__).with_name("streams")


class NoShapes(Shapes):
    """Learns nothing: every chunk is read as JSON."""

    def learn(self, data, document):
        pass


def outcome(pieces: list[bytes], used: Shapes, at_once: int = 1) -> tuple[object, ...]:
    reader = AnswerReader("", used)
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
        reader.done,
        reader.fault,
        reader.error,
    )


def same(pieces: list[bytes]) -> Shapes:
    used = Shapes()
    long_way = outcome(pieces, NoShapes())
    assert outcome(pieces, used) == long_way
    # A second stream of the same engine meets the moulds of the first.
    assert outcome(pieces, used) == long_way
    # Several pieces are read in one go, from the first stream on or later.
    assert outcome(pieces, used, 3) == outcome(pieces, used, 64) == long_way
    assert outcome(pieces, Shapes(), 64) == long_way
    return used


def event(document: object, ascii_only: bool) -> bytes:
    text = json.dumps(document, ensure_ascii=ascii_only, separators=(",", ":"))
    return b"data: " + text.encode("utf-8", "surrogatepass") + b"\n\n"


texts = st.text(max_size=8) | st.sampled_from(["", " a", '"', "\\", '","content":"', "é", "🙂"])
usages = st.none() | st.builds(
    lambda p, c: {"prompt_tokens": p, "total_tokens": p + c, "completion_tokens": c},
    st.integers(0, 10**16),
    st.integers(0, 2_000),
)


@st.composite
def documents(draw):
    chat = draw(st.booleans())
    text = draw(texts)
    choice = {"index": draw(st.sampled_from([0, 0, 0, 1]))}
    choice |= {"delta": {"content": text}} if chat else {"text": text}
    choice["finish_reason"] = draw(st.sampled_from([None, None, None, "stop"]))
    ids = draw(st.none() | st.lists(st.integers(0, 10**16) | st.integers(0, 99), max_size=3))
    if ids is not None:
        choice["token_ids"] = ids
    document = {"id": draw(texts), "created": draw(st.integers(0, 3)), "choices": [choice]}
    usage = draw(usages)
    if usage is not None:
        document["usage"] = usage
    extra = draw(st.none() | st.sampled_from([{"text": "b"}, {"error": None}, {"error": "x"}]))
    return document | (extra or {})


@given(st.lists(st.builds(event, documents(), st.booleans()), max_size=12))
@settings(max_examples=300)
def test_any_stream_means_the_same_either_way(pieces):
    same(pieces)


@given(st.data())
@settings(max_examples=300)
def test_a_damaged_chunk_is_the_same_damage_either_way(data):
    def chunk(text: str, n: int) -> bytes:
        choice = {"index": 0, "delta": {"content": text}, "finish_reason": None, "token_ids": [n]}
        usage = {"prompt_tokens": 5, "total_tokens": 5 + n, "completion_tokens": n}
        return event({"id": "a", "created": 1, "choices": [choice], "usage": usage}, False)

    damaged = bytearray(chunk(" twö", 2))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(6, len(damaged) - 3))
        byte = data.draw(st.integers(0, 255) | st.sampled_from(list(b'"\\,:{}[]0-.e\n\r')))
        if data.draw(st.booleans()):
            damaged[place] = byte
        else:
            damaged.insert(place, byte)
    same([chunk(" one", 1), bytes(damaged), chunk(" three", 3)])


@given(st.binary(max_size=6))
@example(b"\xc3\xa9")
@example(b"\xc3")
@example(b"\xed\xa0\x80")
@example(b"a\x7f")
def test_any_bytes_as_text_mean_the_same_either_way(text):
    first = b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n'
    same([first, first, first.replace(b'"a"', b'"' + text + b'"')])


@given(
    st.lists(
        st.sampled_from(
            [b"", b" a", b"b", b'"', b"\\n", b'\\"', b"\\x", b"\n", b"\xc3", "é".encode()]
        )
        | st.binary(max_size=3),
        max_size=9,
    )
)
@example([b"a\nb", b"c"])
@example([b"a", b"\xc3", b"\xa9"])
def test_any_texts_read_in_one_go_mean_the_same(texts):
    first = b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n'
    same([first, first, *(first.replace(b'"a"', b'"' + text + b'"') for text in texts), first])


@pytest.mark.parametrize("cut", [b'"', b"", b'"a', b'a"'])
def test_a_chunk_shorter_than_its_mould_means_the_same_either_way(cut):
    first = b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n'
    same([first, first, first, first.replace(b'"a"', cut), first])


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        (b"\\n", True),
        (b'\\"', True),
        (b"a\\\\", True),
        (b"\\/\\b\\f\\r\\t", True),
        (b'\\",\\"token_ids\\":[1]', True),
        (b"\\u00e9", False),
        (b"\\ud800", False),
        (b"\\x", False),
        (b"\\", False),
        (b"\n", False),
    ],
)
def test_escapes_mean_the_same_either_way(text, fits):
    first = b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n'
    piece = first.replace(b'"a"', b'"' + text + b'"')
    learned = same([first, first, piece, first])
    assert (learned.read(piece) is not None) is fits


def test_a_chunk_of_several_lines_is_no_mould():
    data = b'{"choices":\n[{"delta":{"content":"a"}}]}'
    used = Shapes()
    used.learn(data, {"choices": [{"delta": {"content": "a"}}]})
    assert used.read(b"data: " + data + b"\n\n") is None


def test_a_mould_is_learned_once():
    first = b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n'
    used = Shapes()
    for _ in range(9):
        outcome([first, first], used)
    assert len(used._shapes) == 1


@pytest.mark.parametrize(
    "ids", [b"[]", b"[1]", b"[1,2]", b"[1,]", b"[,1]", b"[01]", b"[1,,2]", b"[-1]", b"[1.0]"]
)
def test_any_ids_mean_the_same_either_way(ids):
    first = b'data: {"choices":[{"delta":{"content":"a"},"token_ids":[7]}]}\n\n'
    same([first, first, first.replace(b"[7]", ids), first])


@pytest.mark.parametrize("name", sorted(path.stem for path in STREAMS.glob("*.http")))
def test_recorded_streams_mean_the_same_either_way(name):
    framer = Framer()
    framer.feed((STREAMS / f"{name}.http").read_bytes(), 0)
    learned = same(framer.pieces)
    if "refused" not in name:
        assert learned.read(framer.pieces[2]) is not None


def test_an_engine_that_changes_its_mould_is_not_learned_for_ever():
    used = Shapes()
    for number in range(200):
        piece = f'data: {{"x{number}":1,"choices":[{{"text":"a"}}]}}\n\n'.encode()
        outcome([piece], used)
    assert len(used._shapes) == shapes.MAX_SHAPES
