"""Numbers that look better the worse a phase went, or the more its log hides: none of them is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from suite.documents.codec import convert, plain
from suite.documents.event import Request
from suite.documents.value import Measured, NotMeasured
from suite.judge.log import due, endings
from suite.judge.metrics.compute import compute
from suite.judge.report.othertools.views import views
from suite.judge.rules.registry import apply_rules
from tests.factories import evidence as factory
from tests.factories import loads
from tests.factories.loads import MS, START, S

if TYPE_CHECKING:
    from suite.judge.log.phases import PhaseLog

HIDDEN = (
    "ttft_p50", "ttft_sched_p99", "tpot_p50", "icl_mean", "itl_p50", "e2e_mean", "e2e_sched_p50",
    "normalised_latency_mean", "goodput", "steady_output_throughput", "steady_share", "drift_ttft",
)  # fmt: skip
KEPT = ("output_throughput", "request_throughput", "completed", "failed", "send_lateness_p50")


def flood(*, ended_by_rule: bool) -> dict:
    """Two servers asked for far too much; without the rule everything is sent."""
    parts = loads.saturated()
    if not ended_by_rule:
        doc = parts["plan"]["workload"]["phases"][-1]
        del doc["stop"]
        events = loads.open_loop(doc, doc["arrivals_ns"], loads.even(), servers=2)
        whole = {"ended_by": "all-sent", "sent": len(events), "seen": len(events), "workers": 1}
        parts = loads.run(doc, events, loads.marks(doc, events, whole))
    return parts


@pytest.mark.parametrize("ended_by_rule", [True, False])
def test_beyond_its_capacity_a_server_has_throughput_and_no_latency(ended_by_rule):
    evidence = factory.evidence(flood(ended_by_rule=ended_by_rule))
    results = compute(evidence)
    phase = results.phases["flood"]
    for name in HIDDEN:
        value = phase.metrics[name]
        assert isinstance(value, NotMeasured), name
        assert value.why.startswith("over-saturated: "), name
    assert all(isinstance(phase.metrics[name], Measured) for name in KEPT)
    assert set(plain(phase.series)) == {"throughput"}
    seen = views(evidence, results)["flood"]
    assert isinstance(seen, NotMeasured)
    assert seen.why.startswith("over-saturated")


def test_a_server_that_keeps_up_keeps_its_latencies():
    phase = compute(factory.evidence(loads.flooded())).phases["server"]
    assert isinstance(phase.metrics["ttft_p50"], Measured)
    assert {"ttft_ms", "e2e_ms"} <= set(plain(phase.series))


def closed(seconds: float = 8.0, **stop: object) -> tuple[dict, list]:
    rule = loads.stop(**stop)
    doc = loads.phase("closed", "concurrency", concurrency=4, tasks=4000, stop=rule)
    return doc, loads.cut(loads.closed_loop(doc, loads.even()), START + round(seconds * S))


def log_of(doc: dict, events: list, by: str, *, start: int = START) -> PhaseLog:
    noted = {"ended_by": by, "sent": len(events)}
    end = max(event["t_end"] for event in events) + MS
    return loads.log(doc, events, noted, start=start, end=end)


@pytest.mark.parametrize("by", ["enough", "max-duration", "all-sent", "stopped"])
def test_nothing_is_sent_after_the_decision(by):
    doc, events = closed(min_duration_s=4.0, max_duration_s=8.0)
    why = endings.problem(log_of(doc, loads.by_end(events), by))
    assert "after its events show enough" in why
    mine = loads.cut(events, START + 4 * S + 900 * MS)
    assert endings.problem(log_of(doc, loads.by_end(mine), "enough")) == ""


@pytest.mark.parametrize("by", ["enough", "all-sent", "stopped"])
def test_no_ending_goes_beyond_the_longest_duration(by):
    doc, events = closed(min_requests=10, min_duration_s=7.9, max_duration_s=5.0)
    why = endings.problem(log_of(doc, loads.by_end(events), by))
    assert why.endswith("its longest duration is 5 s")


def test_an_early_mark_lengthens_nothing():
    doc, events = closed(3.0, min_requests=10_000, max_duration_s=5.0)
    early = log_of(doc, loads.by_end(events), "max-duration", start=START - 2 * S)
    assert endings.problem(early).startswith("sent nothing more 2.0")


def test_lines_against_time_are_put_in_order():
    doc, events = closed(min_duration_s=4.0)
    lines = loads.by_end(events)

    def in_order(events: list) -> list[int]:
        return [event.index for event in endings.in_order(convert(events, list[Request]))]

    def order(events: list) -> list[int]:
        return [event["index"] for event in events]

    assert in_order(lines) == order(lines)
    # The one that decides is put last, so that the decision would come late.
    last = [item for item in lines if item["t_end"] < START + 4 * S]
    rest = [item for item in lines if item["t_end"] >= START + 4 * S]
    for shuffled in (rest + last, list(reversed(lines))):
        assert in_order(shuffled) == order(lines)
        result = endings.problem(log_of(doc, shuffled, "enough"))
        assert "after its events show enough" in result
    swapped = [lines[1], lines[0], *lines[2:]]
    assert in_order(swapped) == order(swapped)


@pytest.mark.parametrize(
    ("numbers", "workers", "share", "planned", "short"),
    [
        (range(100), 4, 1, 400, 0),
        ([n for n in range(100) if n % 4 != 3], 4, 1, 400, 25 - 6 - 1),
        ([n for n in range(100) if n % 4 != 3 or n < 72], 4, 1, 400, 0),
        ([n for n in range(100) if n % 4 != 3 or n < 68], 4, 1, 400, 1),
        (range(3), 4, 1, 3, 0),
        ([0, 1, 2], 64, 0, 3, 0),
        ([], 4, 1, 400, 0),
    ],
)
def test_how_far_one_worker_may_be_behind(numbers, workers, share, planned, short):
    assert due.short_of(numbers, workers, share, planned) == short


def noting(workers: int, **members: object) -> PhaseLog:
    doc, events = closed(2.0, min_duration_s=1.0)
    return loads.log(doc | members, events, {"workers": workers})


@pytest.mark.parametrize(
    ("workers", "members", "processors", "wrong"),
    [
        (4, {}, 2, False),
        (5, {}, None, True),
        (4, {}, 1, True),
        (2, {"lockstep": True}, None, True),
        (64, {"concurrency": 100}, None, False),
        (65, {"concurrency": 100}, None, True),
        (65, {"concurrency": None}, None, True),
        (1, {}, 1, False),
    ],
)
def test_as_many_workers_as_can_be(workers, members, processors, wrong):
    log = noting(workers, **members)
    assert bool(due.too_many_workers(log, processors)) == wrong
    if processors is None:
        assert due.workers(log) == (1 if wrong else workers)


@pytest.mark.parametrize(("cores", "outcome"), [(2, "pass"), (1, "fail")])
def test_workers_need_processors(cores, outcome):
    parts = loads.interval()
    mark = next(m for m in reversed(parts["marks"]) if m["name"] == "phase.end")
    mark["detail"] = {**mark["detail"], "workers": 4}
    parts["environment"]["facts"]["host.cores"] = {"value": cores}
    evidence = factory.evidence(parts)
    checks = {item.rule: item for item in apply_rules(evidence, compute(evidence))}
    assert checks["R002"].outcome == outcome, checks["R002"].why


@pytest.mark.parametrize(("own", "measured"), [(8, False), (14, False), (15, True), (None, True)])
def test_claimed_tokens_without_text_have_no_time(own, measured):
    parts = loads.lengths()
    for event in parts["requests"]:
        if event["phase"] == "sweep-c4":
            event |= {"token_ids": None, "chunk_tokens": None}
            event["usage"] = {"engine_prompt": 64, "engine_completion": 16, "own_prompt": 64}
            if own is not None:
                event["usage"]["own_completion"] = own
    phase = compute(factory.evidence(parts)).phases["sweep-c4"]
    assert isinstance(phase.metrics["tpot_p50"], Measured) == measured
    assert ("tpot_ms" in plain(phase.series)) == measured
