import pickle

import pytest

from suite.base import errors
from suite.base.errors import Place, Problem, SuiteError


def test_an_error_says_code_place_problems_and_hint():
    error = errors.DeclarationError(
        "block-size",
        "block-size: 16 is not allowed",
        Place("vendor.yaml", 12, "/engines/0"),
        "the only value is 64",
        [Problem("another", Place("vendor.yaml", 14))],
    )
    text = error.render()
    for part in (
        "error[block-size]",
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
    assert kind("x", "y").exit_status == status


def test_errors_survive_pickling():
    error = errors.EngineError("engine-died", "gone", hint="look")
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.code, copy.message) == ("engine-died", "gone")
