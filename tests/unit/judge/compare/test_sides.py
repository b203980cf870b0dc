"""What each side is worth comes before any number, and a broken side is never an improvement."""

from __future__ import annotations

import pytest

from suite.base import schema
from suite.base.visible import columns
from suite.documents.codec import plain
from suite.judge.compare import difference, sides, text
from suite.judge.report.texttable import wrapped
from tests.factories import scorecard

SIGNERS = ("signed by Example Ltd (vendor), key abc", "identity not established")


def pair():
    """Two equal cards whose second is twice as fast."""
    a, b = scorecard.card(), scorecard.card()
    for card, number in ((a, 100.0), (b, 50.0)):
        card["phases"][1]["metrics"]["ttft_p50"] = scorecard.measured(number, "ms", 256, 0.01)
    return a, b


def compare(a, b):
    return difference.compare(scorecard.document(a), scorecard.document(b), signers=SIGNERS)


def both_ways(a, b):
    return compare(a, b), compare(b, a)


def outcomes(diff):
    return {change.outcome for change in diff.metrics}


def not_conformant(card):
    card["verdict"]["conformant"] = False
    next(c for c in card["checks"] if c["rule"] == "R014")["outcome"] = "fail"


def interrupted(card):
    card["run"]["ended"] = "interrupted"


def simulator(card):
    card["runtime"] = "sim"


@pytest.mark.parametrize(
    ("alter", "what", "words"),
    [
        (not_conformant, "verdict", "NOT CONFORMANT (R014)"),
        (interrupted, "ending", "CONFORMANT, INTERRUPTED"),
        (simulator, "what answered", "simulator"),
    ],
)
def test_a_broken_or_scripted_side_is_held_against_nothing(alter, what, words):
    a, b = pair()
    assert "better-once" in outcomes(compare(a, b))
    alter(b)
    for diff in both_ways(a, b):
        assert schema.problems(plain(diff), "diff") == []
        assert diff.comparable == "no"
        assert outcomes(diff) == {"not-comparable"}
        assert [item.what for item in diff.differences] == [what]
        shown = text.render(diff).splitlines()
        assert shown[0] == "These two cards may NOT be compared."
        assert any(words in line for line in shown[1:8])


@pytest.mark.parametrize("alter", [not_conformant, interrupted])
def test_two_broken_sides_are_not_alike_enough(alter):
    a, b = pair()
    alter(a)
    alter(b)
    assert outcomes(compare(a, b)) == {"not-comparable"}


def test_a_rule_that_failed_counts_whatever_the_verdict_says():
    a, b = pair()
    not_conformant(b)
    b["verdict"]["conformant"] = True
    assert compare(a, b).comparable == "no"


def test_two_simulators_compare_and_say_that_no_model_ran():
    a, b = pair()
    simulator(a)
    simulator(b)
    diff = compare(a, b)
    assert "better-once" in outcomes(diff)
    assert "! No model ran on either side" in text.render(diff)


def test_an_endpoint_is_named_as_somebody_elses():
    a, b = pair()
    b["runtime"] = "endpoint"
    diff = compare(a, b)
    assert [remark.en.partition(" ")[0] for remark in diff.remarks] == ["B", "ONE"]
    assert "  Runtime: container -> endpoint" in text.render(diff).splitlines()
    simulator(a)
    assert compare(a, b).comparable == "no"


def test_verdict_division_runtime_and_trust_come_first():
    a, b = pair()
    shown = text.render(compare(a, b)).splitlines()
    assert shown[1] == f"  A  {a['run']['id']}: CONFORMANT · closed · self-reported ·"
    assert shown[2] == "     container"
    assert shown[4] == f"     {SIGNERS[0]}"
    assert shown[8] == f"     {SIGNERS[1]}"


def test_a_custom_task_set_reads_alike_on_banner_and_in_the_comparison():
    a, b = pair()
    for card in (a, b):
        card["workload"]["taskset"]["locked"] = False
    diff = compare(a, b)
    assert diff.comparable == "yes"
    remark, once = diff.remarks
    assert once is sides.ONE_EACH
    assert "custom, the same on both sides" in remark.en
    assert "任务为自定义任务集" in remark.zh
    b["workload"]["taskset"]["records_sha256"] = "0" * 64
    diff = compare(a, b)
    assert (diff.comparable, diff.remarks) == ("no", ())


def test_failures_of_both_sides_are_shown_with_their_names():
    a, b = pair()
    not_conformant(a)
    not_conformant(b)
    diff = compare(a, b)
    (check,) = diff.checks
    assert (check.rule, check.a, check.b) == ("R014", "fail", "fail")
    assert "R014 Token counts agree between sources: fail on both" in text.render(diff)


def explained(alter):
    a, b = pair()
    alter(b)
    diff = compare(a, b)
    assert diff.differences == ()
    return diff


