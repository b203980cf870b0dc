"""Every kind of phase as a whole run against the scripted server: how it ends, what it leaves, and that it replays."""

import json
import math
import shutil
import signal

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from suite import evidence
from suite.declare.analysis import bisection as searching
from suite.declare.analysis.drift import drift
from suite.declare.analysis.objective import ProbeRule, verdict
from suite.declare.analysis.observed import observed
from suite.declare.profiles.arrivals import probe_schedule
from suite.documents.codec import plain
from suite.judge.log import probes
from suite.judge.log.phases import phase_logs
from tests.factories import phases, runs
from tests.unit.declare.analysis.support import MS, replay, served

SERVER = {"ttft_ms": 10, "itl_ms": 10, "tokens": 10, "slots": 4}
SLOTS = 16
ANSWER_MS = 400
QUEUE = {"ttft_ms": 40, "itl_ms": 40, "tokens": 10, "slots": SLOTS}
"""As many answers a second as `SERVER`, each so long that a busy machine hardly matters."""
STOP = {
    "min_duration_s": 0,
    "min_requests": 1,
    "max_duration_s": None,
    "interval": None,
    "saturation": False,
}
SEARCH = phases.search(min_rate=10, max_rate=160, max_probes=8, resolution=0.15, percentile=90)
POISSON = {"process": "poisson", "rate": 20, "seed": 1, "shape": None}


def phase(name, scenario, **changes):
    return {
        "name": name,
        "scenario": scenario,
        "tasks": 40,
        "first_task": 0,
        "warmup": 0,
        "concurrency": None,
        "arrivals": None,
        "timeout_s": 60,
        "failure_bound": 0.01,
        "lateness_bound_ms": 1000 if scenario in ("server", "slo_search") else None,
        **changes,
    }


KINDS = {
    "stop rule": phase("it", "offline", tasks=4000, concurrency=2, stop={**STOP, "min_requests": 4000}),
    "search": phase("it", "slo_search", tasks=None, search=replace(SEARCH, requests=4000, min_rate=20)),
    "soak": phase(
        "it", "soak", tasks=4000, concurrency=2, stop={**STOP, "min_duration_s": 1000, "max_duration_s": 1000}
    ),
    "sessions": phase("it", "multi_turn", tasks=400, concurrency=2, session={"turns": 4, "think_ms": 10}),
    "lockstep": phase("it", "concurrency", tasks=4000, concurrency=4, lockstep=True),
}  # fmt: skip


@pytest.fixture
def words(tmp_path):
    """Words of a simulated run of these phases into ``run``."""

    def make(planned, script=SERVER, objectives=None):
        profile = {
            "profile_schema": 1,
            "name": "tiny",
            "title": {"en": "Tiny", "zh": "微型"},
            "purpose": "A few requests of every kind of load.",
            "division": "open",
            "seed": 1,
            "taskset": {"set": "mini", "size": 6},
            "prompt": "closed-v1",
            "decoding": {
                "max_new_tokens": 64,
                "min_new_tokens": 0,
                "temperature": 0,
                "top_p": 1,
                "seed": 0,
                "ignore_eos": False,
                "stop": [],
            },
            "max_input_tokens": None,
            "repeats": 1,
            "phases": planned,
            "objectives": {"ttft_ms": 300, "tpot_ms": None, "e2e_ms": None, **(objectives or {})},
            "quality": {
                "rouge_ratio_min": 0.99,
                "length_ratio_min": 0.9,
                "rouge1_floor": 0.15,
                "rouge2_floor": 0.012,
                "rouge1_ceiling": 1,
                "rouge2_ceiling": 1,
            },
        }
        path = tmp_path / "tiny.yaml"
        path.write_text(json.dumps(profile, default=plain), "utf-8")
        options = ["--runtime", "sim", "--profile", path, "--sim-script", json.dumps(script)]
        return ["run", *options, "--out", tmp_path / "run", "--key", runs.key(tmp_path / "key.pem")]

    return make


def mark(read, name, kind="phase.end"):
    return next(m for m in read.marks if m.name == kind and m.phase == name)


def of(read, name):
    return [observed(event) for event in read.requests if event.phase == name]


