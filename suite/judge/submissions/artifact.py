"""A submission as an artifact of an OCI registry or image layout, and each statement about it as another that refers to it.

::

    manifest    artifactType of a submission; the empty configuration; vendor, round and run as annotations
      layer     scorecard.sigstore.json, by the media type of a Sigstore bundle
      layer     scorecard.html
      layer     evidence.tar.zst; or evidence.json, and the pack that it names as a layer without a title
    manifest    for each statement: the media type of a Sigstore bundle, `subject` is the manifest above

The same submission makes the same bytes each time: no time and no machine stands in them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from suite.base import jsonio
from suite.base.errors import EvidenceError, unreadable
from suite.base.safe import open_plain, pieces, read_plain
from suite.documents.submission import EVIDENCE_TYPE
from suite.judge.attest import envelope
from suite.judge.attest.files import PAGE_FILE
from suite.judge.attest.sign import BUNDLE_FILE
from suite.judge.submissions import folders
from suite.judge.submissions.pack import PACK_FILE
from suite.judge.submissions.stores import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from suite.base.jsonio import JSONObject

ARTIFACT_TYPE: Final = "application/vnd.llm-inference-conformance.submission.v1"
STATEMENT_TYPE: Final = "application/vnd.dev.sigstore.bundle.v0.3+json"
REFERENCE_TYPE: Final = "application/vnd.llm-inference-conformance.evidence-reference.v1+json"
MANIFEST_TYPE: Final = "application/vnd.oci.image.manifest.v1+json"
INDEX_TYPE: Final = "application/vnd.oci.image.index.v1+json"
TITLE: Final = "org.opencontainers.image.title"
TYPES: Final = {
    BUNDLE_FILE: STATEMENT_TYPE,
    PAGE_FILE: "text/html",
    PACK_FILE: EVIDENCE_TYPE,
    folders.REFERENCE_FILE: REFERENCE_TYPE,
}
"""Media type of each file of a submission that travels; the others say nothing of their own."""
_ANNOTATION: Final = "io.github.llm-inference-conformance."
_TAG_DIGITS: Final = 32


@dataclass(frozen=True, slots=True)
class Blob:
    """Content by its digest; `source` is the content itself, or the file that holds it."""

    media_type: str
    sha256: str
    size: int
    source: bytes | Path
    title: str = ""

    def descriptor(self) -> JSONObject:
        """As a manifest names it."""
        made: JSONObject = {
            "mediaType": self.media_type,
            "digest": f"sha256:{self.sha256}",
            "size": self.size,
        }
        if self.title:
            made["annotations"] = {TITLE: self.title}
        return made


_EMPTY: Final = Blob(
    "application/vnd.oci.empty.v1+json", hashlib.sha256(b"{}").hexdigest(), 2, b"{}"
)


@dataclass(frozen=True, slots=True)
class Artifact:
    """A manifest and what it names.

    Attributes:
        artifact_type: of a submission or a statement.
        manifest: its bytes.
        blobs: what it names, the configuration first.
        tag: of a submission; "" for a statement.
        subject: SHA-256 of the manifest that it refers to; "" for a submission.
    """

    artifact_type: str
    manifest: bytes
    blobs: tuple[Blob, ...]
    tag: str = ""
    subject: str = ""

    @property
    def sha256(self) -> str:
        """Of the manifest."""
        return jsonio.sha256_hex(self.manifest)

    def descriptor(self) -> JSONObject:
        """As an index, or a manifest that refers to it, names it."""
        return {
            "mediaType": MANIFEST_TYPE,
            "digest": f"sha256:{self.sha256}",
            "size": len(self.manifest),
            "artifactType": self.artifact_type,
        }


def tag_of(payload_sha256: str) -> str:
    """The tag of a submission: its card's digest, as the site calls it."""
    return payload_sha256[:_TAG_DIGITS]


def artifacts(
    folder: Path, names: tuple[str, str, str], pack: Path | None, statements: Sequence[Path] = ()
) -> Iterator[Artifact]:
    """A submission's folder as an artifact, then its statements.

    Args:
        folder: of the submission.
        names: vendor, round and run.
        pack: the evidence, where the folder holds its reference alone; None to leave it where it lies.
        statements: about the card, in the folder.

    Raises:
        EvidenceError: ``file-unreadable``, and what the bundle is refused for.
    """
    bundle = _content(folder, BUNDLE_FILE, folders.LIMITS[BUNDLE_FILE])
    held = [bundle, _content(folder, PAGE_FILE, folders.LIMITS[PAGE_FILE])]
    if (folder / PACK_FILE).exists():
        held.append(_file(folder / PACK_FILE, PACK_FILE))
    else:
        held.append(
            _content(folder, folders.REFERENCE_FILE, folders.LIMITS[folders.REFERENCE_FILE])
        )
        held += [] if pack is None else [_file(pack)]
    assert isinstance(bundle.source, bytes)
    payload = jsonio.sha256_hex(envelope.parse(bundle.source).payload)
    notes: JSONObject = {TITLE: "/".join(names)}
    for name, word in zip(("vendor", "round", "run"), names, strict=True):
        notes[f"{_ANNOTATION}{name}"] = word
    card = _artifact(ARTIFACT_TYPE, held, {"annotations": notes}, tag=tag_of(payload))
    yield card
    for path in statements:
        blob = _content(path.parent, path.name, envelope.MAX_BUNDLE_BYTES)
        yield _artifact(STATEMENT_TYPE, [blob], {"subject": card.descriptor()}, subject=card.sha256)


def _artifact(
    kind: str, blobs: list[Blob], more: JSONObject, *, tag: str = "", subject: str = ""
) -> Artifact:
    document: JSONObject = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "artifactType": kind,
        "config": _EMPTY.descriptor(),
        "layers": [blob.descriptor() for blob in blobs],
        **more,
    }
    return Artifact(kind, jsonio.canonical(document), (_EMPTY, *blobs), tag, subject)


def _content(folder: Path, name: str, limit: int) -> Blob:
    try:
        data = read_plain(folder / name, limit, below=folder)
    except OSError as cause:
        raise unreadable(EvidenceError, folder / name, cause) from cause
    return Blob(TYPES.get(name, STATEMENT_TYPE), jsonio.sha256_hex(data), len(data), data, name)


def _file(path: Path, title: str = "") -> Blob:
    digest, size = hashlib.sha256(), 0
    try:
        with open_plain(path, below=path.parent) as stream:
            for piece in pieces(stream, MAX_BYTES):
                digest.update(piece)
                size += len(piece)
    except OSError as cause:
        raise unreadable(EvidenceError, path, cause) from cause
    return Blob(EVIDENCE_TYPE, digest.hexdigest(), size, path, title)
