"""Numbers of the scenarios, worked out by hand or from a queue whose server is known."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from suite.base import schema
from suite.declare.analysis import objective
from suite.documents.card_phase import Series
from suite.documents.codec import canonical, plain
from suite.documents.value import Measured, NotMeasured
from suite.judge.log import due, search, tpot
from suite.judge.log.phases import phase_logs
from suite.judge.log.samples import NO_ARRIVALS
from suite.judge.metrics import in_flight
from suite.judge.metrics.compute import compute
from suite.judge.metrics.registry import PHASE_METRICS
from suite.judge.report.othertools.views import views
from suite.judge.score import score
from tests.factories import evidence as factory
from tests.factories import loads

SCENARIOS = {
    "interval": loads.interval,
    "lengths": loads.lengths,
    "lockstep": loads.lockstep,
    "multi_turn": loads.multi_turn,
    "not_run": loads.not_run,
    "replay": loads.replay,
    "saturated": loads.saturated,
    "search": loads.search,
    "server": loads.flooded,
    "soak": loads.soak,
    "timed": loads.timed,
}


def results(parts: dict):
    return compute(factory.evidence(parts))


def last(parts: dict):
    """The phase that the scenario is about."""
    phases = results(parts).phases
    return next(phase for name, phase in phases.items() if name != "single-stream")


def log_of(parts: dict):
    logs = phase_logs(factory.evidence(parts))
    return next(log for log in logs.values() if log.doc.name != "single-stream")


def requests_of(parts: dict, phase: str) -> list[dict]:
    return [event for event in parts["requests"] if event["phase"] == phase]


def drop(parts: dict, chosen) -> None:
    parts["requests"] = [event for event in parts["requests"] if not chosen(event)]


def detail_of(parts: dict, phase: str) -> dict:
    return next(
        mark["detail"]
        for mark in parts["marks"]
        if mark["name"] == "phase.end" and mark["phase"] == phase
    )


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_metric_is_a_number_or_says_why_not(name):
    for phase in results(SCENARIOS[name]()).phases.values():
        assert tuple(phase.metrics) == tuple(metric.id for metric in PHASE_METRICS)
        for metric, value in phase.metrics.items():
            assert isinstance(value, Measured) or value.why, metric


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_card_is_the_same_bytes_again_and_obeys_its_schema(name):
    card = score(factory.evidence(SCENARIOS[name]()))
    assert canonical(card) == canonical(score(factory.evidence(SCENARIOS[name]())))
    assert schema.problems(plain(card), "scorecard", file="card") == []


@pytest.mark.parametrize("name", SCENARIOS)
def test_other_tools_views_take_every_scenario(name):
    evidence = factory.evidence(SCENARIOS[name]())
    assert views(evidence, compute(evidence)).keys() == compute(evidence).phases.keys()


def test_in_flight_by_hand(trace):
    trace.phase("offline", "offline", 3)
    trace.request("offline", 0, [10, 99])  # ends at 100 ms
    trace.request("offline", 0, [10, 49])  # ends at 50 ms
    trace.request("offline", 50, [60, 100])  # ends at 101 ms, 1 ms after the window
    result = compute(trace.evidence()).phases["offline"].metrics
    assert result["in_flight_mean"].value == pytest.approx((100 + 50 + 50) / 100)
    assert result["in_flight_peak"].value == 2


def test_a_slot_is_free_at_the_moment_when_its_request_ends():
    request = factory.evidence().requests[0]
    events = [replace(request, t_send=0, t_end=5), replace(request, t_send=5, t_end=9)]
    assert in_flight.peak(events) == 1


def test_a_failed_request_is_in_flight_while_it_lasts(trace):
    trace.phase("offline", "offline", 2, failures=0.5)
    trace.request("offline", 0, [10, 100])
    trace.request("offline", 0, [], outcome="stall")["t_end"] = 50_000_000
    result = compute(trace.evidence()).phases["offline"].metrics
    assert result["in_flight_mean"].value == pytest.approx(1.5)


def test_the_stop_rule_ends_the_phase_and_nothing_is_missing():
    phase = last(loads.interval())
    (ended,) = phase.details.ended
    assert (ended.by, ended.most, ended.sent) == ("enough", 1500, phase.metrics["completed"].value)
    assert ended.sent < ended.most
    assert phase.metrics["ttft_mean"].value == pytest.approx(20, rel=0.03)


def test_an_ending_that_the_events_do_not_show_is_not_measured():
    parts = loads.interval()
    drop(parts, lambda event: event["phase"] == "steady-c4" and event["index"] >= 150)
    detail_of(parts, "steady-c4").update(sent=150, seen=146)
    phase = last(parts)
    why = phase.metrics["ttft_p50"].why
    assert why.startswith("repeat 0: ended as enough, its events do not show it: ttft_mean")
    assert phase.metrics["completed"].value == 150


def test_a_phase_that_was_stopped_from_outside_is_not_measured():
    parts = loads.interval()
    drop(parts, lambda event: event["phase"] == "steady-c4" and event["index"] >= 150)
    detail_of(parts, "steady-c4").update(sent=150, ended_by="stopped")
    why = last(parts).metrics["ttft_p50"].why
    assert why == "repeat 0: only 150 of 1500 requests were made"


def test_the_steady_stretch_of_a_closed_loop_ends_with_the_last_send():
    parts = loads.lengths()
    phase = last(parts)
    (steady,) = phase.details.steady
    sent = [event["t_send"] for event in requests_of(parts, "sweep-c4")]
    assert steady.found
    assert steady.end_s == pytest.approx((max(sent) - min(sent)) / 1e9)
    share = phase.metrics["steady_share"].value
    assert share == pytest.approx(steady.share)
    assert 0.8 < share < 1
    # Running empty is left out, so the steady rate is the higher one.
    whole = phase.metrics["output_throughput"].value
    assert whole < phase.metrics["steady_output_throughput"].value < 1.1 * whole


def test_a_soak_that_slows_down_drifts():
    parts = loads.soak()
    assert last(parts).details.drifting == {0: ()}
    events = requests_of(parts, "soak")
    for event in events:
        late = event["index"] * 10_000
        event["chunk_t0"] += late
        event["t_end"] += late
    phase = last(parts)
    # TTFT grows from 20 ms by 10 µs a request; the first 5 % are left out as fill-up.
    grown = len(events) * 0.01
    drift = phase.metrics["drift_ttft"]
    assert drift.value == pytest.approx(0.95 * grown / (20 + 0.05 * grown), rel=0.05)
    assert drift.interval == "95 % Student about the slope, AR(1)"
    assert drift.low > 0.5
    assert phase.details.drifting[0][0].startswith("drift_ttft: +")
    track = phase.details.track
    assert track.ttft_ms[0] == pytest.approx(20.1, rel=0.03)
    assert track.ttft_ms[-1] > 32


@pytest.mark.parametrize(
    ("made", "by"),
    [
        (loads.interval, "load"),  # four at once: eight might have shown more
        (loads.flooded, "load"),  # 20 requests a second, and it kept up
        (loads.saturated, "machine"),
        (loads.search, "machine"),
        (loads.multi_turn, None),
        (loads.not_run, None),
    ],
)
def test_a_phase_says_whether_the_load_or_the_machine_was_its_limit(made, by):
    assert last(made()).details.limited_by == by


def test_an_offline_phase_that_sends_everything_is_the_machines_limit():
    everything = loads.closed(
        loads.phase("all", "offline", concurrency=120, tasks=120), loads.even()
    )
    part = loads.closed(loads.phase("some", "offline", concurrency=64, tasks=120), loads.even())
    assert last(everything).details.limited_by == "machine"
    assert last(part).details.limited_by == "load"


def test_a_search_whose_highest_rate_is_met_was_limited_by_its_range():
    phase = last(loads.search(max_rate=16.0))
    assert [search.ended for search in phase.details.searches] == ["max-rate-met"]
    assert phase.details.limited_by == "load"


def test_an_over_saturated_phase_has_no_steady_state():
    phase = last(loads.saturated())
    assert phase.details.ended[0].by == "saturated"
    assert not phase.details.steady[0].found
    assert isinstance(phase.metrics["steady_output_throughput"], NotMeasured)


def test_the_search_is_replayed():
    phase = last(loads.search())
    (search,) = phase.details.searches
    rates = [probe.rate for probe in search.probes]
    assert rates == [8.0, 16.0, 32.0, 64.0, 45.25, 53.81, 58.68]
    assert [probe.met for probe in search.probes] == [True, True, True, False, True, True, True]
    value = phase.metrics["slo_rate"]
    assert (value.value, value.low, value.high, value.n) == (58.68, 58.68, 64.0, 300)
    assert search.ended == "resolution"
    missed = search.probes[3]
    assert (missed.ended_by, missed.sent, missed.cancelled) == ("objective-missed", 214, 19)
    assert missed.completed == 214 - 19
    assert missed.ttft.value > 300
    assert "until it was stopped" in missed.ttft.interval


def test_a_search_has_no_latency_of_its_own_but_answers_to_judge():
    parts = loads.search()
    phase = last(parts)
    assert phase.metrics["ttft_p50"] == NotMeasured("a search has one value for each of its probes")
    assert phase.series == Series()
    # Those of the probe that was stopped lack the slowest, so none of them is read.
    assert phase.metrics["generated_tokens_mean"].n == 6 * 300
    assert phase.metrics["rouge1"].n == 8
    assert phase.metrics["failed"].value == 0


def test_goodput_of_a_probe_by_hand():
    parts = loads.search()
    events = [event for event in requests_of(parts, "search") if event["index"] < 300]
    lasts = [event["chunk_t0"] + sum(event["chunk_dt"]) for event in events]
    window = (max(lasts) - min(event["t_send"] for event in events)) / 1e9
    probe = last(parts).details.searches[0].probes[0]
    assert probe.goodput.value == pytest.approx(300 / window)


def test_a_probe_above_its_failure_bound_gives_no_latency():
    parts = loads.search()
    for event in requests_of(parts, "search"):
        if 1500 <= event["index"] < 1520:
            event["outcome"] = "stall"
    probe = last(parts).details.searches[0].probes[5]
    assert (probe.failed, probe.met) == (20, False)
    assert probe.ttft == NotMeasured("20 of 300 requests failed, more than 5.00%")
    assert isinstance(probe.goodput, NotMeasured)


def test_a_search_without_objectives_finds_nothing():
    parts = loads.search()
    parts["plan"]["workload"]["objectives"] = {"ttft_ms": None, "tpot_ms": None, "e2e_ms": None}
    assert last(parts).metrics["slo_rate"] == NotMeasured(search.NO_OBJECTIVES)


def test_a_lowest_rate_that_misses_is_no_answer():
    parts = loads.search()
    for mark in parts["marks"]:
        if mark["name"] == "phase.end" and mark["phase"] == "search":
            del mark["detail"]["rate"]
    parts["plan"]["workload"]["objectives"]["ttft_ms"] = 1.0
    why = last(parts).metrics["slo_rate"].why
    assert why.startswith("probe 0: ended as all-sent, its events show objective-missed ")


def uncounted(event):
    event["token_ids"] = None
    for name in ("engine_completion", "ids_completion", "own_completion"):
        event["usage"].pop(name, None)


def in_one_piece(event):
    event["chunk_dt"], event["chunk_tokens"] = [], event["chunk_tokens"][:1]


def unseen(event):
    event["token_ids"], event["chunk_tokens"] = None, None
    event["usage"]["engine_completion"] *= 2


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (uncounted, "no source counted the generated tokens of every answer"),
        (in_one_piece, "300 of 300 answers arrived in one piece"),
        (unseen, NO_ARRIVALS),
    ],
)
def test_a_search_whose_tpot_cannot_be_told_has_no_answer(spoil, why):
    parts = loads.search()
    for event in requests_of(parts, "search"):
        if event["outcome"] == "ok":
            spoil(event)
    phase = last(parts)
    value, probe = phase.metrics["slo_rate"], phase.details.searches[0].probes[0]
    for item in (value, probe.tpot, probe.goodput):
        assert isinstance(item, NotMeasured)
        assert "TPOT cannot be told: " in item.why
        assert item.why.endswith(why)
    assert isinstance(probe.ttft, Measured)
    # Nobody asked for a TPOT: nothing but its own number is lost.
    parts["plan"]["workload"]["objectives"]["tpot_ms"] = None
    phase = last(parts)
    assert phase.metrics["slo_rate"].value == 58.68
    assert isinstance(phase.details.searches[0].probes[0].tpot, NotMeasured)
    assert isinstance(phase.details.searches[0].probes[0].goodput, Measured)


def test_the_bound_for_answers_in_one_piece_is_one():
    assert objective.MOST_WHOLE == tpot.MOST_WHOLE


def test_a_probe_is_counted_by_the_one_source_of_the_phase():
    parts = loads.search()
    events = requests_of(parts, "search")
    events[0]["token_ids"] = None  # so that the engine's count is the one that all answers have
    for event in events:
        if event["outcome"] == "ok":
            event["token_ids"] = (event["token_ids"] or [])[:5] or None
    phase = last(parts)
    assert phase.token_source == "engine usage"
    probe = phase.details.searches[0].probes[0]
    assert probe.tpot.value == pytest.approx(5.2, rel=0.05)
    assert phase.metrics["slo_rate"].value == 58.68


def test_a_verdict_that_hangs_on_the_source_of_the_counts_is_no_answer():
    parts = loads.search()
    events = requests_of(parts, "search")
    events[0]["chunk_tokens"] = None
    for event in events:
        event["token_ids"] = None
        if event["outcome"] == "ok":
            del event["usage"]["engine_completion"]
            event["usage"] |= {"own_completion": 2, "own_lead": [1, 2]}
    parts["plan"]["workload"]["objectives"]["tpot_ms"] = 10.0
    why = last(parts).metrics["slo_rate"].why
    assert why == "probe 0: its verdict is another by own tokenizer alone"


def test_a_probe_that_went_on_although_it_was_decided_has_missed():
    parts = loads.search()
    parts["plan"]["workload"]["objectives"]["ttft_ms"] = 1.0
    search = last(parts).details.searches[0]
    assert (search.probes[0].met, search.probes[0].ended_by) == (False, "all-sent")
    parts = loads.search()
    mine = [event for event in requests_of(parts, "search") if event["index"] < 300]
    start = min(event["t_sched"] for event in mine)
    # A queue that grows all the time and stays below the objective of the verdict.
    parts["plan"]["workload"]["objectives"]["ttft_ms"] = 60_000.0
    for event in mine:
        wait = (event["t_sched"] - start) // 2
        event["chunk_t0"] += wait
        event["t_end"] += wait
    search = last(parts).details.searches[0]
    assert search.probes[0].met is False
    assert search.probes[0].why.startswith("its events show saturated ")
    assert "probe 0: ended as all-sent, its events show saturated " in search.rate.why


def test_a_search_that_was_sent_late_is_not_measured():
    parts = loads.search()
    for event in requests_of(parts, "search"):
        event["t_send"] += 7_000_000
    why = last(parts).metrics["slo_rate"].why
    assert why.startswith("repeat 0: requests were sent late, p99 7.02 ms")


def test_repeats_of_a_search_are_averaged():
    parts = loads.search()
    again = [{**event, "repeat": 1} for event in requests_of(parts, "search")]
    parts["requests"] += again
    parts["marks"] += [
        {**mark, "repeat": 1} for mark in parts["marks"] if mark.get("phase") == "search"
    ]
    parts["plan"]["workload"]["phases"].append(
        {**parts["plan"]["workload"]["phases"][2], "repeat": 1}
    )
    phase = last(parts)
    assert len(phase.details.searches) == 2
    value = phase.metrics["slo_rate"]
    assert (value.value, value.low, value.interval) == (58.68, 58.68, "95 % t over 2 repeats")


def test_lengths_that_were_asked_and_got():
    parts = loads.lengths()
    phase = last(parts)
    lengths = phase.details.lengths
    assert (lengths.input_asked, lengths.input_got) == ((64, 64), (64, 64))
    assert (lengths.output_asked, lengths.output_got) == ((16, 16), (16, 16))
    assert phase.metrics["output_length_exact"].value == 1.0
    short = requests_of(parts, "sweep-c4")[:12]
    for event in short:
        event["token_ids"] = event["token_ids"][:10]
    phase = last(parts)
    assert phase.metrics["output_length_exact"].value == pytest.approx(36 / 48)
    assert phase.details.lengths.output_got == (10, 16)


def test_synthetic_prompts_have_no_reference():
    phase = last(loads.lengths())
    assert phase.questions == "synthetic"
    assert phase.metrics["rouge1"] == NotMeasured("synthetic prompts have no reference")
    assert isinstance(phase.metrics["generated_length_ratio"], NotMeasured)
    assert phase.metrics["generated_tokens_mean"].value == 16


def test_a_point_that_cannot_run_says_why_in_place_of_every_number():
    phase = results(loads.not_run()).phases["sweep-c8"]
    why = "64 + 100000 tokens, the model holds 1024"
    assert phase.details.not_run == why
    assert phase.metrics["output_throughput"] == NotMeasured(why)
    assert phase.metrics["completed"].value == 0


def test_turns_show_how_the_history_grows():
    phase = last(loads.multi_turn())
    turns = phase.details.turns
    assert [turn.completed for turn in turns] == [6, 6, 6]
    assert turns[0].prompt_tokens.value == 40
    assert turns[0].prompt_tokens.value < turns[1].prompt_tokens.value
    assert phase.questions == "history"
    assert isinstance(phase.metrics["rouge1"], Measured)


def test_the_turns_behind_a_failed_one_are_not_missing_within_the_bound():
    parts = loads.multi_turn()
    parts["plan"]["workload"]["phases"][2]["failure_bound"] = 0.12
    event = next(item for item in requests_of(parts, "chat") if item["index"] == 4)
    event["outcome"] = "stall"
    drop(parts, lambda item: item["phase"] == "chat" and item["index"] == 5)
    assert due.missing(log_of(parts)) == 0
    assert isinstance(last(parts).metrics["ttft_p50"], Measured)
    parts["plan"]["workload"]["phases"][2]["failure_bound"] = 0.1  # 2 of 18 are more
    assert due.missing(log_of(parts)) == 1


def test_a_turn_without_its_successor_is_missing_when_it_did_not_fail():
    parts = loads.multi_turn()
    drop(parts, lambda item: item["phase"] == "chat" and item["index"] == 5)
    assert due.missing(log_of(parts)) == 1


@pytest.mark.parametrize(
    ("sent", "workers", "lacking"),
    [
        (range(5), 1, 0),
        ([0, 1, 3], 1, 1),
        ([0, 1, 2, 4, 6], 2, 0),
        ([0, 1, 2, 6], 2, 1),
        ([], 1, 0),
    ],
)
def test_every_worker_sends_its_share_from_the_first_on(sent, workers, lacking):
    assert due.holes(sent, workers) == lacking


def test_an_open_loop_that_is_no_server_counts_from_the_schedule():
    parts = loads.flooded()
    parts["plan"]["workload"]["phases"][2]["scenario"] = "soak"
    metrics = last(parts).metrics
    assert metrics["send_lateness_p50"].value == pytest.approx(0.02)
    assert isinstance(metrics["ttft_sched_p50"], Measured)
