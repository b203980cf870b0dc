"""The decision on reuse: false alarms of honest servers, and what it tells."""

from __future__ import annotations

import math
import random

import pytest
from msgspec.structs import replace

from suite.judge.log.reuse import Ratio, _kind, _pace, paired
from tests.factories import evidence as factory

TASKS = 8
RUNS = 1_500


def alarms(sigma, *, ratio=1.0, stalls=0.05, tests=3, seed=1):
    """Share of runs in which one of the ratios is called reuse, though prompts with new beginnings take `1 / ratio` as long."""
    draw = random.Random(seed)

    def noise():
        stall = math.log(draw.uniform(2, 10)) if draw.random() < stalls else 0.0
        return draw.gauss(0, sigma) + stall

    result = 0
    for _ in range(RUNS):
        new = [noise() for _ in range(TASKS)]
        ratios = [paired([math.log(ratio) + noise() - item for item in new]) for _ in range(tests)]
        result += any(item.reused for item in ratios)
    return result / RUNS


@pytest.mark.parametrize("sigma", [0.02, 0.2, 0.6])
def test_an_honest_server_is_hardly_ever_accused(sigma):
    assert alarms(sigma) <= 0.006


def test_half_the_time_is_told_at_a_tenth_of_noise():
    assert alarms(0.1, ratio=0.5, tests=1) > 0.8


def test_a_third_of_the_time_is_told_at_a_fifth_of_noise():
    assert alarms(0.2, ratio=0.33, tests=1) > 0.75


def test_one_stalled_request_hides_no_reuse():
    """A stall of ten times made Student's interval so wide that nothing was told."""
    assert paired([-0.7, -0.72, -0.69, -0.71, -0.7, -0.68, -0.73, -0.7 - math.log(10)]).reused
    assert paired([-0.7, -0.72, -0.69, -0.71, -0.7, -0.68, -0.73, -0.7 + math.log(10)]).reused


def test_too_few_pairs_tell_nothing():
    assert paired([-3.0, -3.0, -3.0]) is None
    assert paired([-3.0, -3.0, -3.0, -3.0]).reused


def ratio(value, high):
    return Ratio(value, high, TASKS)


@pytest.mark.parametrize(("first", "kind"), [(0.75, "known"), (0.85, "prefix")])
def test_what_is_fast_the_first_time_is_known(first, kind):
    assert _kind({"exact": 0.5, "end": 0.5, "first": first}) == kind


@pytest.mark.parametrize(("chunks", "counts"), [(4, False), (5, True)])
def test_a_pace_needs_four_chunks_after_the_first(chunks, counts):
    [event] = (r for r in factory.evidence().requests[:1])
    shorter = replace(event, chunk_dt=event.chunk_dt[: chunks - 1])
    assert (_pace(shorter) is not None) == counts


@pytest.mark.parametrize(("high", "reused"), [(0.85, True), (0.95, False)])
def test_a_tenth_is_noise(high, reused):
    assert ratio(0.8, high).reused == reused
