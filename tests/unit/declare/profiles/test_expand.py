"""Expansion: what a profile's phase becomes in a plan, and that old profiles become what they always did."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import msgspec
import pytest
import yaml
from msgspec import UNSET

from suite.base import jsonio
from suite.base.errors import DeclarationError
from suite.declare.profiles.arrivals import schedule
from suite.declare.profiles.expand import expand_phases, longest_request
from suite.declare.profiles.load import (
    PROFILE_DIRECTORY,
    load_profile,
    profile_names,
)
from suite.declare.profiles.points import Room
from suite.declare.scenarios import SCENARIOS
from suite.documents.codec import plain
from suite.documents.phase import Group, Lengths, Trace

CASES = Path(__file__).resolve().parents[3] / "cases" / "expansion"
SMOKE = load_profile("scenarios-smoke")
MINI_ROOM = Room(4096, 3)


def phases_of(name, room=MINI_ROOM, size=256):
    return expand_phases(load_profile(name), size, room)


def smoke_phase(name):
    (result,) = [phase for phase in phases_of("scenarios-smoke") if phase.name == name]
    return result


def short(phase):
    """A phase without what the others share, its long lists told by length, ends and digest."""
    members = plain(phase)
    for member in ("timeout_s", "failure_bound", "repeat", "first_task"):
        del members[member]
    for holder, member in ((members, "arrivals_ns"), *((members.get("lengths", {}), m) for m in ("input_tokens", "output_tokens"))):  # fmt: skip
        values = holder.get(member)
        if values is not None and len(values) > 2:
            holder[member] = [len(values), values[0], values[-1], jsonio.digest(values)[:12]]
    if "controls" in members:
        members["controls"] = [len(members["controls"]), jsonio.digest(members["controls"])[:12]]
    return {name: value for name, value in members.items() if value is not None}


@pytest.mark.parametrize("name", profile_names())
def test_golden_expansion(name):
    """One line per phase; a change here changes what everybody is asked."""
    lines = [jsonio.canonical(short(phase)).decode() for phase in phases_of(name)]
    assert lines == (CASES / f"{name}.jsonl").read_text().splitlines()


def test_every_golden_file_belongs_to_a_profile():
    assert {path.stem for path in CASES.iterdir()} == set(profile_names())


@pytest.mark.parametrize("name", profile_names())
@pytest.mark.parametrize("room", [None, Room(2048), Room(131_072, 40)])
def test_phases_hold_together_whatever_the_model_holds(name, room):
    for phase in expand_phases(load_profile(name), 256, room):
        assert len(phase.name.removesuffix("-warmup")) <= 40
        if phase.arrivals is not None:
            assert len(phase.arrivals_ns) == phase.tasks
            assert list(phase.arrivals_ns) == sorted(phase.arrivals_ns)
        assert (phase.search is not UNSET) == (phase.scenario == "slo_search")
        assert (phase.session is not UNSET) == (phase.scenario == "multi_turn")
        assert (phase.concurrency is None) == (
            phase.arrivals is not None or phase.search is not UNSET
        )


@pytest.mark.parametrize("name", profile_names())
def test_names_are_unique_within_a_repeat(name):
    phases = phases_of(name)
    assert len({(phase.name, phase.repeat) for phase in phases}) == len(phases)


def test_the_smoke_profile_has_every_scenario():
    scenarios = {phase.scenario for phase in phases_of("scenarios-smoke")}
    assert scenarios == set(SCENARIOS)
    processes = {
        phase.arrivals.process
        for phase in phases_of("scenarios-smoke")
        if phase.arrivals is not None
    }
    assert processes == {"poisson", "constant", "gamma", "replay"}


def test_a_sweeps_points_say_where_they_lie_and_warm_up_alike():
    phases = phases_of("sweep")
    measured = [phase for phase in phases if phase.measured]
    assert [phase.name for phase in measured] == [f"sweep-c{c}" for c in (1, 2, 4, 8, 16, 32)]
    for before, phase in zip(phases[::2], phases[1::2], strict=True):
        assert phase.group == Group(name="sweep", axes={"concurrency": phase.concurrency})
        assert phase.tasks == 8 * phase.concurrency
        assert before.name == f"{phase.name}-warmup"
        assert before.tasks == before.concurrency == phase.concurrency
        assert before.group is UNSET


def test_a_grid_is_every_combination_in_lockstep():
    measured = [phase for phase in phases_of("grid") if phase.measured]
    assert len(measured) == 2 * 2 * 3
    assert all(phase.lockstep for phase in measured)
    cell = next(phase for phase in measured if phase.name == "grid-i512-o64-c4")
    assert cell.group.axes == {"input_tokens": 512, "output_tokens": 64, "concurrency": 4}
    assert cell.lengths == Lengths(input_tokens=(512,), output_tokens=(64,), seed=1)
    assert cell.concurrency == 4


def test_a_warm_up_has_the_lengths_of_its_point_and_other_prompts():
    phases = {phase.name: phase for phase in phases_of("lengths")}
    assert phases["lengths-i64-o16-warmup"].lengths == phases["lengths-i64-o16"].lengths


def test_the_context_table_is_the_published_one():
    measured = [phase for phase in phases_of("context", Room(131_072)) if phase.measured]
    pairs = [(p.lengths.input_tokens[0], p.lengths.output_tokens[0]) for p in measured]
    assert pairs == [(n, 2048) for n in (1, 6_144, 14_336, 30_720, 63_488, 129_024)]
    assert not any(phase.not_run is not UNSET for phase in measured)
    assert longest_request(measured) == 131_072


def test_points_that_the_model_cannot_hold_say_so_and_have_no_warm_up():
    phases = phases_of("context", Room(4096, 1))
    missing = {phase.name: phase.not_run for phase in phases if phase.not_run is not UNSET}
    assert len(missing) == 5
    assert missing["context-i6144-o2048"] == "6,144 tokens in and 2,048 out, the model holds 4,096"
    assert "context-i6144-o2048-warmup" not in {phase.name for phase in phases}
    assert longest_request(phases) == 2049


def test_a_point_that_just_fits_is_run():
    (phase,) = [p for p in phases_of("scenarios-smoke", Room(4032, 3)) if p.name == "context-i3968-o64"]  # fmt: skip
    assert phase.not_run is UNSET
    (phase,) = [p for p in phases_of("scenarios-smoke", Room(4031, 3)) if p.name == "context-i3968-o64"]  # fmt: skip
    assert phase.not_run is not UNSET


def test_lengths_below_the_shortest_prompt_are_raised_and_the_axes_keep_what_was_asked():
    phase = smoke_phase("context-i1-o64")
    assert phase.lengths.input_tokens == (3,)
    assert phase.group.axes == {"input_tokens": 1}


def test_a_replay_is_the_traces_times_and_lengths():
    phase = smoke_phase("replay")
    trace = SMOKE.traces["traces/synthetic-bursty.jsonl"]
    assert phase.tasks == 32
    assert phase.arrivals_ns == tuple(2 * moment for moment in trace.arrivals_ns[:32])
    pairs = zip(phase.lengths.input_tokens, phase.lengths.output_tokens, strict=True)
    assert list(pairs) == list(trace.lengths[:32])
    assert phase.arrivals.trace == Trace(
        name="synthetic-bursty.jsonl", sha256=trace.sha256, speed=0.5
    )
    last = phase.arrivals_ns[-1] / 1e9
    assert phase.arrivals.rate == pytest.approx(32 / last, rel=1e-6)


def test_a_trace_with_requests_that_are_too_long_is_not_run():
    (phase,) = [p for p in phases_of("replay", Room(700)) if p.measured]
    assert phase.not_run.endswith("the model holds 700")
    assert phase.not_run.split(" of 96")[0].isdigit()


def test_a_timed_open_loop_has_as_many_requests_as_come_within_the_time():
    phase = smoke_phase("soak")
    assert phase.tasks == 8 * 6
    assert 7_000_000_000 < phase.arrivals_ns[-1] <= 8_000_000_000
    assert list(phase.arrivals_ns) == schedule(phase.arrivals, phase.tasks)
    assert phase.stop.max_duration_s == 8


def test_a_search_plans_all_probes_and_repeats_take_other_seeds():
    phase = smoke_phase("slo")
    assert phase.tasks == 6 * 200
    assert (phase.arrivals, phase.arrivals_ns, phase.concurrency) == (None, None, None)
    assert phase.lateness_bound_ms == 20
    doc = msgspec.structs.replace(load_profile("slo").doc, repeats=3)
    thrice = expand_phases(dataclasses.replace(load_profile("slo"), doc=doc), 256)
    seeds = [phase.search.seed for phase in thrice if phase.search is not UNSET]
    assert seeds == [1, 11, 21], "ten probes each"
    assert doc.phases[0].search.seed == 1


def test_warm_ups_of_searches_and_open_loops_run_as_many_at_once_as_the_profile_says():
    result = {
        name: [(p.scenario, p.concurrency, p.tasks) for p in phases_of(name) if not p.measured]
        for name in ("slo", "slo-xsum", "bursts-xsum", "bursts")
    }  # fmt: skip
    assert result == {
        "slo": [("offline", 16, 32)],
        "slo-xsum": [("offline", 32, 64)],
        "bursts-xsum": [("offline", 32, 64)] * 3,
        "bursts": [("single_stream", 1, 4)] * 3,
    }


def test_every_point_of_the_full_grid_has_forty_answers():
    measured = [phase for phase in phases_of("grid-full", Room(131_072)) if phase.measured]
    assert len(measured) == 24
    assert {phase.concurrency: phase.tasks for phase in measured} == {1: 40, 8: 40, 32: 160, 128: 640}  # fmt: skip


def test_the_long_soak_keeps_its_streams_busy():
    (phase,) = [phase for phase in phases_of("soak-xsum") if phase.measured]
    assert (phase.concurrency, phase.arrivals, phase.tasks) == (64, None, 500_000)
    assert phase.stop.min_duration_s == phase.stop.max_duration_s == 3600


def own(tmp_path, change, base="scenarios-smoke"):
    """A profile of the user's: the shipped one with something changed."""
    doc = yaml.safe_load((PROFILE_DIRECTORY / f"{base}.yaml").read_text())
    phases = {phase["name"]: phase for phase in doc["phases"]}
    change(doc, phases)
    (tmp_path / "traces").mkdir(exist_ok=True)
    trace = "traces/synthetic-bursty.jsonl"
    (tmp_path / trace).write_bytes((PROFILE_DIRECTORY / trace).read_bytes())
    (tmp_path / "times.csv").write_text("seconds\n0\n0\n1\n")
    (tmp_path / "zero.csv").write_text("seconds,input_tokens,output_tokens\n0,5,0\n1,5,5\n")
    path = tmp_path / f"{base}.yaml"
    path.write_text(json.dumps(doc, indent=1))
    return load_profile(str(path))


