"""What a vLLM server says of recorded tokens, read as the reference's figures; its answers have the form of vLLM 0.32."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from suite.base.errors import EngineError
from suite.measure import auditserver
from suite.measure.audit import Assignment

ENDS = (2, 9)


def place(**tokens: float) -> dict:
    """Log-probabilities by token, ``t5=-0.1``, ranked as vLLM ranks them."""
    ranked = sorted(tokens.items(), key=lambda item: -item[1])
    return {
        name[1:]: {"logprob": value, "rank": rank, "decoded_token": "x"}
        for rank, (name, value) in enumerate(ranked, 1)
    }


@pytest.fixture
def server():
    """A server that answers with what a test puts into its list: first those alone, then those in company."""
    answers: list[object] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self._send({"data": [{"id": "m"}]} if "models" in self.path else {"version": "0.32.0"})

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            assert (body["prompt"], body["max_tokens"], body["model"]) == ([1, 7, 5, 2], 1, "m")
            self._send({"id": "c", "choices": [{"text": "", "prompt_logprobs": answers.pop(0)}]})

        def _send(self, document):
            data = json.dumps(document).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_):
            pass

    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{made.server_port}", answers
    made.shutdown()
    made.server_close()


ASKED = Assignment(
    model=Path("/nowhere"),
    answers=[{"prompt": [1, 7], "output": [5, 2]}],
    ends=ENDS,
    dtype="float32",
    run_dtype="float32",
)


def _read(url):
    return auditserver.read(ASKED, url, on_progress=lambda *_, **__: None)


def test_margin_rank_gap_and_change_are_read(server):
    url, answers = server
    head = [None, place(t7=-0.5, t8=-1.5)]
    answers += [
        [*head, place(t5=-1.0, t6=-0.25), place(t9=-0.1, t3=-3.0, t2=-5.0)],
        [*head, place(t5=-0.25, t6=-0.5), place(t9=-0.1, t3=-3.5, t2=-5.0)],
    ]
    read = _read(url)
    assert read.versions == {"vllm": "0.32.0"}
    first, end = read.answers[0]
    assert (first.rank, first.margin, first.gap, first.best, first.flip) == (2, 0.75, 0.75, 6, 1)
    assert first.change == pytest.approx(1.0)
    # Every end token is the end.
    assert (end.rank, end.margin, end.flip) == (1, 0, 0)
    assert end.change == pytest.approx(0.5)


@pytest.mark.parametrize(
    "said",
    [
        None,
        [None, None],
        [None, place(t7=-1.0), place(t5=-1.0, t6=-2.0)],
        [None, place(t7=-1.0), None, None],
        [None, place(t7=-1.0), place(t6=-1.0, t8=-2.0), place(t2=-1.0, t3=-2.0)],
        [None, place(t7=-1.0), place(t5=-1.0), place(t2=-1.0, t3=-2.0)],
    ],
)
def test_what_says_too_little_is_refused(server, said):
    url, answers = server
    answers += [said, said]
    with pytest.raises(EngineError) as refused:
        _read(url)
    assert refused.value.code == "audit-failed"


def test_nobody_at_the_address_is_said():
    with pytest.raises(EngineError, match="does not answer"):
        _read("http://127.0.0.1:9")
