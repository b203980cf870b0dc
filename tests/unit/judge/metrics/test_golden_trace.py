"""Small event lists whose metrics are worked out by hand, to the last digit that is stored."""

from __future__ import annotations

import pytest
from msgspec import UNSET

from suite.documents.card_phase import Series
from suite.documents.value import Measured, NotMeasured, stored
from suite.judge.metrics.compute import compute
from suite.judge.metrics.registry import PHASE_METRICS, REGISTRY, RUN_METRICS

CONVERSION = {
    "kind": "convert",
    "reason": "another layout",
    "command": ["convert"],
    "env": {},
    "source": "/model",
    "target": "/converted",
    "host_target": "/data/converted",
    "model_type": "",
    "parameters": {},
}


def value(results, phase, metric):
    result = results.phases[phase].metrics[metric]
    assert isinstance(result, Measured), f"{metric}: {result}"
    return stored(result.value)


def why(results, phase, metric):
    result = results.phases[phase].metrics[metric]
    assert isinstance(result, NotMeasured), f"{metric}: {result}"
    return result.why


@pytest.fixture
def single(trace):
    """Two requests, one at a time: 100 + 10·k and 200 + 20·k ms."""
    trace.phase("single", "single_stream", 2)
    trace.request("single", 0, [100, 110, 120, 130, 140])
    trace.request("single", 150, [350, 370, 390])
    return trace


def test_every_metric_of_the_registry_is_there(single):
    results = compute(single.evidence())
    assert tuple(results.phases["single"].metrics) == tuple(metric.id for metric in PHASE_METRICS)
    assert tuple(results.run) == tuple(metric.id for metric in RUN_METRICS)


def test_units_are_the_registrys(single):
    single.peak(1e9, 1e9)
    results = compute(single.evidence())
    for name, result in results.phases["single"].metrics.items():
        if isinstance(result, Measured):
            assert result.unit == REGISTRY[name].unit, name


def test_latencies(single):
    results = compute(single.evidence())
    assert value(results, "single", "ttft_p50") == 150.0
    assert value(results, "single", "ttft_mean") == 150.0
    assert value(results, "single", "tpot_p50") == 15.0
    assert value(results, "single", "e2e_mean") == 190.0
    assert value(results, "single", "e2e_p50") == 190.0
    # 40 ms over 4 gaps and 40 ms over 2
    assert value(results, "single", "icl_mean") == stored(80 / 6)
    assert value(results, "single", "icl_p50") == 10.0
    assert value(results, "single", "itl_mean") == stored(80 / 6)
    # 140 / 5 and 240 / 3
    assert value(results, "single", "normalised_latency_mean") == 54.0
    assert why(results, "single", "ttft_p90") == "n = 2 < 64"
    assert why(results, "single", "ttft_p99") == "n = 2 < 662"
    assert "closed loop" in why(results, "single", "ttft_sched_p50")
    assert "closed loop" in why(results, "single", "send_lateness_max")
    assert results.phases["single"].token_source == "token ids"


def test_throughputs(single):
    results = compute(single.evidence())
    # 8 tokens, 2 prompts of 10, from 0 to 390 ms
    assert value(results, "single", "output_throughput") == stored(8 / 0.39)
    assert value(results, "single", "total_throughput") == stored(28 / 0.39)
    assert value(results, "single", "request_throughput") == stored(2 / 0.39)
    assert why(results, "single", "goodput") == "the profile sets no objectives"
    assert value(results, "single", "generated_tokens_mean") == 4.0
    assert value(results, "single", "completed") == 2
    assert value(results, "single", "failed") == 0


def test_a_one_token_answer_has_no_tpot(trace):
    trace.phase("p", "offline", 3)
    trace.request("p", 0, [10])
    trace.request("p", 0, [10, 40])
    trace.request("p", 0, [10, 30, 50])
    result = compute(trace.evidence()).phases["p"].metrics
    assert result["tpot_p50"].n == 2
    assert result["tpot_p50"].value == 25.0
    assert result["ttft_p50"].n == 3


