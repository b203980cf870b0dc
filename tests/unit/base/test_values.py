from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.base.errors import EvidenceError
from suite.documents.value import exact, stored

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


@given(NUMBERS)
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


def test_exact():
    assert exact(3, "requests", 4).interval == "exact count"
