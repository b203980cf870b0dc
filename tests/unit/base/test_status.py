import pytest

from suite.base.status import Outcome, worst


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ([], Outcome.ERROR),
        ([Outcome.SKIPPED], Outcome.ERROR),
        ([Outcome.NOT_APPLICABLE, Outcome.SKIPPED], Outcome.ERROR),
        ([Outcome.PASS], Outcome.PASS),
        ([Outcome.PASS, Outcome.SKIPPED], Outcome.PASS),
        ([Outcome.PASS, Outcome.WARN], Outcome.WARN),
        ([Outcome.FAIL, Outcome.PASS], Outcome.FAIL),
        ([Outcome.FAIL, Outcome.ERROR], Outcome.ERROR),
    ],
)
def test_rolling_up(outcomes, expected):
    assert worst(outcomes) is expected
