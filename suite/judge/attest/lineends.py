"""Line ends that were changed under way, as git does on Windows: found by digest, and taken back to look at the rest.

What is signed is bytes, so such a run is refused. But a reviewer must see whether it is only that.
"""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from suite.base.bilingual import Sentence
from suite.base.errors import SetupError, SuiteError
from suite.base.safe import MAX_FILE_BYTES, is_plain, open_plain, pieces, read_plain, require_size
from suite.documents.codec import decode
from suite.documents.manifest import Manifest
from suite.evidence import EVIDENCE_FILES, GIT_ATTRIBUTES, MANIFEST, OCCASIONAL_FILES
from suite.evidence.manifest import CONTENT_BYTES
from suite.judge.attest.files import DERIVED_FILES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from suite.documents.manifest import ManifestFile

CODE = "line-ends-changed"

_WRITTEN = (MANIFEST, GIT_ATTRIBUTES, *DERIVED_FILES)
"""Files that the suite writes with line feeds alone."""
_KNOWN = frozenset({*_WRITTEN, *EVIDENCE_FILES, *OCCASIONAL_FILES})
_WRITTEN_BYTES: Final = 64 << 20
"""Largest file that is searched for changed line ends without a size in the manifest; a page has half of it."""


@contextlib.contextmanager
def restored(directory: Path) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """The run with its line ends as they were written, and the names of the files that had others.

    That is the directory itself where none was changed, and else a copy that is removed afterwards.

    Raises:
        SetupError: ``disk-full``, where there is no room for the copy.
    """
    changed = _changed(directory)
    if not changed:
        yield directory, ()
        return
    with tempfile.TemporaryDirectory(prefix="suite-") as name:
        try:
            _copy(directory, Path(name), changed)
        except OSError as cause:
            message = Sentence(
                f"cannot write a copy with the right line ends to {name}: {cause.strerror}",
                f"无法将换行正确的副本写入 {name}：{cause.strerror}",
            )
            hint = Sentence("free some space, or set TMPDIR", "请释放空间，或设置 TMPDIR")
            raise SetupError("disk-full", message, hint=hint) from cause
        yield Path(name), tuple(sorted(changed))


def _copy(directory: Path, copy: Path, changed: Mapping[str, tuple[bytes, bytes]]) -> None:
    for path in directory.iterdir():
        if path.name in changed:
            data = read_plain(path, _limit(path.name), below=directory)
            (copy / path.name).write_bytes(data.replace(*changed[path.name]))
        elif path.name in _KNOWN and is_plain(path):
            with (
                open_plain(path, below=directory) as stream,
                (copy / path.name).open("xb") as whole,
            ):
                for block in pieces(stream, MAX_FILE_BYTES):
                    whole.write(block)
        else:
            # Whatever it is, it belongs to no run, and is named as such.
            (copy / path.name).symlink_to(path.absolute())


def _changed(directory: Path) -> dict[str, tuple[bytes, bytes]]:
    """What to replace by what in each file whose line ends were changed."""
    changed: dict[str, tuple[bytes, bytes]] = {}
    for name in _WRITTEN:
        with contextlib.suppress(OSError):
            if _holds_carriage_return(directory / name):
                changed[name] = (b"\r\n", b"\n")
    try:
        data = read_plain(directory / MANIFEST, _limit(MANIFEST), below=directory)
        listed = decode(data.replace(b"\r\n", b"\n"), Manifest, name=MANIFEST).files
    except (OSError, SuiteError):
        return changed  # without a manifest nobody knows how the others were
    for item in listed:
        if "/" not in item.path and item.path not in changed:
            with contextlib.suppress(OSError):
                pair = _pair(directory / item.path, item)
                if pair is not None:
                    changed[item.path] = pair
    return changed


def _holds_carriage_return(path: Path) -> bool:
    with open_plain(path, below=path.parent) as stream:
        require_size(stream, _WRITTEN_BYTES)
        return any(b"\r" in block for block in pieces(stream, _WRITTEN_BYTES))


def _limit(name: str) -> int:
    return CONTENT_BYTES.get(name, MAX_FILE_BYTES)


def _pair(path: Path, item: ManifestFile) -> tuple[bytes, bytes] | None:
    """What turns a file into the listed one, when that is its line ends alone; None otherwise.

    Raises:
        OSError: as `suite.base.safe.open_plain`.
    """
    limit = _limit(path.name)
    with open_plain(path, below=path.parent) as stream:
        size = require_size(stream, limit)
        # At the most every byte was a line end, one byte longer or shorter now.
        if size == item.bytes or not size <= 2 * item.bytes <= 4 * size:
            return None
        feeds = sum(block.count(b"\n") for block in pieces(stream, limit))
    if not feeds or not size - feeds <= item.bytes <= size + feeds:
        return None
    pair = (b"\r\n", b"\n") if size > item.bytes else (b"\n", b"\r\n")
    data = read_plain(path, limit, below=path.parent).replace(*pair)
    return pair if hashlib.sha256(data).hexdigest() == item.sha256 else None