def test_only_one_token_answers(trace):
    trace.phase("p", "offline", 1)
    trace.request("p", 0, [10])
    results = compute(trace.evidence())
    assert why(results, "p", "tpot_mean") == "no answer has two tokens or more"
    assert why(results, "p", "icl_p50") == "no samples"


def test_open_loop_counts_from_the_schedule_and_shows_lateness(trace):
    trace.phase("server", "server", 2, late=50.0)
    trace.request("server", 3, [20, 40], sched=0)
    trace.request("server", 105, [130, 150], sched=100)
    trace.plan["workload"]["objectives"] = {"ttft_ms": 28.0, "tpot_ms": 20.0, "e2e_ms": None}
    results = compute(trace.evidence())
    assert value(results, "server", "ttft_mean") == 21.0
    assert value(results, "server", "ttft_sched_mean") == 25.0
    assert value(results, "server", "e2e_mean") == 41.0
    assert value(results, "server", "e2e_sched_mean") == 45.0
    assert value(results, "server", "send_lateness_p50") == 4.0
    assert value(results, "server", "send_lateness_max") == 5.0
    # The second misses 28 ms only by the schedule: 30 ms, but 25 ms from the send.
    assert value(results, "server", "goodput") == stored(1 / 0.147)


def test_late_sending_beyond_the_bound_voids_the_phase(trace):
    trace.phase("server", "server", 2, late=4.0)
    trace.request("server", 3, [20, 40], sched=0)
    trace.request("server", 105, [130, 150], sched=100)
    results = compute(trace.evidence())
    assert "sent late" in why(results, "server", "ttft_p50")
    assert value(results, "server", "send_lateness_max") == 5.0
    assert value(results, "server", "completed") == 2
    assert results.phases["server"].series == Series()


def test_failures_are_counted_and_kept_out(trace):
    trace.phase("p", "offline", 4, failures=0.25)
    trace.request("p", 0, [100, 120])
    trace.request("p", 0, [100, 120])
    trace.request("p", 0, [100, 120])
    trace.request("p", 0, [5000, 9000], outcome="reset")
    results = compute(trace.evidence())
    assert value(results, "p", "ttft_p50") == 100.0
    assert value(results, "p", "completed") == 3
    assert value(results, "p", "failed") == 1
    assert value(results, "p", "output_throughput") == stored(6 / 0.12)


def test_too_many_failures_void_the_phase(trace):
    trace.phase("p", "offline", 4, failures=0.2)
    for _ in range(3):
        trace.request("p", 0, [100, 120])
    trace.request("p", 0, [], outcome="timeout")
    results = compute(trace.evidence())
    assert "1 of 4 requests failed" in why(results, "p", "rouge1")
    assert value(results, "p", "failed") == 1


def test_an_ok_request_without_text_is_a_failure(trace):
    trace.phase("p", "offline", 1, failures=1.0)
    trace.request("p", 0, [])
    results = compute(trace.evidence())
    assert "all 1 requests failed" in why(results, "p", "ttft_p50")


def test_an_unfinished_phase_is_not_measured(trace):
    trace.phase("p", "offline", 3)
    trace.phase("q", "offline", 3)
    trace.request("p", 0, [100, 120])
    results = compute(trace.evidence())
    assert "only 1 of 3" in why(results, "p", "ttft_p50")
    assert "it did not run" in why(results, "q", "output_throughput")
    assert value(results, "q", "completed") == 0


def test_warm_up_is_never_counted(single):
    single.phase("warm-up", "offline", 1, measured=False)
    single.request("warm-up", -500, [-400, -300], measured=False)
    single.phase("single", "single_stream", 1, repeat=0, measured=False)
    single.request("single", -200, [-100], repeat=0, measured=False)
    results = compute(single.evidence())
    assert list(results.phases) == ["single"]
    assert value(results, "single", "completed") == 2
    assert value(results, "single", "output_throughput") == stored(8 / 0.39)


