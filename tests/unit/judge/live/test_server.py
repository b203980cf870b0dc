"""What the server gives out, and what it does not."""

import json
import re
import socket
import struct
import threading
import urllib.error
import urllib.request

import pytest

from suite.base.errors import EngineError
from suite.judge.live.server import Runs, Server
from suite.judge.report.templating import pair
from tests.factories import evidence

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    runs = tmp_path_factory.mktemp("runs")
    parts = evidence.document()
    parts["telemetry"] = [{"t": 10**9, "tool": "smi", "device": "npu 0", "power_w": 300.5}]
    run = evidence.write(runs / "run", parts)
    (run / "scorecard.html").write_text("<title>the card</title>")
    (run / "signer.key").write_text("secret")
    evidence.write(runs / HOSTILE.replace("/", ""))
    (runs / "no run").mkdir()
    with Server(Runs([runs]), 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def ask(served, path, host=None, method="GET"):
    request = urllib.request.Request(served.address + path, method=method)
    if host:
        request.add_header("Host", host)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read(), refused.headers


def test_runs_are_listed_and_a_name_does_no_harm(served):
    status, page, headers = ask(served, "")
    assert status == 200
    assert b'<a href="/runs/run/">run</a>' in page
    assert b"no run" not in page
    assert HOSTILE.encode() not in page
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "connect-src 'self'" in headers["Content-Security-Policy"]


def test_a_state_is_json(served):
    _, state, headers = ask(served, "runs/run/state.json")
    assert json.loads(state)["ended"] == "complete"
    assert headers["Content-Type"] == "application/json"
    assert {item["run"] for item in json.loads(ask(served, "state.json")[1])} >= {"run"}


def test_a_page_and_a_card(served):
    assert b"<h1>run</h1>" in ask(served, "runs/run/")[1]
    assert ask(served, "runs/run/scorecard.html")[1] == b"<title>the card</title>"
    assert (
        ask(served, "runs/run")[1].count(b"<h1>run</h1>") == 1
    )  # by way of the address with its slash


def test_without_a_script_a_page_shows_how_it_stands(served):
    state = json.loads(ask(served, "runs/run/state.json")[1])
    page = ask(served, "runs/run/")[1].decode()
    rows = re.findall(r'<tr data-state="(\w+)">.*?<td class="num">(\d+ / \d+)</td>', page)
    assert rows == [
        (phase["state"], f"{phase['ended']} / {phase['planned']}") for phase in state["phases"]
    ]
    assert any(ended.partition(" ")[0] != "0" for _, ended in rows)
    devices = page.partition("<noscript>")[2].partition("</noscript>")[0]
    assert re.findall(r"<li>.*</li>", devices) == [
        f"<li>npu 0 · {pair('Power, W', '功率，W')}: 300.5</li>"
    ]


def test_head_has_no_body(served):
    assert ask(served, "runs/run/", method="HEAD")[:2] == (200, b"")


@pytest.mark.parametrize(
    "path",
    [
        "runs/run/signer.key",
        "runs/run/events.jsonl",
        "runs/none/",
        "runs/..%2f..%2fetc/",
        "runs/run/..%2fscorecard.html",
        "runs/run/scorecard.json",
        "elsewhere",
        "runs/%00/",
        "/[",
    ],
)
def test_nothing_else_is_given_out(served, path):
    assert ask(served, path)[0] == 404


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8890", "127.0.0.1.evil.example", "["]
)
def test_only_its_own_name_is_answered(served, host):
    assert ask(served, "", host=host)[0] == 421


def test_a_port_that_is_taken_is_named(served):
    with pytest.raises(EngineError) as refused:
        Server(Runs([]), served.server_address[1])
    assert refused.value.code == "address-taken"


def test_a_browser_that_goes_away_leaves_no_traceback(served, capfd):
    for _ in range(5):
        with socket.create_connection(served.server_address) as browser:
            browser.sendall(b"GET /runs/run/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
            # Closed with data unread: the answer meets a reset.
            browser.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert ask(served, "runs/run/state.json")[0] == 200
    assert "Traceback" not in capfd.readouterr().err
