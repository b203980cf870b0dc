"""The reviewers' lists of images and releases."""

import json

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from suite.base import harness
from suite.base.errors import TrustError, UsageError
from suite.cli import releases
from suite.declare import known
from suite.declare.vendor.load import load_vendor
from suite.documents.codec import plain
from suite.documents.known import KnownImage
from suite.documents.plan import SuiteVersion
from suite.measure.engine.container import pin

IMAGE = KnownImage(
    reference="acme/engine:1",
    digest="sha256:" + "1" * 64,
    architecture="linux/amd64",
    date="2026-01-31",
    source="its registry",
)


def test_the_shipped_lists_are_in_order():
    assert known.known_images() == frozenset()
    this = SuiteVersion(version="0.0.0", commit="unknown", files_sha256=harness.files_sha256())
    assert known.release_of(this) is None
    assert known.release_of(replace(this, files_sha256="1" * 64)) is None
    assert known.release_of(replace(this, files_sha256=UNSET)) is None


def test_a_listed_release_is_known_by_version_and_files(tmp_path, monkeypatch):
    path = tmp_path / "releases.json"
    release = plain(releases.release("2026-01-31")) | {"version": "0.2.0", "files_sha256": "1" * 64}
    path.write_text(json.dumps({"releases_schema": 1, "releases": [release]}))
    monkeypatch.setattr(known, "RELEASES", path)
    suite = SuiteVersion(version="0.2.0", commit="unknown", files_sha256="1" * 64)
    listed = known.release_of(suite)
    assert listed is not None
    assert listed.rules == tuple(release["rules"])
    assert known.release_of(replace(suite, version="0.2.1")) is None


def test_images_are_entered_once(tmp_path):
    path = tmp_path / "images.json"
    assert known.add_images(path, [IMAGE]) == 1
    assert known.add_images(path, [IMAGE]) == 1
    assert json.loads(path.read_text())["images"][0]["digest"] == IMAGE.digest
    path.write_text('{"images_schema": 2, "images": []}')
    with pytest.raises(TrustError):
        known.add_images(path, [IMAGE])
    with pytest.raises(UsageError) as caught:
        known.add_images(tmp_path / "none" / "images.json", [IMAGE])
    assert caught.value.code == "file-unwritable"


def test_a_pin_is_entered_for_each_declared_architecture():
    engines = load_vendor("nvidia").doc.engines
    image = next(
        i for e in engines for i in e.images if i.source == "registry" and i.reference != "unknown"
    )
    rows = [
        ("vllm", image.reference, IMAGE.digest, "its registry"),
        ("x", image.reference, "", "why not"),
    ]
    entered = pin.known(engines, rows)
    assert [item.architecture for item in entered] == list(image.architectures)
    assert {item.digest for item in entered} == {IMAGE.digest}
