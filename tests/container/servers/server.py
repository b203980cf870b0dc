"""A small OpenAI-like server for container tests; its one argument names what it does, or what is wrong with it."""

import http.server
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time


def arguments():
    flags = dict(zip(sys.argv[2::2], sys.argv[3::2], strict=False))
    return flags.get("--host", "0.0.0.0"), int(flags.get("--port", "8000"))


class Handler(http.server.BaseHTTPRequestHandler):
    fault = ""

    def do_GET(self):
        if self.path.startswith("/reach/"):
            _, _, host, port = self.path.split("/")
            found = outcome(lambda: socket.create_connection((host, int(port)), 2).close())
            self.answer(200, json.dumps({"outcome": found}).encode())
        elif self.path == "/version":
            self.answer(200, b'{"version": "1.2.3"}')
        elif self.path == "/probe":
            self.answer(200, json.dumps(probe()).encode())
        else:
            self.answer(200, b"")

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.fault == "refuses":
            self.answer(400, b'{"error": "no such model"}')
        elif self.fault == "eats_memory":
            hoard = []
            while True:
                hoard.append(bytearray(b"x" * (8 << 20)))
        elif self.fault == "dies_on_request":
            os._exit(7)
        else:
            self.answer(
                200, b'data: {"choices": [{"delta": {"content": "yes"}}]}\n\ndata: [DONE]\n\n'
            )

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def outcome(action):
    try:
        action()
    except OSError as error:
        return error.strerror or str(error)
    return "done"


def probe():
    """What this process can do from inside, for tests of the isolation."""
    status = pathlib.Path("/proc/self/status").read_text()
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    return {
        "write_root": outcome(lambda: pathlib.Path("/opt/x").write_text("x")),
        "write_tmp": outcome(lambda: pathlib.Path("/tmp/x").write_text("x")),
        "write_mount": outcome(lambda: pathlib.Path("/srv/x").write_text("x")),
        "chown": outcome(lambda: os.chown("/tmp/x", 12345, 12345)),
        "resolve_outside": outcome(lambda: socket.getaddrinfo("example.org", 80)),
        "capabilities": fields["CapEff"],
        "bounding": fields["CapBnd"],
        "no_new_privileges": fields["NoNewPrivs"],
        "environment": dict(os.environ),
    }


def main():
    fault = sys.argv[1]
    print(f"first words, fault {fault}", flush=True)
    print("non-default args: {'fault': '" + fault + "'}", flush=True)
    if fault == "dies_at_start":
        print("last words: no weights here", flush=True)
        sys.exit(3)
    # The first process of a container ignores SIGTERM unless it says otherwise.
    if fault != "ignores_sigterm":
        signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    if fault == "never_listens":
        time.sleep(3600)
    if fault == "has_children":
        child = subprocess.Popen(["sleep", "3600"])
        print(f"child {child.pid}", flush=True)
    if fault == "loses_its_port_once":
        before = pathlib.Path(os.environ["STATE"])
        if not before.exists():
            before.touch()
            sys.exit("OSError: [Errno 98] Address already in use")
    Handler.fault = fault
    http.server.ThreadingHTTPServer(arguments(), Handler).serve_forever()


if __name__ == "__main__":
    main()
