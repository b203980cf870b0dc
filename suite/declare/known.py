"""The reviewers' lists of images and releases, ``trust/images.json`` and ``trust/releases.json``."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Final

from suite.base import harness, jsonio, versions
from suite.base.errors import TrustError, UsageError, unwritable
from suite.base.resources import resource
from suite.base.safe import replace_file
from suite.documents.codec import decode, pretty
from suite.documents.document import given
from suite.documents.known import KnownImages, Release, Releases

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from suite.documents.known import KnownImage
    from suite.documents.plan import SuiteVersion

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
        replace_file(path, pretty(doc))
    except OSError as cause:
        message = unwritable(path, cause)
        raise UsageError("file-unwritable", message) from cause
    return len(rows)


def release_of(suite: SuiteVersion) -> Release | None:
    """The listed release that a suite was; None for this very suite, and for one that nobody lists.

    Raises:
        TrustError: the list is not there, or breaks its schema.
    """
    files = given(suite.files_sha256)
    if files is None or files == harness.files_sha256():
        return None
    for release in _releases(RELEASES):
        if (release.version, release.files_sha256) == (suite.version, files):
            return release
    return None


@functools.cache
def _releases(path: Path) -> tuple[Release, ...]:
    data = jsonio.read_bytes(path, error=TrustError)
    return decode(data, Releases, name=str(path), error=TrustError).releases


def add_release(path: Path, release: Release) -> None:
    """Enter a release into the list, in place of what it says of the same version.

    Raises:
        TrustError: the list is not there, or breaks its schema.
    """
    rows = {listed.version: listed for listed in _releases(path)} | {release.version: release}
    ordered = tuple(sorted(rows.values(), key=lambda row: versions.numbers(row.version) or ()))
    replace_file(path, pretty(Releases(releases_schema=1, releases=ordered)))
    _releases.cache_clear()
