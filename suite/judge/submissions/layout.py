"""An OCI image layout on disk, written: ``oci-layout``, ``index.json`` and ``blobs/sha256/``, so that any tool of OCI reads it.

A layout is carried into and out of networks that nothing else enters. What is there stays; the index is written once, at the
end, however many artifacts are added.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from suite.base import jsonio
from suite.base.bilingual import Sentence
from suite.base.errors import EvidenceError, Place, SetupError, unreadable, unwritable
from suite.base.safe import is_plain, open_plain, read_plain, replace_file
from suite.judge.submissions.artifact import INDEX_TYPE, MANIFEST_TYPE, Blob

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suite.base.jsonio import JSONObject, JSONValue
    from suite.judge.submissions.artifact import Artifact
    from suite.judge.submissions.stores import Layout

INDEX: Final = "index.json"
MARK: Final = "oci-layout"
REF_NAME: Final = "org.opencontainers.image.ref.name"
MAX_INDEX_BYTES: Final = 64 << 20
"""Of an index: some 100,000 artifacts."""
_MARK: Final = jsonio.canonical({"imageLayoutVersion": "1.0.0"})


@contextlib.contextmanager
def writing(layout: Layout) -> Iterator[Writer]:
    """Add to a layout, which is made where there is none; one at a time.

    Raises:
        EvidenceError: ``layout-wrong``: something else lies there.
        SetupError: ``run-unwritable``.
    """
    path = layout.path
    try:
        _require(path)
        (path / "blobs" / "sha256").mkdir(parents=True, exist_ok=True)
        if not is_plain(path / MARK):
            replace_file(path / MARK, _MARK)
        with open_plain(path / MARK, below=path) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            writer = Writer(layout, index(layout))
            yield writer
            writer.finish()
    except OSError as cause:
        raise SetupError("run-unwritable", unwritable(path, cause), Place(str(path))) from cause


def _require(path: Path) -> None:
    if path.is_dir() and any(path.iterdir()) and not is_plain(path / MARK):
        hint = Sentence("name a new or empty folder", "请指定新的或空的文件夹")
        message = Sentence("it holds something else than a layout", "其中有布局以外的内容")
        raise EvidenceError("layout-wrong", message, Place(str(path)), hint)


def index(layout: Layout) -> JSONObject:
    """The index of a layout; an empty one where there is none.

    Raises:
        EvidenceError: ``layout-wrong``, ``file-unreadable``, and what JSON is refused for.
    """
    path = layout.path / INDEX
    try:
        data = read_plain(path, MAX_INDEX_BYTES, below=layout.path)
    except FileNotFoundError:
        return {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": []}
    except OSError as cause:
        raise unreadable(EvidenceError, path, cause) from cause
    document = jsonio.loads(data, name=str(path), error=EvidenceError)
    if not isinstance(document, dict) or not isinstance(document.get("manifests"), list):
        message = Sentence("it lists no manifests", "其中没有 manifests 列表")
        raise EvidenceError("layout-wrong", message, Place(str(path)))
    return document


class Writer:
    """Adds artifacts to a layout."""

    def __init__(self, layout: Layout, document: JSONObject) -> None:
        """Begin with what its index says."""
        self._layout, self._document = layout, document
        listed = document["manifests"]
        assert isinstance(listed, list)
        self._entries: dict[tuple[str, str], JSONValue] = {_key(item): item for item in listed}
        self._changed = not is_plain(layout.path / INDEX)

    def add(self, artifact: Artifact) -> None:
        """Write what is not there; the index is written by `finish`.

        Raises:
            EvidenceError: ``file-unreadable``: a file changed while it was copied.
            OSError: as the system says.
        """
        manifest = Blob(MANIFEST_TYPE, artifact.sha256, len(artifact.manifest), artifact.manifest)
        for blob in (*artifact.blobs, manifest):
            _write(self._layout.place(blob.sha256), blob)
        entry = artifact.descriptor()
        if artifact.tag:
            entry |= {"annotations": {REF_NAME: artifact.tag}}
        key = ("", artifact.tag) if artifact.tag else (f"sha256:{artifact.sha256}", "")
        if self._entries.get(key) != entry:
            self._entries[key] = entry
            self._changed = True

    def finish(self) -> None:
        """Write the index."""
        if self._changed:
            document = self._document | {"manifests": list(self._entries.values())}
            replace_file(self._layout.path / INDEX, jsonio.canonical(document))


def _key(entry: JSONValue) -> tuple[str, str]:
    """What tells an entry of an index from others: its tag, else its digest."""
    if not isinstance(entry, dict):
        return repr(entry), ""
    notes = entry.get("annotations")
    tag = notes.get(REF_NAME) if isinstance(notes, dict) else None
    return ("", tag) if isinstance(tag, str) and tag else (str(entry.get("digest")), "")


def _write(place: Path, blob: Blob) -> None:
    if is_plain(place) and place.lstat().st_size == blob.size:
        return
    if isinstance(blob.source, bytes):
        replace_file(place, blob.source)
    else:
        with open_plain(blob.source, below=blob.source.parent) as stream:
            copy(stream, place)


def copy(stream: BinaryIO, place: Path) -> None:
    """Copy an open file to a place where it is whole or not at all.

    Raises:
        OSError: as the system says.
    """
    stream.seek(0)
    descriptor, name = tempfile.mkstemp(prefix=".part-", dir=place.parent)
    try:
        with os.fdopen(descriptor, "wb") as out:
            shutil.copyfileobj(stream, out, 1 << 20)
        Path(name).chmod(0o644)
        Path(name).replace(place)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
