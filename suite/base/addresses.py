"""Addresses as people write them, IPv6 in brackets, and a socket that listens on one."""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urlsplit

from suite.base.bilingual import Sentence
from suite.base.errors import SetupError


def split_address(text: str) -> tuple[str, int]:
    """Host and port of ``HOST:PORT``; of ``[ADDRESS]:PORT`` or ``[ADDRESS%INTERFACE]:PORT`` for IPv6.

    Raises:
        SetupError: ``agent-address-wrong``.
    """
    host, colon, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    host = host[1:-1] if bracketed else host
    number = int(port) if port.isascii() and port.isdigit() and len(port) < 6 else 1 << 16
    # Without brackets nobody knows where an IPv6 address ends.
    if not colon or not _is_host(host) or bracketed != (":" in host) or number >= 1 << 16:
        hint = Sentence(
            "an IPv6 address stands in brackets: [::1]:9470, [fe80::1%eth0]:9470",
            "IPv6 地址须加方括号：[::1]:9470、[fe80::1%eth0]:9470",
        )
        raise SetupError(
            "agent-address-wrong",
            Sentence(f"{text!r} is not HOST:PORT", f"{text!r} 不是 HOST:PORT 的形式"),
            hint=hint,
        )
    return host, number


def join_address(host: str, port: int) -> str:
    """``HOST:PORT``, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def is_own(address: str) -> bool:
    """Whether a URL, or ``HOST:PORT`` as in one, leads to the very machine that asks."""
    name = ""
    try:
        name = urlsplit(address if "//" in address else f"//{address}").hostname or ""
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def listening(host: str, port: int, *, backlog: int | None = None) -> socket.socket:
    """A socket that listens on an address, of whichever family that is.

    Raises:
        OSError: it is taken, or none of this machine's.
    """
    # Resolved here: of an address with its interface, bind() would forget the interface.
    (family, *_, address), *_ = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    return socket.create_server(address, family=family, backlog=backlog)


def _is_host(text: str) -> bool:
    """Whether a text can be a name or an address at all: the resolver has its own exception for one that cannot."""
    try:
        return bool(text.encode("idna"))
    except UnicodeError:
        return False
