"""TLS between machines, as bytes in and bytes out: each end has a certificate of this process, which the shared token vouches for.

There is no authority and no name to check. Both ends' proofs of the token hold the digest of the certificate that was presented
(the channel binding ``tls-server-end-point`` of RFC 5929), so that whoever stands between the two ends has no proof to pass on.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import hashlib
import ssl
import tempfile
import threading
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

if TYPE_CHECKING:
    from collections.abc import Callable

_PIECE: Final = 1 << 16
_DAYS: Final = dt.timedelta(days=3650)


class Secured:
    """One end of a connection after the handshake; threads may seal and unseal at the same time.

    Attributes:
        binding: SHA-256 of the certificate of the end that accepted, in hex; alike at both ends.
    """

    def __init__(
        self, send: Callable[[bytes], None], receive: Callable[[], bytes], *, accepted: bool
    ) -> None:
        """Shake hands.

        Args:
            send: sends bytes to the other end.
            receive: gives its next record.
            accepted: this end accepted the connection, and presents its certificate.

        Raises:
            OSError: the connection is gone, or the other end speaks another TLS (`ssl.SSLError`).
        """
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._lock = threading.Lock()
        context, own = _accepting() if accepted else (_connecting(), b"")
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=accepted)
        while not self._agreed():
            send(self._outgoing.read())
            self._incoming.write(receive())
        send(self._outgoing.read())
        presented = own or self._tls.getpeercert(binary_form=True) or b""
        self.binding = hashlib.sha256(presented).hexdigest()

    def _agreed(self) -> bool:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def seal(self, data: bytes) -> bytes:
        """Data as it goes over the connection."""
        with self._lock:
            self._tls.write(data)
            return self._outgoing.read()

    def unseal(self, data: bytes) -> bytes:
        """What came over the connection as it was; what is cut off remains for the next call.

        Raises:
            OSError: it was changed on the way, or the other end closes.
        """
        opened = bytearray()
        with self._lock, contextlib.suppress(ssl.SSLWantReadError):
            self._incoming.write(data)
            while piece := self._tls.read(_PIECE):
                opened += piece
        return bytes(opened)


def _connecting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # the token vouches for it, see above
    return context


@functools.cache
def _accepting() -> tuple[ssl.SSLContext, bytes]:
    """How this process accepts, and its certificate: of a key that no file holds for longer than it takes to read it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "suite")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - _DAYS)
        .not_valid_after(now + _DAYS)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.num_tickets = 0  # no connection is resumed
    with tempfile.NamedTemporaryFile() as file:
        file.write(secret + made.public_bytes(serialization.Encoding.PEM))
        file.flush()
        context.load_cert_chain(file.name)
    return context, made.public_bytes(serialization.Encoding.DER)