def test_repeats_pool_latencies_and_average_throughputs(trace):
    for repeat, step in ((1, 10), (2, 20), (3, 30)):
        trace.phase("p", "offline", 1, repeat=repeat)
        start = 1000 * repeat
        trace.request("p", start, [start + step, start + 2 * step], repeat=repeat, task="t0")
    result = compute(trace.evidence()).phases["p"]
    assert result.repeats == 3
    assert result.metrics["ttft_p50"].value == 20.0
    assert result.metrics["ttft_p50"].n == 3
    rates = [2 / 0.02, 2 / 0.04, 2 / 0.06]
    assert stored(result.metrics["output_throughput"].value) == stored(sum(rates) / 3)
    assert result.metrics["output_throughput"].interval == "95 % t over 3 repeats"
    assert result.metrics["rouge1"].n == 1


def test_chunks_of_several_tokens_are_not_called_tokens(trace):
    trace.phase("p", "offline", 1)
    trace.request("p", 0, [100, 180, 260], tokens=12, chunk_tokens=[4, 4, 4])
    results = compute(trace.evidence())
    assert value(results, "p", "icl_mean") == 80.0
    assert why(results, "p", "itl_mean") == (
        "3 of 3 chunks carried not one token each, 12 tokens in all"
    )
    # 160 ms for the eight tokens after the first chunk.
    assert value(results, "p", "tpot_mean") == 20.0


def test_without_ids_one_chunk_per_token_is_believed_only_if_the_counts_agree(trace):
    trace.phase("p", "offline", 1)
    trace.phase("q", "offline", 1)
    trace.request("p", 0, [100, 120, 140], ids=False)
    trace.request("q", 0, [100, 120, 140], ids=False, tokens=5)
    results = compute(trace.evidence())
    assert value(results, "p", "itl_mean") == 20.0
    assert "does not say" in why(results, "q", "itl_mean")
    assert "does not say" in why(results, "q", "tpot_mean")
    assert value(results, "q", "output_throughput") == stored(5 / 0.14)
    assert results.phases["p"].token_source == "engine usage"


@pytest.mark.parametrize(
    ("usages", "source", "total"),
    [
        ([{"ids_completion": 4, "engine_completion": 5, "own_completion": 6}] * 2, "token ids", 8),
        (
            [
                {"ids_completion": 3, "engine_completion": 4},
                {"engine_completion": 4, "own_completion": 5},
            ],
            "engine usage",
            8,
        ),
        ([{"own_completion": 5}, {"own_completion": 5, "ids_completion": 3}], "own tokenizer", 10),
        ([{"own_completion": 5}, {"ids_completion": 3}], "none", None),
    ],
)
def test_one_phase_one_token_source(trace, usages, source, total):
    trace.phase("p", "offline", 2)
    for usage in usages:
        request = trace.request("p", 0, [500, 1000], ids=False)
        request["usage"] = usage
        if "ids_completion" in usage:
            request["token_ids"] = [1] * usage["ids_completion"]
    # Nobody saw the tokens come: the total is what the source says.
    results = compute(trace.evidence())
    assert results.phases["p"].token_source == source
    if total is None:
        assert "no source" in why(results, "p", "output_throughput")
        assert "no source" in why(results, "p", "tpot_p50")
        assert "no source" in why(results, "p", "mfu")
        assert value(results, "p", "ttft_p50") == 500.0
    else:
        assert value(results, "p", "output_throughput") == total
        assert "prompt" in why(results, "p", "total_throughput")


def test_the_order_of_lines_does_not_matter(single):
    first = compute(single.evidence())
    single.requests.reverse()
    assert compute(single.evidence()) == first


def test_generated_length_ratio(single):
    single.plan["workload"]["quality"]["reference"] = {"rouge1": 0.4, "generated_tokens": 5.0}
    results = compute(single.evidence())
    assert value(results, "single", "generated_length_ratio") == 0.8


