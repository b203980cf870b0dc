import os
import platform

import pytest
from msgspec import UNSET

from suite.documents.environment import Fact
from suite.measure import host
from suite.measure.engine.served import Unknown


def test_every_fact_is_a_value_or_a_reason():
    facts = host.facts()
    for name, fact in facts.items():
        if fact.value is UNSET:
            assert fact.unknown, name
        else:
            assert isinstance(fact.value, str | int | float | bool), name
    assert facts["host.kernel"] == Fact(value=platform.release())
    assert facts["host.cores"] == Fact(value=len(os.sched_getaffinity(0)))
    assert facts["host.memory_bytes"].value > 1 << 28


def test_what_cannot_be_read_is_unknown_with_its_path(monkeypatch):
    monkeypatch.setitem(host._QUESTIONS, "host.os", lambda: host._read("/nowhere/at/all"))
    monkeypatch.setitem(
        host._QUESTIONS, "host.cpu", lambda: host._field("/proc/loadavg", "^model: (.+)")
    )
    facts = host.facts()
    assert facts["host.os"] == Fact(unknown="/nowhere/at/all: No such file or directory")
    assert facts["host.cpu"] == Fact(unknown="/proc/loadavg does not tell it")


def test_without_an_engine_docker_is_unknown(monkeypatch, tmp_path):
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    assert "socket" in host.facts()["host.docker"].unknown


@pytest.mark.parametrize(
    ("value", "wanted"),
    [("1.0", Fact(value="1.0")), (3, Fact(value=3)), (Unknown("no"), Fact(unknown="no"))],
)
def test_the_engines_facts_take_the_same_form(value, wanted):
    assert host.served_facts({"engine.x": value}) == {"engine.x": wanted}
