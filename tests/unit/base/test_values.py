from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suite.base import jsonio
from suite.base.errors import EvidenceError
from suite.base.values import Measured, NotMeasured, exact, stored, value_from_json

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.builds(
    Measured,
    NUMBERS,
    st.sampled_from(["ms", "1"]),
    st.integers(min_value=0, max_value=2**40),
    st.none() | NUMBERS,
    st.none() | NUMBERS,
    st.just("95 % bootstrap"),
) | st.builds(NotMeasured, st.text(max_size=20))


@given(NUMBERS)
@settings(deadline=None)
def test_storing_is_idempotent_and_close(number):
    once = stored(number)
    assert stored(once) == once
    assert math.isclose(once, number, rel_tol=1e-8, abs_tol=1e-300)


def test_stored_by_hand():
    assert stored(1 / 3) == 0.333333333
    assert stored(123456789012.0) == 123456789000.0
    assert str(stored(-0.0)) == "0.0"
    assert isinstance(stored(3), float)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_no_document_holds_what_is_not_a_number(number):
    with pytest.raises(EvidenceError) as caught:
        stored(number)
    assert caught.value.code == "value-not-finite"


@given(VALUES)
@settings(deadline=None)
def test_json_round_trip_is_stable(value):
    document = value.to_json()
    again = value_from_json(document)
    assert jsonio.canonical(again.to_json()) == jsonio.canonical(document)
    assert type(again) is type(value)


def test_exact():
    assert exact(3, "requests", 4).interval == "exact count"


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"not_measured": None},
        {"value": "1", "unit": "ms", "n": 1, "low": None, "high": None, "interval": ""},
        {"value": True, "unit": "ms", "n": 1, "low": None, "high": None, "interval": ""},
        {"value": 1.0, "unit": "ms", "n": 1.5, "low": None, "high": None, "interval": ""},
        {"value": 1.0, "unit": "ms", "n": 1, "low": "x", "high": None, "interval": ""},
        {"value": 1.0, "unit": None, "n": 1, "low": None, "high": None, "interval": ""},
    ],
)
def test_damaged_values_are_refused(document):
    with pytest.raises(EvidenceError) as caught:
        value_from_json(document)
    assert caught.value.code == "value-wrong"
