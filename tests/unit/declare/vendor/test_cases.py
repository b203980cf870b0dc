"""Every folder under ``tests/cases/vendor`` is a declaration with its verdict and the problems to report."""

import json
import shutil
from pathlib import Path

import pytest

from suite.base.bilingual import chinese
from suite.declare.vendor.load import check_vendor, new_vendor
from tests.factories.languages import HAN

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


@pytest.mark.parametrize("name", [name for name in NAMES if name.endswith("_fail")])
def test_every_problem_is_said_in_chinese(name, tmp_path):
    directory = tmp_path / "acme"
    directory.mkdir()
    shutil.copy(CASES / name / "vendor.yaml", directory)
    require_chinese(check_vendor(directory))


def require_chinese(found):
    assert found
    for text in (text for problem in found for text in (problem.message, problem.hint) if text):
        assert HAN.search(chinese(text)), text
        assert chinese(text) != str(text)


@pytest.mark.parametrize(
    ("written", "wrong", "told"),
    [
        ("en: Acme,", 'en: "",', "'' 过短：至少 1 个字符"),
        ("en: Acme,", f"en: {'A' * 201},", "过长：至多 200 个字符"),
        ("port: 8000", "port: 0", "0 小于最小值 1"),
        ("accelerators: [one]", "accelerators: []", "[] 过短：至少 1 项"),
        ("  sheet: {", "  x y: {", "'x y' 不符合"),
        (
            "    dtypes:",
            "    process: {environment: {}}\n    dtypes:",
            "'requirements' 须同时给出，因为有 'environment'",
        ),
        ("name: Acme One", "name: Acme One\n    match: (", "不是正则表达式：missing ): ("),
        (
            "name: Acme One",
            f"name: Acme One\n    match: {'a' * 1025}",
            "不是正则表达式：有 1,025 个字符",
        ),
        (
            "images:\n      - id: main",
            "images:\n      - id: main\n        id: x",
            "成员 'id' 出现两次",
        ),
        ('command: ["{model}"]', 'command: ["{nodes}"]', "{nodes} 在此处没有意义"),
        ('command: ["{model}"]', 'command: ["{index}"]', "{index} 在此处没有意义"),
    ],
)
def test_what_no_case_breaks_is_said_in_chinese_too(written, wrong, told, tmp_path):
    directory = tmp_path / "acme"
    directory.mkdir()
    text = (CASES / "minimal_ok" / "vendor.yaml").read_text()
    assert written in text
    (directory / "vendor.yaml").write_text(text.replace(written, wrong, 1))
    found = check_vendor(directory)
    require_chinese(found)
    assert any(told in chinese(problem.message) for problem in found), [
        p.sentence().zh for p in found
    ]


def test_every_case_says_its_verdict():
    assert NAMES
    assert all(name.endswith(("_ok", "_fail")) for name in NAMES)


def test_a_telemetry_tool_that_there_is_not_is_said_beside_what_its_row_lacks(tmp_path):
    directory = tmp_path / "acme"
    directory.mkdir()
    text = (CASES / "minimal_ok" / "vendor.yaml").read_text().replace("telemetry: []", TELEMETRY)
    assert TELEMETRY in text
    (directory / "vendor.yaml").write_text(text)
    told = [str(problem) for problem in check_vendor(directory, ["acme-smi"])]
    assert any("no telemetry tool is called 'acme-smy'" in line for line in told), told
    assert any("'acme-smi'" in line and "/telemetry/0/parser" in line for line in told), told
    assert any("'interval_ms' is missing" in line for line in told), told
    assert not any("no telemetry" in line for line in map(str, check_vendor(directory)))


TELEMETRY = """telemetry:
  - {id: smi, tool: acme-smi, parser: acme-smy, command: [acme-smi], where: host, source: sheet}"""


def test_a_declaration_under_another_name_is_found(tmp_path):
    (tmp_path / "acme").mkdir()
    shutil.copy(CASES / "minimal_ok" / "vendor.yaml", tmp_path / "acme" / "vendor.yml")
    (problem,) = check_vendor(tmp_path / "acme")
    assert "rename vendor.yml to vendor.yaml" in problem.hint


@pytest.mark.parametrize("name", ["9x", "123", "true", "null", "1e3", "2026-01-01", "o-"])
def test_a_new_declaration_is_in_order_whatever_its_name(name, tmp_path):
    path = new_vendor(name, tmp_path)
    assert check_vendor(path.parent) == []
