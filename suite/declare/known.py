"""The reviewers' lists of images and releases, ``trust/images.json`` and ``trust/releases.json``."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Final

from suite.base import harness, jsonio
from suite.base.errors import TrustError, UsageError
from suite.base.resources import resource
from suite.documents.codec import decode, pretty
from suite.documents.known import KnownImages, Releases

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from suite.documents.known import KnownImage

IMAGES: Final = resource("trust/images.json")
RELEASES: Final = resource("trust/releases.json")


@functools.cache
def known_images() -> frozenset[str]:
    """Digests of the images that the reviewers know.

    Raises:
        TrustError: the list is not there, or breaks its schema.
    """
    data = jsonio.read_bytes(IMAGES, error=TrustError)
    listed = decode(data, KnownImages, name=str(IMAGES), error=TrustError)
    return frozenset(image.digest for image in listed.images)


def add_images(path: Path, images: Sequence[KnownImage]) -> int:
    """Enter images into a list, in place of what it says of the same names and platforms; returns how many it then has.

    Raises:
        TrustError: the list is there and breaks its schema.
        UsageError: ``file-unwritable``.
    """
    listed: tuple[KnownImage, ...] = ()
    if path.exists():
        data = jsonio.read_bytes(path, error=TrustError)
        listed = decode(data, KnownImages, name=str(path), error=TrustError).images
    rows = {(image.reference, image.architecture): image for image in (*listed, *images)}
    doc = KnownImages(images_schema=1, images=tuple(rows[key] for key in sorted(rows)))
    try:
        path.write_bytes(pretty(doc))
    except OSError as cause:
        message = f"{path} cannot be written: {cause.strerror or cause}"
        raise UsageError("file-unwritable", message) from cause
    return len(rows)


def is_release(version: str, files_sha256: str) -> bool:
    """Whether a suite of that version has these files: one that the reviewers list, or this very one.

    Raises:
        TrustError: the list is not there, or breaks its schema.
    """
    if files_sha256 == harness.files_sha256():
        return True
    data = jsonio.read_bytes(RELEASES, error=TrustError)
    listed = decode(data, Releases, name=str(RELEASES), error=TrustError)
    return any(
        (release.version, release.files_sha256) == (version, files_sha256)
        for release in listed.releases
    )
