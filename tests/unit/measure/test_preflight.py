import sys

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from suite.base.errors import SetupError
from suite.declare.vendor.load import list_vendors, load_vendor
from suite.documents.engine import VersionRule
from suite.measure import preflight
from suite.measure.preflight import require_preflight, run_preflight
from tests.factories import engine as factory
from tests.factories.documents import changed


def plan(*checks):
    preflight = [
        {
            "id": f"c{index}",
            "kind": kind,
            "what": what,
            "argument": argument,
            "expect": expect,
            "hint": "install it",
        }
        for index, (kind, what, argument, expect) in enumerate(checks)
    ]
    return changed(factory.plan(), engine={"preflight": preflight})


@pytest.mark.parametrize(
    ("check", "ok", "says"),
    [
        (("path", "null device", ["/dev/nul[l]"], None), True, "/dev/null"),
        (("path", "MUSA device", ["/dev/mtgpu.*"], None), False, "/dev/mtgpu.* does not exist"),
        (("command", "Python", [sys.executable, "--version"], r"Python 3\.\d+"), True, "Python 3"),
        (("command", "Python 4", [sys.executable, "--version"], r"Python 4"), False, "Python 3"),
        (
            ("command", "second line", ["printf", "date\\n  BIOS : 3.4.3\\n"], "BIOS"),
            True,
            "BIOS : 3",
        ),
        (("command", "tool", ["no-such-tool"], None), False, "no-such-tool is not installed"),
        (("command", "fails", ["false"], None), False, "exit status 1"),
    ],
)
def test_answers(check, ok, says):
    (answer,) = run_preflight(plan(check))
    assert answer.ok is ok
    assert says in answer.why


def test_everything_that_is_missing_is_named_at_once():
    checks = [
        ("path", "device", ["/dev/mtgpu.*"], None),
        ("command", "driver tool", ["mthreads-gmi"], None),
        ("path", "null", ["/dev/null"], None),
    ]
    with pytest.raises(SetupError) as caught:
        require_preflight(plan(*checks))
    assert caught.value.exit_status == 3
    assert len(caught.value.problems) == 2
    assert "2 of 3" in caught.value.message


GMI = "Driver Version : 2.7.0\\nGPU0\\n    MTBios Version : {}\\nGPU1\\n    MTBios Version : {}\\n"
BIOS = r"(?i)bios version[^\n]*?([0-9]+(?:\.[0-9]+)+)"


@pytest.mark.parametrize(
    ("versions", "ok", "says"),
    [
        (("3.4.3", "3.4.3"), True, "version 3.4.3"),
        (("QY2 v3.4.3", "3.10"), True, "3.10"),
        (("3.4.2", "3.4.3"), False, "version 3.4.2; at least 3.4.3 is needed"),
        (("3.4.3", "2.99.9"), False, "version 2.99.9"),
        (("3.4.3.1", "4.0"), True, "4.0"),
        (("N/A", "N/A"), False, "names no version"),
    ],
)
def test_versions_are_compared_for_every_device(versions, ok, says):
    command = ("command", "MT-BIOS", ["printf", GMI.format(*versions)], None)
    compared = plan(command)
    check = compared.engine.preflight[0]
    rule = VersionRule(read=BIOS, at_least="3.4.3")
    engine = replace(compared.engine, preflight=(replace(check, compare=rule),))
    (answer,) = run_preflight(replace(compared, engine=engine))
    assert (answer.ok, says in answer.why) == (ok, True), answer.why


PRINTED = {
    ("intel-gaudi", "driver-version"): (
        "| HL-SMI Version:     hl-1.{minor}.0-fw-61.0.2.0 |\n| Driver Version:     1.{minor}.0-94f37a2 |",
        {"24": True, "23": False, "30": True, "3": False},
    ),
    ("mthreads", "mt-bios"): (
        "Driver Version : 2.7.0\nGPU0\n    MTBios Version : 3.{minor}.3",
        {"4": True, "3": False, "10": True},
    ),
    ("nvidia", "driver-cuda13"): (
        "580.{minor}.06",
        {"65": True, "9": False, "126": True},
    ),
    ("nvidia", "container-toolkit-cdi"): (
        "NVIDIA Container Toolkit CLI version 1.{minor}.0\ncommit: 58879d8fbc1b2a5e10be6e0d2c6a8a1ee6e1a0d4",
        {"12": True, "9": False, "17": True},
    ),
}
"""What tools print, as their manuals show it, with the number that decides left open."""
COMPARED = {
    (name, row.id): row.compare
    for name in list_vendors()
    for row in load_vendor(name).doc.prerequisites
    if row.compare is not UNSET
}


def test_every_compared_version_is_tried():
    assert set(PRINTED) == set(COMPARED)


@pytest.mark.parametrize(
    ("which", "minor", "enough"),
    [(which, minor, ok) for which, (_, rows) in PRINTED.items() for minor, ok in rows.items()],
)
def test_what_tools_print_is_compared_as_versions_and_not_as_words(which, minor, enough):
    compared = plan(
        ("command", "tool", ["printf", "%s", PRINTED[which][0].replace("{minor}", minor)], None)
    )
    rule = VersionRule(read=COMPARED[which].read, at_least=COMPARED[which].at_least)
    check = replace(compared.engine.preflight[0], compare=rule)
    engine = replace(compared.engine, preflight=(check,))
    (answer,) = run_preflight(replace(compared, engine=engine))
    assert answer.ok is enough, answer.why


def test_a_tool_that_prints_without_end_or_in_another_language_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    assert preflight.output_of(["sh", "-c", "echo $LC_ALL"]) == (True, "C")
    assert preflight.output_of(["yes", "NVIDIA H100 80GB HBM3"]) == (
        False,
        "yes prints without end",
    )
    assert preflight.output_of(["printf", r"535.104\r\nnext"]) == (True, "535.104\nnext")
