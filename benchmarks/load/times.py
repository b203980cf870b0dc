"""Times of requests and tokens: the file of the C programs, the truth of the scripted server, event lines.

All times are nanoseconds of the monotonic clock.
"""

from __future__ import annotations

import itertools
import struct
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from benchmarks.load.errors import ClientError
from suite.base import jsonio
from suite.base.errors import EvidenceError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from suite.base.jsonio import JSONObject

MAGIC: Final = b"LLMCTIM1"
_HEAD: Final = struct.Struct("=4q")


@dataclass(frozen=True, slots=True)
class Timed:
    """One request.

    Attributes:
        index: its number in the load; -1 where its client does not number requests.
        planned: a client's intended start; at the server, the kernel's stamp of the request's arrival.
        started: when a client sent it; at the server, when it was read (its schedule counts from here).
        tokens: when each token was received; at the server, the moment just before its write.
    """

    index: int
    planned: int
    started: int
    tokens: array[int]


def read_binary(path: Path) -> list[Timed]:
    """Read a file of ``pace`` or ``floor``.

    Raises:
        ClientError: when it is cut or something else.
    """
    try:
        data = path.read_bytes()
    except OSError as cause:
        raise ClientError(f"{path} cannot be read: {cause}") from cause
    if not data.startswith(MAGIC):
        raise ClientError(f"{path} is no file of times")
    requests: list[Timed] = []
    at = len(MAGIC)
    while at < len(data):
        if at + _HEAD.size > len(data):
            raise ClientError(f"{path} is cut")
        index, planned, started, count = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        end = at + 8 * count
        if count < 0 or end > len(data):
            raise ClientError(f"{path} is cut")
        requests.append(Timed(index, planned, started, array("q", data[at:end])))
        at = end
    return requests


def read_sim(path: Path, digests: dict[str, int]) -> list[Timed]:
    """Read the scripted server's truth; prompts are known by their digests."""
    requests = []
    for document in _lines(path):
        index = digests.get(cast("str", document["prompt_sha256"]), -1)
        writes = array("q", cast("list[int]", document["writes"]))
        arrived, read = cast("int", document["arrived"]), cast("int", document["read"])
        requests.append(Timed(index, arrived, read, writes))
    return requests


def read_events(path: Path) -> list[Timed]:
    """Read what the suite's own client wrote: request events whose zero is the clock's own."""
    requests = []
    for document in _lines(path):
        if document["outcome"] != "ok":
            continue
        first = cast("int", document["chunk_t0"])
        stamps = itertools.accumulate(cast("list[int]", document["chunk_dt"]), initial=first)
        planned, started = cast("int", document["t_sched"]), cast("int", document["t_send"])
        requests.append(Timed(cast("int", document["index"]), planned, started, array("q", stamps)))
    return requests


def _lines(path: Path) -> Iterator[JSONObject]:
    with path.open("rb") as stream:
        for line in stream:
            yield cast("JSONObject", jsonio.loads(line, name=str(path), error=EvidenceError))
