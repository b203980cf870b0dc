"""Expressions of others take no more than the text's time."""

import time

import pytest

from suite.base import expressions
from suite.declare.vendor.load import VENDOR_DIRECTORY, check_vendor, list_vendors


def test_what_backtracks_for_ever_elsewhere_ends_at_once():
    began = time.process_time()
    text = "a" * 100_000 + "b"
    for pattern in (r"(a+)+$", r"(a|a)*c", r"(.*a){20}c", r"(a*)*\1?".replace(r"\1?", "c")):
        assert expressions.start_of(pattern, text) is None
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    "pattern",
    ["(", r"(a)\1", "(?=a)", "((((a{1000}){1000}){1000}){1000})", "a" * 2000, "a{1,9999}"],
)
def test_what_is_refused(pattern):
    assert expressions.problem(pattern)
    with pytest.raises(expressions.ExpressionError):
        expressions.start_of(pattern, "a")


def test_what_declarations_use():
    text = "x\nBIOS Version: 3.4.5\nbios version 4.0"
    pattern = r"(?i)bios version[^\n]*?([0-9]+(?:\.[0-9]+)+)"
    assert list(expressions.first_groups(pattern, text)) == ["3.4.5", "4.0"]
    assert expressions.start_of(pattern, text) == 2
    assert expressions.groups(pattern) == 1


def test_a_declaration_with_such_an_expression_is_refused(tmp_path):
    text = (VENDOR_DIRECTORY / "nvidia" / "vendor.yaml").read_text("utf-8")
    folder = tmp_path / "nvidia"
    folder.mkdir()
    bad = text.replace('expect: "version [0-9]"', 'expect: "(?=version)"')
    assert bad != text
    (folder / "vendor.yaml").write_text(bad)
    problems = [str(problem) for problem in check_vendor(folder)]
    assert any("/expect" in problem and "no regular expression" in problem for problem in problems)
    assert all(not check_vendor(VENDOR_DIRECTORY / name) for name in list_vendors())
