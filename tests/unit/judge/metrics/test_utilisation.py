from __future__ import annotations

import pytest

from suite.declare.model.flops import decode_flops, prefill_flops
from suite.documents.value import Measured, NotMeasured, stored
from suite.judge.metrics.compute import compute

# One layer's projections of the model in conftest: 64·(2·64 + 2·32) + 3·64·160 = 43,008 weights; two layers.
LINEAR = 2 * 2 * 43_008
HEAD = 2 * 64 * 256
PAIR = 2 * 4 * 4 * 16


def metrics(trace, name="p"):
    return compute(trace.evidence()).phases[name].metrics


@pytest.fixture
def one(trace):
    """10 prompt tokens and 3 generated ones: 100 ms of prefill, 50 ms of decode."""
    trace.phase("p", "single_stream", 1)
    trace.request("p", 0, [100, 120, 150])
    return trace


def test_mfu_by_hand(one):
    one.peak(1e9)
    prefill = 10 * LINEAR + PAIR * 10 * 10 + HEAD
    decode = 2 * (LINEAR + HEAD) + PAIR * (11 + 12)
    result = metrics(one)
    assert stored(result["mfu"].value) == stored((prefill + decode) / (0.15 * 1e9))
    assert stored(result["mfu_prefill"].value) == stored(prefill / (0.1 * 1e9))
    assert stored(result["mfu_decode"].value) == stored(decode / (0.05 * 1e9))


def test_mfu_divides_by_all_devices(one):
    one.peak(1e9)
    alone = metrics(one)["mfu"].value
    one.plan["devices"]["count"] = 4
    assert metrics(one)["mfu"].value == pytest.approx(alone / 4)


def test_mbu_by_hand(one):
    one.peak(1e9, 1e9)
    weights = 118_784 - 64 * 256
    values = 2 * 2 * 16 * 2 * (11 + 12)
    expected = 4 * (2 * weights + values) / (0.05 * 1e9)
    assert stored(metrics(one)["mbu"].value) == stored(expected)


def test_mbu_follows_the_executed_dtype(one):
    one.peak(1e9, 1e9)
    wide = metrics(one)["mbu"].value
    one.plan["engine"]["dtype"]["executed"] = "bfloat16"
    assert metrics(one)["mbu"].value == pytest.approx(wide / 2)


def test_no_peak_no_mfu(one):
    assert metrics(one)["mfu"] == NotMeasured("no source")
    assert metrics(one)["mbu"] == NotMeasured("memory bandwidth not declared")


@pytest.mark.parametrize("unnamed", [{"accelerator": "unknown"}, {"count": None}])
def test_of_a_server_on_unnamed_devices_the_plan_says_why_there_is_no_bandwidth(one, unnamed):
    one.plan["peaks"] |= {"bandwidth_source": "nobody observed what it computes on"}
    one.plan["devices"] |= unnamed
    assert metrics(one)["mbu"] == NotMeasured("nobody observed what it computes on")


def test_unknown_architecture_is_not_guessed(one):
    one.peak(1e9, 1e9)
    one.model(shape_unknown="the FLOPs of the architecture XForCausalLM are not known")
    result = metrics(one)
    for name in ("mfu", "mfu_prefill", "mfu_decode", "mbu"):
        assert result[name].why == "the FLOPs of the architecture XForCausalLM are not known"


def test_quantised_weights_have_no_mbu(one):
    one.peak(1e9, 1e9)
    one.plan["engine"]["quantisation"] = "gptq"
    assert "quantised" in metrics(one)["mbu"].why


def test_parts_only_where_one_request_runs_at_a_time(trace):
    trace.phase("p", "offline", 1)
    trace.request("p", 0, [100, 120, 150])
    trace.peak(1e9, 1e9)
    result = metrics(trace)
    assert isinstance(result["mfu"], Measured)
    for name in ("mfu_prefill", "mfu_decode", "mbu"):
        assert "overlap" in result[name].why


