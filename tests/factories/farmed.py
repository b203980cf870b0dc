"""A small sound run sent by two load clients: the factory's run, its requests in the clients' clocks, with what a farm marks."""

from __future__ import annotations

import hashlib

from suite.declare.analysis.dealing import owner, shares
from suite.documents.codec import convert
from suite.documents.event import Request
from suite.evidence.farm import own_line
from tests.factories import evidence

JOINED = 100_000_000
OFFSETS = (-JOINED, 1_000_000_000_000)
"""Each client's clock, since it joined, less the run's: the second one's machine is 1,000 s ahead of it."""
BOOT = ("b" * 64, "c" * 64)
MS = 1_000_000


def mark(t: int, name: str, detail: dict, identity: dict | None = None) -> dict:
    return {"type": "mark", "t": t, "name": name, "detail": detail, **(identity or {})}


def exchange(t: int, client: int) -> list[int]:
    """Question and answer on a way of 20 µs there and 24 µs back."""
    there = t + OFFSETS[client] + 20_000
    return [t, there, there + 1_000, t + 45_000]


def joined(planned: dict, client: int) -> dict:
    return {
        "client": client,
        "machine": BOOT[client],
        "boot": BOOT[client],
        "suite": dict(planned["suite"]),
        "host": "a processor",
        "cores": 8,
        "clock_zero_ns": 5_000_000_000,
        "ceiling": {"is": "ceiling", "tokens_s": 20_000, "limited_by": "range", "lateness_ms": 0.1},
    }


def document() -> dict:
    """The whole run as plain data, ready to be broken."""
    planned = evidence.plan()
    for doc in planned["workload"]["phases"]:
        if doc["concurrency"] not in (None, 1):
            doc["concurrency"] = doc[
                "tasks"
            ]  # all at once: the factory shares out slots otherwise than a farm
    parts = evidence.document(planned)
    more = [mark(JOINED, "client.joined", joined(planned, client)) for client in range(2)]
    for client in range(2):
        reach = {"client": client, "connect_ns": [210_000 + client, 200_000]}
        more.append(mark(9_600 * MS, "client.reach", reach))
    digests = [hashlib.sha256(), hashlib.sha256()]
    lines = [0, 0]
    for doc in planned["workload"]["phases"]:
        identity = {"phase": doc["name"], "repeat": doc["repeat"], "measured": doc["measured"]}
        begun, ended = (
            next(
                m["t"]
                for m in parts["marks"]
                if m["name"] == name and identity.items() <= m.items()
            )
            for name in ("phase.start", "phase.end")
        )
        events = [r for r in parts["requests"] if identity.items() <= r.items()]
        more += _dealt(doc, identity, begun, ended, events)
        for event in sorted(events, key=lambda event: event["t_seen"]):
            own = convert(event, Request)
            digests[own.client].update(own_line(own))
            lines[own.client] += 1
        number = 1 if doc["concurrency"] == 1 else 2
        for client in range(number):
            seal = {
                "lines": lines[client],
                "sha256": digests[client].hexdigest(),
                "boot": BOOT[client],
            }
            more.append(mark(ended + 2 * MS, "client.sealed", {"client": client, "seal": seal}))
    parts["marks"] = sorted([*parts["marks"], *more], key=lambda each: each["t"])
    return parts


def _dealt(doc: dict, identity: dict, begun: int, ended: int, events: list[dict]) -> list[dict]:
    """The marks of a load; its requests become the clients'."""
    arrivals = doc["arrivals_ns"]
    start = events[0]["t_sched"] - arrivals[0] if arrivals else begun + MS
    number = 1 if doc["concurrency"] == 1 else 2
    split = [0] * number if arrivals else shares(doc["concurrency"], number)
    detail = {
        "requests": doc["tasks"],
        "first_index": 0,
        "shares": split,
        "start_t": start,
        "starts": [start + OFFSETS[client] for client in range(number)],
    }
    for event in events:
        client = owner(event["index"], number)
        event |= {"client": client, "t_seen": event["t_end"] + 400_000}
        for member in ("t_sched", "t_send", "chunk_t0", "t_end"):
            event[member] += OFFSETS[client]
    marks = [mark(begun, "clients.dealt", detail, identity)]
    for client in range(number):
        times = [begun - 3 * MS, *range(begun, ended, 500 * MS), ended + 3 * MS]
        rows = {"client": client, "exchanges": [exchange(t, client) for t in times]}
        marks.append(mark(ended + 4 * MS, "clock.exchange", rows))
    return marks
