"""What is said of the links between nodes: figures as people read them, what was declared by whom, every link that is wrong."""

import pytest

from suite.judge.rules.nodes import linked
from tests.factories import evidence, grouped


def said(*links, **declared):
    """R133's finding where some members of links or of the declaration are others."""
    parts = grouped.document()
    for number, members in links:
        parts["nodes"]["links"][number] |= members
    parts["plan"]["topology"]["links"] |= declared
    return linked(evidence.evidence(parts), {})


def test_what_was_declared_and_by_whom_is_said():
    assert said().why == (
        "at least 8.80 Gbit/s, at most 55.0 µs there and back; declared: 10.0 Gbit/s, 50.0 µs (switch-data-sheet)"
    )
    # A figure far below what is measured passes, and everybody sees it.
    assert "declared: 0.00000100 Gbit/s" in said(bytes_per_s=125.0).why


def test_every_link_that_is_wrong_is_named_without_an_exponent():
    late = {"round_trip_ns": [1_930_000_000]}
    finding = said((2, late), (3, {"bytes_per_s": 1e8}))
    assert finding.outcome == "warn"
    assert finding.why == (
        "link 0 to 1: its round trip changed: 55.0, 1,930,000 µs; link 1 to 0: its bandwidth changed: 8.80, 0.800 Gbit/s"
    )
    assert finding.why.zh.count("链路") == 2


@pytest.mark.parametrize(("nodes", "more"), [(3, ""), (4, "; and 2 more")])
def test_many_links_are_counted(nodes, more):
    parts = grouped.document()
    planned = parts["plan"]
    parts["nodes"]["nodes"] += [
        grouped.node(planned, 1) | {"number": number} for number in range(2, nodes)
    ]
    parts["nodes"]["links"] = []
    why = linked(evidence.evidence(parts), {}).why
    assert why.count("not measured") == 4
    assert why.endswith(f"not measured before and after{more}")
