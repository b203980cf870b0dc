"""Where to connect and what to write before each body."""

from __future__ import annotations

import re
import socket
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import suite
from suite.base.bilingual import Sentence
from suite.base.errors import EngineError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from suite.measure.load.target import Target

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[ \t\x21-\x7e\x80-\xff]*")
"""Field values of RFC 9110, section 5.5: nothing that ends a line, nothing beyond Latin-1."""
_OWN = frozenset({"content-length", "transfer-encoding", "connection"})


@dataclass(frozen=True, slots=True)
class Address:
    """A resolved server.

    Attributes:
        family: socket family.
        sockaddr: what `socket.connect` takes.
        tls: context when the connection is encrypted.
        server_name: name to check the certificate against.
        head: the request head up to ``Content-Length:``; the number, an empty line and the body follow.
    """

    family: socket.AddressFamily
    sockaddr: str | tuple[str, int] | tuple[str, int, int, int]
    tls: ssl.SSLContext | None
    server_name: str
    head: bytes


def resolve(target: Target) -> Address:
    """Resolve a target once, before anything is timed.

    Raises:
        UsageError: ``url-malformed`` or ``header-malformed``.
        EngineError: ``host-unknown`` when the name does not resolve.
    """
    if target.base_url.startswith("unix:"):
        path = "/" + target.base_url.removeprefix("unix:").lstrip("/")
        head = _head(target.path, "localhost", target.headers)
        return Address(socket.AF_UNIX, path, None, "", head)
    try:
        parts = urlsplit(target.base_url)
        host, port = parts.hostname, parts.port
    except ValueError as cause:
        raise _malformed(target.base_url, str(cause)) from cause
    if parts.scheme not in ("http", "https") or not host:
        raise _malformed(
            target.base_url,
            Sentence(
                "it must be http://host:port or https://host:port",
                "必须是 http://host:port 或 https://host:port",
            ),
        )
    if parts.username or parts.query or parts.fragment:
        raise _malformed(
            target.base_url,
            Sentence("no user, query or fragment belongs here", "其中不可有用户名、查询或片段"),
        )
    secure = parts.scheme == "https"
    port = port or (443 if secure else 80)
    name = f"[{host}]" if ":" in host else host
    head = _head(parts.path.rstrip("/") + target.path, f"{name}:{port}", target.headers)
    try:
        addresses = socket.getaddrinfo(target.address or host, port, type=socket.SOCK_STREAM)
    except OSError as cause:
        hint = Sentence("check the address of the server", "请检查服务器地址")
        message = Sentence(
            f"the host {host} is not known: {cause.strerror or cause}",
            f"主机 {host} 未知：{cause.strerror or cause}",
        )
        raise EngineError("host-unknown", message, hint=hint) from cause
    # One address is taken, the one that readiness proved or the first: trying several would enter the numbers.
    family, _, _, _, sockaddr = addresses[0]
    context = (target.tls or ssl.create_default_context()) if secure else None
    if len(sockaddr) == 4:
        return Address(family, sockaddr, context, host, head)
    return Address(family, (str(sockaddr[0]), int(sockaddr[1])), context, host, head)


def _malformed(url: str, why: str) -> UsageError:
    return UsageError(
        "url-malformed",
        Sentence(f"the address {url!r} cannot be used: {why}", f"地址 {url!r} 无法使用：{why}"),
    )


def _head(path: str, host: str, headers: Mapping[str, str]) -> bytes:
    fields = {
        "Host": host,
        "User-Agent": f"llm-inference-conformance/{suite.__version__}",
        "Accept": "text/event-stream",
        "Accept-Encoding": "identity",
        "Content-Type": "application/json",
    }
    given = {name.lower() for name in headers}
    fields = {name: value for name, value in fields.items() if name.lower() not in given}
    fields |= headers
    if not re.fullmatch(r"/[\x21-\x7e]*", path):
        raise UsageError(
            "url-malformed",
            Sentence(f"the path {path!r} cannot be used", f"路径 {path!r} 无法使用"),
        )
    check_headers(fields)
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"POST {path} HTTP/1.1\r\n{lines}Content-Length: ".encode("latin-1")


def check_headers(headers: Mapping[str, str]) -> None:
    """Refuse header fields that cannot be sent; values may be secret and are not repeated.

    Raises:
        UsageError: ``header-malformed``.
    """
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(value):
            raise UsageError(
                "header-malformed",
                Sentence(f"the header field {name!r} cannot be sent", f"头字段 {name!r} 无法发送"),
                hint=Sentence("one line of Latin-1 characters", "应为一行 Latin-1 字符"),
            )
        if name.lower() in _OWN:
            raise UsageError(
                "header-malformed",
                Sentence(
                    f"the header field {name!r} is set by the client",
                    f"头字段 {name!r} 由客户端设置",
                ),
            )
