from __future__ import annotations

import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from suite.base.errors import SetupError, UsageError
from suite.judge.attest import keyfiles, keys


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("algorithm", list(keys.Algorithm))
def test_generate_writes_both_halves(tmp_path: Path, algorithm: keys.Algorithm) -> None:
    path = tmp_path / "new" / "lab.pem"
    key = keyfiles.generate(path, algorithm)
    assert _mode(path) == 0o600
    assert keyfiles.load_private(path).public == key.public
    assert keyfiles.load_public(tmp_path / "new" / "lab.pub.pem") == key.public
    assert key.public.algorithm is algorithm
    assert sorted(item.name for item in path.parent.iterdir()) == ["lab.pem", "lab.pub.pem"]


def test_generate_keeps_the_mode_under_any_umask(tmp_path: Path) -> None:
    code = f"import os; os.umask(0); from pathlib import Path; from suite.judge.attest import keyfiles; keyfiles.generate(Path({str(tmp_path / 'k.pem')!r}))"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert _mode(tmp_path / "k.pem") == 0o600


@pytest.mark.parametrize("taken", ["k.pem", "k.pub.pem"])
def test_generate_never_overwrites(tmp_path: Path, taken: str) -> None:
    (tmp_path / taken).write_text("mine")
    with pytest.raises(UsageError) as caught:
        keyfiles.generate(tmp_path / "k.pem")
    assert caught.value.code == "key-exists"
    assert (tmp_path / taken).read_text() == "mine"
    assert [item.name for item in tmp_path.iterdir()] == [taken]


def test_generate_follows_no_dangling_link(tmp_path: Path) -> None:
    (tmp_path / "k.pem").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError) as caught:
        keyfiles.generate(tmp_path / "k.pem")
    assert caught.value.code == "key-exists"
    assert not (tmp_path / "elsewhere").exists()
    assert [item.name for item in tmp_path.iterdir()] == ["k.pem"]


@pytest.mark.parametrize("target", ["file/k.pem", "/proc/k.pem", "/dev/null/k.pem"])
def test_an_unwritable_place_is_said(tmp_path: Path, target: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError) as caught:
        keyfiles.generate(tmp_path / target)
    assert caught.value.code == "key-unwritable"
    assert caught.value.hint
    assert caught.value.exit_status == 3


def test_runs_that_start_together_share_one_key(tmp_path: Path) -> None:
    path = tmp_path / "local.pem"
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: keyfiles.load_or_generate(path), range(8)))
    assert len({key.public.id for key, _ in made}) == 1
    assert [new for _, new in made].count(True) == 1


def test_a_local_key_that_cannot_be_read_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "local.pem"
    path.write_text("not a key")
    path.chmod(0o600)
    with pytest.raises(UsageError) as caught:
        keyfiles.load_or_generate(path)
    assert caught.value.code == "key-wrong"
    assert path.read_text() == "not a key"


def test_a_lone_public_half_is_said(tmp_path: Path) -> None:
    (tmp_path / "local.pub.pem").write_text("left over")
    with pytest.raises(UsageError) as caught:
        keyfiles.load_or_generate(tmp_path / "local.pem")
    assert caught.value.code == "key-exists"
    assert caught.value.place.file.endswith("local.pub.pem")


def test_a_file_that_is_too_large_is_no_key(tmp_path: Path) -> None:
    path = tmp_path / "k.pem"
    path.write_bytes(b"x" * (keys.MAX_KEY_BYTES + 1))
    path.chmod(0o600)
    for load in (keyfiles.load_private, keyfiles.load_public):
        with pytest.raises(UsageError) as caught:
            load(path)
        assert caught.value.code == "key-wrong"
        assert "too large" in str(caught.value)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    for load in (keyfiles.load_private, keyfiles.load_public):
        with pytest.raises(UsageError) as caught:
            load(tmp_path / "none.pem")
        assert caught.value.code == "key-unreadable"
