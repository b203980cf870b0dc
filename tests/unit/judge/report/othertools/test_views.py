"""Golden numbers of other tools' definitions."""

from __future__ import annotations

import csv
import dataclasses
import io

import msgspec
import pytest

from suite.documents.value import Measured, NotMeasured, stored
from suite.judge.log.samples import collect
from suite.judge.metrics.compute import compute
from suite.judge.report.othertools import dbgpt, devices, tools
from suite.judge.report.othertools.views import views as all_views


def views(trace, name="p"):
    evidence = trace.evidence()
    result = all_views(evidence, compute(evidence))[name]
    assert not isinstance(result, NotMeasured), result
    return {view.name: view for view in result}


def number(view, field):
    value = view.field(field).value
    assert isinstance(value, Measured), value
    return stored(value.value)


@pytest.fixture
def one(trace):
    """One request: the first token after 0.5 s, 128 tokens at 20 ms."""
    trace.phase("p", "single_stream", 1)
    trace.request("p", 0, [500 + 20 * i for i in range(128)], prompt=100)
    return trace


@pytest.mark.parametrize(
    ("view", "field", "expected"),
    [
        ("loadgen", "TPOT mean (ms)", 20.0),
        ("vllm-serving", "Mean TPOT (ms)", 20.0),
        ("aiperf", "ITL (ms)", 20.0),
        ("inference-perf", "TPOT (ms)", 20.0),
        ("inference-perf", "normalized TPOT (ms)", 23.75),
        ("guidellm", "TPOT (ms)", 23.75),
        ("llmperf", "inter-token latency (ms)", 23.75),
        ("vllm-serving", "Mean ITL (ms)", 20.0),
        ("vllm-serving", "Median TTFT (ms)", 500.0),
        ("vllm-serving", "P99 E2EL (ms)", 3040.0),
    ],
)
def test_one_request_in_other_tools_terms(one, view, field, expected):
    assert number(views(one)[view], field) == expected


def test_vllm_itl_with_four_tokens_a_chunk(trace):
    trace.phase("p", "single_stream", 1)
    trace.request("p", 0, [500 + 80 * i for i in range(32)], tokens=128, chunk_tokens=[4] * 32)
    assert number(views(trace)["vllm-serving"], "Mean ITL (ms)") == 80.0


PUBLISHED = {
    "tokens": 123_988,
    "new_tokens": 4096,
    "seconds": 193.57586941402406,
    "ttft_s": 0.7435413458806579,
    "parameters": 70_553_706_496,
    "peak_flops": 8 * 312e12,
}


def test_published_example_of_the_xsum_suite():
    rates = tools.xsum_rates(**PUBLISHED)
    assert rates.tps == 640.5137188603395
    assert rates.throughput == 21.241251614991388
    assert round(rates.mfu, 9) == 0.036210430
    # What was printed is a tenth of it.
    assert rates.mfu / 10 == pytest.approx(0.0036210430230075204, rel=1e-12)


def test_xsum_rates_without_peak_or_time_left():
    rates = tools.xsum_rates(**{**PUBLISHED, "peak_flops": None, "ttft_s": 200.0})
    assert rates.mfu is None
    assert rates.throughput is None


def test_xsum_suite_view(one):
    one.peak(1e12)
    view = views(one)["xsum-suite"]
    assert number(view, "TTFT") == 0.5
    assert number(view, "Time") == 3.04
    assert number(view, "Tps") == stored(228 / 3.04)
    assert number(view, "Throughput") == stored(128 / 2.54)
    assert number(view, "MFU") == stored(228 / 3.04 * 2 * 118_784 / 1e12)
    assert number(view, "ROUGE1") == stored(2 * (1 * 0.75) / 1.75)
    assert [field.name for field in view.fields] == [
        "TTFT", "Throughput", "Tps", "Time", "MFU", "ROUGE1", "ROUGE2", "ROUGEL",
    ]  # fmt: skip


def batch(trace):
    trace.phase("p", "offline", 2)
    trace.request("p", 0, [100, 200])
    trace.request("p", 0, [300, 400])
    return trace


def test_xsum_suite_ttft_of_a_batch_is_a_run_of_its_own(trace):
    """Without it, the time of the last first token would make 4 tokens in 0.1 s of 4 in 0.4 s."""
    view = views(batch(trace))["xsum-suite"]
    for name in ("TTFT", "Throughput"):
        assert "a run of its own with one new token" in view.field(name).value.why
    assert number(view, "Tps") == stored(24 / 0.4)


def test_xsum_suite_takes_the_duration_of_the_one_token_run(trace):
    batch(trace).phase("first-token", "offline", 2)
    trace.phases[-1]["max_new_tokens"] = 1
    trace.request("first-token", 1000, [1100])
    trace.request("first-token", 1000, [1150])
    view = views(trace)["xsum-suite"]
    assert number(view, "TTFT") == 0.15
    assert number(view, "Throughput") == stored(4 / 0.25)
    # Other requests, or another load, are not the run behind it.
    trace.phases[-1]["concurrency"] = 8
    assert isinstance(views(trace)["xsum-suite"].field("Throughput").value, NotMeasured)


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, "128"),
        ({"lengths": {"input_tokens": [16], "output_tokens": [32], "seed": 1}}, "32"),
        ({"max_new_tokens": 1}, "1"),
    ],
)
def test_dbgpt_output_length_is_that_of_the_point(trace, members, expected):
    trace.plan["workload"]["decoding"]["max_new_tokens"] = 128
    batch(trace).phases[0].update(members)
    evidence = trace.evidence()
    rows = csv.DictReader(io.StringIO(dbgpt.dbgpt_csv(evidence, collect(evidence))))
    assert {row["output_length"] for row in rows} == {expected}


