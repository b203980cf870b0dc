"""Which tokens a rate counts: those that arrived, whatever an engine counts besides."""

from __future__ import annotations

import pytest

from suite.documents.value import Measured, NotMeasured, stored
from suite.judge.metrics.compute import compute
from suite.judge.rules.tokens import counts_agree

WORDS = " one two three four five six seven eight nine ten eleven twelve"
"""Twelve words, the first after 100 ms, the others 10 ms apart; the answer ended by itself."""


def answered(trace, *, per_chunk=1, ids=None, usage=None, stated=True, own=None, reason="stop"):
    """An answer of twelve tokens in chunks of `per_chunk`, as an engine reports it that counts so many."""
    chunks = [100 + 10 * i for i in range(0, 12, per_chunk)]
    carried = [min(per_chunk, 12 - i) for i in range(0, 12, per_chunk)]
    request = trace.request("p", 0, chunks, text=WORDS)
    request["chunk_tokens"] = carried if stated else None
    words = WORDS.split(" ")[1:]
    pieces = [
        "".join(f" {word}" for word in words[i : i + per_chunk]) for i in range(0, 12, per_chunk)
    ]
    request["lead_chars"] = [len(piece) for piece in pieces[:4]]
    request["token_ids"] = None if ids is None else list(range(ids))
    request["finish_reason"] = reason
    counts = {"ids_completion": ids, "engine_completion": usage, "own_completion": own}
    if own is not None and not stated:
        counts["own_lead"] = [min(per_chunk * (i + 1), 12) for i in range(len(pieces[:4]))]
    request["usage"] = {"engine_prompt": 10, "own_prompt": 10}
    request["usage"] |= {name: count for name, count in counts.items() if count is not None}
    return request


ENGINES = {
    "ids with the end token": {"ids": 13, "usage": 13, "own": 12},
    "ids without it": {"ids": 12, "usage": 12, "own": 12},
    "running usage with it": {"usage": 13, "own": 12},
    "running usage without it": {"usage": 12, "own": 12},
    "usage alone, with it": {"usage": 13, "stated": False},
    "usage alone, without it": {"usage": 12, "stated": False},
    "usage and the text, with it": {"usage": 13, "stated": False, "own": 12},
    "usage and the text, without it": {"usage": 12, "stated": False, "own": 12},
    "the text alone": {"stated": False, "own": 12},
    "cut at the limit": {"usage": 12, "stated": False, "own": 12, "reason": "length"},
}


@pytest.mark.parametrize("engine", ENGINES)
def test_engines_agree_whether_they_count_the_end_token_or_not(trace, engine):
    trace.phase("p", "offline", 1)
    answered(trace, **ENGINES[engine])
    result = compute(trace.evidence()).phases["p"].metrics
    assert stored(result["tpot_p50"].value) == 10.0
    assert stored(result["output_throughput"].value) == stored(12 / 0.21)
    assert stored(result["total_throughput"].value) == stored(22 / 0.21)
    assert stored(result["normalised_latency_mean"].value) == stored(210 / 12)
    assert stored(result["tt4t_p50"].value) == 130.0


@pytest.mark.parametrize("end", [0, 1])
@pytest.mark.parametrize("ids", [False, True])
def test_chunks_of_four_give_the_same_by_ids_and_by_the_text(trace, end, ids):
    """The first chunk brings four tokens, so that eight come in the 80 ms after it: not eleven, nor twelve."""
    trace.phase("p", "offline", 1)
    known = {"ids": 12 + end, "usage": 12 + end} if ids else {"usage": 12 + end, "stated": False}
    answered(trace, per_chunk=4, own=12, **known)
    result = compute(trace.evidence()).phases["p"]
    assert result.arrival_source == ("engine, by chunk" if ids else "own tokenizer")
    assert stored(result.metrics["tpot_p50"].value) == 10.0
    assert stored(result.metrics["output_throughput"].value) == stored(12 / 0.18)
    assert stored(result.metrics["tt4t_p50"].value) == 100.0
    assert isinstance(result.metrics["itl_p50"], NotMeasured)


def test_chunks_of_unknown_tokens_leave_no_time_per_token(trace):
    trace.phase("p", "offline", 1)
    answered(trace, per_chunk=4, usage=13, stated=False)
    result = compute(trace.evidence()).phases["p"]
    assert result.arrival_source == "none"
    assert "does not say how many tokens a chunk carries" in result.metrics["tpot_p50"].why
    assert stored(result.metrics["output_throughput"].value) == stored(13 / 0.18)


def test_the_published_case_of_two_engines(trace):
    """21 words at 1.29 ms: with the end token in the divisor the mean was 5 % too low."""
    trace.phase("p", "offline", 1)
    trace.request("p", 0, [10 + 1.29 * i for i in range(20)], tokens=21, chunk_tokens=[1] * 20)
    result = compute(trace.evidence()).phases["p"].metrics
    assert stored(result["tpot_mean"].value) == stored(result["itl_mean"].value) == 1.29


