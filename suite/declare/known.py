"""The reviewers' lists of images and releases, ``trust/images.json`` and ``trust/releases.json``."""

from __future__ import annotations

import functools
from typing import Final

from suite.base import harness, jsonio
from suite.base.errors import TrustError
from suite.base.resources import resource
from suite.documents.codec import decode
from suite.documents.known import KnownImages, Releases

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
