import pickle

import pytest

from suite.base import errors
from suite.base.errors import Place, Problem, SuiteError


def test_an_error_says_code_place_problems_and_hint():
    error = errors.DeclarationError(
        "vendor-wrong",
        "block-size: 16 is not allowed",
        Place("vendor.yaml", 12, "/engines/0"),
        "the only value is 64",
        [Problem("another", Place("vendor.yaml", 14))],
    )
    text = error.render()
    for part in (
        "error[vendor-wrong]",
        "vendor.yaml:12 (/engines/0)",
        "only value is 64",
        "vendor.yaml:14",
    ):
        assert part in text
    assert error.exit_status == 2


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (errors.UsageError, 2),
        (errors.DataError, 2),
        (errors.SetupError, 3),
        (errors.EngineError, 3),
        (errors.EvidenceError, 4),
        (errors.TrustError, 5),
        (errors.Interrupted, 130),
    ],
)
def test_exit_statuses(kind: type[SuiteError], status: int):
    assert kind.exit_status == status


def test_a_code_that_is_not_in_the_table_is_a_defect():
    with pytest.raises(LookupError, match=r"not in suite/base/errors\.toml"):
        errors.DataError("no-such-code", "x")


def test_a_code_of_another_exit_status_is_a_defect():
    with pytest.raises(LookupError, match=r"ends with 2; suite/base/errors\.toml says 3"):
        errors.DataError("engine-died", "x")


def test_errors_survive_pickling():
    error = errors.EngineError("engine-died", "gone", hint="look")
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.code, copy.message) == ("engine-died", "gone")
