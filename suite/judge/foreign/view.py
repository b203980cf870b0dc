"""Foreign results as tables: a row a load, the tool's own names in the heading."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from suite.documents.foreign import ForeignLoad, ForeignResult

SHOWN = (
    *("request_throughput", "output_throughput", "total_throughput"),
    *("output_throughput_per_device", "total_throughput_per_device"),
    *("ttft_mean", "ttft_p50", "ttft_p99", "tpot_mean", "tpot_p50", "tpot_p99"),
    *("e2e_mean", "e2e_p50", "e2e_p99"),
)
"""Quantities that a table shows where a file has them; the document has all."""


def heading(result: ForeignResult) -> str:
    """What it is worth, in a line."""
    left = f"; {result.left_out} numbers could not be read" if result.left_out else ""
    return f"{result.title}, foreign: unsigned, not recomputed; {result.note}{left}"


def load_name(load: ForeignLoad) -> str:
    """Name, concurrency and rate of a load."""
    words = [load.name] if load.name else []
    words += [] if load.concurrency is UNSET else [f"concurrency {load.concurrency:g}"]
    words += [] if load.rate is UNSET else [f"{load.rate:g} requests/s"]
    return ", ".join(words) or "the whole file"


def tables(
    results: Sequence[ForeignResult],
) -> Iterator[tuple[tuple[str, ...], list[tuple[str, ...]]]]:
    """For each result a heading and its rows."""
    for result in results:
        names = {
            number.quantity: f"{number.name} ({number.unit})"
            for load in result.loads
            for number in load.numbers
        }
        shown = [quantity for quantity in SHOWN if quantity in names]
        rows = []
        for load in result.loads:
            held = {number.quantity: f"{number.value:.4g}" for number in load.numbers}
            cells = (held.get(quantity, "-") for quantity in shown)
            rows.append((load_name(load), load.model or "-", *cells))
        yield ("load", "model", *(names[quantity] for quantity in shown)), rows
