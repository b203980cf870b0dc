"""The suite's own client and the floor in C as commands."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from benchmarks.load import REPOSITORY, spreads
from benchmarks.load.errors import ClientError
from benchmarks.load.measurement import Seen
from benchmarks.load.times import read_binary, read_events
from suite.base import jsonio
from suite.base.errors import EvidenceError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from benchmarks.load.case import Load
    from benchmarks.load.child import ChildResult
    from benchmarks.load.client_main import Spec
    from suite.base.jsonio import JSONObject

_MODULE = "benchmarks.load.client_main"


def plain_environment(folder: Path) -> dict[str, str]:
    """The same few variables for every client."""
    return {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(folder), "LANG": "C.UTF-8"}


@dataclass(frozen=True, slots=True)
class Suite:
    """The suite's client.

    Attributes:
        workers: processes that send.
        ordinary: without running ahead of other processes.
    """

    workers: int = 1
    ordinary: bool = False

    @property
    def name(self) -> str:
        """As it stands in tables."""
        if self.workers > 1:
            return f"this suite, {self.workers} workers"
        return "this suite, ordinary priority" if self.ordinary else "this suite"

    def command(self, load: Load, url: str, folder: Path) -> Sequence[str]:
        """The command for a load."""
        spec: Spec = {
            "url": url,
            "streams": load.streams,
            "requests": load.requests,
            "rate": load.rate,
            "tokens": load.tokens,
            "events": str(folder / "events.jsonl"),
            "workers": self.workers,
            "ordinary": self.ordinary,
        }
        return [sys.executable, "-m", _MODULE, json.dumps(spec)]

    def environment(self, folder: Path) -> Mapping[str, str]:
        """The whole environment of the command."""
        return {**plain_environment(folder), "PYTHONPATH": str(REPOSITORY)}

    def read(self, load: Load, folder: Path, result: ChildResult) -> Seen:
        """What it left.

        Raises:
            ClientError: it failed.
        """
        printed = _printed(self.name, result)
        phase = cast("JSONObject", printed["phase"])
        times = read_events(folder / "events.jsonl")
        return Seen(
            latencies=spreads.client_latencies(times),
            completed=len(times),
            times=times,
            cpu_s=cast("float", printed["cpu_s"]),
            streaming_cpu_s=cast("float", printed["streaming_cpu_s"]),
            lateness=None if load.streams else spreads.lateness(times),
            real_time=bool(phase["real_time"]),
            phase={**phase, "wall_s": printed["wall_s"]},
        )


@dataclass(frozen=True, slots=True)
class Floor:
    """The client in C.

    Attributes:
        program: the built program.
        stamped: it takes stamps and counts tokens; without, its cost alone is known.
    """

    program: Path
    stamped: bool = True

    @property
    def name(self) -> str:
        """As it stands in tables."""
        return "C floor with stamps" if self.stamped else "C floor"

    def command(self, load: Load, url: str, folder: Path) -> Sequence[str]:
        """The command for a load."""
        port = url.rsplit(":", 1)[1]
        counts = [str(number) for number in (load.streams, load.requests, load.tokens)]
        file = [str(folder / "floor")] if self.stamped else []
        return [str(self.program), port, *counts, *file]

    def environment(self, folder: Path) -> Mapping[str, str]:
        """The whole environment of the command."""
        return plain_environment(folder)

    def read(self, load: Load, folder: Path, result: ChildResult) -> Seen:
        """What it left.

        Raises:
            ClientError: it failed, or its file of times is broken.
        """
        printed = _printed(self.name, result)
        times = read_binary(folder / "floor") if self.stamped else []
        return Seen(
            latencies=spreads.client_latencies(times),
            completed=len(times) if self.stamped else load.requests,
            times=times,
            cpu_s=cast("float", printed["cpu_s"]),
            streaming_cpu_s=cast("float", printed["cpu_s"]),
            real_time=bool(printed["real_time"]),
        )


def _printed(name: str, result: ChildResult) -> JSONObject:
    """The JSON document that a client printed.

    Raises:
        ClientError: it failed.
    """
    if result.status != 0:
        raise ClientError(f"{name}: {why(result)}")
    return cast("JSONObject", jsonio.loads(result.output, name=name, error=EvidenceError))


def why(result: ChildResult) -> str:
    """Why a command gave nothing, in one line."""
    if result.status is None:
        return "it did not end in time"
    lines = [line.strip() for line in result.errors.splitlines() if line.strip()]
    last = lines[-1][:200] if lines else "it said nothing"
    return f"it ended with status {result.status}: {last}"
