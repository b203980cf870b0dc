"""Bundles for closed networks: what is packed comes back byte for byte, and what was changed is refused."""

import dataclasses
import io
import json
import os
import platform
import signal
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from suite.base import jsonio
from suite.base.errors import DataError, UsageError
from suite.cli import bundling
from suite.cli.main import main
from suite.cli.options import Choices
from suite.measure import offline
from suite.measure.digests import DigestStore
from suite.measure.engine.container import archive as images
from suite.measure.engine.environment import STAMP, fetch_wheels, requirements_digest
from suite.measure.engine.served import Brought, Settings
from tests.factories import runs

LONG = "wheels/" + "very_" * 30 + "long.whl"


def manifest(files, **changes):
    from msgspec.structs import replace

    from suite.documents.offline import OfflineBundle
    from suite.documents.plan import SuiteVersion

    made = OfflineBundle(
        bundle_schema=1,
        suite=SuiteVersion(version="0", commit="unknown", files_sha256="0" * 64),
        made_utc="2026-01-01T00:00:00Z",
        machine=platform.machine(),
        vendor="cpu",
        engine="vllm",
        accelerator=None,
        runtime="process",
        files=tuple(files),
    )
    return replace(made, **changes)


def packed(path, members, **changes):
    with offline.writing(path) as stream:
        archive = offline.Archive(stream, lambda *_: None)
        for name, data in members.items():
            archive.add(name, [data[:7], data[7:]])
        archive.finish(manifest(archive.files, **changes))
    return path


MEMBERS = {"data/a.jsonl": b"one\n" * 999, "model/m/config.json": b"{}", LONG: bytes(513)}


def opened(bundle, tmp_path):
    cache = tmp_path / "cache"
    return offline.opened(bundle, cache, store=DigestStore(cache), on_bytes=lambda *_: None)


def test_what_is_packed_comes_back_and_any_tar_reads_it(tmp_path):
    bundle = packed(tmp_path / "b.tar", MEMBERS)
    made, folder, digest = opened(bundle, tmp_path)
    assert {file.path: (folder / file.path).read_bytes() for file in made.files} == MEMBERS
    assert digest == jsonio.sha256_hex((folder / offline.MANIFEST).read_bytes())
    by_hand = tmp_path / "by hand"
    by_hand.mkdir()
    subprocess.run(["tar", "-xf", bundle, "-C", by_hand], check=True)
    assert opened(by_hand, tmp_path)[2] == digest
    assert opened(bundle, tmp_path)[1] == folder, "what was unpacked before is used again"


@pytest.mark.parametrize("offset", [600, 5_121, 6_200, 7_300])
def test_a_changed_byte_is_refused_and_nothing_of_it_stays(tmp_path, offset):
    bundle = packed(tmp_path / "b.tar", MEMBERS)
    data = bytearray(bundle.read_bytes())
    data[offset] ^= 1
    bundle.write_bytes(data)
    with pytest.raises(DataError) as refused:
        opened(bundle, tmp_path)
    assert refused.value.code in ("offline-changed", "offline-form")
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["lock"]
    whole = packed(tmp_path / "whole.tar", MEMBERS)
    opened(whole, tmp_path)
    with pytest.raises(DataError):
        opened(bundle, tmp_path)  # also where the good one was unpacked before


@pytest.mark.parametrize("keep", [0, 511, 5_000, -20_000, -1_600])
def test_a_cut_bundle_is_refused(tmp_path, keep):
    bundle = packed(tmp_path / "b.tar", MEMBERS | {"data/more": bytes(30_000)})
    bundle.write_bytes(bundle.read_bytes()[:keep])
    with pytest.raises(DataError) as refused:
        opened(bundle, tmp_path)
    assert refused.value.code in ("offline-changed", "offline-form")


def test_a_file_too_many_a_link_and_a_way_out_are_refused(tmp_path):
    for number, (name, kind) in enumerate(
        (("model/extra.py", tarfile.REGTYPE), ("data/link", tarfile.SYMTYPE), ("../out", b"0"))
    ):
        bundle = packed(tmp_path / f"{number}.tar", MEMBERS)
        with tarfile.open(bundle, "a") as tar:
            member = tarfile.TarInfo(name)
            member.type, member.linkname, member.size = kind, "/etc/passwd", 0
            tar.addfile(member, io.BytesIO())
        with pytest.raises(DataError) as refused:
            opened(bundle, tmp_path)
        assert refused.value.code == "offline-changed"
        assert not (tmp_path / "out").exists()