def test_conversations_may_have_a_stop_rule(tmp_path):
    rule = {"min_duration_s": 5, "min_requests": 8, "max_duration_s": 9, "interval": None, "saturation": False}  # fmt: skip
    profile = own(tmp_path, lambda doc, phases: phases["sessions"].update(stop=rule))
    (phase,) = [p for p in expand_phases(profile, 256, MINI_ROOM) if p.scenario == "multi_turn" and p.measured]  # fmt: skip
    assert plain(phase.stop) == rule


def test_a_profile_that_is_only_rewritten_is_the_same(tmp_path):
    profile = own(tmp_path, lambda doc, phases: None)
    assert profile.sha256 == SMOKE.sha256
    assert not profile.shipped


WRONG = {
    "sweep elsewhere": (lambda d, p: p["offline"].update(sweep=[1, 2]), "/phases/1/sweep"),
    "sweep and concurrency": (lambda d, p: p["sweep"].update(concurrency=4), "/phases/6/scenario"),
    "no streams": (lambda d, p: p["sweep"].pop("sweep"), "/phases/6/scenario"),
    "grid with arrivals": (lambda d, p: p["grid"].update(arrivals=p["poisson"]["arrivals"], lateness_bound_ms=20), "/phases/8/scenario"),
    "lockstep offline": (lambda d, p: p["offline"].update(lockstep=True), "/phases/1/lockstep"),
    "rounds and tasks": (lambda d, p: p["sweep"].update(tasks=4), "/phases/6/rounds"),
    "rounds of an open loop": (lambda d, p: p["poisson"].update(tasks=None, rounds=4), "/phases/2/rounds"),
    "lengths without a number": (lambda d, p: p["lengths"].pop("rounds"), "/phases/7/tasks"),
    "lengths and grid": (lambda d, p: p["grid"].update(lengths=p["lengths"]["lengths"]), "/phases/8/lengths"),
    "lengths of two sources": (lambda d, p: p["replay"]["lengths"].update(pairs=[[1, 1]]), "/phases/5/lengths"),
    "lengths of no trace": (lambda d, p: p["poisson"].update(lengths={"seed": 1, "trace": True}), "/phases/2/lengths/trace"),
    "lengths in a conversation": (lambda d, p: p["sessions"].update(lengths=p["lengths"]["lengths"]), "/phases/12/lengths"),
    "stop strings": (lambda d, p: d["decoding"].update(stop=["."]), "/decoding/stop"),
    "closed with lengths": (lambda d, p: d.update(division="closed"), "/phases/5/lengths"),
    "rate of a replay": (lambda d, p: p["replay"]["arrivals"].update(rate=3), "/phases/5/arrivals/rate"),
    "poisson without rate": (lambda d, p: p["poisson"]["arrivals"].update(rate=None), "/phases/2/arrivals/rate"),
    "poisson with a trace": (lambda d, p: p["poisson"]["arrivals"].update(trace="times.csv"), "/phases/2/arrivals"),
    "replay of nothing": (lambda d, p: p["replay"]["arrivals"].pop("trace"), "/phases/5/arrivals"),
    "speed of a drawn process": (lambda d, p: p["poisson"]["arrivals"].update(speed=2), "/phases/2/arrivals/speed"),
    "more than the trace": (lambda d, p: p["replay"].update(tasks=97), "/phases/5/tasks"),
    "one moment": (lambda d, p: (p["replay"].update(tasks=2), p["replay"].pop("lengths"), p["replay"]["arrivals"].update(trace="times.csv")), "/phases/5/tasks"),
    "trace without lengths": (lambda d, p: (p["replay"].update(tasks=3), p["replay"]["arrivals"].update(trace="times.csv")), "/phases/5/lengths/trace"),
    "trace with empty answers": (lambda d, p: (p["replay"].update(tasks=2), p["replay"]["arrivals"].update(trace="zero.csv")), "/phases/5/lengths/trace"),
    "soak without a time": (lambda d, p: p["soak"].pop("stop"), "/phases/11/scenario"),
    "soak of no time": (lambda d, p: p["soak"]["stop"].update(min_duration_s=0), "/phases/11/stop/min_duration_s"),
    "durations the wrong way": (lambda d, p: p["soak"]["stop"].update(max_duration_s=7), "/phases/11/stop/max_duration_s"),
    "saturation of a closed loop": (lambda d, p: p["sweep"]["stop"].update(saturation=True), "/phases/6/stop/saturation"),
    "more than all": (lambda d, p: (p["soak"].update(tasks=10), p["soak"]["stop"].update(min_requests=11)), "/phases/11/stop/min_requests"),
    "stop of a search": (lambda d, p: p["slo"].update(stop=p["sweep"]["stop"]), "/phases/10/stop"),
    "search without search": (lambda d, p: p["slo"].pop("search"), "/phases/10/scenario"),
    "search elsewhere": (lambda d, p: p["offline"].update(search=p["slo"]["search"]), "/phases/1/search"),
    "rates the wrong way": (lambda d, p: p["slo"]["search"].update(max_rate=8), "/phases/10/search/max_rate"),
    "fewest without a duration": (lambda d, p: p["slo"]["search"].pop("duration_s"), "/phases/10/search/min_requests"),
    "duration without fewest": (lambda d, p: p["slo"]["search"].pop("min_requests"), "/phases/10/search/duration_s"),
    "fewest above most": (lambda d, p: p["slo"]["search"].update(min_requests=201), "/phases/10/search/min_requests"),
    "tasks of a search": (lambda d, p: p["slo"].update(tasks=10), "/phases/10/tasks"),
    "search for nothing": (lambda d, p: d["objectives"].update(ttft_ms=None, tpot_ms=None), "/phases/10/search"),
    "search without lateness": (lambda d, p: p["slo"].update(lateness_bound_ms=None), "/phases/10/lateness_bound_ms"),
    "warm-up of a closed loop": (lambda d, p: p["offline"].update(warmup_concurrency=2), "/phases/1/warmup_concurrency"),
    "warm-up too short": (lambda d, p: p["slo"].update(warmup_concurrency=100), "/phases/10/warmup_concurrency"),
    "odd sessions": (lambda d, p: p["sessions"].update(tasks=13), "/phases/12/tasks"),
    "no session": (lambda d, p: p["sessions"].pop("session"), "/phases/12/scenario"),
    "name of a point": (lambda d, p: p["offline"].update(name="sweep-c4"), "/phases/6/name"),
    "long name": (lambda d, p: (p["grid"].update(name="g" * 31)), "/phases/8/name"),
    "too many points": (lambda d, p: p["grid"]["grid"].update(input=list(range(1, 17)), output=list(range(1, 17)), concurrency=[1, 2]), "/phases"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_contradictions_are_named_with_line_and_pointer(tmp_path, name):
    change, pointer = WRONG[name]
    with pytest.raises(DeclarationError) as caught:
        own(tmp_path, change)
    assert caught.value.code == "profile-inconsistent"
    places = [problem.place for problem in caught.value.problems]
    assert pointer in [place.pointer for place in places]
    assert all(place.line for place in places)


@pytest.mark.parametrize(
    "change",
    [
        lambda d, p: p["sweep"].update(sweep=[]),
        lambda d, p: p["sweep"].update(sweep=[2, 2]),
        lambda d, p: p["sweep"].update(sweep=[0]),
        lambda d, p: p["lengths"]["lengths"].update(pairs=[[64]]),
        lambda d, p: p["lengths"]["lengths"].update(pairs=[[64, 0]]),
        lambda d, p: p["replay"]["arrivals"].update(trace="../secret.csv"),
        lambda d, p: p["replay"]["arrivals"].update(trace="/etc/passwd"),
        lambda d, p: p["replay"]["arrivals"].update(speed=0),
        lambda d, p: p["soak"]["stop"].pop("interval"),
        lambda d, p: p["slo"]["search"].update(percentile=100),
        lambda d, p: p["slo"]["search"].update(duration_s=0),
        lambda d, p: p["slo"]["search"].update(min_requests=0),
        lambda d, p: p["sessions"]["session"].update(turns=0),
        lambda d, p: p["offline"].update(scenario="multi-turn"),
        lambda d, p: d.update(api="chat"),
    ],
)
def test_what_the_schema_refuses(tmp_path, change):
    with pytest.raises(DeclarationError) as caught:
        own(tmp_path, change)
    assert caught.value.code == "schema-violation"
