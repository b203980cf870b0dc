"""What one of several processes is to do, as its parent writes it and as it reads it."""

from typing import Final

import msgspec

from suite.documents.engine import RequestFormat
from suite.documents.event import StampSource
from suite.documents.phase import Phase


class Order(msgspec.Struct, frozen=True):
    """What a worker is to do.

    Attributes:
        base_url, path, headers, request, send_stamps, address: the target.
        phase: the phase, with this worker's share of the concurrency.
        zero_ns: reading of the monotonic clock that is 0 in the events.
        jobs: how many follow.
        core: the processor to run on; None leaves it to the system.
    """

    base_url: str
    path: str
    headers: dict[str, str]
    request: RequestFormat
    send_stamps: StampSource
    phase: Phase
    zero_ns: int
    jobs: int
    core: int | None
    address: str = ""

    def pack(self) -> bytes:
        """As it goes through a pipe."""
        return msgspec.msgpack.encode(self)

    @staticmethod
    def unpack(data: bytes) -> "Order":
        """As `pack` made it."""
        return _decoder.decode(data)


_decoder: Final = msgspec.msgpack.Decoder(Order)