def test_an_unpacked_folder_is_read_again_each_time(tmp_path):
    _, folder, _ = opened(packed(tmp_path / "b.tar", MEMBERS), tmp_path)
    file = folder / "data" / "a.jsonl"
    times = file.stat().st_atime_ns, file.stat().st_mtime_ns
    file.write_bytes(b"two\n" * 999)
    os.utime(file, ns=times)
    with pytest.raises(DataError) as refused:
        opened(folder, tmp_path)
    assert refused.value.code == "offline-changed"
    (folder / "data" / "a.jsonl").unlink()
    (folder / "data" / "a.jsonl").symlink_to("/etc/passwd")
    with pytest.raises(DataError):
        opened(folder, tmp_path)


def test_packing_that_is_killed_leaves_nothing_that_looks_finished(tmp_path):
    code = (
        "import signal, sys, time\nfrom pathlib import Path\nfrom suite.measure import offline\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # ignored where the tests run in the background
        "with offline.writing(Path(sys.argv[1])) as stream:\n"
        "    archive = offline.Archive(stream, lambda *_: None)\n"
        "    archive.add('data/a', [bytes(99)])\n"
        "    stream.flush()\n"
        "    print('half', flush=True)\n    time.sleep(60)\n"
    )
    target = tmp_path / "b.tar"
    for number in (signal.SIGKILL, signal.SIGINT):
        with subprocess.Popen(
            [sys.executable, "-c", code, target], stdout=subprocess.PIPE, cwd=runs.ROOT,
            stderr=subprocess.DEVNULL,
        ) as process:  # fmt: skip
            assert process.stdout.readline() == b"half\n"
            process.send_signal(number)
        assert not target.exists()
    (left,) = tmp_path.iterdir()  # of the killed one; Ctrl-C takes its own away
    with pytest.raises(DataError) as refused:
        opened(left, tmp_path)
    assert refused.value.code == "offline-form"
    packed(target, MEMBERS)
    with pytest.raises(DataError) as refused:
        packed(target, MEMBERS)
    assert refused.value.code == "file-exists"


# what a command line makes of it -------------------------------------------------------------------------


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SUITE_CACHE", str(tmp_path / "cache"))


@pytest.mark.usefixtures("cache")
def test_a_run_takes_vendor_engine_model_and_data_from_it(tmp_path):
    from suite.documents.offline import PackedModel

    model = PackedModel(directory="model/m", id="owner/m", revision="a" * 40)
    bundle = packed(tmp_path / "b.tar", MEMBERS, model=model, data="data/a.jsonl")
    taken, brought = bundling.taken(Choices(bundle=bundle), None)
    assert (taken.vendor, taken.engine, taken.runtime) == ("cpu", "vllm", "process")
    assert taken.model_id == "owner/m@" + "a" * 40
    assert taken.model.endswith("model/m")
    assert taken.data.read_bytes() == MEMBERS["data/a.jsonl"]
    assert brought.archive is None
    own = bundling.taken(Choices(bundle=bundle, data=tmp_path), None)[0]
    assert own.data == tmp_path, "a task file of one's own goes before the bundle's"


def test_a_model_that_no_run_could_take_is_not_packed(tmp_path, capsys):
    (tmp_path / "model").mkdir()
    out = tmp_path / "b.tar"
    words = ("vendors", "bundle", "cpu", "--model", tmp_path / "model", "--out", out)
    assert main([*map(str, words)]) == 2
    assert "error[model-no-config]" in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize(
    "change",
    [
        {"vendor": "nvidia"},
        {"engine": "transformers"},
        {"runtime": "container"},
        {"url": "http://127.0.0.1:1"},
        {"image": "another"},
    ],
)
def test_what_the_bundle_is_not_for_is_refused(tmp_path, change):
    bundle = packed(tmp_path / "b.tar", MEMBERS)
    with pytest.raises(UsageError) as refused:
        bundling.taken(dataclasses.replace(Choices(bundle=bundle), **change), None)
    assert refused.value.code == "offline-unfit"


@pytest.mark.usefixtures("cache")
def test_another_architecture_is_refused(tmp_path):
    bundle = packed(tmp_path / "b.tar", MEMBERS, machine="pdp11")
    with pytest.raises(UsageError, match="pdp11"):
        bundling.taken(Choices(bundle=bundle), None)


