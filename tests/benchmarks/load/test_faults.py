"""The page's fault table is what the client does now, over a real socket."""

from pathlib import Path

import pytest

from benchmarks.load import faults
from suite.measure.engine.sim_faults import FAULTS

PAGE = Path(__file__).resolve().parents[3] / "docs" / "load.md"


def on_the_page():
    text = PAGE.read_text(encoding="utf-8")
    return text.split("<!-- faults: begin -->\n\n")[1].split("\n<!-- faults: end -->")[0]


@pytest.mark.slow
def test_the_page_says_what_the_client_records():
    assert faults.table() == on_the_page()


def test_every_fault_is_on_the_page():
    rows = [line for line in on_the_page().splitlines() if line.startswith("| `")]
    assert [row.split("`")[1] for row in rows] == sorted(FAULTS)


def test_a_fault_and_its_neighbours():
    bad, gone = faults.record(["malformed_chunk", "no_done"])
    assert (bad.outcome, bad.chunks, bad.others) == ("malformed-chunk", "3", "ok")
    assert "not JSON" in bad.sentence
    assert gone.outcome == "missing-done"


def test_a_server_that_dies():
    (one,) = faults.record(["dies_after"])
    assert one.outcome == "reset"
    assert one.others == "the server is gone"
