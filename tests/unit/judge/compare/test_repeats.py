"""Runs of one plan on one machine are one side, and how far they lie apart enters its verdicts."""

from __future__ import annotations

import math
import random
import re

import pytest

from suite.base import jsonio, schema
from suite.base.language import Language
from suite.base.statistics import NORMAL
from suite.documents.codec import plain
from suite.documents.comparison import ValueRatio
from suite.documents.value import Measured, NotMeasured
from suite.judge.compare import formats, many
from suite.judge.compare.ratio import factor, p_value, paired_ratio, ratio_of
from suite.judge.compare.repeats import gathered
from suite.judge.compare.spread import spread_of, widened
from suite.judge.report.formats import registry
from tests.factories import scorecard

PHASE = scorecard.card()["phases"][0]["name"]


def entry(name: str, ttft: float = 1.0, *, plan: str = "", change=None) -> many.Entry:
    """A run whose mean time to first token is so many times the usual one, known to 0.1 %."""
    made = scorecard.card()
    made["run"]["id"] = name
    if plan:
        made["run"]["plan_sha256"] = scorecard.sha(plan)
    value = made["phases"][0]["metrics"]["ttft_mean"]
    made["phases"][0]["metrics"]["ttft_mean"] = scorecard.measured(
        value["value"] * ttft, value["unit"], value["n"], 0.001
    )
    if change:
        change(made)
    return many.Entry(f"runs/{name}", scorecard.document(made), "nobody")


def side(name: str, *factors: float, plan: str = "") -> list[many.Entry]:
    return [entry(f"{name}{place}", factor, plan=plan) for place, factor in enumerate(factors)]


def ttft(result: many.ManyComparison):
    (pair,) = result.pairs
    return next(
        item
        for item in pair.comparison.metrics
        if (item.phase, item.metric) == (PHASE, "ttft_mean")
    )


def fact(name: str, value: str):
    return lambda made: made["environment"].update({name: {"value": value}})


def test_runs_of_one_plan_on_one_machine_are_one_side() -> None:
    runs = [
        entry("a0", change=fact("host.load_1min", "0.1")),
        entry("b0", plan="other"),
        entry("a1", change=fact("host.load_1min", "3.9")),
        entry("a2", change=fact("host.kernel", "6.99")),
        entry("a0"),
    ]
    sides = gathered(runs)
    names = [[single.card.run.id for single in item.singles] for item in sides]
    # Another kernel is another machine, and a run that is given twice is no repeat.
    assert names == [["a0", "a1"], ["b0"], ["a2"], ["a0"]]


def test_repeats_of_one_plan_alone_are_compared_with_each_other() -> None:
    runs = side("a", 1, 1.5, 2)
    assert gathered(runs) == runs


def test_a_run_that_was_cut_repeats_nothing() -> None:
    def cut(made):
        made["run"]["ended"] = "interrupted"

    runs = [entry("a0"), entry("a1", change=cut), entry("b0", plan="other")]
    assert [item.runs for item in gathered(runs)] == [(), (), ()]


def test_a_probe_that_other_programs_disturbed_less_makes_no_other_machine() -> None:
    """On a real machine that share is another one in every run."""
    name = "peak.measured_foreign_share"
    runs = [entry(run, change=fact(name, run[1])) for run in ("a0", "a1")]
    sides = gathered([*runs, entry("b0", plan="other")])
    assert [len(item.runs) for item in sides] == [2, 0]


def test_what_lies_within_the_spread_between_runs_is_no_difference() -> None:
    a = side("a", 0.97, 1.00, 1.04)
    b = side("b", 1.05, 1.08, 1.01, plan="other")
    alone = ttft(many.compare([a[1], b[1]]))
    assert alone.outcome == "worse-once"
    assert alone.ratio.value == pytest.approx(1.08)
    together = ttft(many.compare(gathered([*a, *b])))
    assert together.outcome == "not-distinguishable"
    assert together.ratio.value == pytest.approx(3.14 / 3.01)
    assert together.ratio.low < 1 < together.ratio.high
    assert together.repeated.runs == (3, 3)
    assert together.repeated.spread_a == pytest.approx(0.035, abs=0.001)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("form", ["text", "html", "json", "markdown", "csv"])
