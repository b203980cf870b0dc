"""The whole procedure: every load, every client, one after the other on an otherwise idle machine."""

from __future__ import annotations

import os
import resource
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.load import capacity, ccompiler, peers
from benchmarks.load.bars import bars
from benchmarks.load.case import Load, closed, poisson
from benchmarks.load.clients import Floor, Suite
from benchmarks.load.errors import BenchmarkError
from benchmarks.load.measurement import Machine, Measurement, measure, typical
from benchmarks.load.results import Results

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.load.measurement import Client
    from benchmarks.load.peers.peer import Peer
    from suite.base.jsonio import JSONObject

STREAMS: Final = (8, 32, 128, 512, 1024)
RATES: Final = (200.0, 500.0)
PEER_STREAMS: Final = (8, 32, 64, 128, 512)
BETWEEN: Final = (32, 64)
"""Loads that a peer is given only while it is still exact."""
PEER_RATE: Final = 200.0
COST_RUNS: Final = 3
"""Runs of each closed loop by the suite's client and the floor, taking turns: a single cost is good to a tenth only."""
NEAR: Final = 4
"""A peer of less than so many times the suite's cost runs as often."""
MANY_STREAMS: Final = 1024
MANY_TOKENS_ROUNDS: Final = 8
"""Rounds at 1,024 streams: 1,048,576 tokens, for the bar on memory."""


@dataclass(frozen=True, slots=True)
class Options:
    """What is to be run.

    Attributes:
        streams: closed loops.
        rates: open loops, requests per second.
        peers: names of `benchmarks.load.peers.PEERS`; None takes what is installed.
        peer_streams: closed loops of the peers.
        workers: processes of the test of scaling; 1 leaves it out.
        search: look for the highest exact rate.
        busy: repeat the closed loops beside a busy neighbour, and without running ahead.
        quick: a few seconds in all, to see that everything works.
    """

    streams: Sequence[int] = STREAMS
    rates: Sequence[float] = RATES
    peers: Sequence[str] | None = None
    peer_streams: Sequence[int] = PEER_STREAMS
    workers: int = 1
    search: bool = True
    busy: bool = True
    quick: bool = False


def document(results: Results) -> JSONObject:
    """Everything that was measured, as a JSON object, and what is asked of it."""
    searches = (results.capacity, results.floor_capacity)
    return {
        "machine": results.machine,
        "outcomes": [measurement.to_json() for measurement in results.measurements()],
        "capacity": [row.to_json() for row in searches if row is not None],
        "scaling": None if results.scaling is None else results.scaling.to_json(),
        "bars": [bar.to_json() for bar in bars(results)],
        "notes": list(results.notes),
    }


def run(options: Options, progress: Callable[[str], None]) -> Results:
    """Run everything that is wanted; takes minutes.

    Args:
        wanted: what.
        tell: takes one line before each load.

    Raises:
        BenchmarkError: this is not Linux.
        EngineError: the server did not start.
    """
    if not sys.platform.startswith("linux"):
        raise BenchmarkError("the benchmark needs Linux: cores, /proc and timers")
    results = Results()
    _raise_descriptor_limit()
    cores = sorted(os.sched_getaffinity(0))
    results.machine = {"cores": len(cores), "load_average": round(os.getloadavg()[0], 2)}
    if len(cores) < 2:
        results.notes.append("one core only: server and client share it")
    with tempfile.TemporaryDirectory(prefix="llmc-bench-") as folder:
        programs = ccompiler.build(Path(folder))
        if programs.why:
            results.notes.append(
                f"{programs.why}: the scripted server serves, and there is no floor"
            )
        machine = Machine(cores[0], cores[-1], programs)
        # This process only watches: it must not disturb the client.
        os.sched_setaffinity(0, {machine.server})
        try:
            _Procedure(options, machine, results, progress).run()
        finally:
            os.sched_setaffinity(0, cores)
    return results


