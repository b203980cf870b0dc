"""A small sound run of an engine over two machines: the factory's run with a follower beside its engine."""

from __future__ import annotations

import copy

from suite.base import jsonio
from tests.factories import evidence

ADDRESSES = ("10.1.0.1", "10.1.0.2")


def document() -> dict:
    """The whole run as plain data, ready to be broken."""
    planned = evidence.plan()
    head = [
        *planned["engine"]["command"],
        "--node-rank",
        "{node_rank}",
        "--master-addr",
        "{head_address}",
    ]
    planned["engine"]["command"] = head
    planned["topology"] = {
        "layout": "ranks",
        "nodes": 2,
        "pipeline": 1,
        "data": 1,
        "expert": False,
        "roles": [
            {"role": "head", "nodes": 1, "devices": 1, "env": {}},
            {
                "role": "follower",
                "nodes": 1,
                "devices": 1,
                "env": {},
                "command": [*head, "--headless"],
            },
        ],
        "links": {"bytes_per_s": 1.25e9, "round_trip_s": 5e-05, "source": "switch-data-sheet"},
    }
    parts = evidence.document(planned)
    parts["nodes"] = {
        "nodes_schema": 1,
        "network": "host",
        "nodes": [node(planned, number) for number in range(2)],
        "links": [
            {
                "when": when,
                "source": source,
                "target": 1 - source,
                "bytes_per_s": 1.1e9,
                "round_trip_ns": [60_000, 50_000, 55_000],
            }
            for when in ("before", "after")
            for source in range(2)
        ],
    }
    parts["header"]["plan_sha256"] = jsonio.digest(planned)
    return parts


def node(planned: dict, number: int) -> dict:
    """What is kept of one node."""
    record = copy.deepcopy(evidence.container())
    command = planned["topology"]["roles"][number].get("command", planned["engine"]["command"])
    values = {"{node_rank}": str(number), "{head_address}": ADDRESSES[0]}
    record["command"] = [values.get(word, word) for word in command]
    return {
        "number": number,
        "role": ("head", "follower")[number],
        "machine": str(number) * 64,
        "boot": str(number + 2) * 64,
        "boot_after": str(number + 2) * 64,
        "suite": dict(planned["suite"]),
        "model_sha256": planned["model"]["sha256"],
        "facts": {"host.driver.nvidia": {"value": "570.86"}},
        "devices": [],
        "clock": {"least_us": -40, "most_us": 40},
        "address": ADDRESSES[number],
        "container": record,
        "log": {"bytes": 12, "sha256": "e" * 64},
        "ended": "",
    }
