"""``manifest.json``: what a run left, each file with its size and SHA-256; the subject of the signature."""

from __future__ import annotations

import contextlib
import hashlib
from typing import TYPE_CHECKING

from suite.base import jsonio
from suite.base.errors import SetupError
from suite.documents.codec import pretty
from suite.documents.manifest import Manifest, ManifestFile
from suite.evidence.safe import replace_file

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

PROVENANCE = "provenance.json"
ENGINE_METRICS = "engine-metrics.jsonl"
OCCASIONAL_FILES = (
    "conversion.log",
    ENGINE_METRICS,
    "image-build.log",
    "peak-probe.log",
    PROVENANCE,
)
"""Files that a run leaves when it converted weights, built an image, measured the peak, or met an engine with a page of
metrics; listed where they exist."""

MANIFEST = "manifest.json"

GIT_ATTRIBUTES = ".gitattributes"
ATTRIBUTES = b"* -text\n"
"""Keeps git from changing line ends, which would change every digest; lies in each run and is no evidence."""

CONTENT_FILES = frozenset({MANIFEST, ENGINE_METRICS, PROVENANCE, *EVIDENCE_FILES} - {"engine.log"})
"""The files that are parsed; the others are only hashed."""

BALLAST = ".space-for-the-end"
"""Written first and removed last, so that a disk that fills up still takes the run's last words."""
BALLAST_BYTES = 256 << 10


def write_manifest(directory: Path) -> str:
    """Hash every evidence file into ``manifest.json``; returns the manifest's own SHA-256."""
    files = []
    # What a full disk kept from being written is missing in the manifest too, and `read` says so.
    there = [n for n in (*EVIDENCE_FILES, *OCCASIONAL_FILES) if (directory / n).is_file()]
    for name in sorted(there):
        digest = hashlib.sha256()
        size = 0
        with (directory / name).open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
                size += len(block)
        files.append(ManifestFile(path=name, bytes=size, sha256=digest.hexdigest()))
    data = pretty(Manifest(manifest_schema=1, files=tuple(files)))
    try:
        replace_file(directory / MANIFEST, data)
    except OSError as cause:
        message = f"cannot write {directory / MANIFEST}: {cause.strerror}"
        raise SetupError("disk-full", message) from cause
    return jsonio.sha256_hex(data)


def finish(directory: Path) -> None:
    """Give a run that was killed the manifest that it could not write; what it measured stays as it is."""
    with contextlib.suppress(OSError):
        (directory / BALLAST).unlink(missing_ok=True)
    write_manifest(directory)