def test_one_run_of_each_is_never_better_without_saying_so(form: str, language: Language) -> None:
    """Two images that differ in a label, one run of each: whatever their numbers, no report says "better" alone."""
    result = many.compare([side("a", 1.00)[0], side("b", 0.80, plan="other")[0]])
    assert ttft(result).outcome == "better-once"
    assert [item.en[:15] for item in result.pairs[0].comparison.remarks] == ["ONE RUN OF EACH"]
    shown = registry.record(formats, form).render(result, language).decode()
    english = language is Language.EN or form in ("json", "csv")
    assert (
        "better-once"
        if form in ("json", "csv")
        else ("better in one run" if english else "一次运行中更好")
    ) in shown
    if form == "text":
        assert ("ONE RUN OF EACH" if english else "双方各仅运行一次") in shown
        assert not re.search(r"\d better(?! in one run)", shown)
    elif form != "csv":
        assert ("ONE RUN OF EACH" if english else "双方各仅运行一次") in shown
    repeated = many.compare(
        gathered([*side("a", 1.0, 1.01, 1.0), *side("b", 0.5, 0.51, 0.5, plan="other")])
    )
    assert ttft(repeated).outcome == "better"
    assert (
        "one run" not in registry.record(formats, form).render(repeated, language).decode().lower()
    )


def test_what_lies_beyond_it_is() -> None:
    runs = [*side("a", 0.97, 1.00, 1.04), *side("b", 2.05, 2.08, 2.01, plan="other")]
    result = many.compare(gathered(runs))
    assert ttft(result).outcome == "worse"
    assert schema.problems(plain(result), "compare") == []


def test_two_runs_say_little_and_the_comparison_says_so() -> None:
    runs = [*side("a", 1.0, 1.01), *side("b", 1.10, 1.11, plan="other")]
    result = many.compare(gathered(runs))
    made = ttft(result)
    # The same gap with six runs a side is told apart.
    assert made.outcome == "not-distinguishable"
    many_runs = [
        *side("a", 1.0, 1.01, 1.0, 1.01, 1.0, 1.01),
        *side("b", 1.10, 1.11, 1.10, 1.11, 1.10, 1.11, plan="other"),
    ]
    assert ttft(many.compare(gathered(many_runs))).outcome == "worse"
    remarks = [remark.en for remark in result.pairs[0].comparison.remarks]
    assert sum("was run 2 times: so few hardly tell a spread" in text for text in remarks) == 2


def test_a_side_of_one_run_is_taken_to_vary_as_the_other() -> None:
    runs = [*side("a", 0.97, 1.00, 1.04), entry("b0", 1.08, plan="other")]
    result = many.compare(gathered(runs))
    assert ttft(result).outcome == "not-distinguishable"
    assert ttft(result).repeated.spread_b is None
    remarks = [remark.en for remark in result.pairs[0].comparison.remarks]
    assert any(text.startswith("B was run once") for text in remarks)


def test_what_one_repeat_lacks_the_side_lacks() -> None:
    def without(made):
        made["phases"][0]["metrics"]["ttft_mean"] = {"not_measured": "it failed"}

    runs = [
        *side("a", 1, 1),
        *side("b", 1, plan="other"),
        entry("b1", plan="other", change=without),
    ]
    result = many.compare(gathered(runs))
    made = ttft(result)
    assert isinstance(made.b, NotMeasured)
    assert made.b.why == "b1: it failed"
    assert any("b1: it failed" in item for item in result.pairs[0].lacking)


def test_a_repeat_that_is_not_conformant_leaves_no_number_to_compare() -> None:
    def broken(made):
        made["verdict"]["conformant"] = False
        check = next(check for check in made["checks"] if check["rule"] == "R014")
        check["outcome"], check["why"] = "fail", "counts differ"

    runs = [*side("a", 1, 1), *side("b", 1, plan="other"), entry("b1", plan="other", change=broken)]
    result = many.compare(gathered(runs))
    assert result.pairs[0].comparison.comparable == "no"
    assert result.cards[1].side.failed == ("R014",)
    change = next(item for item in result.pairs[0].comparison.checks if item.rule == "R014")
    assert (change.a, change.b, change.why_b) == ("pass", "fail", "b1: counts differ")


