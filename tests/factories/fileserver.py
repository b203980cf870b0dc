"""A file server on this machine that misbehaves as told: cuts, wrong ranges, refusals."""

from __future__ import annotations

import contextlib
import http.server
import re


class FileServer(http.server.ThreadingHTTPServer):
    """Answers each request with the next behaviour of a script, then with the last for ever."""

    daemon_threads = True

    def __init__(self, script):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script = list(script)
        self.requests = []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/file"

    def handle_error(self, request, client_address):
        """Cut connections are the point."""


class _Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args):
        """Keep quiet."""

    def do_GET(self):
        server = self.server
        server.requests.append(dict(self.headers))
        behaviour = server.script.pop(0) if len(server.script) > 1 else server.script[0]
        behaviour(self)


def send(
    content, *, cut=None, ranges=True, etag='"v1"', length=True, shift=0, total=None, extra=b""
):
    """A behaviour: send a file, perhaps cut after so many bytes of this answer."""

    def behave(handler):
        start = 0
        asked = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
        condition = handler.headers.get("If-Range")
        if ranges and asked and condition in (None, etag):
            start = int(asked.group(1)) + shift
            if start >= len(content):
                handler.send_error(416)
                return
            handler.send_response(206)
            whole = total or len(content)
            handler.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{whole}")
        else:
            handler.send_response(200)
        if etag:
            handler.send_header("ETag", etag)
        body = content[start:]
        if length:
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        with contextlib.suppress(ConnectionError):
            handler.wfile.write((body if cut is None else body[:cut]) + extra)
        handler.close_connection = True

    return behave


def status(code, **headers):
    def behave(handler):
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return behave


def hang_up(handler):
    handler.connection.close()
