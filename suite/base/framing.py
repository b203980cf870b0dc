"""Messages between machines: strict JSON objects, each behind its length, over a connection that both ends proved.

A message is four bytes with its length, the highest first, and so many bytes of UTF-8 JSON. All of it goes through TLS 1.3.
Before the first one each end proves that it knows the shared token, by HMAC-SHA-256 over both ends' random numbers and the
certificate that was presented: the token itself never travels, and whoever stands in between is refused.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import secrets
import socket
import ssl
import struct
import threading
import time
from typing import TYPE_CHECKING, Final

from suite.base import jsonio
from suite.base.addresses import join_address
from suite.base.bilingual import Sentence
from suite.base.errors import SetupError
from suite.base.secured import Secured

if TYPE_CHECKING:
    from suite.base.jsonio import JSONObject

MAX_MESSAGE: Final = 64 << 20
"""Bytes of the longest message; a plan with a million arrivals is a quarter of it."""
_MAX_GREETING: Final = 4 << 10
LENGTH: Final = struct.Struct(">I")
"""What stands before each message."""
_GREETING_S: Final = 10.0
_RECORD: Final = struct.Struct(">BBxH")
"""What stands before each record of TLS: its kind, its version, its length."""
_KINDS: Final = range(20, 24)
_LEAST_TOKEN: Final = 16
_TCP: Final = {
    "TCP_NODELAY": 1,
    "TCP_KEEPIDLE": 5,
    "TCP_KEEPINTVL": 5,
    "TCP_KEEPCNT": 3,
    "TCP_USER_TIMEOUT": 20_000,
}
"""Where a system has them: a machine that is gone, or the way to it, ends a wait of any length after 20 s."""


class Channel:
    """One end of a proven connection.

    Attributes:
        peer: who is at the other end, for messages.
        socket: the connection.
    """

    def __init__(self, connection: socket.socket, peer: str) -> None:
        """Take a connected socket."""
        self.peer = peer
        self.socket = connection
        self._limit = _MAX_GREETING
        self._secured: Secured | None = None
        self._opened = bytearray()
        self._sending = threading.Lock()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in _TCP.items():
            if hasattr(socket, option):
                connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)

    def send(self, message: JSONObject) -> None:
        """Send a message.

        Raises:
            OSError: the connection is gone.
        """
        self.send_data(jsonio.canonical(message))

    def send_data(self, data: bytes) -> None:
        """Send a message that is canonical JSON already; threads may do so at the same time.

        Raises:
            OSError: the connection is gone.
        """
        with self._sending:
            self.socket.sendall(self.seal(framed(data)))

    def seal(self, data: bytes) -> bytes:
        """Data as it goes over the connection; in the order in which it was sealed."""
        assert self._secured is not None, "before `secure`"
        return self._secured.seal(data)

    def unseal(self, data: bytes) -> bytes:
        """What came over the connection, as it was before `seal`.

        Raises:
            OSError: it was changed on the way.
        """
        assert self._secured is not None, "before `secure`"
        return self._secured.unseal(data)

    @property
    def waiting(self) -> bool:
        """Whether something has come that was not received yet, beside what the socket holds."""
        return bool(self._opened)

    def receive(self, timeout_s: float | None) -> JSONObject:
        """The next message.

        Args:
            timeout_s: seconds for the whole of it; None waits as long as the other end is there.

        Raises:
            OSError: the connection is gone, or nothing came in time (`TimeoutError`).
            SetupError: ``agent-message-wrong``.
        """
        end = None if timeout_s is None else time.monotonic() + timeout_s
        (length,) = LENGTH.unpack(self._exactly(LENGTH.size, end))
        if length > self._limit:
            raise SetupError(
                "agent-message-wrong",
                Sentence(
                    f"{self.peer} sends {length:,} bytes at once",
                    f"{self.peer} 一次发送 {length:,} 字节",
                ),
            )
        data = self._exactly(length, end)
        self.socket.settimeout(timeout_s)  # of what is sent next
        value = jsonio.loads(data, name=self.peer, error=SetupError)
        if not isinstance(value, dict):
            raise SetupError(
                "agent-message-wrong",
                Sentence(f"{self.peer} sends no JSON object", f"{self.peer} 发送的不是 JSON 对象"),
            )
        return value

    def _exactly(self, count: int, end: float | None) -> bytes:
        while len(self._opened) < count:
            self._opened += self.unseal(self._record(end))
        data = bytes(self._opened[:count])
        del self._opened[:count]
        return data

    def _record(self, end: float | None) -> bytes:
        """The next record of TLS and not a byte more: what measures a link follows it as it is."""
        head = self._received(_RECORD.size, end)
        kind, version, length = _RECORD.unpack(head)
        if kind not in _KINDS or version != 3:
            raise self._not_encrypted("")
        return head + self._received(length, end)

    def _not_encrypted(self, why: str) -> SetupError:
        tail = f": {why}" if why else ""
        message = Sentence(
            f"{self.peer} does not encrypt{tail}", f"{self.peer} 未加密{tail.replace(': ', '：')}"
        )
        return SetupError("agent-not-encrypted", message)

    def _received(self, count: int, end: float | None) -> bytes:
        data = bytearray()
        while len(data) < count:
            left = None if end is None else end - time.monotonic()
            if left is not None and left <= 0:
                raise TimeoutError("nothing, or not all of it, came in time")
            self.socket.settimeout(left)
            piece = self.socket.recv(min(count - len(data), 1 << 20))
            if not piece:
                raise ConnectionResetError("the other end closed the connection")
            data += piece
        return bytes(data)

    def secure(self, *, accepted: bool) -> None:
        """Encrypt from here on; see `suite.base.secured`.

        Args:
            accepted: this end accepted the connection.

        Raises:
            OSError: the connection is gone.
            SetupError: ``agent-not-encrypted``.
        """
        end = time.monotonic() + _GREETING_S
        try:
            self._secured = Secured(
                self.socket.sendall, lambda: self._record(end), accepted=accepted
            )
        except ssl.SSLError as error:
            raise self._not_encrypted(error.reason or str(error)) from error

    def prove(self, token: bytes, *, accepted: bool) -> None:
        """Prove the token to the other end, and have it proven; the end that connected does so first.

        Args:
            token: shared secret.
            accepted: this end accepted the connection.

        Raises:
            OSError: the connection is gone.
            SetupError: ``agent-not-encrypted``, ``agent-token-refused``, ``agent-message-wrong``.
        """
        self.secure(accepted=accepted)
        own = secrets.token_hex(16)
        self.send({"nonce": own})
        other = str(self.receive(_GREETING_S).get("nonce"))
        if accepted:
            self._check(token, "connected", other, own)
        self.send(
            {"proof": self._proof(token, "accepted" if accepted else "connected", own, other)}
        )
        if not accepted:
            self._check(token, "accepted", other, own)
        self._limit = MAX_MESSAGE

    def _check(self, token: bytes, end: str, other: str, own: str) -> None:
        try:
            proof = str(self.receive(_GREETING_S).get("proof"))
        except ConnectionResetError:
            proof = ""  # it found ours wrong, and left
        if not hmac.compare_digest(proof.encode(), self._proof(token, end, other, own).encode()):
            message = Sentence(
                f"{self.peer} does not prove the token", f"{self.peer} 未能证明持有令牌"
            )
            raise SetupError("agent-token-refused", message)

    def _proof(self, token: bytes, end: str, first: str, second: str) -> str:
        assert self._secured is not None
        message = f"{end}\n{first}\n{second}\n{self._secured.binding}"
        return hmac.new(token, message.encode(), hashlib.sha256).hexdigest()

    def close(self) -> None:
        """Close the connection; whoever waits at it wakes."""
        with contextlib.suppress(OSError):  # the other end did so first
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


def framed(data: bytes) -> bytes:
    """A message behind its length."""
    return LENGTH.pack(len(data)) + data


def connect(host: str, port: int, token: bytes, timeout_s: float) -> Channel:
    """A proven connection.

    Raises:
        OSError: there is none.
        SetupError: as `Channel.prove`.
    """
    connection = socket.create_connection((host, port), timeout_s)
    channel = Channel(connection, join_address(host, port))
    with contextlib.ExitStack() as stack:
        stack.callback(channel.close)
        channel.prove(token, accepted=False)
        stack.pop_all()
    return channel


def require_token(text: str, where: str) -> bytes:
    """A token as it was written, without the white space around it.

    Raises:
        SetupError: ``agent-token-weak``.
    """
    token = text.strip().encode()
    if len(token) < _LEAST_TOKEN:
        hint = Sentence("openssl rand -hex 32 makes one", "可由 openssl rand -hex 32 生成")
        message = Sentence(
            f"the token in {where} has {len(token)} characters; at least {_LEAST_TOKEN}",
            f"{where} 中的令牌有 {len(token)} 个字符；至少需要 {_LEAST_TOKEN} 个",
        )
        raise SetupError("agent-token-weak", message, hint=hint)
    return token
