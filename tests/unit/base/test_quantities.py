"""Figures as people read them: no exponent, no needless digit."""

import pytest

from suite.base.quantities import duration, figure, latency, significant


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0.0, 3, "0"),
        (19_012.3, 3, "19,000"),
        (19_012.3, 4, "19,010"),
        (9.999, 3, "10.0"),
        (99.96, 3, "100"),
        (233.4, 3, "233"),
        (23.14, 3, "23.1"),
        (0.001234, 3, "0.00123"),
        (1e9, 3, "1,000,000,000"),
    ],
)
def test_significant_digits_never_give_an_exponent(value, digits, text):
    assert significant(value, digits) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (0.42, "0.42 s"),
        (19, "19.0 s"),
        (59.94, "59.9 s"),
        (125, "2 min 05 s"),
        (3599.9, "1 h 00 min"),
        (3780, "1 h 03 min"),
        (90_000, "25 h 00 min"),
    ],
)
def test_a_length_of_time(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(0.5, "0.500 ms"), (233.4, "233 ms"), (9999.9, "10,000 ms"), (19_000, "19.0 s")],
)
def test_a_latency_turns_into_seconds(milliseconds, text):
    assert latency(milliseconds) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (0.5, "0.5"), (999.96, "1000"), (12_345.6, "12,346"), (1.5e-7, "0.0000001500")],
)
def test_a_figure_in_a_table_has_no_exponent(value, text):
    assert figure(value) == text
