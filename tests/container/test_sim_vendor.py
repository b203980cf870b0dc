"""The simulated vendor by its declaration, in its own image and as a process: labelled, and named where it cheats."""

import pytest

from tests.cheats import vendor
from tests.factories import runs

pytestmark = [pytest.mark.container, pytest.mark.slow]


@pytest.mark.parametrize("runtime", ["container", "process"])
def test_a_vendor_who_cheats_is_named_and_nobody_takes_it_for_hardware(tmp_path, runtime):
    run = tmp_path / "run"
    done = runs.suite(
        "run", "--vendor", "sim", "--runtime", runtime, "--cheat", "empty_first_chunk",
        "--profile", vendor.PROFILE, "--out", run, "--key", runs.key(tmp_path / "key.pem"),
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    card = vendor.card_of(run)
    outcomes = {check["rule"]: check["outcome"] for check in card["checks"]}
    assert (outcomes["R082"], outcomes["R035"]) == ("fail", "warn")
    assert {served["fingerprint"] for served in card["engine"]["served"]} == {"simulated"}
    if runtime == "container":
        assert {outcomes[rule] for rule in ("R030", "R077", "R078")} == {"pass"}
    assert card["vendor"]["emulated"] is True
    assert "no model runs" in (run / "engine.log").read_text("utf-8")
    refused = runs.suite("submit", run, "--to", tmp_path / "submissions")
    assert "emulated-submission" in refused.stderr
