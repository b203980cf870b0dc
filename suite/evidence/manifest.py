"""``manifest.json``: what a run left, each file with its size and SHA-256; the subject of the signature."""

from __future__ import annotations

import contextlib
import hashlib
from typing import TYPE_CHECKING

from suite.base import jsonio
from suite.base.errors import SetupError, unwritable
from suite.base.safe import MAX_FILE_BYTES, is_plain, open_plain, pieces, replace_file
from suite.documents.codec import pretty
from suite.documents.manifest import Manifest, ManifestFile

if TYPE_CHECKING:
    from pathlib import Path

EVIDENCE_FILES = (
    "engine.log",
    "environment.json",
    "events.jsonl",
    "plan.json",
    "tasks.jsonl",
    "telemetry.jsonl",
)
"""The files that every run leaves and every manifest lists."""

ATTEMPTS = "attempts.jsonl"
BASIS = "basis.json"
CONTAINER = "container.json"
DEVICE_EVIDENCE = "device-evidence.jsonl"
PROVENANCE = "provenance.json"
ENGINE_METRICS = "engine-metrics.jsonl"
NODES = "nodes.json"
NODE_LOG = "nodes.log"
STAMPS = "stamps.jsonl"
OCCASIONAL_FILES = (
    ATTEMPTS,
    "attempts.log",
    BASIS,
    CONTAINER,
    "conversion.log",
    DEVICE_EVIDENCE,
    ENGINE_METRICS,
    "image-build.log",
    NODES,
    NODE_LOG,
    "peak-probe.log",
    PROVENANCE,
    STAMPS,
)
"""What a run keeps of how its plan was made, of its container, of the nodes that it lay over with what those behind the
first printed, and of how its log grew under a challenge; and files that a run leaves when it converted weights,
built an image, measured the peak, had its devices sign, met an engine with a page of metrics, or was resumed; listed where they exist."""

MANIFEST = "manifest.json"

GIT_ATTRIBUTES = ".gitattributes"
ATTRIBUTES = b"* -text\n"
"""Keeps git from changing line ends, which would change every digest; lies in each run and is no evidence."""

CONTENT_BYTES = {
    MANIFEST: 1 << 20,
    "plan.json": 64 << 20,
    "environment.json": 64 << 20,
    ATTEMPTS: 256 << 20,
    BASIS: 256 << 20,
    CONTAINER: 64 << 20,
    NODES: 256 << 20,
    PROVENANCE: 64 << 20,
    "tasks.jsonl": 1 << 30,
    "telemetry.jsonl": 1 << 30,
    ENGINE_METRICS: 1 << 30,
    STAMPS: 64 << 20,
    DEVICE_EVIDENCE: 64 << 20,
    "events.jsonl": 2 << 30,
}
"""The files that are parsed, with the most bytes that are: a million requests with their answers leave half of it.

The others are only hashed, up to `suite.base.safe.MAX_FILE_BYTES`.
"""

BALLAST = ".space-for-the-end"
"""Written first and removed last, so that a disk that fills up still takes the run's last words."""
BALLAST_BYTES = 256 << 10


def write_manifest(directory: Path) -> str:
    """Hash every evidence file into ``manifest.json``; returns the manifest's own SHA-256."""
    files = []
    # What a full disk kept from being written is missing in the manifest too, and `read` says so.
    there = [n for n in (*EVIDENCE_FILES, *OCCASIONAL_FILES) if is_plain(directory / n)]
    for name in sorted(there):
        digest = hashlib.sha256()
        size = 0
        with open_plain(directory / name, below=directory) as stream:
            for block in pieces(stream, MAX_FILE_BYTES):
                digest.update(block)
                size += len(block)
        files.append(ManifestFile(path=name, bytes=size, sha256=digest.hexdigest()))
    data = pretty(Manifest(manifest_schema=1, files=tuple(files)))
    try:
        replace_file(directory / MANIFEST, data)
    except OSError as cause:
        message = unwritable(directory / MANIFEST, cause)
        raise SetupError("disk-full", message) from cause
    return jsonio.sha256_hex(data)


def finish(directory: Path) -> None:
    """Give a run that was killed the manifest that it could not write; what it measured stays as it is."""
    with contextlib.suppress(OSError):
        (directory / BALLAST).unlink(missing_ok=True)
    write_manifest(directory)
