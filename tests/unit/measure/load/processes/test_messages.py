"""Messages come through a pipe whole, in order, and without anybody waiting for it."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.measure.load.processes.messages import Inbox, Outbox

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.binary(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


@pytest.fixture
def pipe():
    read, write = os.pipe()
    os.set_blocking(read, False)
    yield read, write
    for fd in (read, write):
        try:
            os.close(fd)
        except OSError:
            continue


@given(st.lists(values, max_size=9))
def test_what_is_sent_arrives(sent):
    read, write = os.pipe()
    outbox, inbox = Outbox(write), Inbox(read)
    for value in sent:
        outbox.send(value)
    os.close(write)
    got = []
    while inbox.read():
        got += inbox.messages()
    os.close(read)
    assert got == sent
    assert inbox.ended


def test_more_than_the_pipe_takes_waits_and_arrives_whole(pipe):
    read, write = pipe
    outbox, inbox = Outbox(write), Inbox(read)
    sent = [bytes([i]) * (i * 30_000) for i in range(90)]
    for value in sent:
        outbox.send(value)
    assert outbox.waiting > 0
    got = []
    while len(got) < len(sent):
        assert inbox.read()
        got += inbox.messages()
        outbox.flush()
    assert got == sent
    assert outbox.waiting == 0
    assert not inbox.read()
    assert not inbox.ended


def test_nobody_reads(pipe):
    read, write = pipe
    outbox = Outbox(write)
    outbox.send(b"x" * 3_000_000)
    assert outbox.waiting > 0
    os.close(read)
    outbox.send("lost")
    assert outbox.broken
    assert outbox.waiting == 0


def test_a_message_cut_short_is_no_message(pipe):
    read, write = pipe
    inbox = Inbox(read)
    Outbox(write).send("whole")
    os.write(write, b"\x09\x00\x00\x00abc")
    assert inbox.read()
    assert list(inbox.messages()) == ["whole"]
    os.close(write)
    assert not inbox.read()
    assert list(inbox.messages()) == []
