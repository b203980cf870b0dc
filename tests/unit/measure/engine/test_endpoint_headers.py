"""An endpoint with an API key: every request that finds out whether it is ready carries it."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from suite.base.errors import EngineError
from suite.measure.engine import Settings, endpoint
from tests.factories import engine as factory
from tests.factories.documents import changed

KEY = "Bearer s3cret-key"


class Guarded(BaseHTTPRequestHandler):
    """Answers only those who know the key."""

    def do_GET(self) -> None:
        self.answer(b'{"version": "1"}', "application/json")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(b'data: {"choices": []}\n\ndata: [DONE]\n\n', "text/event-stream")

    def answer(self, body: bytes, kind: str) -> None:
        known = self.headers.get("Authorization") == KEY
        body = body if known else b'{"error": "who are you?"}'
        self.send_response(200 if known else 401)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def plan():
    with ThreadingHTTPServer(("127.0.0.1", 0), Guarded) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield changed(
            factory.plan(runtime="endpoint"),
            engine={
                "url": f"http://127.0.0.1:{server.server_port}",
                "readiness": {"timeout_s": 0.3, "interval_s": 0.05},
            },
        )
        server.shutdown()
        thread.join()


def test_with_the_key(plan, tmp_path):
    settings = Settings(headers={"Authorization": KEY})
    with endpoint.serve(
        plan, tmp_path, on_progress=lambda *_, **__: None, settings=settings
    ) as served:
        assert served.facts["engine.version"] == "1"
        assert served.alive() is None
        assert "s3cret" not in repr(served) + repr(settings)
    assert "s3cret" not in (tmp_path / "engine.log").read_text()


def test_without_it(plan, tmp_path):
    with (
        pytest.raises(EngineError) as caught,
        endpoint.serve(plan, tmp_path, on_progress=lambda *_, **__: None),
    ):
        pass
    assert caught.value.code == "endpoint-unauthorised"