def rules(text, *numbers):
    """The outcome of rules in a card's text."""
    return {
        number: line.split()[1].rstrip(":")
        for line in text.splitlines()
        for number in numbers
        if line.strip().startswith(number)
    }


@pytest.mark.slow
def test_every_ending_of_a_phase(words, tmp_path, left_behind):
    narrow = {"metric": "e2e_mean", "within": 0.2}
    done = runs.suite(
        *words(
            [
                phase("all", "offline", concurrency=4),
                phase("enough", "offline", tasks=4000, concurrency=4,
                      stop={**STOP, "min_requests": 30, "min_duration_s": 0.5}),
                phase("interval", "offline", tasks=4000, concurrency=4,
                      stop={**STOP, "min_requests": 50, "interval": narrow}),
                phase("longest", "offline", tasks=4000, concurrency=4,
                      stop={**STOP, "min_requests": 4000, "max_duration_s": 1}),
                phase("flood", "server", tasks=2000, arrivals={**POISSON, "rate": 80},
                      stop={**STOP, "min_requests": 2000, "saturation": True}, lateness_bound_ms=10_000),
                phase("lockstep", "concurrency", tasks=12, concurrency=4, lockstep=True),
                phase("sessions", "multi_turn", tasks=12, concurrency=2,
                      session={"turns": 3, "think_ms": 10}),
            ]
        )
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    read = evidence.read(tmp_path / "run")
    assert read.footer.ended == "complete"
    ends = {m.phase: m.detail for m in read.marks if m.name == "phase.end"}
    assert {name: detail["ended_by"] for name, detail in ends.items()} == {
        "all": "all-sent",
        "enough": "enough",
        "interval": "enough",
        "longest": "max-duration",
        "flood": "saturated",
        "lockstep": "all-sent",
        "sessions": "all-sent",
    }
    assert "ended by saturated" in done.stderr
    assert "e2e_mean" in done.stderr
    planned = {one.name: one for one in read.plan.workload.phases}
    for name, detail in ends.items():
        requests = of(read, name)
        assert detail["sent"] == len(requests)
        # What was sent is a prefix, and what was in flight was waited for.
        assert sorted(one.number for one in requests) == list(range(len(requests)))
        assert all(one.ok for one in requests)
        if planned[name].stop is not UNSET and name != "longest":
            arrivals = planned[name].arrivals_ns
            found = replay(planned[name].stop, requests, arrivals_ns=arrivals)
            assert found == (detail["ended_by"], detail["seen"])
        else:
            assert detail["seen"] == len(requests)
    longest = of(read, "longest")
    assert ends["longest"]["ended_t"] - min(one.sent for one in longest) >= 1e9
    # Until the next look around each of the four may have ended and been followed, and once more where it was late.
    assert sum(one.sent > ends["longest"]["ended_t"] for one in longest) <= 8
    assert left_behind() == []
    scored = runs.suite("score", tmp_path / "run").stdout
    assert "fail" not in rules(scored, "R002", "R040", "R044").values()


def expected(rate, number):
    """Whether a probe would meet, if the server kept to its script to the nanosecond."""
    times = probe_schedule(SEARCH, number, rate)
    requests = served(times, slots=SLOTS, service_ns=ANSWER_MS * MS, first_ns=QUEUE["ttft_ms"] * MS)
    objectives = phases.objectives(ttft_ms=300.0)
    return verdict(requests, SEARCH, objectives, rate=rate, ended_by="all-sent").met


def is_on_time(read):
    """Whether the answers took what the script says from their first chunk to their last: else the server's capacity is another."""
    spans = [sum(event.chunk_dt) for event in read.requests if event.outcome == "ok"]
    return sum(spans) < 1.05 * len(spans) * 9 * QUEUE["itl_ms"] * MS


@pytest.mark.slow
def test_a_search_finds_the_capacity_of_a_known_queue(words, tmp_path):
    done = runs.suite(*words([phase("slo", "slo_search", tasks=None, search=SEARCH)], QUEUE))
    assert done.returncode == 1, done.stderr
    read = evidence.read(tmp_path / "run")
    ends = [m.detail for m in read.marks if m.name == "probe.end"]
    history = [(end["rate"], end["met"]) for end in ends]
    # The same queue on paper, asked at the same times, gives the truth.
    truth = []
    while (rate := searching.next_rate(SEARCH, truth)) is not None:
        truth.append((rate, expected(rate, len(truth))))
    paper, found = searching.answer(SEARCH, truth), searching.answer(SEARCH, history)
    if is_on_time(read):
        assert paper.ended == found.ended == "resolution"
        assert found.rate == pytest.approx(paper.rate, rel=SEARCH.resolution)
        # And both are near what the slots can do, 40 answers a second.
        assert 0.7 * SLOTS * 1000 / ANSWER_MS < found.rate < 1.2 * SLOTS * 1000 / ANSWER_MS
    for number, end in enumerate(ends):
        first = number * SEARCH.requests
        times = probe_schedule(SEARCH, number, end["rate"])
        requests = [one for one in of(read, "slo") if first <= one.number < first + SEARCH.requests]
        rule = ProbeRule(
            SEARCH,
            read.plan.workload.objectives,
            arrivals_ns=times,
            first_index=first,
        )
        for one in requests:
            rule.add(one)
        assert (rule.ended_by or "all-sent", rule.seen) == (end["ended_by"], end["seen"])
        assert {one.sched - times[one.number - first] for one in requests} == {
            requests[0].sched - times[requests[0].number - first]
        }
        again = verdict(
            requests,
            SEARCH,
            read.plan.workload.objectives,
            rate=end["rate"],
            ended_by=end["ended_by"],
        )
        assert (again.met, again.why) == (end["met"], end["why"])
    early = [end for end in ends if end["ended_by"] == "objective-missed"]
    assert early
    assert any(end["outcomes"].get("cancelled") for end in early)
    detail = mark(read, "slo").detail
    assert (detail["ended_by"], detail["rate"]) == ("searched", found.rate)
    starts = [m for m in read.marks if m.name == "probe.start"]
    assert [m.detail["first_index"] for m in starts] == [100 * k for k in range(len(ends))]
    assert "probe 1 at 10 requests/s: met" in done.stderr
    assert rules(runs.suite("score", tmp_path / "run").stdout, "R041").get("R041") != "fail"


@pytest.mark.slow
def test_probes_of_a_duration_find_the_capacity_where_short_ones_find_too_much(words, tmp_path):
    short = replace(SEARCH, requests=20, max_rate=80)
    done = runs.suite(*words([phase("slo", "slo_search", tasks=None, search=short)], QUEUE))
    assert done.returncode == 1, done.stderr
    read = evidence.read(tmp_path / "run")
    detail = mark(read, "slo").detail
    # Four of twenty requests wait for the first to end, a quarter of a second at most, and two may miss.
    assert (detail["rate"], detail["ended"]) == (80, "max-rate-met") or not is_on_time(read)
    shutil.rmtree(tmp_path / "run")
    timed = replace(short, requests=400, min_requests=20, duration_s=4)
    done = runs.suite(*words([phase("slo", "slo_search", tasks=None, search=timed)], QUEUE))
    assert done.returncode == 1, done.stderr
    read = evidence.read(tmp_path / "run")
    detail = mark(read, "slo").detail
    if is_on_time(read):
        assert detail["ended"] == "resolution"
        assert detail["rate"] == pytest.approx(SLOTS * 1000 / ANSWER_MS, rel=0.2)
    for end in (m.detail for m in read.marks if m.name == "probe.end"):
        first = end["probe"] * timed.requests
        numbers = {
            one.number - first for one in of(read, "slo") if one.number // 400 == end["probe"]
        }
        count = searching.planned(timed, end["rate"])
        assert numbers <= set(range(count))
        if end["ended_by"] == "all-sent":
            assert len(numbers) == count == max(20, math.ceil(4 * end["rate"]))
    again = probes.replay(phase_logs(read)["slo", 0, True], read.plan.workload.objectives)
    assert (again.problem, again.answer.rate) == ("", detail["rate"])
    scored = runs.suite("score", tmp_path / "run").stdout
    assert "slo" in scored
    # The text lists what did not pass.
    assert rules(scored, "R002", "R012", "R041") == {}


@pytest.mark.parametrize(
    ("objective", "ended", "rate"),
    [(5, "min-rate-missed", None), (60_000, "max-rate-met", 20)],
)
def test_a_search_without_a_bracket_says_why(words, tmp_path, objective, ended, rate):
    search = replace(SEARCH, requests=20, max_rate=20)
    chosen = words(
        [phase("slo", "slo_search", tasks=None, search=search)],
        objectives={"ttft_ms": objective},
    )
    done = runs.suite(*chosen)
    assert done.returncode == 1, done.stderr
    detail = mark(evidence.read(tmp_path / "run"), "slo").detail
    assert (detail["ended"], detail["rate"]) == (ended, rate)
    assert "even the" in done.stderr


@pytest.mark.parametrize("slower_per_minute", [0.0, 6.0])
def test_a_soak_drifts_when_the_server_does(words, tmp_path, slower_per_minute):
    soak = phase(
        "soak",
        "soak",
        tasks=4000,
        concurrency=32,
        stop={**STOP, "min_duration_s": 6, "max_duration_s": 60},
    )
    # Long steps: what others do on the machine must not look like a drift.
    script = {"ttft_ms": 10, "itl_ms": 100, "tokens": 4, "slower_per_minute": slower_per_minute}
    done = runs.suite(*words([soak], script=script))
    assert done.returncode == 1, done.stderr
    read = evidence.read(tmp_path / "run")
    assert mark(read, "soak").detail["ended_by"] == "enough"
    answers = of(read, "soak")
    found = drift([one.sent for one in answers], [one.tpot_ms() for one in answers])
    assert found.measured
    assert found.detected == bool(slower_per_minute), found.why
    if slower_per_minute:
        # By a tenth of it in each second.
        assert 0.1 < found.change < 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_signal_ends_every_kind_with_what_it_has(words, tmp_path, left_behind, kind):
    run = tmp_path / "run"
    process = runs.start(*words([KINDS[kind]]))
    runs.wait_for("measured requests", lambda: len(runs.requests(run)) >= 6, process)
    status, errors = runs.end(process, signal.SIGINT)
    assert status == 130, errors
    assert "Traceback" not in errors
    read = evidence.read(run)
    assert read.footer.ended == "interrupted"
    assert read.footer.requests == len(read.requests)
    assert sum(event.outcome == "ok" for event in read.requests) >= 6
    detail = mark(read, "it").detail
    assert detail["ended_by"] == "stopped"
    assert detail["stopped"] is True
    if kind == "search":
        probe = mark(read, "it", "probe.end").detail
        assert (probe["ended_by"], probe["met"]) == ("stopped", None)
        assert (detail["ended"], detail["probes"]) == ("unfinished", 0)
    assert left_behind() == []
    scored = runs.suite("score", run)
    assert scored.returncode == 1, scored.stderr
    assert "INCOMPLETE" in scored.stdout


def test_a_point_that_the_model_cannot_hold_is_passed_over(words, tmp_path):
    pairs = [[64, 8], [100_000, 8]]
    lengths = phase(
        "lengths", "concurrency", tasks=2, concurrency=1, lengths={"seed": 1, "pairs": pairs}
    )
    done = runs.suite(*words([lengths, phase("after", "offline", tasks=2, concurrency=1)]))
    assert done.returncode == 1, done.stderr
    assert done.stderr.count("not run:") == 1
    read = evidence.read(tmp_path / "run")
    assert {event.phase for event in read.requests} == {"lengths-i64-o8", "after"}
    assert read.footer.ended == "complete"


def test_an_engine_that_dies_in_a_search_ends_it(words, tmp_path, left_behind):
    script = {**SERVER, "faults": [{"name": "dies_after", "first": 30}]}
    done = runs.suite(
        *words([phase("slo", "slo_search", tasks=None, search=SEARCH)], script=script)
    )
    assert done.returncode == 3, done.stderr
    assert "error[engine-died]" in done.stderr
    read = evidence.read(tmp_path / "run")
    assert read.footer.ended == "engine-died"
    assert mark(read, "slo").detail["ended_by"] == "stopped"
    assert sum(event.outcome == "ok" for event in read.requests) > 10
    assert left_behind() == []
