"""A phase in one line: everything that decides the load is in it."""

from __future__ import annotations

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from suite.declare.plan.phase_text import phase_line
from suite.declare.profiles.expand import expand_phases
from suite.declare.profiles.load import load_profile
from suite.declare.profiles.points import Room

LINES = {
    phase.name: phase_line(phase)
    for phase in expand_phases(load_profile("scenarios-smoke"), 256, Room(4096, 3))
}


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("offline-warmup", "offline-warmup #1: 8 requests, concurrency 16, warm-up, not counted"),
        ("poisson", "poisson #1: 24 requests, poisson arrivals, 6 per second (6.88 as drawn, goodput 7.17 at most), seed 1, measured"),
        ("gamma", "gamma #1: 24 requests, gamma arrivals of shape 0.25, 6 per second (6.77 as drawn, goodput 7.07 at most), seed 1, measured"),
        ("sweep-c4", "sweep-c4 #1: at most 64 requests, concurrency 4, for at least 0.5 s and 2 requests, 5 s at most, measured"),
        ("grid-i64-o8-c4", "grid-i64-o8-c4 #1: 8 requests, exactly 64 tokens in and 8 out, concurrency 4 in lockstep, measured"),
        ("context-i6144-o64", "context-i6144-o64 #1: not run: 6,144 tokens in and 64 out, the model holds 4,096"),
        ("sessions", "sessions #1: 12 requests, 4 sessions of 3 turns, 50 ms between them, 2 sessions at once, measured"),
    ],
)  # fmt: skip
def test_lines(name, line):
    assert LINES[name] == line


def test_a_search_says_where_and_how_finely():
    for word in (
        "from 8 to 128 per second",
        "p90",
        "6 probes at most, each of 2 s, 40 to 200 requests",
        "0.2",
    ):
        assert word in LINES["slo"]
    (phase,) = [p for p in expand_phases(load_profile("slo"), 256) if p.measured]
    fixed = replace(phase.search, min_requests=UNSET, duration_s=UNSET)
    line = phase_line(replace(phase, search=fixed))
    assert "10 probes of 2600 requests at most, bracket" in line


def test_a_replay_names_its_trace():
    for word in ("synthetic-bursty.jsonl", "at 0.5 times its pace", "46 to 768 tokens in"):
        assert word in LINES["replay"]


def test_stop_rules_are_told():
    assert "unless over-saturated" in LINES["soak"]
    (phase, *_) = [p for p in expand_phases(load_profile("sweep-xsum"), 1000) if p.measured]
    assert "until output_throughput is known within 2 %" in phase_line(phase)
