"""The search for the highest exact rate, and the scaling of workers."""

import pytest

from benchmarks.load import capacity
from benchmarks.load.capacity import search
from benchmarks.load.clients import Suite
from tests.benchmarks.load.support import measurement


@pytest.fixture
def exact_to(monkeypatch):
    """A client that is exact up to so many streams."""

    def install(limit, **more):
        def measure(client, load, machine, *, workers=1):
            return measurement(load.streams, exact=load.streams <= limit, **more)

        monkeypatch.setattr(capacity, "measure", measure)

    return install


def test_the_interval_is_halved(exact_to):
    exact_to(1500)
    told = []
    found = search(Suite(), None, steps=(512, 1024, 2048), on_point=told.append)
    tried = [point.load.streams for point in found.points]
    assert tried == [512, 1024, 2048, 1536, 1280]
    assert told == list(found.points)
    assert found.tokens_s == 1280 * 50
    assert found.limited_by == "client"


def test_a_client_that_is_never_exact(exact_to):
    exact_to(0)
    found = search(Suite(), None, steps=(512, 1024), bisections=2)
    assert [point.load.streams for point in found.points] == [512, 256, 128]
    assert found.tokens_s == 0


def test_the_range_ends_first(exact_to):
    exact_to(10_000)
    found = search(Suite(), None, steps=(512, 1024))
    assert (found.tokens_s, found.limited_by) == (51_200, "range")
    assert len(found.to_json()["points"]) == 2


def test_the_server_gives_up_first(exact_to):
    exact_to(10_000, server={"cpu_share": 1.0, "late": {"p99_ms": 80.0}})
    assert search(Suite(), None, steps=(512,)).limited_by == "server"


def test_a_failed_load_is_not_exact(exact_to):
    exact_to(10_000, failure="died")
    found = search(Suite(), None, steps=(512,), bisections=0)
    assert (found.tokens_s, found.limited_by) == (0, "client")


def test_scaling_compares_whole_phases(monkeypatch):
    def measure(client, load, machine, *, workers=1):
        return measurement(4, tokens=1000, phase={"wall_s": 2.0 / workers})

    monkeypatch.setattr(capacity, "measure", measure)
    found = capacity.scaling(None, 2)
    assert (found.single, found.many) == (500, 1000)
    assert found.to_json()["workers"] == 2
