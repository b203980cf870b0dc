"""The event reader, held against the standard's own algorithm over the whole stream."""

from __future__ import annotations

import itertools

from hypothesis import example, given
from hypothesis import strategies as st

from suite.measure.load.decode.sse import Event, SseReader


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted({place % (len(data) + 1) for place in places}), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(edges)]


def read(parts: list[bytes]) -> list[Event]:
    reader = SseReader()
    events = [event for part in parts for event in reader.feed(part)]
    return events + reader.end()


def reference(data: bytes) -> list[Event]:
    """WHATWG HTML 9.2.6, byte for byte; what is pending at the end is dispatched."""
    data = data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    events: list[Event] = []
    buffer, kind = b"", b""
    for line in [*data.split(b"\n"), b""]:
        if not line:
            if buffer.removesuffix(b"\n"):
                events.append(Event(kind, buffer.removesuffix(b"\n")))
            buffer = kind = b""
        elif line.startswith(b":"):
            continue
        else:
            field, colon, value = line.partition(b":")
            if colon and value.startswith(b" "):
                value = value[1:]
            if field == b"data":
                buffer += value + b"\n"
            elif field == b"event":
                kind = value
    return events


lines = st.sampled_from(
    [
        b"data: {}",
        b"data:x",
        b"data: ",
        b"data",
        b"data:  two",
        b": comment",
        b":",
        b"event: error",
        b"id: 7",
        b"retry: 1",
        b"datax: no",
        "data: é東🙂".encode(),
        b"",
        b"",
    ]
)
ends = st.sampled_from([b"\n", b"\r\n", b"\r"])
streams = st.lists(st.tuples(lines, ends), max_size=25).map(lambda p: b"".join(a + b for a, b in p))
places = st.lists(st.integers(0, 2_000), max_size=40)


@given(streams | st.binary(max_size=60), places)
@example(b"data: a\r\n\r\ndata: b\r\n\r\n", list(range(40)))
@example(b"\xef\xbb\xbfdata: a\n\n", [1, 2])
@example(b"data: a\r\rdata: b", [])
def test_events_are_those_of_the_standard_however_the_stream_is_cut(stream, places):
    assert read(cut(stream, places)) == reference(stream)


@given(st.lists(st.binary(max_size=20).filter(lambda b: b"\n" not in b and b"\r" not in b)))
def test_the_short_path_gives_what_the_long_one_does(payloads):
    pieces = [b"data: " + payload + b"\n\n" for payload in payloads]
    assert read(pieces) == reference(b"".join(pieces))


def test_several_data_lines_are_one_event():
    assert read([b"data: {\ndata: }\n\n"]) == [Event(b"", b"{\n}")]


def test_an_event_type_belongs_to_the_next_event_alone():
    events = read([b"event: error\n", b"data: a\n\n", b"data: b\n\n"])
    assert events == [Event(b"error", b"a"), Event(b"", b"b")]
