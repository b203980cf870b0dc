"""`suite export --hub` against a local server that speaks the part of the Hub's API that its own client uses."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from suite.base.errors import SetupError
from suite.cli.uploading import upload

ROOT = Path(__file__).resolve().parents[3]
GOLDEN = ROOT / "tests/cases/releases/0.2.0"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub(ThreadingHTTPServer):
    """Keeps what was committed to it, and who asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.made: list[dict] = []
        self.tokens: set[str | None] = set()
        self.refuses = False
        self.mode = "regular"
        self.answers_otherwise = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Hub

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.tokens.add(self.headers.get("Authorization"))
        if self.server.refuses:
            self._answer(403, {"error": "You don't have the rights to create a dataset"})
        elif self.server.answers_otherwise:
            self._answer(200, {"login": "first"})
        elif self.path == "/api/repos/create":
            self.server.made.append(json.loads(body))
            self._answer(200, {"url": f"{self.server.url}/datasets/acme/runs", "id": "acme/runs"})
        elif self.path == "/api/datasets/acme/runs/preupload/main":
            files = json.loads(body)["files"]
            mode = {"uploadMode": self.server.mode, "shouldIgnore": False}
            kept = [{"path": item["path"], **mode} for item in files]
            self._answer(200, {"files": kept})
        elif self.path == "/api/datasets/acme/runs/commit/main":
            for line in map(json.loads, body.splitlines()):
                if line["key"] == "file":
                    value = line["value"]
                    self.server.files[value["path"]] = base64.b64decode(value["content"])
            url = f"{self.server.url}/datasets/acme/runs/commit/{COMMIT}"
            self._answer(200, {"commitUrl": url, "commitOid": COMMIT})
        else:
            self._answer(404, {"error": self.path})

    def _answer(self, status: int, content: dict) -> None:
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def hub():
    server = Hub()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def export(place: Path, endpoint: str, *words: str) -> subprocess.CompletedProcess[str]:
    """A process of its own: the Hub's client reads its settings when it is imported."""
    settings = {
        "HF_ENDPOINT": endpoint,
        "HF_TOKEN": "hf_secret",
        "HF_HOME": str(place / "home"),
        "HOME": str(place),
        "PATH": "/usr/bin:/bin",
    }
    run = GOLDEN / "submissions/cpu/no-round/vllm-cpu"
    trust = ["--trust", str(GOLDEN / "keys.json")]
    return subprocess.run(
        [sys.executable, "-m", "suite", "export", str(run), *trust, *words, "--hub", "acme/runs"],
        cwd=ROOT,
        env=settings,
        capture_output=True,
        text=True,
        check=False,
    )


def test_files_arrive_in_one_commit(hub: Hub, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = export(tmp_path, hub.url, "--out", str(out), "--hub-path", "2026/vllm")
    assert done.returncode == 0, done.stderr
    written = {f"2026/vllm/{path.name}": path.read_bytes() for path in out.iterdir()}
    assert len(written) > 1
    assert hub.files == written
    assert done.stdout.splitlines()[-1] == f"{hub.url}/datasets/acme/runs/commit/{COMMIT}"
    assert [(made["organization"], made["name"], made["type"]) for made in hub.made] == [
        ("acme", "runs", "dataset")
    ]
    assert hub.tokens == {"Bearer hf_secret"}
    assert "hf_secret" not in done.stdout + done.stderr


def test_a_hub_that_refuses_or_is_not_there(hub: Hub, tmp_path: Path) -> None:
    hub.refuses = True
    out = tmp_path / "card.csv"
    done = export(tmp_path, hub.url, "--format", "csv", "--out", str(out))
    assert done.returncode == 3
    assert "hub-refused" in done.stderr
    assert "Traceback" not in done.stderr
    assert out.is_file()
    hub.shutdown()
    hub.server_close()
    done = export(tmp_path, hub.url, "--format", "csv", "--out", str(out))
    assert done.returncode == 3
    assert "hub-refused" in done.stderr


@pytest.mark.parametrize("what", ["folder", "large file", "another server"])
def test_what_is_refused_is_said(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """A folder outside the repository; a large file's store that is not there; something else than a Hub."""
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    hub.mode = "lfs" if what == "large file" else "regular"
    hub.answers_otherwise = what == "another server"
    file = tmp_path / "card.csv"
    file.write_text("a,b\n")
    with pytest.raises(SetupError) as refused:
        upload([file], "acme/runs", "../x" if what == "folder" else "")
    assert refused.value.code == "hub-refused"
    assert ("does not answer as a Hub" in refused.value.message) == hub.answers_otherwise
    assert hub.files == {}
