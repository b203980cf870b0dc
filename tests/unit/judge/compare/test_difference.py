"""Comparison: whether it is allowed first, then better, worse, not distinguishable."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.base import schema
from suite.documents.codec import plain
from suite.judge.compare import difference, inputs, ratio, text
from suite.judge.metrics.registry import REGISTRY
from tests.factories import scenarios, scorecard

EVERYTHING = set(inputs.FAMILY_NAMES)


def compare(a, b, **options):
    """The comparison of two cards as plain data."""
    return plain(difference.compare(scorecard.document(a), scorecard.document(b), **options))


def render(cards, **options):
    return text.render(difference.compare(*map(scorecard.document, cards)), **options)


def pair(**metrics):
    """Two equal cards, but for these metrics of the offline phase: name -> (a, b)."""
    a, b = scorecard.card(), scorecard.card()
    for name, (first, second) in metrics.items():
        a["phases"][1]["metrics"][name] = first
        b["phases"][1]["metrics"][name] = second
    return a, b


def value(number, spread=0.01, unit="ms"):
    return scorecard.measured(number, unit, 256, spread)


def judge(a, b, direction):
    values = scorecard.value(a), scorecard.value(b)
    return ratio.judge(*values, ratio.ratio_of(*values), direction, 0.02)


def change(found, metric, phase="offline"):
    return next(c for c in found["metrics"] if (c["phase"], c["metric"]) == (phase, metric))


def test_a_card_equals_itself():
    result = compare(*pair())
    assert schema.problems(result, "diff") == []
    assert result["comparable"] == "yes"
    assert result["differences"] == result["subjects"] == result["checks"] == []
    assert {c["outcome"] for c in result["metrics"]} == {"not-distinguishable", "not-comparable"}
    why = {c["why"] for c in result["metrics"] if c["outcome"] == "not-comparable"}
    reasons = ("not measured", "no interval", "too few")
    assert all(any(reason in word for reason in reasons) for word in why), why


@pytest.mark.parametrize(
    ("metric", "a", "b", "outcome"),
    [
        ("ttft_p50", 100.0, 80.0, "better-once"),
        ("ttft_p50", 80.0, 100.0, "worse-once"),
        ("output_throughput", 100.0, 120.0, "better-once"),
        ("output_throughput", 120.0, 100.0, "worse-once"),
        ("ttft_p50", 100.0, 101.0, "not-distinguishable"),
        ("ttft_p50", 100.0, 98.5, "not-distinguishable"),
        ("generated_tokens_mean", 20.0, 40.0, "not-distinguishable"),
    ],
)
def test_the_direction_decides(metric, a, b, outcome):
    result = change(compare(*pair(**{metric: (value(a), value(b))})), metric)
    assert result["outcome"] == outcome
    assert result["ratio"]["value"] == pytest.approx(b / a)


def test_a_clear_but_small_difference_is_none():
    tight = pair(ttft_p50=(value(100.0, 0.0001), value(98.5, 0.0001)))
    assert change(compare(*tight), "ttft_p50")["outcome"] == "not-distinguishable"
    assert change(compare(*tight, margin=0.01), "ttft_p50")["outcome"] == "better-once"


def test_a_large_but_uncertain_difference_is_none():
    wide = pair(ttft_p50=(value(100.0, 0.3), value(80.0, 0.3)))
    assert change(compare(*wide), "ttft_p50")["outcome"] == "not-distinguishable"


def test_the_interval_of_the_ratio():
    a = {"value": 100.0, "unit": "ms", "n": 9, "low": 90.0, "high": 120.0, "interval": "95 %"}
    b = {"value": 50.0, "unit": "ms", "n": 9, "low": 45.0, "high": 60.0, "interval": "95 %"}
    quotient = ratio.ratio_of(scorecard.value(a), scorecard.value(b))
    assert quotient.value == 0.5
    assert quotient.low == pytest.approx(
        0.5 * math.exp(-math.hypot(math.log(50 / 45), math.log(1.2)))
    )
    assert quotient.high == pytest.approx(
        0.5 * math.exp(math.hypot(math.log(1.2), math.log(100 / 90)))
    )


positive = st.floats(1e-3, 1e6)
spreads = st.floats(0, 0.9)


@given(positive, positive, spreads, spreads, st.sampled_from(["lower", "higher"]))
def test_swapping_the_cards_swaps_the_verdict(a, b, spread_a, spread_b, direction):
    first, second = value(a, spread_a), value(b, spread_b)
    there = judge(first, second, direction)[0]
    back = judge(second, first, direction)[0]
    assert (there, back) in {
        ("better", "worse"),
        ("worse", "better"),
        ("not-distinguishable", "not-distinguishable"),
    }


@given(positive, spreads, spreads)
def test_equal_values_are_never_better_or_worse(a, spread_a, spread_b):
    outcome, _, quotient = judge(value(a, spread_a), value(a, spread_b), "lower")
    assert outcome == "not-distinguishable"
    assert quotient.low <= 1 <= quotient.high


INPUTS = {
    "metric_schema": (lambda c: c.update(metric_schema=1), EVERYTHING),
    "division": (lambda c: c["division"].update(granted="open"), EVERYTHING),
    "emulation": (lambda c: c["vendor"].update(emulated=True), EVERYTHING),
    "model": (lambda c: c["model"].update(sha256="0" * 64), EVERYTHING),
    "tokenizer": (
        lambda c: c["model"].update(tokenizer_sha256="0" * 64),
        EVERYTHING - {"start-up"},
    ),
    "task set": (
        lambda c: c["workload"]["taskset"].update(ids_sha256="0" * 64),
        EVERYTHING - {"start-up"},
    ),
    "prompt": (
        lambda c: c["workload"]["prompt"].update(sha256="0" * 64),
        EVERYTHING - {"start-up"},
    ),
    "decoding": (
        lambda c: c["workload"]["decoding"].update(max_new_tokens=16),
        EVERYTHING - {"start-up"},
    ),
    "profile": (lambda c: c["workload"].update(profile_sha256="0" * 64), EVERYTHING - {"start-up"}),
}


@pytest.mark.parametrize("what", INPUTS)
def test_an_input_that_differs_forbids_what_depends_on_it(what):
    a, b = pair(ttft_p50=(value(100.0), value(50.0)))
    alter, forbidden = INPUTS[what]
    alter(b)
    result = compare(a, b)
    assert schema.problems(result, "diff") == []
    assert [item["what"] for item in result["differences"]] == [what]
    assert set(result["differences"][0]["forbids"]) == forbidden
    spoiled = change(result, "ttft_p50")
    assert (spoiled["outcome"], spoiled["why"]) == ("not-comparable", f"{what} differs")
    assert result["comparable"] == "no"
    assert what in render((a, b))


def test_start_up_stays_comparable_when_only_the_question_differs():
    a, b = pair()
    for card, seconds in ((a, 80.0), (b, 40.0)):
        card["startup"]["startup_healthy_s"] = value(seconds, 0.01, "s")
    b["workload"]["decoding"]["max_new_tokens"] = 16
    result = compare(a, b)
    assert result["comparable"] == "partly"
    assert change(result, "startup_healthy_s", "")["outcome"] == "better-once"


def test_the_name_of_a_model_forbids_nothing():
    a, b = pair()
    b["model"]["id"] = "a copy under another name"
    assert compare(a, b)["comparable"] == "yes"


def test_what_is_compared_is_named_and_forbids_nothing():
    a, b = pair()
    b["devices"]["name"] = "Another CPU"
    b["engine"]["version"] = "0.33.0"
    result = compare(a, b)
    assert [s["what"] for s in result["subjects"]] == ["devices", "engine"]
    assert result["differences"] == []
    assert result["comparable"] == "yes"


def test_what_only_one_card_has_is_neither_gain_nor_loss():
    a, b = pair()
    del b["phases"][2]
    a["phases"][0]["metrics"]["energy_j"] = value(5.0, 0.01, "J")
    del b["phases"][0]["metrics"]["energy_j"]
    for result in (compare(a, b), compare(b, a)):
        assert change(result, "ttft_p50", "server")["why"] == "only one card has this phase"
        assert change(result, "energy_j", "single-stream")["why"] == "only one card has this metric"
        assert not [c for c in result["metrics"] if c["outcome"].startswith(("better", "worse"))]


def test_phases_of_one_name_and_another_load_are_not_compared():
    a, b = pair(ttft_p50=(value(100.0), value(50.0)))
    b["phases"][1]["load"]["concurrency"] = 64
    why = "the two phases were loaded differently: concurrency: 256 and 64"
    assert change(compare(a, b), "ttft_p50")["why"] == why


def test_tokens_counted_by_another_source_spoil_what_is_per_token():
    a, b = pair(tpot_p50=(value(10.0), value(5.0)), ttft_p50=(value(10.0), value(5.0)))
    b["phases"][1]["arrival_source"] = "own tokenizer"
    for card in (a, b):
        del card["phases"][1]["token_counts"]
    result = compare(a, b)
    why = "tokens were counted by engine, by chunk and by own tokenizer"
    assert change(result, "tpot_p50")["why"] == why
    assert change(result, "ttft_p50")["outcome"] == "better-once"


def test_other_objectives_spoil_goodput_alone():
    a, b = pair(goodput=(value(1.0), value(2.0)), ttft_p50=(value(10.0), value(5.0)))
    b["workload"]["objectives"]["ttft_ms"] = 1.0
    result = compare(a, b)
    assert change(result, "goodput")["why"] == "the service-level objectives differ"
    assert change(result, "ttft_p50")["outcome"] == "better-once"


def test_without_an_interval_nothing_is_claimed():
    bare = {**value(50.0), "low": None, "high": None, "interval": "one repeat, no interval"}
    result = change(compare(*pair(ttft_p50=(value(100.0), bare))), "ttft_p50")
    assert result["outcome"] == "not-comparable"
    assert result["why"] == "one repeat, no interval"


def test_counts_from_zero():
    none, some = scorecard.measured(0, "requests", 256), scorecard.measured(7, "requests", 256)
    assert change(compare(*pair(failed=(none, some))), "failed")["outcome"] == "worse-once"
    assert change(compare(*pair(failed=(some, none))), "failed")["outcome"] == "better-once"
    assert change(compare(*pair(failed=(none, none))), "failed")["outcome"] == "not-distinguishable"


def test_an_interval_that_reaches_zero_has_no_ratio():
    result = change(compare(*pair(rouge2=(value(0.01, 1.0), value(0.2, 0.1)))), "rouge2")
    assert result["outcome"] == "not-distinguishable"
    assert result["ratio"] is None


def test_not_measured_names_the_card():
    missing = {"not_measured": "n/a (n = 120 < 662)"}
    result = change(compare(*pair(ttft_p99=(value(9.0), missing))), "ttft_p99")
    assert result["why"] == "not measured on the second card: n/a (n = 120 < 662)"


def test_rules_that_changed_are_listed_also_where_one_card_lacks_them():
    a, b = pair()
    b["checks"][0]["outcome"] = "fail"
    b["checks"] = [c for c in b["checks"] if c["rule"] != "R031"]
    result = compare(a, b)["checks"]
    assert [(c["rule"], c["a"], c["b"]) for c in result] == [
        ("R001", "pass", "fail"),
        ("R031", "pass", "absent"),
    ]
    assert result[0]["title"] == {"en": "The run is complete", "zh": "运行完整"}


@pytest.mark.parametrize("margin", [-0.1, 1.0])
def test_a_margin_out_of_range_is_refused(margin):
    with pytest.raises(ValueError, match="margin"):
        compare(*pair(), margin=margin)


def test_metrics_are_of_the_families_that_a_difference_forbids():
    families = {name: metric.family for name, metric in REGISTRY.items()}
    assert (
        families["ttft_sched_p99"]
        == families["icl_mean"]
        == families["normalised_latency_mean"]
        == "latency"
    )
    assert families["goodput"] == "throughput"
    assert families["generated_length_ratio"] == "length"
    assert families["mbu"] == "utilisation"
    assert families["tokens_per_joule"] == families["average_power_w"] == "energy"
    assert families["conversion_s"] == "start-up"
    assert families["send_lateness_max"] == "client"
    assert set(families.values()) == EVERYTHING


def test_the_text_says_first_whether_it_may_be_compared():
    a, b = pair(ttft_p50=(value(100.0), value(50.0)))
    shown = render((a, b)).splitlines()
    assert shown[0] == "These two cards may be compared."
    place = shown.index("    offline: Time to first token (TTFT), median")
    assert shown[place + 1].split("  ")[4] == "100.0 ms -> 50.00 ms"
    poor = render((scorecard.card(), scorecard.poor_card()))
    assert poor.startswith("These two cards may NOT be compared.")
    every = render((a, b), every=True)
    assert every.count("\n") > render((a, b)).count("\n")
    assert "not measured on either card" in every


def two(make):
    """Two equal cards of the phases that `make` returns."""
    return scenarios.card_of(make(), []), scenarios.card_of(make(), [])


def test_points_are_compared_with_the_point_at_the_same_place():
    a, b = two(lambda: scenarios.sweep(1, 8))
    b["phases"].reverse()
    b["phases"][0]["name"] = "renamed"
    b["phases"][0]["metrics"]["ttft_p50"] = scorecard.measured(1.0, "ms", 99, 0.01)
    result = compare(a, b)
    assert change(result, "ttft_p50", "sweep-8")["outcome"] == "better-once"
    assert change(result, "ttft_p50", "sweep-1")["outcome"] == "not-distinguishable"
    assert {c["phase"] for c in result["metrics"]} - {""} == {"sweep-1", "sweep-8"}


def test_a_point_that_only_one_card_has_is_neither_gain_nor_loss():
    a, b = two(lambda: scenarios.sweep(1, 8))
    b["phases"] += scenarios.sweep(64)
    result = compare(a, b)
    only = [c for c in result["metrics"] if c["phase"] == "sweep-64"]
    assert only
    assert {c["outcome"] for c in only} == {"not-comparable"}


def test_a_point_that_was_not_run_says_why():
    a, b = two(lambda: scenarios.sweep(1, 8))
    why = "the model holds 2,048 tokens"
    b["phases"][1] = scenarios.point("sweep", concurrency=8, not_run=why)
    why = change(compare(a, b), "ttft_p50", "sweep-8")["why"]
    assert why == "not measured on the second card: the model holds 2,048 tokens"


@pytest.mark.parametrize(
    ("got", "words"),
    [
        ([9, 64], "the answers had different lengths: 64 tokens and 9 to 64 tokens"),
        (None, "the answers had different lengths: 64 tokens and not counted"),
    ],
)
def test_answers_of_other_lengths_are_not_compared(got, words):
    a, b = two(lambda: [scenarios.point("g", input_tokens=512, output_tokens=64)])
    b["phases"][0]["lengths"]["output_got"] = got
    assert change(compare(a, b), "e2e_p50", "g-512-64")["why"] == words


@pytest.mark.parametrize(
    ("member", "value", "words"),
    [
        ("shape", 0.5, "shape: none and 0.5"),
        ("lockstep", True, "lockstep: none and True"),
        (
            "trace",
            {"name": "n", "sha256": "a" * 64, "speed": 2.0},
            f"trace sha256: none and {'a' * 64}",
        ),
        ("session", {"sessions": 2, "turns": 3, "think_ms": 0.0}, "session sessions: none and 2"),
        ("rate", 5.0, "rate: none and 5.0"),
    ],
)
def test_whatever_differs_in_the_load_is_named(member, value, words):
    a, b = pair()
    b["phases"][1]["load"][member] = value
    why = change(compare(a, b), "ttft_p50")["why"]
    assert why == f"the two phases were loaded differently: {words}"


def test_the_same_trace_under_another_name_is_the_same_load():
    a, b = pair(ttft_p50=(value(100.0), value(50.0)))
    for card, name in ((a, "one.csv"), (b, "two.csv")):
        card["phases"][1]["load"]["trace"] = {"name": name, "sha256": "a" * 64, "speed": 1.0}
    assert change(compare(a, b), "ttft_p50")["outcome"] == "better-once"


def searched(first, second):
    """Two searches with these brackets."""
    cards = two(lambda: [scenarios.search()])
    for card, (met, missed) in zip(cards, (first, second), strict=True):
        rate = scenarios.search()["metrics"]["slo_rate"] | {
            "value": met,
            "low": met,
            "high": missed,
        }
        card["phases"][0]["metrics"]["slo_rate"] = card["phases"][0]["searches"][0]["rate"] = rate
    return cards


@pytest.mark.parametrize(
    ("first", "second", "outcome"),
    [
        ((12.0, 13.0), (12.0, 13.0), "not-distinguishable"),
        ((12.0, 13.0), (12.5, 14.0), "not-distinguishable"),
        ((12.0, 13.0), (13.0, 14.0), "not-distinguishable"),  # they touch
        ((12.0, 13.0), (13.1, 14.0), "not-distinguishable"),  # apart by less than the margin
        ((12.0, 13.0), (14.0, 15.0), "not-distinguishable"),  # by less than one step of 10 %
        ((14.0, 15.0), (12.0, 13.0), "not-distinguishable"),
        ((12.0, 13.5), (15.0, 16.0), "not-distinguishable"),  # exactly one
        ((12.0, 13.0), (15.0, 16.0), "better-once"),
        ((15.0, 16.0), (12.0, 13.0), "worse-once"),
        ((12.0, 13.0), (64.0, None), "better-once"),
        ((64.0, None), (12.0, 13.0), "worse-once"),
        ((64.0, None), (80.0, 90.0), "not-distinguishable"),
        ((64.0, None), (64.0, None), "not-distinguishable"),
    ],
)
def test_searches_differ_when_their_brackets_lie_apart(first, second, outcome):
    cards = searched(first, second)
    for card in cards:
        card["phases"][0]["load"]["search"]["resolution"] = 0.1
    result = change(compare(*cards), "slo_rate", "search")
    assert result["outcome"] == outcome
    assert "bracket" in result["why"]
    assert (result["ratio"] is None) == (None in (*first, *second))
    assert schema.problems(compare(*searched(first, second)), "diff") == []


def test_brackets_within_one_step_are_noise_and_the_coarser_search_says_how_wide_it_is():
    a, b = searched((12.0, 13.0), (14.0, 15.0))
    a["phases"][0]["load"]["search"]["resolution"] = 0.05
    b["phases"][0]["load"]["search"]["resolution"] = 0.1
    why = change(compare(a, b), "slo_rate", "search")["why"]
    assert why.startswith("within noise: ")
    assert "step of 10%" in why
    b["phases"][0]["load"]["search"]["resolution"] = 0.05
    assert change(compare(a, b), "slo_rate", "search")["outcome"] == "better-once"


def test_two_repeats_with_the_same_rates_are_still_two_draws():
    a, b = two(lambda: [scenarios.search(repeats=2)])
    for card, met in ((a, 12.0), (b, 12.6)):
        card["phases"][0]["metrics"]["slo_rate"] = value(met, 0.0, unit="requests/s")
        for item in card["phases"][0]["searches"]:
            item["rate"] |= {"value": met, "low": met, "high": met + 0.5}
    assert change(compare(a, b), "slo_rate", "search")["outcome"] == "not-distinguishable"


@pytest.mark.parametrize(
    ("member", "value"),
    [("percentile", 99.0), ("requests", 99), ("min_requests", 9), ("duration_s", 10.0)],
)
def test_searches_for_something_else_are_not_compared(member, value):
    a, b = searched((1.0, 2.0), (8.0, 9.0))
    b["phases"][0]["load"]["search"][member] = value
    why = change(compare(a, b), "slo_rate", "search")["why"]
    assert why.startswith(f"the two phases were loaded differently: search {member}: ")


@pytest.mark.parametrize(
    ("member", "value"),
    [("min_rate", 0.5), ("max_rate", 99.0), ("max_probes", 20), ("resolution", 0.01)],
)
def test_where_a_search_looked_does_not_matter_to_its_answer(member, value):
    a, b = searched((1.0, 2.0), (8.0, 9.0))
    b["phases"][0]["load"]["search"][member] = value
    b["phases"][0]["tasks"] += 7
    assert change(compare(a, b), "slo_rate", "search")["outcome"] == "better-once"


def test_other_objectives_spoil_the_answer_of_a_search():
    a, b = searched((1.0, 2.0), (8.0, 9.0))
    b["workload"]["objectives"]["ttft_ms"] = 1.0
    why = change(compare(a, b), "slo_rate", "search")["why"]
    assert why == "the service-level objectives differ"


def test_tokens_counted_otherwise_spoil_a_search_with_a_tpot_objective():
    a, b = searched((1.0, 2.0), (8.0, 9.0))
    a["phases"][0]["arrival_source"] = "engine, by chunk"
    b["phases"][0]["arrival_source"] = "own tokenizer"
    for card in (a, b):
        card["phases"][0]["token_counts"] = [
            {"of": "arrived", "source": source, "tokens": 90, "differ": 0, "metrics": {}}
            for source in ("engine, by chunk", "own tokenizer")
        ]
    assert change(compare(a, b), "slo_rate", "search")["outcome"] == "better-once"
    # Its probes were judged by one count, which says nothing of another that differs.
    a["phases"][0]["token_counts"][1]["differ"] = b["phases"][0]["token_counts"][0]["differ"] = 3
    why = change(compare(a, b), "slo_rate", "search")["why"]
    assert why == "tokens were counted by engine, by chunk and by own tokenizer"
    for card in (a, b):
        card["workload"]["objectives"]["tpot_ms"] = None
    assert change(compare(a, b), "slo_rate", "search")["outcome"] == "better-once"


def test_the_mean_of_several_searches_has_an_ordinary_interval():
    a, b = two(lambda: [scenarios.search(repeats=3)])
    for card, number in ((a, 10.0), (b, 20.0)):
        card["phases"][0]["metrics"]["slo_rate"] = value(number, unit="requests/s")
    result = change(compare(a, b), "slo_rate", "search")
    assert result["outcome"] == "better-once"
    assert "bracket" not in result["why"]
