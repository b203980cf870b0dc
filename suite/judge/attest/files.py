"""The files of a run directory against their manifest."""

from __future__ import annotations

import hashlib
import stat
from typing import TYPE_CHECKING

from suite.base import jsonio
from suite.base.errors import EvidenceError, Place, Problem, TrustError
from suite.documents.codec import decode
from suite.documents.manifest import Manifest
from suite.evidence import EVIDENCE_FILES, MANIFEST, OCCASIONAL_FILES
from suite.judge.attest.sign import BUNDLE_FILE, PUBLIC_KEY_FILE, STATEMENT_FILE, TEST_RESULT_FILE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from suite.documents.manifest import ManifestFile

PAGE_FILE = "scorecard.html"
DERIVED_FILES = (BUNDLE_FILE, PAGE_FILE, PUBLIC_KEY_FILE, STATEMENT_FILE, TEST_RESULT_FILE)
"""What may lie beside the evidence; anything else in a run directory is refused."""


def read_limited(path: Path, limit: int) -> bytes:
    """Read a file of at most `limit` bytes.

    Raises:
        TrustError: ``file-unreadable`` or ``file-too-large``.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(limit + 1)
    except OSError as cause:
        reason = cause.strerror or str(cause)
        raise TrustError("file-unreadable", f"cannot read: {reason}", Place(str(path))) from cause
    if len(data) > limit:
        raise TrustError("file-too-large", f"more than {limit:,} bytes", Place(str(path)))
    return data


def read_manifest(directory: Path) -> tuple[tuple[ManifestFile, ...], str]:
    """The manifest's lines and its own SHA-256.

    Raises:
        EvidenceError: ``file-unreadable``, ``json-refused``, ``schema-violation``, ``manifest-files``.
    """
    path = directory / MANIFEST
    data = jsonio.read_bytes(path, error=EvidenceError)
    listed = decode(data, Manifest, name=str(path)).files
    names = [item.path for item in listed]
    known = set(EVIDENCE_FILES) | set(OCCASIONAL_FILES)
    if names != sorted(set(names)) or not set(EVIDENCE_FILES) <= set(names) <= known:
        message = f"must list {', '.join(sorted(EVIDENCE_FILES))}, sorted, and nothing unknown"
        raise EvidenceError("manifest-files", message, Place(str(path), None, "/files"))
    return listed, jsonio.sha256_hex(data)


def check_files(directory: Path, listed: Sequence[ManifestFile]) -> int:
    """Hash every listed file again; returns the bytes read.

    Raises:
        EvidenceError: ``files-differ``, with a problem for each missing, changed and extra file.
    """
    problems: list[Problem] = []
    total = 0
    for item in listed:
        reason, size = _compare(directory / item.path, item)
        total += size
        if reason:
            problems.append(Problem(f"{item.path}: {reason}"))
    known = {item.path for item in listed} | {MANIFEST, *DERIVED_FILES}
    extra = sorted(path.name for path in directory.iterdir() if path.name not in known)
    problems += [Problem(f"{name}: not in the manifest", hint="nobody signed it") for name in extra]
    if problems:
        count = "one file is" if len(problems) == 1 else f"{len(problems)} files are"
        message = f"{count} not what the manifest lists"
        raise EvidenceError("files-differ", message, Place(str(directory)), "", problems)
    return total


def _compare(path: Path, item: ManifestFile) -> tuple[str, int]:
    """Why a file is not the listed one ("" when it is), and the bytes read."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return "not a plain file", 0
        digest = hashlib.sha256()
        size = 0
        with path.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
                size += len(block)
    except FileNotFoundError:
        return "missing", 0
    except OSError as cause:
        return f"unreadable: {cause.strerror or cause}", 0
    if size != item.bytes:
        return f"changed: {size:,} bytes, the manifest lists {item.bytes:,}", size
    if digest.hexdigest() != item.sha256:
        return f"changed: SHA-256 {digest.hexdigest()}, the manifest lists {item.sha256}", size
    return "", size
