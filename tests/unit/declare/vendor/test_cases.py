"""Every folder under ``tests/cases/vendor`` is a declaration with its verdict and the problems to report."""

import json
import shutil
from pathlib import Path

import pytest

from suite.declare.vendor.load import check_vendor

CASES = Path(__file__).resolve().parents[3] / "cases" / "vendor"
NAMES = sorted(path.name for path in CASES.iterdir() if path.is_dir())


@pytest.mark.parametrize("name", NAMES)
def test_declaration(name, tmp_path):
    directory = tmp_path / "acme"
    directory.mkdir()
    shutil.copy(CASES / name / "vendor.yaml", directory)
    expected = json.loads((CASES / name / "expected.json").read_text())["problems"]

    found = check_vendor(directory)

    told = "\n".join(map(str, found))
    assert len(found) == len(expected), told
    assert bool(found) == name.endswith("_fail"), told
    for problem, wanted in zip(found, expected, strict=True):
        assert problem.place is not None, told
        assert problem.place.file == str(directory / "vendor.yaml")
        assert problem.place.line == wanted["line"], told
        assert problem.place.pointer == wanted["pointer"], told
        assert wanted["message"] in problem.message, told
        assert wanted["hint"] in problem.hint, told


def test_every_case_says_its_verdict():
    assert NAMES
    assert all(name.endswith(("_ok", "_fail")) for name in NAMES)
