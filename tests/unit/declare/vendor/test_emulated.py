"""An emulated declaration is the real one but for the members that are named here, and is labelled."""

import pytest

from suite.base import yamlio
from suite.declare.plan.text import render_plan
from suite.declare.vendor.load import VENDOR_DIRECTORY, check_vendor, load_vendor
from suite.documents.codec import plain
from tests.factories import emulated, plans

REPLACED = {
    "name",
    "title",
    "emulated",
    "sources/emulation",
    "prerequisites/device-node/what",
    "prerequisites/device-node/argument",
    "prerequisites/device-node/source",
    "prerequisites/container-toolkit/what",
    "prerequisites/container-toolkit/expect",
    "prerequisites/container-toolkit/source",
    "access/toolkit",
    "engines/vllm_mtt/images",
    "engines/vllm_musa/images/v0.28.0/reference",
}
"""Labels, and what must be there to run: devices, container runtime, image. Nothing else is emulated."""


@pytest.fixture
def directory(tmp_path):
    return emulated.declaration("mthreads", tmp_path)


def leaves(value, path=""):
    """Every value without members, by path; items of a list go by id where they have one."""
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from leaves(inner, f"{path}/{name}")
    elif isinstance(value, list) and value:
        for number, inner in enumerate(value):
            named = inner.get("id", number) if isinstance(inner, dict) else number
            yield from leaves(inner, f"{path}/{named}")
    else:
        yield path.removeprefix("/"), value


def test_only_the_named_members_differ(directory):
    real = dict(leaves(yamlio.load(VENDOR_DIRECTORY / "mthreads" / "vendor.yaml").value))
    mine = dict(leaves(yamlio.load(directory / "vendor.yaml").value))
    missing = object()
    differ = {
        path
        for path in real.keys() | mine.keys()
        if real.get(path, missing) != mine.get(path, missing)
    }
    owners = {
        path: [r for r in REPLACED if path == r or path.startswith(f"{r}/")] for path in differ
    }
    assert [path for path, found in owners.items() if not found] == []
    # And each of them does differ: none is left over.
    assert {found[0] for found in owners.values()} == REPLACED
    assert set(emulated.changes("mthreads")) == REPLACED


def test_the_emulated_declaration_is_in_order_and_labelled(directory):
    assert [str(problem) for problem in check_vendor(directory)] == []
    vendor = load_vendor(str(directory))
    assert vendor.doc.emulated is True
    assert not load_vendor("mthreads").doc.emulated


def test_the_plans_differ_in_labels_devices_and_image_alone(directory):
    """What runs is the same command with the same variables, checks, telemetry and limits."""
    mine = plans.plan_for(load_vendor(str(directory)), "vllm_mtt", 2)
    real = plans.plan_for("mthreads", "vllm_mtt", 2)
    before, after = dict(leaves(plain(real))), dict(leaves(plain(mine)))
    differ = {p for p in before.keys() | after.keys() if before.get(p) != after.get(p)}
    places = {
        "vendor/",
        "engine/image/",
        "engine/container/runtime",
        "engine/container/devices",
        "engine/preflight/device-node",
        "engine/preflight/container-toolkit/",
        "conversion/parameters/tool",
        # Their names end in a digest of the step, and the tool is part of that.
        "conversion/host_target",
        "engine/container/mounts/0/source",
    }
    found = {path: [place for place in places if path.startswith(place)] for path in differ}
    assert [path for path, inside in found.items() if not inside] == []
    assert {inside[0] for inside in found.values()} == places
    assert mine.vendor.emulated is True
    assert ", emulated;" in render_plan(mine)
    assert "emulated" not in render_plan(real)
