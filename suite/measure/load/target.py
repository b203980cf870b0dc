"""Where requests go, and how the sending is done beside what the plan says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

    from suite.documents.engine import RequestFormat
    from suite.documents.event import StampSource


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """How to send, beside what the plan says; nothing of it changes what is asked.

    Attributes:
        headers: extra header fields of every request. Their values may be secret: they go into requests,
            never into plan, evidence or log; their names may.
        workers: processes that send.
        send_stamps: who stamps the sending: ``user`` just before the write, or ``kernel`` when the first
            segment leaves for the network device.
        clients: HOST:PORT of load clients that send in this machine's place; none usually.
        client_token: that they share.
    """

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    workers: int = 1
    send_stamps: StampSource = "user"
    clients: tuple[str, ...] = ()
    client_token: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Target:
    """The server to send to.

    Attributes:
        base_url: ``http://host:port``, ``https://host:port`` (either with a path prefix), or
            ``unix:/path/to/socket``.
        path: path of the endpoint, e.g. ``/v1/chat/completions``.
        address: numeric address to connect to in place of the URL's host name; "" takes the name's first one.
        headers: extra header fields, such as an API key.
        request: what the engine's server understands.
        tls: context for https; None takes the system's trust store.
        send_stamps: who stamps the sending, as in `LoadOptions`.
    """

    base_url: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    request: RequestFormat
    tls: ssl.SSLContext | None = None
    send_stamps: StampSource = "user"
    address: str = ""
