"""What a run verifies at its end: the disk, not its own arithmetic."""

import pytest

from suite import evidence
from suite.cli.signing import sign_and_render, verify_signed
from suite.judge import score
from suite.judge.report import html
from tests.cases.bundle_verify.cases import VENDOR_A
from tests.factories import evidence as factory


@pytest.fixture
def run(tmp_path):
    return factory.write(tmp_path / "run")


def test_what_this_process_computed_is_not_computed_again(run, monkeypatch):
    signed = sign_and_render(run, VENDOR_A)

    def again(*_):
        raise AssertionError("computed twice")

    for module, name in ((score, "score"), (html, "render"), (evidence, "read")):
        monkeypatch.setattr(module, name, again)
    assert verify_signed(signed, VENDOR_A.public).intact


@pytest.mark.parametrize("name", ["events.jsonl", "engine.log", "scorecard.html", "scorecard.json"])
def test_a_file_that_changed_meanwhile_is_seen(run, name):
    signed = sign_and_render(run, VENDOR_A)
    data = (run / name).read_bytes()
    (run / name).write_bytes(data[:-2] + b"\n")
    assert not verify_signed(signed, VENDOR_A.public).intact


def test_evidence_that_was_replaced_with_its_manifest_is_judged_anew(run):
    signed = sign_and_render(run, VENDOR_A)
    lines = (run / "events.jsonl").read_bytes().splitlines(keepends=True)
    (run / "events.jsonl").write_bytes(b"".join(lines[:-1]))
    evidence.write_manifest(run)
    result = verify_signed(signed, VENDOR_A.public)
    assert not result.intact
    assert "footer-missing" in {step.code for step in result.steps}