def test_wheels_of_other_requirements_are_refused(tmp_path):
    recipe = runs.ROOT / "images" / "cpu-llamacpp"
    settings = Settings(
        cache=tmp_path, bundle=Brought(sha256="0", archive=None, images={}, wheels=tmp_path)
    )
    with pytest.raises(UsageError) as refused:
        fetch_wheels(recipe, lambda *_, **__: None, settings=settings)
    assert refused.value.code == "offline-unfit"
    (tmp_path / STAMP).write_text(requirements_digest(recipe))
    assert fetch_wheels(recipe, lambda *_, **__: None, settings=settings) == tmp_path


# the image's archive -------------------------------------------------------------------------------------

CONFIG = b'{"architecture": "amd64"}'
ID = f"sha256:{jsonio.sha256_hex(CONFIG)}"


def saved(path, tags, config=CONFIG):
    name = f"{ID.removeprefix('sha256:')}.json"
    table = jsonio.canonical([{"Config": name, "RepoTags": tags, "Layers": []}])
    with tarfile.open(path, "w") as tar:
        for member, data in ((name, config), ("manifest.json", table)):
            info = tarfile.TarInfo(member)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def oci(path, tags, *, wrapped=False):
    """An archive of an engine that knows images by their manifests."""
    digest = ID.removeprefix("sha256:")
    manifest = jsonio.canonical({"config": {"digest": ID}, "layers": []})
    blobs = {digest: CONFIG, jsonio.sha256_hex(manifest): manifest}
    top = jsonio.sha256_hex(manifest)
    if wrapped:
        rows = [{"digest": f"sha256:{top}"}, {"digest": f"sha256:{'0' * 64}"}]
        listed = jsonio.canonical({"manifests": rows})
        top = jsonio.sha256_hex(listed)
        blobs[top] = listed
    members = {f"blobs/sha256/{name}": data for name, data in blobs.items()}
    members["index.json"] = jsonio.canonical({"manifests": [{"digest": f"sha256:{top}"}]})
    config = f"blobs/sha256/{digest}"
    members["manifest.json"] = jsonio.canonical([{"Config": config, "RepoTags": tags}])
    with tarfile.open(path, "w:gz") as tar:
        for member, data in members.items():
            info = tarfile.TarInfo(member)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path, f"sha256:{top}"


@pytest.mark.parametrize("wrapped", [False, True])
def test_an_image_is_known_by_its_manifest_as_by_its_configuration(tmp_path, wrapped):
    path, manifest = oci(tmp_path / "i.tar.gz", ["engine:1"], wrapped=wrapped)
    for identity in (ID, manifest):
        same = images.require(path, {"engine:1": identity})["engine:1"]
        assert {ID, manifest} <= same


def test_the_image_of_an_archive_is_planned_and_one_of_several_must_be_named(tmp_path, capsys):
    def planned(path, *words):
        status = main(["plan", "--image-archive", *map(str, (path, *words))])
        return status, *capsys.readouterr()

    alone, _ = oci(tmp_path / "one.tar.gz", ["engine:1"])
    two = saved(tmp_path / "two.tar", ["engine:1", "engine:2"])
    plan = json.loads(planned(alone, "--json")[1])
    image = plan["engine"]["image"]
    assert (image["reference"], image["source"]) == ("engine:1", "registry")
    assert plan["runtime"] == "container"
    assert planned(two)[0] == 0  # two names of one image
    for words, says in (
        (("--image", "other:1"), "image-archive-unfit"),
        (("--runtime", "process"), "image-archive-unfit"),
        (("--url", "http://127.0.0.1:1/v1"), "image-archive-unfit"),
        (("--bundle", tmp_path), "offline-"),
    ):
        status, _, error = planned(alone, *words)
        assert status == 2, error
        assert says in error
    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes(alone.read_bytes()[:150])
    for file in (cut, tmp_path, tmp_path / "absent.tar", Path(__file__)):
        status, _, error = planned(file)
        assert "image-archive-form" in error, error
        assert status > 1


@pytest.mark.parametrize(
    ("tags", "config", "says"),
    [
        (["engine:1"], CONFIG, ""),
        (["engine:1", "ubuntu:latest"], CONFIG, "would name an image ubuntu:latest"),
        (["engine:1"], CONFIG + b" ", "does not hold the image"),
    ],
)
def test_an_archive_of_other_images_or_names_is_not_loaded(tmp_path, tags, config, says):
    path = saved(tmp_path / "i.tar", tags, config)
    if not says:
        images.require(path, {"engine:1": ID})
        return
    with pytest.raises(DataError, match=says) as refused:
        images.require(path, {"engine:1": ID})
    assert refused.value.code == "offline-changed"
