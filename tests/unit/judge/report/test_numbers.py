"""Numbers as people read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.documents.value import Measured, NotMeasured
from suite.judge.report import numbers

NARROW = numbers.NARROW


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (64.0, "64"),
        (9.3221, "9.322"),
        (41.832, "41.83"),
        (412.345, "412.3"),
        (1234.5, "1,234"),
        (1234567.0, "1,234,567"),
        (0.036210430, "0.03621"),
        (0.00012345, "0.000123"),
        (-3.5, "-3.500"),
        (1.5e15, "1,500,000,000,000,000"),
        (1e300, "1e+300"),
    ],
)
def test_plain(value, text):
    assert numbers.plain(value) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (70_553_706_496, "", f"70.55{NARROW}G"),
        (989.4e12, "FLOP/s", f"989.4{NARROW}TFLOP/s"),
        (23_068_672, "B", f"23.07{NARROW}MB"),
        (512, "B", f"512{NARROW}B"),
    ],
)
def test_scaled(value, unit, text):
    assert numbers.scaled(value, unit) == text


def test_an_interval_has_the_digits_of_its_value():
    value = Measured(99.96, "ms", 1000, 98.1234, 101.5678, "95 %")
    shown = numbers.show("ttft_p50", value)
    assert (shown.number, shown.unit, shown.n) == ("99.96", "ms", "1,000")
    assert shown.interval == f"98.12{NARROW}–{NARROW}101.57"


def test_a_utilisation_is_shown_in_per_cent_and_rouge_is_not():
    value = Measured(0.0312, "1", 3, 0.03, 0.033, "95 % t")
    shown = numbers.show("mfu", value)
    assert (shown.number, shown.unit, shown.interval) == (
        "3.120",
        "%",
        f"3.000{NARROW}–{NARROW}3.300",
    )
    shown = numbers.show("rouge2", value)
    assert (shown.number, shown.unit, shown.interval) == (
        "0.0312",
        "",
        f"0.0300{NARROW}–{NARROW}0.0330",
    )


def test_what_was_not_measured_has_a_reason_and_no_number():
    shown = numbers.show("mfu", NotMeasured("peak not declared"))
    assert not shown.measured
    assert (shown.number, shown.n, shown.reason) == ("n/a", "", "peak not declared")


@given(st.floats(0, 1e6), st.floats(1e-3, 1e6))
def test_ticks_are_round_and_inside(low, span):
    result = numbers.ticks(low, low + span)
    assert 1 <= len(result) <= 7
    assert all(low - span * 1e-6 <= tick <= low + span * (1 + 1e-6) for tick in result)
    assert result == sorted(result)
