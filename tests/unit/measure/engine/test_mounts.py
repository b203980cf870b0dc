"""A model of the Hugging Face cache, whose files are links to blobs beside it."""

import pytest

from suite.base.errors import SetupError
from suite.documents.engine import Mount
from suite.measure.engine.container.mounts import bound


@pytest.fixture
def snapshot(tmp_path):
    repository = tmp_path / "models--o--m"
    folder = repository / "snapshots" / "abc"
    (folder / "sub").mkdir(parents=True)
    (repository / "blobs").mkdir()
    for name, up in (("config.json", "../.."), ("sub/model.safetensors", "../../..")):
        (repository / "blobs" / name.rpartition("/")[2]).write_text(name)
        (folder / name).symlink_to(f"{up}/blobs/{name.rpartition('/')[2]}")
    (folder / "plain.txt").write_text("x")
    return folder


def test_links_that_lead_out_are_mounted_as_what_they_lead_to(snapshot):
    mounts = bound(Mount(source=str(snapshot), target="/model", read_only=True))
    blobs = snapshot.parents[1] / "blobs"
    assert {mount.target: mount.source for mount in mounts} == {
        "/model/config.json": str(blobs / "config.json"),
        "/model/plain.txt": str(snapshot / "plain.txt"),
        "/model/sub/model.safetensors": str(blobs / "model.safetensors"),
    }
    assert all(mount.read_only for mount in mounts)


def test_a_plain_directory_and_links_within_it_stay_one_mount(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "a").write_text("x")
    (folder / "b").symlink_to("a")
    (tmp_path / "link").symlink_to(folder)
    (mount,) = bound(Mount(source=str(tmp_path / "link"), target="/model", read_only=True))
    assert mount.source == str(folder)


def test_a_link_to_nothing_is_refused(snapshot):
    (snapshot.parents[1] / "blobs" / "config.json").unlink()
    with pytest.raises(SetupError) as caught:
        bound(Mount(source=str(snapshot), target="/model", read_only=True))
    assert caught.value.code == "mount-missing"
    assert "config.json is a link to ../../blobs/config.json" in caught.value.message
