"""Models from the Hugging Face hub's mirrors and from ModelScope: real clients against a server of this machine."""

import functools
import hashlib
import http.server
import json
import subprocess
import sys
import threading
from urllib.parse import parse_qs, urlsplit

import pytest

from suite.base.errors import DataError
from suite.measure.fetch import model as modelsource

COMMIT = "89abcdef0123456789abcdef0123456789abcdef"
FILES = {
    "config.json": b'{"architectures": ["LlamaForCausalLM"]}',
    "model.safetensors": b"\x02\0\0\0\0\0\0\0{}",
    "nested/tokenizer.json": b"{}",
    "README.md": b"not wanted",
}


class Hub(http.server.BaseHTTPRequestHandler):
    """Both hubs' interfaces over the same files."""

    protocol_version = "HTTP/1.1"

    def __init__(self, server, *words):
        self.hub = server
        super().__init__(*words)

    def do_HEAD(self):
        self.answer()

    def do_GET(self):
        self.answer()

    def answer(self):
        path, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
        self.hub.asked.append(self.path)
        if path == "/api/v1/models/owner/name/repo/files":
            files = {"Files": self.hub.listing}
            data = (
                {"Data": files} if files["Files"] else {"Data": None, "Message": "record not found"}
            )
            self.send(json.dumps(data).encode())
        elif path == "/api/v1/models/owner/name/repo":
            self.send(FILES[query["FilePath"][0]])
        elif path in (
            "/api/models/owner/name/revision/main",
            f"/api/models/owner/name/revision/{COMMIT}",
        ):
            rows = [{"rfilename": name} for name in FILES]
            self.send(json.dumps({"id": "owner/name", "sha": COMMIT, "siblings": rows}).encode())
        elif path == f"/api/models/owner/name/tree/{COMMIT}":
            tree = [
                {
                    "type": "file",
                    "path": name,
                    "size": len(data),
                    "oid": hashlib.sha1(data).hexdigest(),
                }
                for name, data in FILES.items()
            ]
            self.send(json.dumps(tree).encode())
        elif path.startswith("/owner/name/resolve/"):
            self.send(FILES[path.split("/", 5)[5]])
        else:
            self.send(b"{}", 404)

    def send(self, data, status=200):
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("ETag", f'"{hashlib.sha1(data).hexdigest()}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data)

    def log_message(self, *_):
        pass


class Hubs:
    """What the server lists, and what it was asked."""

    def __init__(self):
        self.asked = []
        self.listing = [{"Path": "nested", "Type": "tree", "Size": 0, "Sha256": ""}] + [
            {
                "Path": path,
                "Type": "blob",
                "Size": len(data),
                "Sha256": hashlib.sha256(data).hexdigest(),
            }
            for path, data in FILES.items()
        ]


@pytest.fixture
def hub(tmp_path, monkeypatch):
    hubs = Hubs()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Hub, hubs))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hubs.address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("MODELSCOPE_ENDPOINT", hubs.address)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    yield hubs
    server.shutdown()
    server.server_close()


def files(directory):
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }


WANTED = {path: data for path, data in FILES.items() if path != "README.md"}


def test_a_model_of_modelscope_is_fetched_once(hub):
    source = modelsource.find("modelscope:owner/name")
    assert (source.id, source.revision) == ("modelscope:owner/name", None)
    assert files(source.directory) == WANTED
    assert all("Revision=master" in path for path in hub.asked)
    asked = len(hub.asked)
    assert modelsource.find("modelscope:owner/name") == source
    assert len(hub.asked) == asked


def test_a_model_whose_weights_are_still_to_come_is_asked_for_again(hub):
    whole, hub.listing = hub.listing, [r for r in hub.listing if "safetensors" not in r["Path"]]
    assert "model.safetensors" not in files(modelsource.find("modelscope:owner/name").directory)
    hub.listing = whole
    assert files(modelsource.find("modelscope:owner/name").directory) == WANTED


def test_a_commit_of_modelscope_pins_the_model(hub):
    source = modelsource.find(f"modelscope:owner/name@{COMMIT}")
    assert source.revision == COMMIT
    assert all(f"Revision={COMMIT}" in path for path in hub.asked)
    assert modelsource.find("modelscope:owner/name@v1.0").revision is None


def test_a_file_with_another_digest_than_listed_is_not_kept(hub):
    hub.listing[2]["Sha256"] = "0" * 64
    with pytest.raises(DataError) as caught:
        modelsource.find("modelscope:owner/name")
    assert caught.value.code == "download-wrong-digest"
    hub.listing[2]["Sha256"] = hashlib.sha256(FILES["model.safetensors"]).hexdigest()
    assert files(modelsource.find("modelscope:owner/name").directory) == WANTED


@pytest.mark.parametrize(
    "path", ["../config.json", "/etc/config.json", "a/../../config.json", "a\0.json"]
)
def test_a_listing_that_leads_out_of_the_directory_is_refused(hub, path):
    hub.listing.append({"Path": path, "Type": "blob", "Size": 1, "Sha256": ""})
    with pytest.raises(DataError, match="leads out of it") as caught:
        modelsource.find("modelscope:owner/name")
    assert caught.value.code == "model-unavailable"


def test_what_modelscope_does_not_have_is_refused(hub):
    with pytest.raises(DataError) as caught:
        modelsource.find("modelscope:owner/other")
    assert caught.value.code == "model-unavailable"


def test_what_modelscope_says_instead_of_a_listing_is_told(hub):
    """As it answers for a model that is private or was removed: status 200, and no data."""
    hub.listing = None
    with pytest.raises(DataError, match="record not found"):
        modelsource.find("modelscope:owner/name")


def test_models_whose_names_join_alike_have_two_directories(hub, tmp_path):
    """What is there whole is not asked for again: another model's files would be served under this name."""
    hub.listing = hub.listing[:2]
    made = modelsource.find("modelscope:owner/name@x--y").directory
    assert made.name == "owner%2Fname@x--y"
    assert modelsource.find("modelscope:owner/name@x/y").directory != made


def test_a_revision_is_no_path(hub, tmp_path):
    directory = modelsource.find("modelscope:owner/name@../../x").directory
    assert directory.parent == tmp_path / "cache" / "llm-conformance" / "modelscope"


def test_a_listing_that_is_no_listing_is_refused(hub):
    hub.listing = "none"
    with pytest.raises(DataError, match="does not give owner/name at master"):
        modelsource.find("modelscope:owner/name")


def test_a_mirror_of_the_hugging_face_hub_is_asked(hub, tmp_path):
    script = (
        "from suite.measure.fetch.model import find; s = find('owner/name');"
        "print(s.id, s.revision, s.directory)"
    )
    environment = {
        "HF_ENDPOINT": hub.address,
        "HF_HOME": str(tmp_path / "hf"),
        "HF_HUB_DISABLE_XET": "1",
        "HOME": str(tmp_path),
        "PATH": "",
    }
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    name, revision, directory = done.stdout.split()[-3:]
    assert (name, revision) == ("owner/name", COMMIT)
    held = {path.name for path in (tmp_path / "hf").rglob("snapshots/*/*")}
    assert held == {"config.json", "model.safetensors", "nested"}
    assert directory.endswith(COMMIT)


def test_a_mirror_that_is_no_address_is_named(tmp_path):
    script = "from suite.measure.fetch.model import find; find('owner/name')"
    environment = {"HF_ENDPOINT": "mirror.example", "HF_HOME": str(tmp_path), "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False
    )
    assert "DataError: HF_ENDPOINT is no address: 'mirror.example'" in done.stderr
