"""``manifest.json``: digests of every evidence file."""

from typing import Annotated, ClassVar, Literal

from suite.documents.document import Document, about
from suite.documents.scalars import Count, Sha256


class ManifestFile(Document):
    """One file."""

    path: Annotated[str, about("Path relative to the run directory.", pattern="^[A-Za-z0-9_.-]+$")]
    bytes: Annotated[Count, about("Size.")]
    sha256: Annotated[Sha256, about("SHA-256.")]


class Manifest(Document):
    """Digests of every evidence file."""

    SCHEMA: ClassVar[str] = "manifest"

    manifest_schema: Annotated[Literal[1], about("Version of this schema.")]
    files: Annotated[tuple[ManifestFile, ...], about("Sorted by path.", min_length=1)]
