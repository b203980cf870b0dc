"""R020: the value of many tasks decides, of few the interval; and nobody wins by asking few."""

from __future__ import annotations

import math
import random

import pytest

from suite.base.status import Outcome
from suite.judge.log.reference import Ratio, paired
from suite.judge.rules.quality import _told

BOUND = 0.99
FAIL, WARN, PASS = Outcome.FAIL, Outcome.WARN, Outcome.PASS


@pytest.mark.parametrize(
    ("value", "low", "high", "tasks", "outcome"),
    [
        (0.98, 0.97, 0.999, 256, FAIL),
        (0.98, 0.97, 0.999, 255, WARN),
        (0.991, 0.90, 1.08, 256, PASS),
        (0.991, 0.90, 1.08, 255, WARN),
        (0.97, 0.95, 0.989, 33, FAIL),
        (0.9887, 0.9682, 1.0, 33, WARN),
        (1.0, 0.975, 1.03, 33, PASS),
        (1.0, 0.965, 1.03, 33, WARN),
        (1.0, 0.0, math.inf, 6, WARN),
        (1.0, 1.0, 1.0, 9, PASS),
        (1.0, 0.985, 1.0, 15, WARN),
        (1.0, 0.985, 1.0, 16, PASS),
    ],
)
def test_what_a_ratio_tells_in_the_phase_with_most_tasks(value, low, high, tasks, outcome):
    assert _told(Ratio(value, low, high, tasks), BOUND, decides=True) is outcome


@pytest.mark.parametrize(("high", "outcome"), [(0.989, FAIL), (0.991, PASS)])
def test_another_phase_fails_where_it_is_surely_below(high, outcome):
    assert _told(Ratio(0.95, 0.9, high, 300), BOUND, decides=False) is outcome


def ends(true, tasks, *, spread=0.05, same=0.5, runs=400, seed=5):
    """Shares of runs that fail, cannot tell and pass: a model at a ratio, half of whose answers are the reference's."""
    draw = random.Random(seed)
    counts = dict.fromkeys((FAIL, WARN, PASS), 0)
    for _ in range(runs):
        there = [draw.uniform(0.1, 0.4) for _ in range(tasks)]
        lost = (1 - true) / (1 - same)
        here = [
            score if draw.random() < same else score * draw.gauss(1 - lost, spread / (1 - same))
            for score in there
        ]
        counts[_told(paired(here, there), BOUND, decides=True)] += 1
    return [count / runs for count in counts.values()]


@pytest.mark.parametrize("tasks", [8, 15, 16, 33, 128])
def test_a_worse_model_does_not_pass_by_asking_few_tasks(tasks):
    _, _, passes = ends(0.96, tasks)
    assert passes <= 0.04


def test_an_honest_run_of_few_tasks_is_hardly_ever_refused():
    fails, unsure, passes = ends(1.0, 33)
    assert fails <= 0.03
    assert passes > 0.5
    assert unsure > 0.02
