"""Every instant of a run belongs to one stretch."""

import pytest

from suite.documents.card import TimeShare
from suite.judge.card.timeline import breakdown
from tests.factories import evidence


def seconds(parts):
    return {(item.what, item.kind): item.seconds for item in breakdown(evidence.evidence(parts))}


def test_the_stretches_add_up_to_the_run():
    parts = evidence.document()
    assert sum(seconds(parts).values()) == pytest.approx(parts["footer"]["t"] / 1e9, abs=0.01)


def test_engine_start_lasts_until_the_first_answer():
    assert seconds(evidence.document())["engine-start", "engine"] == pytest.approx(9.2)


def test_warm_up_and_measured_phases_are_apart():
    result = seconds(evidence.document())
    assert ("single-stream", "warm-up") in result
    assert ("single-stream", "measured") in result


def test_repeats_of_a_phase_are_added_up():
    parts = evidence.document()
    once = seconds(parts)["offline", "measured"]
    end = parts["footer"]["t"]
    more = {"phase": "offline", "repeat": 1, "measured": True}
    parts["marks"] += [
        {"type": "mark", "t": end + 10**9, "name": "phase.start", **more},
        {"type": "mark", "t": end + 3 * 10**9, "name": "phase.end", **more},
    ]
    parts["footer"]["t"] = end + 4 * 10**9
    assert seconds(parts)["offline", "measured"] == pytest.approx(once + 2)


def test_preparing_an_image_is_not_the_suites_own_time():
    parts = evidence.document()
    own = seconds(parts)["suite", "suite"]
    parts["marks"] += [
        {"type": "mark", "t": 250_000_000, "name": "engine.prepare"},
        {"type": "mark", "t": 290_000_000, "name": "engine.prepared"},
    ]
    result = seconds(parts)
    assert result["preparation", "preparation"] == pytest.approx(0.04)
    assert result["suite", "suite"] == pytest.approx(own - 0.04)


def test_a_log_without_footer_ends_with_its_last_mark():
    parts = evidence.document()
    parts["footer"] = None
    last = max(mark["t"] for mark in parts["marks"])
    assert sum(seconds(parts).values()) == pytest.approx(last / 1e9, abs=0.01)


def test_a_run_that_did_nothing():
    parts = evidence.document()
    parts["marks"] = []
    parts["footer"]["t"] = 2_000_000_000
    assert breakdown(evidence.evidence(parts)) == [
        TimeShare(what="suite", kind="suite", seconds=2.0)
    ]
