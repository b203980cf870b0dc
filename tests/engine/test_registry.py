"""Submissions in a real registry (Debian's docker-registry): brought by the suite, read by oras and skopeo, and the other way."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest
import requests

pytest.importorskip("oras", reason="the extra oci is not installed")

from oras.client import OrasClient

from suite.base import jsonio
from suite.cli.main import main
from suite.judge.submissions import credentials, folders
from tests.factories import submissions as factory

PROGRAM = shutil.which("docker-registry")
pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(not PROGRAM, reason="docker-registry is not installed"),
    pytest.mark.filterwarnings("default"),  # what oras warns of is its own affair
]
# "suite", "secret"
HTPASSWD = "suite:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n"


def _served(place: Path, **more: object):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{probe.getsockname()[1]}"
    place.mkdir()
    configuration = {
        "version": "0.1",
        "log": {"level": "error"},
        "storage": {"filesystem": {"rootdirectory": str(place / "data")}},
        "http": {"addr": host},
        **more,
    }
    (place / "config.yml").write_text(json.dumps(configuration))  # JSON is YAML
    with (place / "log").open("wb") as log:
        server = subprocess.Popen(
            [PROGRAM, "serve", place / "config.yml"], stdout=log, stderr=subprocess.STDOUT
        )
    try:
        end = time.monotonic() + 60
        while True:
            try:
                requests.get(f"http://{host}/v2/", timeout=5)
                break
            except requests.ConnectionError:
                assert time.monotonic() < end, (place / "log").read_text()
                time.sleep(0.1)
        yield host
    finally:
        server.kill()
        server.wait()


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory):
    yield from _served(tmp_path_factory.mktemp("registry") / "open")


@pytest.fixture(scope="module")
def closed_host(tmp_path_factory: pytest.TempPathFactory):
    place = tmp_path_factory.mktemp("closed")
    (place / "htpasswd").write_text(HTPASSWD)
    auth = {"htpasswd": {"realm": "labs", "path": str(place / "htpasswd")}}
    yield from _served(place / "registry", auth=auth)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("run")
    factory.run(place / "run")
    (place / "keys.json").write_bytes(factory.TRUST)
    return place


def suite(*words: object) -> int:
    return main([*map(str, words)])


def files(place: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(place)): path.read_bytes()
        for path in sorted(place.rglob("*"))
        if path.is_file()
    }


def test_evidence_in_a_registry(
    host: str, run: Path, tmp_path: Path, capfd: pytest.CaptureFixture
) -> None:
    tree, store, keys = tmp_path / "submissions", f"oci://{host}/labs/cards", run / "keys.json"
    assert suite("submit", run / "run", "--to", tree, "--store", store) == 0
    (folder,) = (path.parent for path in tree.rglob("scorecard.html"))
    reference = jsonio.load(folder / folders.REFERENCE_FILE)
    assert reference["urls"] == [f"{store}@{reference['digest']}"]

    # Without a word it is not judged, and what a submission says alone is not asked without encryption.
    for words in ([], ["--fetch"]):
        assert suite("check", tree, "--trust", keys, *words) == 4
        assert suite("verify", folder, "--trust", keys, *words) == 4
    assert "evidence-elsewhere" in capfd.readouterr()[0]
    assert suite("check", tree, "--trust", keys, "--store", store) == 0
    assert suite("verify", folder, "--trust", keys, "--store", store) == 0
    site = tmp_path / "site"
    assert suite("site", tree, "--trust", keys, "--out", site) == 4
    assert suite("site", tree, "--trust", keys, "--out", site, "--store", store) == 0

    # By tools of others: oras takes all of it, skopeo carries it off and back.
    capfd.readouterr()
    tags = OrasClient(insecure=True).get_tags(f"{host}/labs/cards")
    taken = OrasClient(insecure=True).pull(
        target=f"{host}/labs/cards:{tags[0]}", outdir=str(tmp_path / "oras")
    )
    names = {Path(path).name for path in taken}
    assert {"scorecard.html", "scorecard.sigstore.json", folders.REFERENCE_FILE} < names
    for name in ("scorecard.html", "scorecard.sigstore.json", folders.REFERENCE_FILE):
        assert (tmp_path / "oras" / name).read_bytes() == (folder / name).read_bytes()
    assert reference["digest"] in {
        f"sha256:{jsonio.sha256_hex(Path(path).read_bytes())}" for path in taken
    }


@pytest.mark.skipif(not shutil.which("skopeo"), reason="skopeo is not installed")
def test_a_layout_that_skopeo_carries(host: str, run: Path, tmp_path: Path) -> None:
    tree, out = tmp_path / "submissions", tmp_path / "out"
    assert suite("submit", run / "run", "--to", tree) == 0
    assert suite("store", "push", tree, "--to", f"oci-layout:{out}") == 0
    (entry,) = json.loads((out / "index.json").read_bytes())["manifests"]
    tag = entry["annotations"]["org.opencontainers.image.ref.name"]
    there = f"docker://{host}/carried:{tag}"
    copy = ["skopeo", "copy", "--all", "--preserve-digests", "--quiet"]
    subprocess.run([*copy, "--dest-tls-verify=false", f"oci:{out}:{tag}", there], check=True)
    pulled = tmp_path / "pulled"
    assert suite("store", "pull", f"oci://{host}/carried", "--to", pulled) == 0
    assert files(pulled) == files(tree)
    back = tmp_path / "back"
    subprocess.run([*copy, "--src-tls-verify=false", there, f"oci:{back}:{tag}"], check=True)
    again = tmp_path / "again"
    assert suite("store", "pull", f"oci-layout:{back}", "--to", again, "--tag", tag) == 0
    assert files(again) == files(tree)


def test_statements_refer_to_their_card(host: str, run: Path, tmp_path: Path) -> None:
    made = factory.Tree(tmp_path)
    made.add()
    made.op_review("alice", "accept", 1)
    store = f"oci://{host}/reviewed"
    assert suite("store", "push", made.tree, "--to", store) == 0
    made.op_review("bob", "comment", 2)
    assert suite("store", "push", made.tree, "--to", store) == 0
    pulled = tmp_path / "pulled"
    assert suite("store", "pull", store, "--to", pulled) == 0
    assert files(pulled) == files(made.tree)
    assert len(list(pulled.rglob("statements/*"))) == 2
    assert suite("check", pulled, "--trust", run / "keys.json", "--reviews", 1) == 0


def test_a_registry_that_wants_a_password(
    closed_host: str,
    run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture,
) -> None:
    store, tree = f"oci://{closed_host}/labs/cards", tmp_path / "submissions"
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    credentials.basic.cache_clear()
    assert suite("submit", run / "run", "--to", tree, "--store", store) == 3
    assert suite("store", "pull", store, "--to", tmp_path / "pulled") == 4
    errors = capfd.readouterr()[1]
    assert "registry-refused" in errors
    assert errors.count("it wants a user and a password, and none is kept for it") == 2
    assert not list(tree.rglob("*.html"))
    configuration = tmp_path / "home" / ".docker" / "config.json"
    configuration.parent.mkdir(parents=True)
    word = base64.b64encode(b"suite:secret").decode()
    configuration.write_text(json.dumps({"auths": {closed_host: {"auth": word}}}))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    credentials.basic.cache_clear()
    assert suite("submit", run / "run", "--to", tree, "--store", store) == 0
    credentials.basic.cache_clear()


def test_nothing_answers(run: Path, tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        store = f"oci://127.0.0.1:{probe.getsockname()[1]}/labs/cards"
    assert suite("submit", run / "run", "--to", tmp_path / "tree", "--store", store) == 3
    assert suite("store", "pull", store, "--to", tmp_path / "tree") == 4
    errors = capfd.readouterr()[1]
    assert "registry-refused" in errors
    assert "once it answers" in errors
    assert "docker login" not in errors
    assert "evidence-unreachable" in errors
