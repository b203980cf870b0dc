"""How TTFT grows with the prompt: what is told, of whom, and how often an honest run is accused."""

from __future__ import annotations

import random

import pytest

from suite.documents.codec import convert
from suite.documents.event import Request
from suite.judge.log import prefill
from suite.judge.log.prefill import growth, growths, loads, tokens
from suite.judge.rules.prefill import FLAT, _replicas
from tests.factories import evidence as factory
from tests.factories import loads as made
from tests.unit.judge.rules import prompted

DOC = made.phase("alone", "single_stream", concurrency=1, tasks=64)
ONE = convert(made.request(DOC, 0, made.START, made.START, (20 * made.MS, made.MS)), Request)


def answer(count, ttft_ms):
    """An answer to a prompt of so many tokens, whose first token took so long."""
    event = made.request(DOC, 0, made.START, made.START, (round(ttft_ms * made.MS), made.MS))
    event["usage"] |= {"engine_prompt": count, "own_prompt": count}
    return convert(event, Request)


def straight(counts, of=lambda count: count / 10):
    return growth([answer(count, of(count)) for count in counts])


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_a_power_of_the_length_is_found_exactly(power):
    result = straight(range(200, 520, 10), lambda count: 30 * (count / 300) ** power)
    assert result.value == pytest.approx(power, abs=1e-6)
    assert result.low == pytest.approx(result.high, abs=1e-5)
    assert result.cost_ns == pytest.approx(power * 1e5, rel=0.2)


def test_thirty_two_answers_tell_and_one_less_does_not():
    assert straight(range(200, 520, 10)).answers == 32
    assert straight(range(200, 510, 10)) is None


def test_prompts_much_alike_tell_nothing():
    assert straight([300] * 20 + [375] * 20) is None
    assert straight([300] * 20 + [405] * 20).spread == pytest.approx(1.35)


@pytest.mark.parametrize(("noise", "told"), [(0.2, True), (0.5, False)])
def test_times_that_stalls_decide_tell_nothing(noise, told, monkeypatch):
    draw = random.Random(3)
    uneven = [answer(200 + 10 * place, 30 * draw.lognormvariate(0, noise)) for place in range(40)]
    assert (growth(uneven) is not None) is told
    monkeypatch.setattr(prefill, "MOST_UNSURE", 2.0)
    assert (0.2 if told else 1.0) < growth(uneven).high - growth(uneven).value < 2


def test_one_that_stalls_bends_nothing():
    times = {200 + 10 * place: 20.0 + place for place in range(40)}
    calm = straight(times, times.__getitem__)
    times[590] = 900.0
    assert straight(times, times.__getitem__).value == pytest.approx(calm.value, abs=0.1)


def accused(overhead, noise, *, stalls=0.05, answers=32, seed=1, runs=1_000):
    """Share of honest runs called flat: a part of the time is the engine's own, the rest is by the prompt."""
    draw = random.Random(seed)
    result = 0
    for _ in range(runs):
        lengths = [draw.randrange(185, 490) for _ in range(answers)]
        mine = []
        for count in lengths:
            stall = draw.uniform(2, 10) if draw.random() < stalls else 1.0
            honest = 30 * (overhead + (1 - overhead) * count / 330)
            mine.append((count, honest * draw.lognormvariate(0, noise) * stall))
        known = straight_of(mine)
        result += known is not None and known.high < FLAT
    return result / runs


def straight_of(points):
    """`growth` over bare points, without the answers around them."""
    events = [ONE] * len(points)
    counts, times = iter([count for count, _ in points]), iter([time for _, time in points])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prefill, "tokens", lambda _: next(counts))
        patch.setattr(prefill, "_first", lambda _: next(times))
        return growth(events)


@pytest.mark.parametrize("noise", [0.02, 0.2, 0.5])
@pytest.mark.parametrize("overhead", [0.1, 0.5])
def test_an_honest_engine_is_hardly_ever_accused(overhead, noise):
    assert accused(overhead, noise) <= 0.004


def test_times_drawn_whatever_the_prompt_are_told():
    draw = random.Random(7)
    told = 0
    for _ in range(200):
        points = [(draw.randrange(185, 490), 30 * draw.gauss(1, 0.05)) for _ in range(64)]
        known = straight_of(points)
        told += known is not None and known.high < FLAT
    assert told > 180


def test_what_came_from_a_cache_was_not_read():
    event = made.request(DOC, 0, made.START, made.START, (made.MS, made.MS))
    event["usage"] |= {"cached_tokens": 30}
    assert tokens(convert(event, Request)) == 10
    assert tokens(ONE) == 40
    del event["usage"]["own_prompt"], event["usage"]["engine_prompt"]
    assert tokens(convert(event, Request)) == 0


def test_phases_are_told_apart_and_time_counts_once():
    evidence = factory.evidence(prompted.document())
    assert growths(evidence).keys() == {"lengths-alone"}
    ((name, (read, busy)),) = loads(evidence).items()
    answers = [event for event in evidence.requests if event.phase == name]
    assert read == sum(prompted.length(index) for index in range(prompted.SIZE))
    spans = max(event.t_end for event in answers) - min(event.t_send for event in answers)
    assert 0.95 * spans < busy <= spans
    assert sum(event.t_end - event.t_send for event in answers) > 3 * busy


@pytest.mark.parametrize(
    ("count", "ranks", "replicas"), [(8, 2, 4), (1, 1, 1), (None, 1, 1), (1, 2, 1)]
)
def test_replicas_are_the_devices_by_their_ranks(count, ranks, replicas):
    parts = prompted.document()
    parts["plan"]["devices"]["count"] = count
    parts["plan"]["engine"]["tensor_parallel"] = ranks
    assert _replicas(factory.evidence(parts).plan) == replicas
