"""Digests kept from run to run: what counts as the same file, and what does not."""

import os
import time

import pytest

from suite.declare.model.facts import hash_file, hash_model
from suite.measure.digests import FILE, DigestStore


@pytest.fixture
def model(tmp_path, monkeypatch):
    # Time stamps of the inode cannot be set: the clock goes on instead.
    directory = tmp_path / "model"
    directory.mkdir()
    (directory / "config.json").write_text("{}")
    (directory / "model.safetensors").write_bytes(b"weights")
    now = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: now() + 10_000_000_000)
    return directory


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


def reads(model, store):
    """The files that hashing a model reads, and what came of it."""
    seen = []

    class Watched:
        put = store.put

        @staticmethod
        def get(path):
            known = store.get(path)
            if known is None:
                seen.append(path.name)
            return known

    result = hash_model(model, known=Watched())
    return sorted(seen), result


def test_what_nobody_touched_is_not_read_again(model, cache):
    first = DigestStore(cache)
    read, result = reads(model, first)
    assert read == ["config.json", "model.safetensors"]
    first.save()
    read, again = reads(model, DigestStore(cache))
    assert read == []
    assert again == result


def same_size_and_time(path):
    """Another content with the same length and the time stamp set back: the inode's own time tells."""
    status = path.stat()
    path.write_bytes(b"WEIGHTS")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def replaced(path):
    other = path.with_name("other")
    other.write_bytes(b"WEIGHTS")
    status = path.stat()
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(path)


@pytest.mark.parametrize(
    "change", [same_size_and_time, replaced, lambda path: path.write_bytes(b"w")]
)
def test_whatever_was_touched_is_read(model, cache, change):
    first = DigestStore(cache)
    before = hash_model(model, known=first)
    first.save()
    time.sleep(0.02)
    change(model / "model.safetensors")
    read, after = reads(model, DigestStore(cache))
    assert read == ["model.safetensors"]
    assert after != before
    assert after == hash_model(model)


def test_a_closed_run_reads_every_file_once(model, cache):
    first = DigestStore(cache)
    hash_model(model, known=first)
    first.save()
    store = DigestStore(cache)
    store.verify_whole()
    assert reads(model, store)[0] == ["config.json", "model.safetensors"]
    assert reads(model, store)[0] == []


@pytest.mark.parametrize("content", [b"", b"[1]", b"{", b'{"/x": 1}'])
def test_a_damaged_store_is_no_store(model, cache, content):
    cache.mkdir()
    (cache / FILE).write_bytes(content)
    assert hash_model(model, known=DigestStore(cache)) == hash_model(model)


def test_a_file_that_just_changed_is_not_kept(tmp_path, cache, monkeypatch):
    path = tmp_path / "new.safetensors"
    path.write_bytes(b"weights")
    monkeypatch.setattr(time, "time_ns", lambda: path.stat().st_mtime_ns + 1_000_000_000)
    store = DigestStore(cache)
    hash_file(path, path.name, None, store)
    store.save()
    assert DigestStore(cache).get(path) is None


def test_a_cache_that_cannot_be_written_is_done_without(model, tmp_path):
    (tmp_path / "file").write_text("")
    store = DigestStore(tmp_path / "file" / "cache")
    assert hash_model(model, known=store) == hash_model(model)
    store.save()
