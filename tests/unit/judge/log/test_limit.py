"""A client that was busy all along is named instead of the machine."""

import pytest

from suite.judge.metrics.compute import compute
from tests.factories import evidence as factory
from tests.factories import loads


@pytest.mark.parametrize(("busy", "by"), [(0.75, "machine"), (0.85, "client")])
def test_a_client_that_was_busy_all_along_is_named_instead_of_the_machine(busy, by):
    made = loads.closed(loads.phase("all", "offline", concurrency=120, tasks=120), loads.even())
    end = next(m for m in made["marks"] if (m["name"], m.get("phase")) == ("phase.end", "all"))
    requests = [r for r in made["requests"] if r["phase"] == "all"]
    window = max(request["t_end"] for request in requests) - min(
        request["t_send"] for request in requests
    )
    end["detail"] |= {"cpu_ms": round(busy * 2 * window / 1e6), "workers": 2}
    assert compute(factory.evidence(made)).phases["all"].details.limited_by == by