def test_energy_by_hand(trace):
    """100 W rising to 200 W over the window of one second, after five seconds at 40 W."""
    trace.phase("p", "offline", 1)
    trace.request("p", 0, [100, 1000], tokens=50, chunk_tokens=[1, 49])
    trace.mark("engine.start", -2000)
    for at in range(-7000, -2000, 1000):
        trace.power(at, 40.0)
    for at, watts in ((-500, 50.0), (0, 100.0), (250, 125.0), (500, 150.0), (1000, 200.0)):
        trace.power(at, watts)
    result = metrics(trace)
    assert stored(result["energy_j"].value) == 150.0
    assert stored(result["energy_above_idle_j"].value) == 110.0
    assert stored(result["joules_per_output_token"].value) == 3.0
    assert stored(result["tokens_per_joule"].value) == stored(1 / 3)
    assert stored(result["average_power_w"].value) == 150.0


def powered(trace, samples, **extra):
    trace.phase("p", "offline", 1)
    trace.request("p", 0, [100, 10_000])
    for at, watts in samples:
        trace.power(at, watts, **extra)
    return metrics(trace)["energy_j"]


def test_energy_is_interpolated_at_the_edges(trace):
    value = powered(trace, [(at, 100.0 + at / 100) for at in range(-500, 10_501, 1000)])
    assert stored(value.value) == 1500.0


def tool(name):
    return {"tool": name, "where": "host", "command": [name], "parser": "gmi", "interval_ms": 500}


def test_no_telemetry_no_energy(trace):
    trace.plan["telemetry"] = [tool("mthreads-gmi")]
    assert powered(trace, []).why == "no power telemetry from mthreads-gmi"


def test_samples_without_power_are_no_telemetry_of_power(trace):
    trace.plan["telemetry"] = [tool("gmi")]
    value = powered(trace, [(0, None), (10_000, None)], utilisation=0.5)
    assert value.why == "no power telemetry from gmi"


def test_a_gap_voids_the_energy(trace):
    value = powered(trace, [(0, 100.0), (1000, 100.0), (9000, 100.0), (10_000, 100.0)])
    assert value.why == "device 0: 8 s without a power sample, bound 2 s"


def test_half_a_window_voids_the_energy(trace):
    value = powered(trace, [(at, 100.0) for at in range(0, 5001, 500)])
    assert "cover 50%" in value.why


def test_a_missing_device_voids_the_energy(trace):
    trace.plan["devices"]["count"] = 2
    value = powered(trace, [(at, 100.0) for at in range(0, 10_001, 500)])
    assert value.why == "power telemetry of 1 devices for 2 in use"


def test_devices_add_up_and_idle_neighbours_stay_out(trace):
    trace.plan["devices"].update(count=2, visible="1,2")
    trace.phase("p", "offline", 1)
    trace.request("p", 0, [100, 10_000])
    for at in range(0, 10_001, 500):
        for device, watts in (("0", 10.0), ("1", 100.0), ("2", 200.0)):
            trace.power(at, watts, device=device)
    assert stored(metrics(trace)["energy_j"].value) == 3000.0


def test_two_tools_on_one_device_count_once(trace):
    trace.phase("p", "offline", 1)
    trace.request("p", 0, [100, 10_000])
    for at in range(0, 10_001, 500):
        trace.power(at, 100.0, tool="gmi")
        trace.power(at, 104.0, tool="rocm")
    assert stored(metrics(trace)["energy_j"].value) == 1000.0


def test_a_counter_alone_is_used_unless_it_was_reset(trace):
    trace.phase("p", "offline", 1)
    trace.request("p", 0, [100, 10_000])
    for at in range(0, 10_001, 1000):
        trace.power(at, joules=5000.0 + at / 10)
    assert stored(metrics(trace)["energy_j"].value) == 1000.0
    trace.telemetry[5]["energy_j"] = 1.0
    assert metrics(trace)["energy_j"].why == "device 0: its energy counter was reset"