class _Procedure:
    """The steps of a run."""

    def __init__(
        self, options: Options, machine: Machine, results: Results, progress: Callable[[str], None]
    ) -> None:
        self._options = options
        self._machine = machine
        self._results = results
        self._progress = progress

    def run(self) -> None:
        """All of them."""
        self._closed()
        for rate in self._options.rates:
            seconds = 1.0 if self._options.quick else 6.0
            self._results.opened.append(self._one(Suite(), poisson(rate, seconds=seconds)))
        if self._options.search:
            self._search()
        if self._options.workers > 1:
            self._scale()
        self._peers()
        self._results.notes += _failed_runs(self._results.measurements())

    def _load(self, streams: int) -> Load:
        if self._options.quick:
            return Load(2 * streams, streams, ttft_ms=50.0, itl_ms=5.0, tokens=16)
        # Every client gets this very load: what is paid once weighs alike for all.
        return closed(streams, least=32)

    def _closed(self) -> None:
        floor = self._machine.programs.floor
        results = self._results
        for streams in self._options.streams:
            load = self._load(streams)
            for _ in range(1 if self._options.quick else COST_RUNS):
                results.closed.append(self._one(Suite(), load))
                if floor is not None:
                    results.floor.append(self._one(Floor(floor, stamped=False), load))
            if self._options.busy:
                results.ordinary.append(self._one(Suite(ordinary=True), load))
                results.busy.append(self._one(Suite(), load.beside_busy()))
            if floor is not None:
                results.floor_stamped.append(self._one(Floor(floor), load))
        if not self._options.quick and MANY_STREAMS in self._options.streams:
            load = closed(MANY_STREAMS, rounds=MANY_TOKENS_ROUNDS)
            results.many.append(self._one(Suite(), load))

    def _search(self) -> None:
        def progress(measurement: Measurement) -> None:
            word = "exact" if measurement.exact else "not exact"
            self._progress(f"{measurement.client}: {measurement.tokens_s:,.0f} tokens/s: {word}")

        results, floor = self._results, self._machine.programs.floor
        results.capacity = capacity.search(Suite(), self._machine, on_point=progress)
        if floor is not None:
            results.floor_capacity = capacity.search(Floor(floor), self._machine, on_point=progress)

    def _scale(self) -> None:
        self._progress(f"{self._options.workers} workers against one")
        if self._machine.programs.pace is None:
            self._results.notes.append("the scaling of workers needs the server in C")
            return
        self._results.scaling = capacity.scaling(self._machine, self._options.workers)

    def _peers(self) -> None:
        available, missing = peers.installed()
        names = self._options.peers
        chosen: list[Peer] = [
            peer for peer in available if names is None or peers.name_of(peer) in names
        ]
        for name, why in missing.items():
            if names is None or name in names:
                self._results.notes.append(f"{peers.PEERS[name].title}: {why}")
        for peer in chosen:
            self._peer(peer)

    def _peer(self, peer: Peer) -> None:
        exact = True
        for streams in self._options.peer_streams:
            # Only the search for its highest exact rate asks for these.
            if streams in BETWEEN and not exact:
                continue
            load = self._load(streams)
            runs = [self._one(peer, load)]
            if self._near(runs[0]):
                runs += [self._one(peer, load) for _ in range(COST_RUNS - 1)]
            exact = any(row.exact and not row.failure for row in runs)
            self._results.peers += runs
        if PEER_RATE in self._options.rates:
            self._results.peers.append(self._one(peer, poisson(PEER_RATE)))

    def _near(self, measurement: Measurement) -> bool:
        """Whether a peer's cost is so near to the suite's that one run is too few to compare them."""
        same = [row for row in typical(self._results.closed) if row.load == measurement.load]
        least = NEAR * same[0].cpu_s_per_1000 if same and not same[0].failure else 0.0
        return (
            not self._options.quick
            and not measurement.failure
            and measurement.cpu_s_per_1000 < least
        )

    def _one(self, client: Client, load: Load) -> Measurement:
        self._progress(f"{client.name}: {load.name}")
        return measure(client, load, self._machine)


def _failed_runs(measurements: Sequence[Measurement]) -> list[str]:
    """A line for each load of which some runs failed; the tables show one that did not."""
    lines = []
    for row in typical(measurements):
        runs = [
            another
            for another in measurements
            if (another.client, another.load) == (row.client, row.load)
        ]
        failures = [run.failure for run in runs if run.failure]
        if failures and len(runs) > 1:
            share = f"{len(failures)} of {len(runs)} runs failed"
            lines.append(f"{row.client}, {row.load.name}: {share}: {failures[0]}")
    return lines


def _raise_descriptor_limit() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
