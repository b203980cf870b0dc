"""A time-stamping authority of one's own: `openssl ts` with a throwaway CA, asked by command or over HTTP."""

from __future__ import annotations

import http.server
import subprocess
import threading
from pathlib import Path

CONFIG = """
[ req ]
distinguished_name = name
[ name ]
[ tsa ]
default_tsa = lab
[ lab ]
serial = serial
signer_digest = sha256
default_policy = 1.3.6.1.4.1.99999.1
digests = sha256, sha384, sha512
ess_cert_id_alg = sha256
[ ca ]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
[ stamping ]
basicConstraints = CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
[ mail ]
basicConstraints = CA:FALSE
extendedKeyUsage = critical,emailProtection
"""


class Authority:
    """Makes real tokens; `root` is what a trust list names."""

    def __init__(self, folder: Path, usage: str = "stamping") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        (folder / "tsa.cnf").write_text(CONFIG)
        (folder / "serial").write_text("01\n")
        new = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
        config = ("-config", "tsa.cnf")
        self._openssl(
            *("req", "-x509", *new, "-keyout", "ca.key", "-out", "ca.pem", "-days", "3650"),
            *("-subj", "/CN=Throwaway CA", *config, "-extensions", "ca"),
        )
        self._openssl(
            *("req", *new, "-keyout", "tsa.key", "-out", "tsa.csr", "-subj", "/CN=Throwaway TSA"),
            *config,
        )
        self._openssl(
            *("x509", "-req", "-in", "tsa.csr", "-CA", "ca.pem", "-CAkey", "ca.key"),
            *("-CAcreateserial", "-out", "tsa.pem", "-days", "3650"),
            *("-extfile", "tsa.cnf", "-extensions", usage),
        )

    @property
    def root(self) -> str:
        """The self-signed certificate, in PEM."""
        return (self.folder / "ca.pem").read_text()

    def entry(self, owner: str = "lab-time", **more: object) -> dict[str, object]:
        """Its entry in a trust list."""
        return {"owner": owner, "certificates": self.root, **more}

    def stamp(self, signature: bytes, *options: str) -> bytes:
        """A token over a signature, asked for as by hand."""
        (self.folder / "data").write_bytes(signature)
        asked = ("-query", "-data", "data", "-sha256", "-cert", *options, "-out", "query.tsq")
        self._openssl("ts", *asked)
        return self.reply((self.folder / "query.tsq").read_bytes())

    def reply(self, query: bytes) -> bytes:
        """The answer to a query."""
        (self.folder / "query.tsq").write_bytes(query)
        signer = ("-signer", "tsa.pem", "-inkey", "tsa.key")
        asked = ("-reply", "-config", "tsa.cnf", "-queryfile", "query.tsq", *signer)
        self._openssl("ts", *asked, "-out", "reply.tsr")
        return (self.folder / "reply.tsr").read_bytes()

    def _openssl(self, *words: str) -> None:
        done = subprocess.run(
            ["openssl", *words], cwd=self.folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


class Server(http.server.ThreadingHTTPServer):
    """Answers queries over HTTP with what `answer` makes of them: (status, body)."""

    daemon_threads = True

    def __init__(self, answer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = answer
        self.types: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/tsa"

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self.shutdown()
        self.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args) -> None:
        """Keep quiet."""

    def do_POST(self) -> None:
        self.server.types.append(self.headers["Content-Type"])
        query = self.rfile.read(int(self.headers["Content-Length"]))
        status, body = self.server.answer(query)
        self.send_response(status)
        self.send_header("Content-Type", "application/timestamp-reply")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