@pytest.mark.parametrize(
    ("alter", "line"),
    [
        (
            lambda c: c["engine"].update(prefix_caching=True),
            "Prefix caching: no [asserted] -> yes [asserted]",
        ),
        (
            lambda c: c["engine"].update(quantisation="fp8"),
            "Quantisation: none [asserted] -> fp8 [asserted]",
        ),
        (
            lambda c: c["engine"].update(speculative_decoding=True),
            "Speculative decoding: no [asserted] -> yes [asserted]",
        ),
        (
            lambda c: c["environment"].update({"host.cpu": {"value": "Example 9000"}}),
            "-> Example 9000",
        ),
        (
            lambda c: c["environment"].update({"host.load_1min": {"value": "4.29"}}),
            "Only B states: Host load before the run 4.29",
        ),
        (
            lambda c: c["environment"].update({"device.0.power_limit_w": {"value": "300"}}),
            "Only B states: Device 0, power limit, W 300",
        ),
        (
            lambda c: c["environment"].update({"peak.measured_flops": {"value": "1.85e11"}}),
            "Only B states: Measured peak, FLOP/s 185,000,000,000",
        ),
        (
            lambda c: c["environment"].update({"container.memory_bytes": {"value": "9663676416"}}),
            "Container's memory limit, bytes",
        ),
    ],
)
def test_what_may_explain_a_difference_is_shown(alter, line):
    shown = text.render(explained(alter))
    assert any(line in row for row in shown.splitlines()), shown


def test_arguments_and_environment_are_shown_item_by_item_and_never_cut():
    config = "{" + ",".join(f'"option{n}":{n}' for n in range(60)) + "}"

    def alter(card):
        card["engine"]["arguments"] += ["--config", config, "--eager"]
        card["engine"]["environment"]["EXAMPLE_CACHE"] = "8"

    diff = explained(alter)
    arguments, environment = diff.subjects[-2:]
    assert (arguments.only_a, arguments.only_b) == ((), (f"--config {config}", "--eager"))
    assert (environment.only_a, environment.only_b) == ((), ("EXAMPLE_CACHE=8",))
    assert config in "".join(line.strip() for line in text.render(diff).splitlines())


def test_arguments_in_another_order_are_called_so():
    diff = explained(lambda card: card["engine"]["arguments"].append(""))
    assert diff.subjects[-1].what == "arguments"
    a, b = pair()
    a["engine"]["arguments"] = ["serve", "--one", "1", "--two", "2"]
    b["engine"]["arguments"] = ["serve", "--two", "2", "--one", "1"]
    assert "Arguments: the same in another order" in text.render(compare(a, b))


def test_headline_numbers_lead_with_their_names():
    a, b = pair()
    diff = compare(a, b)
    leading = {(row["phase"], row["metric"]) for row in a["headline"]}
    flags = [change.headline for change in diff.metrics]
    assert flags == sorted(flags, reverse=True)
    assert {(c.phase, c.metric) for c in diff.metrics if c.headline} == leading
    shown = text.render(diff)
    assert shown.index("Headline numbers") < shown.index("All metrics")
    assert "offline: Output throughput" in shown
    assert not [name for name in ("output_throughput", "ttft_p50", "tpot_mean") if name in shown]
    change = diff.metrics[0]
    assert change.title.zh != change.title.en


def test_reasons_are_grouped_each_once():
    a, b = pair()
    shown = text.render(compare(a, b)).split("x not comparable: ")[1].splitlines()
    numbers = [int(line[:6]) for line in shown[1:] if line[:6].strip().isdigit()]
    assert sum(numbers) == int(shown[0])
    assert numbers == sorted(numbers, reverse=True)


@pytest.mark.parametrize("every", [False, True])
def test_no_line_is_wider_than_80_columns(every):
    a, b = scorecard.long_card(), scorecard.card()
    b["vendor"]["name"] = "一家名字很长的加速卡厂商" * 8
    for diff in both_ways(a, b):
        for line in text.render(diff, every=every).splitlines():
            assert columns(line) <= text.WIDTH, line


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        ("", ["  "]),
        ("one two", ["  one", "    two"]),
        ("abcdefghij", ["  abcdef", "    ghij"]),
        ("摩尔线程", ["  摩尔线", "    程"]),
        ("a 摩尔线程", ["  a", "    摩尔", "    线程"]),
    ],
)
def test_wrapping_cuts_only_what_has_no_room(words, lines):
    assert wrapped(words, 8, indent="  ", rest="    ") == lines


def test_a_card_that_is_held_against_itself_is_said_to_be():
    a, b = pair()
    (remark,) = compare(a, a).remarks
    assert remark.en == "A and B are the same card: every number is held against itself."
    assert compare(a, b).remarks == (sides.ONE_EACH,)
