"""What waits in the spool comes back as it was, and a spool that cannot be used is not silently lost."""

from __future__ import annotations

import os
import tempfile
from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suite.measure.load import spool
from suite.measure.load.decoding import Decoder, Facts, Response
from suite.measure.load.spool import Spool

FACTS = Facts("test", 0, True, 1_000, True, True)
moments = st.integers(0, 2**62)
pieces = st.lists(
    st.tuples(
        st.binary(max_size=40)
        | st.sampled_from(
            [
                b'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n',
                b'data: {"choices":[{"index":0,"delta":{"content":"b"}}]}\n\n',
                b"data: [DONE]\n\n",
            ]
        ),
        moments,
    ),
    max_size=20,
)


@st.composite
def responses(draw):
    body = draw(pieces)
    return Response(
        number=draw(st.integers(0, 10**9)),
        task=draw(st.text(max_size=9)),
        prompt_sha256=draw(st.text(max_size=9)),
        truncated=draw(st.booleans()),
        own_prompt=draw(st.none() | st.integers(0, 10**7)),
        t_sched=draw(st.none() | moments),
        t_send=draw(moments),
        t_end=draw(moments),
        fault=draw(st.sampled_from([None, "reset", "stall"])),
        error=draw(st.text(max_size=9)),
        status=draw(st.sampled_from([None, 200, 429, 500])),
        headers=draw(
            st.sampled_from(
                [{}, {"content-type": "text/event-stream"}, {"retry-after": "7"}],
            )
        ),
        pieces=[piece for piece, _ in body],
        stamps=[stamp for _, stamp in body],
    )


@given(responses())
def test_a_record_gives_back_what_went_in(response):
    assert spool.unpack(spool.pack(response)) == response


@given(responses())
def test_an_event_does_not_depend_on_the_way_through_the_spool(response):
    direct = Decoder(FACTS).decode(response)
    assert Decoder(FACTS).decode(spool.unpack(spool.pack(response))) == direct


@given(responses(), st.data())
def test_a_record_that_is_not_whole_is_refused(response, data):
    record = spool.pack(response)
    shorter = record[: data.draw(st.integers(0, len(record) - 1))]
    for wrong in (shorter, record + b"x", b"xxxx" + record[4:]):
        with pytest.raises(ValueError, match="record"):
            spool.unpack(wrong)


@settings(max_examples=20)
@given(st.lists(responses(), max_size=8))
def test_a_spool_gives_back_any_record_in_any_order_and_starts_afresh(many):
    box = Spool()
    try:
        for _ in range(2):
            places = [box.put(one) for one in many]
            assert None not in places
            for place, one in reversed(list(zip(places, many, strict=True))):
                assert box.get(place) == one
            box.restart()
            if many:
                assert os.fstat(box.fd).st_size == 0
    finally:
        box.close()


def simple(stamps) -> Response:
    return Response(0, "t", "", False, None, None, 1, 2, None, "", 200, {}, [b"a", b"bc"], stamps)


def test_stamps_may_be_an_array():
    assert spool.unpack(spool.pack(simple(array("q", [5, 6])))) == simple([5, 6])


def test_the_file_has_no_name(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    box = Spool()
    place = box.put(simple([5, 6]))
    assert list(tmp_path.iterdir()) == []
    assert box.get(place) == simple([5, 6])
    box.close()
    box.close()
    assert box.fd == -1


def test_a_directory_that_takes_no_file(monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", "/nonexistent")
    box = Spool()
    assert box.put(simple([5, 6])) is None
    assert box.failed


def test_a_disk_that_is_full(monkeypatch):
    write = os.pwrite
    box = Spool()
    first = box.put(simple([5, 6]))

    def full(fd, data, offset):
        if len(data) < 10:
            raise OSError(28, "No space left on device")
        return write(fd, data[: len(data) - 5], offset)

    monkeypatch.setattr(spool.os, "pwrite", full)
    assert box.put(simple([7, 8])) is None
    assert box.failed
    assert box.put(simple([7, 8])) is None
    assert box.get(first) == simple([5, 6])
    box.close()


def test_what_was_decoded_is_given_back_to_the_disk():
    box = Spool()
    large = simple([5, 6])._replace(pieces=[bytes(3 << 20), b"x"])
    places = [box.put(large) for _ in range(4)]
    before = os.fstat(box.fd).st_blocks
    box.release(places[1].offset)
    assert os.fstat(box.fd).st_blocks == before
    box.release(places[3].offset)
    if box._free == 0:
        pytest.skip("this file system gives no part of a file back")
    assert os.fstat(box.fd).st_blocks < before / 2
    assert box.get(places[3]) == large
    box.restart()
    assert box.get(box.put(large)) == large
    box.close()


def test_only_so_much_may_wait(monkeypatch):
    monkeypatch.setattr(spool, "MOST_BYTES", 50)
    box = Spool()
    assert box.usable()
    box.put(simple([5, 6]))
    assert not box.usable()
    box.restart()
    assert box.usable()
    box.close()


def test_a_place_beyond_the_file():
    box = Spool()
    place = box.put(simple([5, 6]))
    with pytest.raises(ValueError, match="ends within"):
        box.get(spool.Place(place.offset, place.length + 1))
    box.close()
