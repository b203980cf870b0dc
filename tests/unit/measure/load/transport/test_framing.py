"""The response framer, held against a parser that sees the whole response at once."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.measure.load.transport import framing
from suite.measure.load.transport.framing import BAD, DONE, MORE, Framer

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted({place % (len(data) + 1) for place in places}), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(edges) if a < b]


def feed(parts: list[bytes], framer: Framer | None = None) -> tuple[Framer, int]:
    framer, state = framer or Framer(), MORE
    for stamp, part in enumerate(parts):
        state = framer.feed(part, stamp)
        if state != MORE:
            break
    return framer, state


def reference_dechunk(wire: bytes) -> bytes:
    """RFC 9112 section 7.1.3, over the whole body."""
    body, position = b"", 0
    while True:
        end = wire.index(b"\r\n", position)
        size = int(wire[position:end].split(b";")[0].strip(), 16)
        if not size:
            return body
        position = end + 2
        body += wire[position : position + size]
        position += size + 2


sizes = st.sampled_from([b"%x", b"%X", b"0%x", b"%x;name=value", b"%x ; a"])
chunks = st.lists(
    st.tuples(st.binary(min_size=1, max_size=40) | st.just(b"0\r\n\r\n"), sizes), max_size=8
)
places = st.lists(st.integers(0, 2_000), max_size=30)


@given(chunks, places, st.sampled_from([b"", b"X-Sum: 1\r\n", b"A: 1\r\nB: 2\r\n"]))
def test_chunked_bodies_cut_anywhere(parts, places, trailer):
    wire = b"".join(form % len(data) + b"\r\n" + data + b"\r\n" for data, form in parts)
    wire += b"0\r\n" + trailer + b"\r\n"
    framer, state = feed(cut(CHUNKED + wire, places))
    assert state == DONE
    assert framer.problem == ""
    assert b"".join(framer.pieces) == b"".join(data for data, _ in parts) == reference_dechunk(wire)
    assert len(framer.pieces) == len(framer.stamps)
    assert framer.stamps == sorted(framer.stamps)
    assert framer.status == 200
    assert framer.keep_alive
    assert not framer.surplus


@given(st.binary(max_size=60), places)
def test_bodies_of_known_length_cut_anywhere(body, places):
    framer, state = feed(cut(HEAD + b"content-length: %d\r\n\r\n" % len(body) + body, places))
    assert state == DONE
    assert b"".join(framer.pieces) == body


@given(st.binary(max_size=60), places)
def test_bodies_that_end_with_the_connection(body, places):
    framer, state = feed(cut(HEAD + b"\r\n" + body, places))
    assert state == MORE
    assert framer.eof()
    assert not framer.keep_alive
    assert b"".join(framer.pieces) == body


@given(chunks.filter(bool), places, st.data())
def test_a_response_cut_short_is_never_complete(parts, places, data):
    wire = CHUNKED + b"".join(b"%x\r\n" % len(d) + d + b"\r\n" for d, _ in parts) + b"0\r\n\r\n"
    short = wire[: data.draw(st.integers(0, len(wire) - 1))]
    framer, state = feed(cut(short, places))
    assert state == MORE
    assert not framer.eof()


@given(st.binary(max_size=200), places)
def test_any_bytes_at_all_end_in_a_verdict_and_not_in_an_exception(data, places):
    framer, state = feed(cut(data, places))
    assert state in (MORE, DONE, BAD)
    assert (state == BAD) == bool(framer.problem)


@given(st.binary(max_size=200), places)
def test_any_chunked_body_at_all_ends_in_a_verdict(data, places):
    framer, state = feed(cut(CHUNKED + data, places))
    assert state in (MORE, DONE, BAD)
    assert (state == BAD) == bool(framer.problem)


def test_one_read_with_one_chunk_keeps_its_own_stamp():
    framer, _ = feed([CHUNKED, b"3\r\nabc\r\n", b"3\r\ndef\r\n", b"3\r\nghi\r\n"])
    assert framer.pieces == [b"abc", b"def", b"ghi"]
    assert framer.stamps == [1, 2, 3]


def test_interim_responses_are_skipped():
    framer, state = feed(
        [b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 x\r\nLink: y\r\n\r\n", CHUNKED]
    )
    assert state == MORE
    assert framer.status == 200


def test_bare_line_feeds_in_the_head_are_accepted():
    framer, state = feed([b"HTTP/1.1 200 OK\nContent-Length: 2\n\nab"])
    assert state == DONE
    assert framer.headers == {"content-length": "2"}


def test_bytes_after_the_end_spoil_the_connection():
    framer, state = feed([HEAD + b"content-length: 1\r\n\r\naXX"])
    assert state == DONE
    assert framer.surplus


@pytest.mark.parametrize(
    ("head", "alive"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: Close\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n", True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", True),
        (b"HTTP/1.1 200\r\nContent-Length: 0, 0\r\n\r\n", True),
    ],
)
def test_whether_the_connection_stays(head, alive):
    framer, state = feed([head])
    assert state == DONE
    assert framer.keep_alive is alive


@pytest.mark.parametrize(
    ("wire", "problem"),
    [
        (b"SSH-2.0-x\r\n", "not HTTP/1.1"),
        (b"HTTP/2 200\r\n\r\n", "not HTTP/1.1"),
        (b"HTTP/1.1 abc\r\n\r\n", "not HTTP/1.1"),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", "switched"),
        (b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "header field"),
        (b"HTTP/1.1 200 OK\r\nName : x\r\n\r\n", "header field"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n", "content length"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "content length"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "transfer coding"),
        (CHUNKED + b"zz\r\n", "chunk size"),
        (CHUNKED + b"\n", "chunk size"),
        (CHUNKED + b"3\nabc\r\n", "chunk size"),
        (CHUNKED + b"3\r\nabcd\r\n", "longer than its size"),
        (CHUNKED + b"1000000000000000\r\n", "chunk size"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000, "head is too large"),
    ],
)
def test_what_is_refused(wire, problem):
    framer, state = feed([wire[:5], wire[5:]])
    assert state == BAD
    assert problem in framer.problem


def test_an_endless_body_is_refused_by_either_path(monkeypatch):
    monkeypatch.setattr(framing, "KEPT_OF_LARGE", 100)
    chunk = b"10\r\n" + b"a" * 16 + b"\r\n"
    for parts in ([CHUNKED] + [chunk] * 50, [CHUNKED] + [chunk * 2] * 25):
        framer, state = feed(parts, Framer(1_000))
        assert state == BAD
        assert framer.too_large
        assert "at most 1,000 bytes" in framer.problem
        assert sum(map(len, framer.pieces)) <= 100
        assert len(framer.stamps) == len(framer.pieces)


def test_reads_of_several_chunks_in_mid_stream_are_counted():
    def chunk(text: bytes) -> bytes:
        return b"%x\r\n%b\r\n" % (len(text), text)

    framer = Framer()
    head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    # What comes with the head is the start of an answer, what comes with the end its end: neither counts.
    assert framer.feed(head + chunk(b"role") + chunk(b"a"), 1) == MORE
    assert framer.feed(chunk(b"b"), 2) == MORE
    assert framer.merged == 0
    assert framer.feed(chunk(b"c") + chunk(b"d"), 3) == MORE
    assert framer.merged == 1
    assert framer.feed(chunk(b"e") + chunk(b"usage") + b"0\r\n\r\n", 4) == DONE
    assert framer.merged == 1