def test_mtt_tables_have_their_six_and_thirteen_fields(one):
    result = views(one)
    assert [field.name for field in result["mtt-offline"].fields] == [
        "Successful requests",
        "latency",
        "Input tokens",
        "Output tokens",
        "Req/s",
        "Output token throughput (tok/s)",
    ]
    assert [field.name for field in result["mtt-serving"].fields] == [
        "Successful requests",
        "Benchmark duration (s)",
        "Total input tokens",
        "Total generated tokens",
        "Request throughput (req/s)",
        "Input token throughput (tok/s)",
        "Output token throughput (tok/s)",
        "Mean TTFT (ms)",
        "Median TTFT (ms)",
        "P99 TTFT (ms)",
        "Mean TPOT (ms)",
        "Median TPOT (ms)",
        "P99 TPOT (ms)",
    ]
    assert number(result["mtt-offline"], "latency") == 3.04
    assert number(result["mtt-serving"], "Input token throughput (tok/s)") == stored(100 / 3.04)


def test_vllm_offline(one):
    view = views(one)["vllm-offline"]
    assert number(view, "requests/s") == stored(1 / 3.04)
    assert number(view, "total tokens/s") == stored(228 / 3.04)


def test_percentiles_are_printed_from_however_few_samples(trace):
    """Other tools print a P99 of three requests; the suite itself does not."""
    trace.phase("p", "offline", 3)
    for first in (100, 200, 300):
        trace.request("p", 0, [first, first + 10])
    view = views(trace)["vllm-serving"]
    assert number(view, "P99 TTFT (ms)") == 298.0
    assert number(views(trace)["loadgen"], "TTFT 99.00 percentile (ms)") == 300.0


def test_loadgen_counts_from_the_schedule(trace):
    trace.phase("p", "server", 1)
    trace.request("p", 5, [105, 125], sched=0)
    assert number(views(trace)["loadgen"], "TTFT mean (ms)") == 105.0
    assert number(views(trace)["vllm-serving"], "Mean TTFT (ms)") == 100.0


def test_no_views_of_a_void_phase(trace):
    trace.phase("p", "offline", 2)
    trace.request("p", 0, [100])
    evidence = trace.evidence()
    result = all_views(evidence, compute(evidence))["p"]
    assert "only 1 of 2" in result.why


def test_dbgpt_csv_has_its_21_columns(trace):
    trace.phase("p", "offline", 2)
    trace.request("p", 0, [100, 200], prompt=10)
    trace.request("p", 50, [250, 450], prompt=30)
    for device, gib in (("0", 10), ("1", 20)):
        trace.power(100, device=device, memory_used_bytes=gib * 2**30)
    evidence = trace.evidence()
    clock = {"clock_zero_ns": 5_000_000_000, "realtime_minus_monotonic_us": 1_700_000_000_000_000}
    evidence = dataclasses.replace(
        evidence, header=msgspec.structs.replace(evidence.header, **clock)
    )
    rows = list(csv.DictReader(io.StringIO(dbgpt.dbgpt_csv(evidence, collect(evidence)))))
    assert len(rows[0]) == 21
    assert len(rows) == 2
    assert [row["total_tokens"] for row in rows] == ["12", "32"]
    assert rows[0]["test_time_cost_ms"] == "450"
    assert rows[0]["test_total_tokens"] == "44"
    assert float(rows[1]["avg_test_speed_per_second(tokens/s)"]) == pytest.approx(44 / 0.45)
    assert float(rows[0]["avg_first_token_latency_ms"]) == 150.0
    assert float(rows[0]["avg_latency_ms"]) == 300.0
    assert float(rows[0]["gpu_mem(GiB)"]) == 15.0
    assert rows[1]["start_time_ms"] == "1700000005050"
    assert rows[1]["first_token_time_ms"] == "1700000005250"
    assert float(rows[1]["speed_per_second"]) == pytest.approx(32 / 0.4)
    assert rows[0]["input_length"] == "20"


def test_qwen_table_is_of_batch_size_one(one):
    one.power(100, memory_used_bytes=3 * 2**30)
    one.power(200, memory_used_bytes=2**30)
    evidence = one.evidence()
    view = devices.qwen_speed(evidence, collect(evidence)[0])
    assert number(view, "Speed (tokens/s)") == stored(128 / 3.04)
    assert number(view, "Speed (tokens/s), by the document") == stored(228 / 3.04)
    assert number(view, "Input Length") == 100.0
    assert number(view, "GPU Memory (GiB)") == 3.0


def test_qwen_table_refuses_a_batch(trace):
    trace.phase("p", "offline", 1)
    trace.request("p", 0, [100, 200])
    evidence = trace.evidence()
    view = devices.qwen_speed(evidence, collect(evidence)[0])
    assert "batch size 1" in view.field("Speed (tokens/s)").value.why
    assert "no memory" in view.field("GPU Memory (GiB)").value.why


def test_transformers_records(one):
    one.power(100, utilisation=0.5, memory_used_bytes=2**20)
    one.power(100, device="host", tool="host", utilisation=0.25, memory_used_bytes=2**30)
    evidence = one.evidence()
    view = devices.transformers_records(evidence, collect(evidence)[0])
    assert number(view, "time_to_first_token_secs") == 0.5
    assert number(view, "time_to_next_token_mean_secs") == 0.02
    assert number(view, "gpu_util") == 50.0
    assert number(view, "cpu_util") == 25.0
    assert number(view, "gpu_mem_megabytes") == 1.0
    assert number(view, "mem_megabytes") == 1024.0
    assert "forward" in view.field("first_eager_forward_pass_time_secs").value.why