@pytest.mark.parametrize(
    ("engine", "outcome"),
    [
        ({"usage": 13, "own": 12, "ids": 13}, "pass"),
        ({"usage": 12, "own": 12, "ids": 12}, "pass"),
        ({"usage": 13, "own": 12, "stated": False}, "pass"),
        ({"usage": 12, "own": 12, "stated": False}, "pass"),
        # Two beside the end token, and one too many where no end token ended the answer.
        ({"usage": 14, "own": 12, "stated": False}, "fail"),
        ({"usage": 13, "own": 12, "stated": False, "reason": "length"}, "fail"),
    ],
)
def test_r014_leaves_out_only_an_end_token_that_was_counted(trace, engine, outcome):
    trace.phase("p", "offline", 1)
    answered(trace, **engine)
    evidence = trace.evidence()
    assert counts_agree(evidence, compute(evidence)).outcome.value == outcome


@pytest.mark.parametrize("ids", [False, True])
def test_answers_that_came_at_once_are_not_measured(trace, ids):
    trace.phase("p", "offline", 1)
    request = trace.request("p", 0, [100], tokens=12, ids=ids, chunk_tokens=[12] if ids else None)
    request["usage"] |= {"own_completion": 12, "own_lead": [12]}
    why = compute(trace.evidence()).phases["p"].metrics["tpot_p50"]
    assert why == NotMeasured("1 of 1 answers arrived in one piece")


@pytest.mark.parametrize(
    "blank", [" ", "\n\n", "\u200b", "\ufeff", "\u00ad", "\u3164", "\u2800", "\u200d\ufe0f"]
)
def test_a_first_chunk_that_shows_nothing_is_no_first_token(trace, blank):
    trace.phase("p", "offline", 1)
    request = trace.request("p", 0, [5, 100, 110, 120, 130], text=f"{blank}one two three four")
    request["lead_chars"] = [len(blank), 3, 4, 6, 5]
    result = compute(trace.evidence()).phases["p"].metrics
    assert stored(result["ttft_p50"].value) == 100.0
    assert stored(result["tt4t_p50"].value) == 130.0
    assert stored(result["tpot_p50"].value) == 10.0
    # It was generated all the same.
    assert stored(result["output_throughput"].value) == stored(5 / 0.13)


def test_a_first_chunk_without_a_token_is_no_first_token(trace):
    trace.phase("p", "offline", 1)
    request = trace.request(
        "p", 0, [5, 100, 110, 120], text="xone two three", tokens=3, chunk_tokens=[0, 1, 1, 1]
    )
    request["lead_chars"] = [1, 3, 4, 6]
    result = compute(trace.evidence()).phases["p"].metrics
    assert stored(result["ttft_p50"].value) == 100.0
    assert stored(result["tpot_p50"].value) == 10.0
    assert result["tt4t_p50"] == NotMeasured("no answer has four tokens that show something")


def test_a_chunk_of_reasoning_is_a_first_token(trace):
    trace.phase("p", "offline", 1)
    request = trace.request("p", 0, [50, 100], text="one")
    request["lead_chars"] = [0, 3]
    assert stored(compute(trace.evidence()).phases["p"].metrics["ttft_p50"].value) == 50.0


def test_an_answer_that_shows_nothing_has_its_first_token_at_its_end(trace):
    trace.phase("p", "offline", 1)
    trace.request("p", 0, [50, 100], text=" \n")["lead_chars"] = [1, 1]
    assert stored(compute(trace.evidence()).phases["p"].metrics["ttft_p50"].value) == 100.0


def failing(trace, *, outcome):
    """1,000 requests, of which 15 take 5 s, or are refused."""
    trace.phase("p", "offline", 1000, failures=0.05)
    for number in range(1000):
        slow = number % 64 == 1 and number < 960
        first = 5000 if slow else 100 + number % 7
        code = outcome if slow else "ok"
        chunks = [] if code != "ok" else [first, first + 10]
        trace.request("p", 0, chunks, task="t0", outcome=code)
    return compute(trace.evidence()).phases["p"].metrics


def test_refusing_the_slowest_does_not_improve_a_tail(trace):
    result = failing(trace, outcome="rate-limited")
    for quantity in ("ttft", "e2e", "tpot", "icl"):
        assert isinstance(result[f"{quantity}_p50"], Measured), quantity
    for name in ("ttft_p99", "e2e_p99", "tpot_p99"):
        assert result[name] == NotMeasured(
            "it falls among the 15 of 1000 requests that failed: a failed request is infinitely late"
        )
    for name in (
        "ttft_mean",
        "e2e_mean",
        "tpot_mean",
        "icl_mean",
        "itl_mean",
        "normalised_latency_mean",
    ):
        assert result[name].why.startswith("15 requests failed"), name
    assert result["ttft_p90"].n == 1000


def test_percentiles_below_the_failures_are_those_of_a_slow_server(trace, request):
    refused = failing(trace, outcome="rate-limited")
    slow = failing(type(trace)(), outcome="ok")
    for name in ("ttft_p50", "ttft_p90", "e2e_p50", "e2e_p90"):
        assert refused[name] == slow[name], name
    assert slow["ttft_p99"].value > 4000