def test_rouge_and_lead_by_hand(single):
    """Reference "one two three four": the answer has 3 of its words, the lead 2."""
    results = compute(single.evidence())
    assert value(results, "single", "rouge1") == stored(2 * (1 * 0.75) / 1.75)
    assert value(results, "single", "rouge2") == stored(2 * (1 * 2 / 3) / (5 / 3))
    assert value(results, "single", "rougeLsum") == stored(2 * (1 * 0.75) / 1.75)
    assert stored(results.baseline["rouge1"].value) == stored(2 * (1 * 0.5) / 1.5)


def test_a_task_without_reference_is_said(single):
    del single.tasks["t1"]
    results = compute(single.evidence())
    assert "t1" in why(results, "single", "rouge1")


def test_block_bootstrap_from_forty_answers(trace):
    trace.phase("p", "offline", 40)
    for i in range(40):
        trace.request("p", 10 * i, [10 * i + 5, 10 * i + 10])
    result = compute(trace.evidence()).phases["p"].metrics["output_throughput"]
    assert result.interval == "95 % block bootstrap"
    assert stored(result.value) == 200.0
    assert result.low == pytest.approx(200.0, rel=0.05)
    assert result.high == pytest.approx(200.0, rel=0.05)
    assert result.low <= result.value <= result.high


def test_series_are_bounded_and_ordered(trace):
    trace.phase("p", "offline", 300)
    for i in range(300):
        trace.request("p", 10 * i, [10 * i + 5 + i % 7, 10 * i + 20], task="t0")
    series = compute(trace.evidence()).phases["p"].series
    for name in ("ttft_ms", "tpot_ms", "e2e_ms"):
        values = getattr(series, name)
        assert len(values) == 200
        assert list(values) == sorted(values)
    rate = series.throughput
    assert len(rate.values) == 60
    assert sum(rate.values) * rate.bucket_s == pytest.approx(600.0)


def test_startup_from_marks(single):
    single.mark("conversion.start", -9000)
    single.mark("conversion.end", -8000)
    single.mark("engine.start", -5000)
    single.mark("engine.healthy", -1500)
    single.mark("engine.first_answer", -1000)
    run = compute(single.evidence()).run
    assert run["startup_healthy_s"].value == 3.5
    assert run["startup_first_answer_s"].value == 4.0
    assert "no conversion" in run["conversion_s"].why
    single.plan["conversion"] = CONVERSION
    assert compute(single.evidence()).run["conversion_s"].value == 1.0
    single.mark("conversion.reused", -9500)
    assert "used again" in compute(single.evidence()).run["conversion_s"].why


def test_startup_of_a_running_engine_or_a_dead_one(single):
    single.mark("engine.start", 0)
    run = compute(single.evidence()).run
    assert "engine.healthy" in run["startup_healthy_s"].why
    single.plan["runtime"] = "endpoint"
    assert "already running" in compute(single.evidence()).run["startup_healthy_s"].why


def test_answers_in_one_piece_have_no_time_per_token(trace):
    trace.phase("p", "offline", 20)
    for number in range(20):
        chunks = [10.0, 10.0, 10.0] if number < 2 else [10.0, 12.0, 14.0]
        trace.request("p", 0, chunks)
    result = compute(trace.evidence()).phases["p"]
    assert result.metrics["tpot_p50"] == NotMeasured("2 of 20 answers arrived in one piece")
    assert result.series.tpot_ms is UNSET


def test_tokens_without_text_are_in_no_rate(trace):
    trace.phase("p", "offline", 1)
    # Nine tokens: three with text, the end token, and five special ones that nobody saw.
    trace.request("p", 0, [10.0, 12.0, 14.0], tokens=9, chunk_tokens=[1, 1, 1])
    results = compute(trace.evidence())
    assert value(results, "p", "tpot_p50") == 2.0
    assert value(results, "p", "output_throughput") == stored(3 / 0.014)
    assert value(results, "p", "generated_tokens_mean") == 9.0
