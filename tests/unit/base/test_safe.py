"""The one way to open and to replace files beside somebody else's: nothing hangs, no link leads anywhere."""

import errno
import os
import socket
from pathlib import Path

import pytest

from suite.base.errors import DataError, DeclarationError, TrustError, UsageError
from suite.base.safe import NOT_PLAIN, open_plain, read_plain, replace_file
from suite.declare.model import configuration, safetensors
from suite.declare.profiles import load as profiles
from suite.declare.vendor.load import load_vendor
from suite.judge.attest import keyfiles, trust
from tests.factories import runs

KINDS = ("pipe", "socket", "directory", "device", "loop")


def special(path, kind):
    """Something that is no regular file, at that place."""
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "socket":
            place = os.open(path.parent, os.O_RDONLY)
            with socket.socket(socket.AF_UNIX) as made:
                made.bind(f"/proc/self/fd/{place}/{path.name}")
            os.close(place)
        case "directory":
            path.mkdir()
        case "device":
            path.symlink_to("/dev/zero")
        case "loop":
            path.symlink_to(path.name)
    return path


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("below", [False, True])
def test_only_regular_files_are_opened_and_none_is_waited_for(tmp_path, kind, below):
    path = special(tmp_path / "file", kind)
    with pytest.raises(OSError, match=NOT_PLAIN):
        read_plain(path, 100, below=tmp_path if below else None)


def test_no_link_is_followed_below_the_folder_in_any_component(tmp_path):
    outside, given = tmp_path / "outside", tmp_path / "given"
    (outside / "inner").mkdir(parents=True)
    (outside / "inner" / "file").write_bytes(b"secret")
    (given / "real" / "inner").mkdir(parents=True)
    (given / "real" / "inner" / "file").write_bytes(b"mine")
    (given / "folder").symlink_to(outside)
    (given / "real" / "link").symlink_to(outside / "inner" / "file")
    (tmp_path / "name").symlink_to(given)
    whole = tmp_path / "name"  # the folder itself is the caller's own word
    assert read_plain(whole / "real/inner/file", 9, below=whole) == b"mine"
    for path in ("folder/inner/file", "real/link"):
        with pytest.raises(OSError, match=NOT_PLAIN):
            read_plain(given / path, 9, below=given)
    for path in (given / "../outside/inner/file", outside / "inner/file", given):
        with pytest.raises(OSError, match="not below"):
            read_plain(path, 9, below=given)
    assert read_plain(given / "real" / "link", 9, below=None) == b"secret"


def test_a_file_beyond_the_limit_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "large"
    path.write_bytes(b"12345")
    assert read_plain(path, 5, below=tmp_path) == b"12345"
    assert read_plain(path, 9, below=tmp_path, size=5) == b"12345"
    with pytest.raises(OSError, match="5 bytes, more than 4") as caught:
        read_plain(path, 4, below=tmp_path)
    assert caught.value.errno == errno.EFBIG
    with pytest.raises(OSError, match="5 bytes, not 6"):
        read_plain(path, 9, below=tmp_path, size=6)
    with pytest.raises(FileNotFoundError):
        open_plain(tmp_path / "absent", below=None)


READERS = {
    "trust list": (trust.load, TrustError),
    "public key": (keyfiles.load_public, UsageError),
    "private key": (keyfiles.load_private, UsageError),
    "vendor": (lambda path: load_vendor(str(path.parent)), DeclarationError),
    "profile": (lambda path: profiles.load_profile(str(path)), DeclarationError),
    "model": (lambda path: configuration.read_text(path.parent), DataError),
    "weights": (safetensors.read_header, DataError),
}
NAMES = {"vendor": "vendor.yaml", "profile": "p.yaml", "model": "config.json"}


@pytest.mark.parametrize("what", READERS)
def test_every_reader_refuses_a_pipe_and_a_sparse_terabyte_unread(tmp_path, what):
    read, error = READERS[what]
    path = tmp_path / NAMES.get(what, "file")
    before = runs.bytes_read()
    for kind in ("sparse", "pipe"):
        path.unlink(missing_ok=True)
        if kind == "pipe":
            os.mkfifo(path)
        else:
            path.touch(0o600)
            os.truncate(path, 1 << 40)
        with pytest.raises((error, UsageError)):
            read(path)
    assert runs.bytes_read() - before < 10_000_000


def test_a_link_is_replaced_and_not_followed(tmp_path):
    victim, path = tmp_path / "victim", tmp_path / "run" / "page.html"
    victim.write_bytes(b"precious")
    path.parent.mkdir()
    for target in (victim, tmp_path / "nowhere", path.parent):
        path.unlink(missing_ok=True)
        path.symlink_to(target)
        replace_file(path, b"page")
        assert not path.is_symlink()
        assert path.read_bytes() == b"page"
    assert victim.read_bytes() == b"precious"
    assert [item.name for item in path.parent.iterdir()] == ["page.html"]


def test_what_is_no_file_keeps_its_place(tmp_path):
    for kind in ("pipe", "directory", "socket"):
        path = special(tmp_path / kind, kind)
        mode = path.lstat().st_mode
        with pytest.raises(OSError, match=NOT_PLAIN):
            replace_file(path, b"page")
        assert path.lstat().st_mode == mode
    assert sorted(item.name for item in tmp_path.iterdir()) == ["directory", "pipe", "socket"]


def test_a_link_of_the_system_is_not_replaced():
    before = Path("/dev/stdout").readlink()
    with pytest.raises(OSError, match=NOT_PLAIN):
        replace_file(Path("/dev/stdout"), b"page")
    assert Path("/dev/stdout").readlink() == before
