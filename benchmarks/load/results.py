"""Everything that a run of the benchmark measured."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.load.capacity import Capacity, Scaling
    from benchmarks.load.measurement import Measurement
    from suite.base.jsonio import JSONObject


@dataclass(slots=True)
class Results:
    """Everything that was measured.

    Attributes:
        closed, ordinary, busy: the suite's client in closed loops: as it is (`COST_RUNS` runs of each load),
            without running ahead of other processes, and beside a busy neighbour.
        many: one closed loop that streams a million tokens, for the memory.
        opened: in open loops.
        floor: the C floor's cost under the same closed loops, as often; `floor_stamped`: its times.
        peers: the peers, loads and open loop alike; what is near the suite's cost `COST_RUNS` times.
        capacity, floor_capacity: the searches.
        scaling: the workers.
        notes: what was left out, and why.
        machine: what it ran on.
    """

    closed: list[Measurement] = field(default_factory=list)
    ordinary: list[Measurement] = field(default_factory=list)
    busy: list[Measurement] = field(default_factory=list)
    many: list[Measurement] = field(default_factory=list)
    opened: list[Measurement] = field(default_factory=list)
    floor: list[Measurement] = field(default_factory=list)
    floor_stamped: list[Measurement] = field(default_factory=list)
    peers: list[Measurement] = field(default_factory=list)
    capacity: Capacity | None = None
    floor_capacity: Capacity | None = None
    scaling: Scaling | None = None
    notes: list[str] = field(default_factory=list)
    machine: JSONObject = field(default_factory=dict)

    def peers_asked(self, streams: int) -> bool:
        """Whether any peer was run with so many streams."""
        return any(row.load.streams == streams for row in self.peers)

    def measurements(self) -> list[Measurement]:
        """Every single load, in the order of the tables."""
        mine = [*self.closed, *self.ordinary, *self.busy, *self.many, *self.opened]
        return [*mine, *self.floor, *self.floor_stamped, *self.peers]
