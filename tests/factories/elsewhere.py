"""A small sound run against a server that ran already, with the network measured before, between and after its phases."""

from __future__ import annotations

from suite.base import jsonio
from tests.factories import evidence
from tests.factories.evidence import MS

US = 1_000


def document() -> dict:
    """The whole run as plain data, ready to be broken: 20 ms to the first token, a fifth of a millisecond for the way."""
    planned = evidence.plan()
    planned["runtime"] = "endpoint"
    planned["engine"] |= {
        "url": "http://192.0.2.7:8000",
        "image": None,
        "container": None,
        "command": [],
    }
    parts = evidence.document(planned)
    del parts["container"]
    ends = [mark["t"] for mark in parts["marks"] if mark["name"] == "phase.end"]
    times = [parts["marks"][4]["t"] + MS, *(end + MS for end in ends)]
    parts["marks"] += [
        {
            "type": "mark",
            "t": time,
            "name": "network.probe",
            "detail": {"round_trips_ns": [190 * US, 200 * US, 210 * US]},
        }
        for time in times
    ]
    parts["marks"].sort(key=lambda mark: mark["t"])
    parts["header"]["plan_sha256"] = jsonio.digest(planned)
    return parts