def test_energy_of_repeats(trace):
    for repeat in (1, 2):
        trace.phase("p", "offline", 1, repeat=repeat)
        start = 20_000 * repeat
        chunks = [start + 100, start + 1000 * repeat]
        trace.request("p", start, chunks, repeat=repeat, tokens=10, chunk_tokens=[1, 9])
    for at in range(0, 60_001, 500):
        trace.power(at, 100.0)
    result = metrics(trace)
    assert stored(result["energy_j"].value) == 150.0
    assert stored(result["joules_per_output_token"].value) == 15.0


def cached(trace, counts, *, declared=True):
    """Prompts of 100 tokens, one after the other; of each so many came from the cache, None for not said."""
    trace.peak(1e9)
    trace.plan["engine"]["prefix_caching"] = declared
    trace.phase("p", "single_stream", len(counts))
    for number, count in enumerate(counts):
        start = 1000 * number
        request = trace.request("p", start, [start + 100, start + 110, start + 120], prompt=100)
        if count is not None:
            request["usage"]["cached_tokens"] = count
    return metrics(trace)


def test_prompt_tokens_from_the_cache_were_not_computed(trace):
    facts = trace.facts
    result = cached(trace, [0, 96])
    whole, rest = prefill_flops(facts, 100), prefill_flops(facts, 100, 96)
    pairs = sum(
        2 * group.count * group.heads * (group.key_dim + group.value_dim) for group in facts.layers
    )
    assert rest == prefill_flops(facts, 4) + pairs * 4 * 96
    decode = 2 * decode_flops(facts, 100, 3)
    assert stored(result["mfu"].value) == stored((whole + rest + decode) / (1.12 * 1e9))
    assert stored(result["mfu_prefill"].value) == stored((whole + rest) / (0.2 * 1e9))


def test_a_cache_that_does_not_say_what_it_gave_leaves_no_mfu(trace):
    result = cached(trace, [0, None])
    for name in ("mfu", "mfu_prefill"):
        assert "its usage does not say how many tokens of 1 of 2 prompts" in result[name].why
    assert isinstance(result["mfu_decode"], Measured)


def test_a_running_server_may_have_a_cache_whatever_the_declaration_says(trace):
    assert isinstance(cached(trace, [None], declared=False)["mfu"], Measured)
    trace.plan["runtime"] = "endpoint"
    assert "may take prompts from its cache" in metrics(trace)["mfu"].why


def test_a_running_server_that_says_what_its_cache_gave_has_an_mfu(trace):
    trace.plan["runtime"] = "endpoint"
    assert isinstance(cached(trace, [0, 0], declared=False)["mfu"], Measured)


def test_mfu_of_decode_counts_the_tokens_after_the_first_chunk(trace):
    trace.peak(1e9)
    trace.phase("p", "single_stream", 1)
    trace.request("p", 0, [100, 120], tokens=9, chunk_tokens=[4, 4])
    flops = decode_flops(trace.facts, 10, 8) - decode_flops(trace.facts, 10, 4)
    assert stored(metrics(trace)["mfu_decode"].value) == stored(flops / (0.02 * 1e9))


def test_utilisation_over_the_measured_peak(one):
    one.peak(1e9, bandwidth=1e9)
    one.environment |= {
        "peak.measured_flops": {"value": 5e8},
        "peak.measured_bytes_per_s": {"value": 2e9},
    }
    result = metrics(one)
    assert result["mfu_measured_peak"].value == pytest.approx(2 * result["mfu"].value)
    assert result["mbu_measured_peak"].value == pytest.approx(result["mbu"].value / 2)


def test_without_a_measured_peak_there_is_a_reason(one):
    one.peak(1e9)
    assert metrics(one)["mfu_measured_peak"] == NotMeasured("the peak was not measured")
    one.environment["peak.measured_flops"] = {"unknown": "the peak was not measured: no torch"}
    assert metrics(one)["mfu_measured_peak"] == NotMeasured("the peak was not measured: no torch")


def test_the_measured_peak_needs_no_declared_one(one):
    one.environment["peak.measured_flops"] = {"value": 5e8}
    result = metrics(one)
    assert isinstance(result["mfu"], NotMeasured)
    assert isinstance(result["mfu_measured_peak"], Measured)
