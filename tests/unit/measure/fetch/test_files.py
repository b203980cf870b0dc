"""Downloads against a server on this machine that misbehaves as told."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import random
import shutil
import threading
from types import SimpleNamespace

import pytest

from suite.base.errors import DataError, SetupError, UsageError
from suite.measure.fetch.download import Download, Patience
from suite.measure.fetch.files import fetch
from suite.measure.fetch.published import ARCHIVE, CSV, SOURCES, SPLIT, Source
from tests.factories import fileserver
from tests.factories.fileserver import FileServer, hang_up, status

CONTENT = random.Random(1).randbytes(900_000)
DIGEST = hashlib.sha256(CONTENT).hexdigest()
SIZE = len(CONTENT)
OTHER = random.Random(2).randbytes(900_000)


def send(content=CONTENT, **behaviour):
    return fileserver.send(content, **behaviour)


@pytest.fixture
def serve():
    with contextlib.ExitStack() as stack:

        def start(*script):
            server = stack.enter_context(FileServer(script or [send()]))
            thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            return server

        yield start


class _Slept(list):
    def patience(self, attempts=3):
        return Patience(attempts=attempts, pause_s=1, timeout_s=5, sleep=self.append)


@pytest.fixture
def slept():
    return _Slept()


def source(*urls, sha256=DIGEST, size=SIZE):
    return Source("test", "file.bin", urls, sha256, size)


def left_in(directory):
    return sorted(path.name for path in directory.iterdir())


def test_a_whole_file_arrives_with_progress(tmp_path, serve, slept):
    server = serve()
    told = []
    found = fetch(
        source(server.url), tmp_path / "new" / "deep", patience=slept.patience(),
        progress=lambda done, total: told.append((done, total)),
    )  # fmt: skip
    assert found.path.read_bytes() == CONTENT
    assert (found.sha256, found.size, found.checked) == (DIGEST, len(CONTENT), True)
    assert found.origin == server.url
    assert left_in(found.path.parent) == ["file.bin"]
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert len(told) >= 3
    assert slept == []


def test_a_file_that_is_there_is_not_fetched_again(tmp_path, serve, slept):
    server = serve()
    fetch(source(server.url), tmp_path, patience=slept.patience())
    again = fetch(source(server.url), tmp_path, patience=slept.patience())
    assert (again.origin, again.checked) == ("", True)
    assert len(server.requests) == 1


def test_another_file_in_its_place_is_refused_and_left_alone(tmp_path, serve):
    server = serve()
    (tmp_path / "file.bin").write_bytes(b"mine")
    with pytest.raises(DataError) as caught:
        fetch(source(server.url), tmp_path)
    assert caught.value.code == "file-exists-differs"
    assert (tmp_path / "file.bin").read_bytes() == b"mine"
    assert server.requests == []


def test_a_cut_download_goes_on_where_it_stopped(tmp_path, serve, slept):
    server = serve(send(cut=300_000), send(cut=200_000), send())
    found = fetch(source(server.url), tmp_path, patience=slept.patience())
    assert found.path.read_bytes() == CONTENT
    assert [request.get("Range") for request in server.requests] == [
        None, "bytes=300000-", "bytes=500000-",
    ]  # fmt: skip
    assert server.requests[1]["If-Range"] == '"v1"'
    assert slept == []  # every try brought bytes


def test_the_next_process_goes_on_too(tmp_path, serve, slept):
    server = serve(send(cut=300_000), hang_up)
    with pytest.raises(DataError) as caught:
        fetch(source(server.url), tmp_path, patience=slept.patience())
    assert caught.value.code == "download-failed"
    assert "300000 bytes are kept" in caught.value.hint
    assert left_in(tmp_path) == ["file.bin.part"]
    assert slept == [1, 2]
    server.script[:] = [send()]
    found = fetch(source(server.url), tmp_path, patience=slept.patience())
    assert found.path.read_bytes() == CONTENT
    assert server.requests[-1]["Range"] == "bytes=300000-"


def test_a_server_without_ranges_starts_afresh(tmp_path, serve, slept):
    server = serve(send(cut=300_000, ranges=False), send(ranges=False))
    found = fetch(source(server.url), tmp_path, patience=slept.patience())
    assert found.path.read_bytes() == CONTENT


def test_a_file_that_changed_in_between_is_taken_afresh(tmp_path, serve, slept):
    server = serve(send(OTHER, cut=300_000, etag='"old"'), send(etag='"new"'))
    found = fetch(source(server.url), tmp_path, patience=slept.patience())
    assert found.path.read_bytes() == CONTENT


def test_a_weak_validator_is_not_relied_upon(tmp_path, serve, slept):
    server = serve(send(cut=300_000, etag='W/"v1"'), send(etag='W/"v1"'))
    fetch(source(server.url, sha256=None), tmp_path, patience=slept.patience())
    assert server.requests[1].get("Range") is None


def test_a_server_that_always_cuts_at_the_same_byte_is_given_up(tmp_path, serve, slept):
    server = serve(send(cut=300_000, ranges=False))
    with pytest.raises(DataError, match="download failed") as caught:
        fetch(source(server.url), tmp_path, patience=slept.patience())
    assert "cut after 300000 of 900000 bytes" in str(caught.value.problems[0])
    assert len(server.requests) == 4
    assert slept == [1, 2]


def test_wrong_ranges_do_not_go_round_for_ever(tmp_path, serve, slept):
    server = serve(send(cut=300_000), send(shift=1), send(cut=300_000), send(shift=1), send(cut=9))
    with pytest.raises(DataError):
        fetch(source(server.url), tmp_path, patience=slept.patience(2))
    assert len(server.requests) <= 6
    assert not (tmp_path / "file.bin").exists()


def test_too_much_kept_is_thrown_away(tmp_path, serve, slept):
    (tmp_path / "file.bin.part").write_bytes(CONTENT + b"more")
    found = fetch(source(serve().url), tmp_path, patience=slept.patience())
    assert found.path.read_bytes() == CONTENT


def test_all_kept_already_needs_no_request(tmp_path, serve, slept):
    (tmp_path / "file.bin.part").write_bytes(CONTENT)
    server = serve()
    fetch(source(server.url), tmp_path, patience=slept.patience())
    assert server.requests == []


def test_a_range_behind_the_end_starts_afresh(tmp_path, serve, slept):
    (tmp_path / "file.bin.part").write_bytes(OTHER + b"more")
    server = serve()
    found = fetch(source(server.url, size=None), tmp_path, patience=slept.patience())
    assert found.path.read_bytes() == CONTENT
    assert server.requests[0]["Range"] == f"bytes={len(OTHER) + 4}-"


@pytest.mark.parametrize("behaviour", [send(OTHER), send(OTHER, length=False)])
def test_a_wrong_digest_is_refused_and_nothing_kept(tmp_path, serve, slept, behaviour):
    server = serve(behaviour)
    with pytest.raises(DataError) as caught:
        fetch(source(server.url), tmp_path, patience=slept.patience())
    assert caught.value.code == "download-wrong-digest"
    assert DIGEST in caught.value.message
    assert hashlib.sha256(OTHER).hexdigest() in caught.value.message
    assert left_in(tmp_path) == []
    assert len(server.requests) == 1


def test_a_wrong_first_part_is_refused_and_the_next_try_starts_afresh(tmp_path, serve, slept):
    (tmp_path / "file.bin.part").write_bytes(OTHER[:1000])
    server = serve()
    with pytest.raises(DataError) as caught:
        fetch(source(server.url), tmp_path, patience=slept.patience())
    assert caught.value.code == "download-wrong-digest"
    fetch(source(server.url), tmp_path, patience=slept.patience())
    assert server.requests[-1].get("Range") is None


@pytest.mark.parametrize(
    "behaviour",
    [send(CONTENT[:-1]), send(b""), send(CONTENT + b"x"), send(CONTENT[:-1], length=False)],
)
def test_a_file_of_another_length_is_refused(tmp_path, serve, slept, behaviour):
    with pytest.raises(DataError) as caught:
        fetch(source(serve(behaviour).url), tmp_path, patience=slept.patience())
    assert caught.value.code in ("download-wrong-size", "download-failed")
    assert not (tmp_path / "file.bin").exists()


def test_a_lying_total_is_refused(tmp_path, serve, slept):
    server = serve(send(cut=1000), send(total=5))
    with pytest.raises(DataError) as caught:
        fetch(source(server.url), tmp_path, patience=slept.patience())
    assert caught.value.code == "download-wrong-size"


def test_without_length_and_digest_nothing_can_be_told(tmp_path, serve, slept):
    server = serve(send(length=False))
    with pytest.raises(DataError) as caught:
        fetch(source(server.url, sha256=None, size=None), tmp_path, patience=slept.patience())
    assert caught.value.code == "download-unverifiable"
    found = fetch(
        source(server.url, sha256=None, size=None), tmp_path, sha256=DIGEST,
        patience=slept.patience(),
    )  # fmt: skip
    assert found.checked


def test_an_unpublished_digest_is_not_called_checked(tmp_path, serve, slept):
    found = fetch(source(serve().url, sha256=None, size=None), tmp_path, patience=slept.patience())
    assert (found.checked, found.sha256) == (False, DIGEST)


def test_an_own_digest_replaces_the_published_one_and_its_size(tmp_path, serve, slept):
    digest = hashlib.sha256(b"small").hexdigest()
    server = serve(send(b"small"))
    found = fetch(source(server.url), tmp_path, sha256=digest, patience=slept.patience())
    assert found.path.read_bytes() == b"small"


@pytest.mark.parametrize("code", [400, 401, 403, 404, 410])
def test_a_refusal_is_final_and_the_next_place_is_tried(tmp_path, serve, slept, code):
    bad, good = serve(status(code)), serve()
    found = fetch(source(bad.url, good.url), tmp_path, patience=slept.patience())
    assert found.origin == good.url
    assert len(bad.requests) == 1
    assert slept == []


@pytest.mark.parametrize("code", [429, 500, 502, 503])
def test_a_server_in_trouble_is_asked_again(tmp_path, serve, slept, code):
    server = serve(status(code), status(code), send())
    fetch(source(server.url), tmp_path, patience=slept.patience())
    assert slept == [1, 2]


def test_the_next_place_goes_on_with_what_the_first_gave(tmp_path, serve, slept):
    first, second = serve(send(cut=300_000), status(404)), serve(send(etag='"other"'))
    fetch(source(first.url, second.url), tmp_path, patience=slept.patience())
    assert second.requests[0]["Range"] == "bytes=300000-"
    assert "If-Range" not in second.requests[0]


def test_every_place_is_named_when_none_gives(tmp_path, serve, slept):
    urls = [serve(status(404)).url, serve(status(500)).url, "http://127.0.0.1:9/none"]
    with pytest.raises(DataError) as caught:
        fetch(source(*urls), tmp_path, patience=slept.patience())
    assert [url in str(p) for url, p in zip(urls, caught.value.problems, strict=True)] == [True] * 3
    assert left_in(tmp_path) == []


def test_redirects_are_followed_to_http_alone(tmp_path, serve, slept):
    target = serve()
    server = serve(status(302, Location=target.url))
    assert fetch(source(server.url), tmp_path, patience=slept.patience()).origin == server.url
    for place in ("file:///etc/passwd", "ftp://127.0.0.1/x"):
        bad = serve(status(302, Location=place))
        with pytest.raises(DataError):
            fetch(source(bad.url), tmp_path / "other", patience=slept.patience(1))


def test_a_compressed_answer_is_refused(tmp_path, serve, slept):
    server = serve(status(200, **{"Content-Encoding": "gzip"}))
    with pytest.raises(DataError, match="download failed") as caught:
        fetch(source(server.url), tmp_path, patience=slept.patience())
    assert "compresses" in str(caught.value.problems[0])


def test_a_local_file_is_checked_like_a_download(tmp_path):
    origin = tmp_path / "there"
    origin.write_bytes(CONTENT)
    found = fetch(source("http://127.0.0.1:9/"), tmp_path / "to", origin=str(origin))
    assert found.path.read_bytes() == CONTENT
    origin.write_bytes(OTHER)
    with pytest.raises(DataError) as caught:
        fetch(source(), tmp_path / "to2", origin=str(origin))
    assert caught.value.code == "download-wrong-digest"
    assert left_in(tmp_path / "to2") == []
    with pytest.raises(DataError) as caught:
        fetch(source(), tmp_path / "to3", origin=str(tmp_path / "nowhere"))
    assert caught.value.code == "download-failed"


def test_other_schemes_and_malformed_digests_are_refused(tmp_path):
    with pytest.raises(UsageError) as caught:
        fetch(source(), tmp_path, origin="ftp://127.0.0.1/x")
    assert caught.value.code == "url-refused"
    with pytest.raises(UsageError) as caught:
        fetch(source(), tmp_path, sha256=DIGEST.upper())
    assert caught.value.code == "digest-malformed"


def test_two_downloads_of_one_file_do_not_mix(tmp_path, serve):
    part = tmp_path / "file.bin.part"
    part.write_bytes(b"x")
    with part.open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(DataError) as caught:
            fetch(source(serve().url), tmp_path)
    assert caught.value.code == "download-busy"
    assert part.read_bytes() == b"x"


def test_a_disk_too_small_is_refused_before_the_first_byte(tmp_path, serve, slept, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1))
    with pytest.raises(SetupError) as caught:
        fetch(source(serve().url), tmp_path, patience=slept.patience())
    assert caught.value.code == "disk-full"
    assert left_in(tmp_path) == []


def test_a_disk_that_fills_up_keeps_what_came(tmp_path, serve, slept, monkeypatch):
    def receive(self, response, total):
        self.part.write(response.raw.read(1000))
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Download, "_receive", receive)
    with pytest.raises(SetupError) as caught:
        fetch(source(serve().url), tmp_path, patience=slept.patience())
    assert caught.value.code == "disk-full"
    assert (tmp_path / "file.bin.part").read_bytes() == CONTENT[:1000]


def test_a_directory_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DataError) as caught:
        fetch(source(), tmp_path / "file" / "below")
    assert caught.value.code == "file-unwritable"


def test_an_interrupt_keeps_what_came(tmp_path, serve, slept):
    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(source(serve().url), tmp_path, patience=slept.patience(), progress=stop)
    kept = (tmp_path / "file.bin.part").read_bytes()
    assert kept
    assert kept == CONTENT[: len(kept)]


def test_the_published_files_have_their_published_digests():
    assert ARCHIVE.size == 254_582_292
    assert ARCHIVE.sha256 == "10b48aa187fc9c904b30f76ca97e2da0de8d3a1238acc26acadef93e2001af90"
    assert SPLIT.size == 2_720_574
    assert SPLIT.sha256 == "9c0c5d8f048a90bd68b19a34e4c30577ed270d3247b2119fa06a04ef46292068"
    assert CSV.sha256 is None
    assert set(SOURCES) == {"archive", "split", "csv"}


def test_a_proxy_of_the_environment_is_used(tmp_path, serve, slept, monkeypatch):
    monkeypatch.setenv("http_proxy", serve().url.removesuffix("/file"))
    fetched = fetch(source("http://nowhere.invalid/file"), tmp_path, patience=slept.patience())
    assert fetched.path.read_bytes() == CONTENT