def test_counts_that_differ_from_run_to_run_are_no_longer_exact() -> None:
    def failed(number: int):
        def change(made):
            made["phases"][0]["metrics"]["failed"] = scorecard.measured(number, "1", 1)

        return change

    runs = [
        entry("a0", change=failed(0)),
        entry("a1", change=failed(1)),
        entry("b0", plan="other", change=failed(0)),
        entry("b1", plan="other", change=failed(0)),
    ]
    result = many.compare(gathered(runs))
    made = next(item for item in result.pairs[0].comparison.metrics if item.metric == "failed")
    assert (made.a.value, made.a.low, made.a.high) == (0.5, 0, 1)
    assert made.outcome == "not-distinguishable"


def test_every_format_names_the_runs_and_their_spread() -> None:
    runs = [*side("a", 0.97, 1.00, 1.04), *side("b", 2.05, 2.08, 2.01, plan="other")]
    result = many.compare(gathered(runs))
    pages = {
        name: registry.record(formats, name).render(result, Language.EN).decode()
        for name in registry.names(formats)
    }
    for name in ("html", "json", "markdown", "text"):
        assert "b2" in pages[name]
    assert "3 and 3 runs that spread by 3.5% and 1.7%" in " ".join(pages["text"].split())
    assert "runs that spread by" in pages["html"]
    (card, _) = jsonio.loads(pages["json"].encode())["cards"]
    assert [run["run"] for run in card["runs"]] == ["a0", "a1", "a2"]
    assert "运行间波动" in registry.record(formats, "text").render(result, Language.ZH).decode()


@pytest.mark.parametrize(("first", "second"), [(3, 3), (2, 4), (5, 2), (1, 4), (3, 1)])
def test_the_widened_interval_covers_the_true_ratio(first: int, second: int) -> None:
    """Of two engines that are equally fast, whose runs differ by 4 % and whose numbers are known to 1 %."""
    draw = random.Random(first * 10 + second)
    covered = untold = 0
    trials = 2000
    for _ in range(trials):
        sides = [[math.exp(draw.gauss(0, 0.04)) for _ in range(count)] for count in (first, second)]
        a, b = (math.fsum(values) / len(values) for values in sides)
        noise = math.exp(draw.gauss(0, 0.01))
        value = noise * b / a
        half = math.exp(NORMAL * 0.01)
        bare = ValueRatio(value=value, low=value / half, high=value * half)
        made, freedom = widened(bare, spread_of(*sides))
        covered += made.low <= 1 <= made.high
        untold += bare.low <= 1 <= bare.high
        assert (p_value(made, 0.02, freedom) < 0.05) == (made.low > 1 / 0.98 or made.high < 0.98)
    assert 0.93 * trials <= covered
    assert untold < 0.7 * trials


def test_without_repeats_there_is_no_spread() -> None:
    assert spread_of([1.0], [2.0]) is None
    assert spread_of([0.0, 1.0], [2.0]) is None
    alike = spread_of([1.0, 1.0], [2.0, 2.0])
    bare = ValueRatio(value=2.0, low=1.9, high=2.1)
    assert widened(bare, alike)[0] == bare


@pytest.mark.parametrize("power", [300, 1, -300])
def test_runs_that_lie_absurdly_far_apart_leave_a_ratio_that_excludes_nothing(power: int) -> None:
    spread = spread_of([1e-280, 1e280], [1e-280, 1e280])
    bare = ValueRatio(value=10.0**power, low=0.9 * 10.0**power, high=1.1 * 10.0**power)
    made, freedom = widened(bare, spread)
    assert made.low < 1e-300
    assert made.high > 1e300
    assert p_value(made, 0.02, freedom) > 0.05
    assert len(factor(made.high)) < 10


def test_values_at_both_ends_of_the_floats_have_a_ratio() -> None:
    tiny, huge = (
        Measured(value, "ms", 10, value / 2, value * 1.5, "95 %") for value in (1e-308, 1e308)
    )
    ratio = ratio_of(tiny, huge)
    assert (ratio.value, ratio.high) == (ratio.high, ratio.high)
    assert ratio.low > 1e300
    assert ratio_of(huge, tiny).low > 0
    # Eight tasks of which the second side answered one alone, enormously later.
    assert paired_ratio([1.0] * 8, [0.0] * 7 + [1e300]).high > 1e300
