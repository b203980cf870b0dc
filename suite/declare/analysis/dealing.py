"""How the requests of a load, and the concurrency of a closed loop, are dealt among clients: the run deals so, and a judge looks whether it did."""

from __future__ import annotations


def owner(index: int, clients: int) -> int:
    """Who sends a request: its index modulo the number of clients, so that their union is the schedule, whatever it is."""
    return index % clients


def shares(concurrency: int, clients: int) -> list[int]:
    """A closed loop's concurrency, split as evenly as it goes; the first ones have one more."""
    return [concurrency // clients + (rank < concurrency % clients) for rank in range(clients)]
