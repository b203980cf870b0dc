"""What the rules read of an event."""

import pytest
from msgspec.structs import replace

from suite.declare.analysis.observed import observed
from suite.documents.event import Request, Usage
from tests.unit.declare.analysis.support import MS, failed, request

EVENT = Request(
    phase="offline",
    repeat=0,
    measured=True,
    task="t3",
    chunk_tokens=None,
    merged_reads=0,
    status=200,
    error=None,
    finish_reason="stop",
    text="ok",
    prompt_sha256="a" * 64,
    truncated=False,
    index=3,
    t_sched=5,
    t_send=10,
    chunk_t0=10 + 20 * MS,
    chunk_dt=(5 * MS, 5 * MS),
    t_end=31 * MS,
    outcome="ok",
    token_ids=None,
    usage=Usage(engine_completion=3, own_completion=4),
)


def test_times_come_from_the_event():
    item = observed(EVENT)
    assert (item.number, item.sched, item.sent, item.end) == (3, 5, 10, 31 * MS)
    assert item.ttft_ms() == 20.0
    assert item.ttft_ms(from_sched=True) == pytest.approx(20.000005)
    assert item.e2e_ms() == 30.0
    assert item.tpot_ms() == 5.0


@pytest.mark.parametrize(
    ("changes", "tokens"),
    [
        ({"token_ids": (1, 2)}, 2),
        ({}, 3),
        ({"usage": Usage(own_completion=4)}, 4),
        ({"usage": Usage()}, None),
    ],
)
def test_tokens_are_counted_by_the_first_source_that_says(changes, tokens):
    assert observed(replace(EVENT, **changes)).tokens == tokens


def test_an_answer_without_text_is_none():
    item = observed(replace(EVENT, chunk_t0=None, chunk_dt=()))
    assert not item.ok
    assert (item.ttft_ms(), item.e2e_ms(), item.tpot_ms()) == (None, None, None)


def test_a_cancelled_request_is_neither_good_nor_bad():
    item = observed(replace(EVENT, outcome="cancelled"))
    assert item.cancelled
    assert not item.ok


def test_one_token_has_no_time_per_token():
    assert request(0, tokens=1).tpot_ms() is None
    assert failed(0).tpot_ms() is None
