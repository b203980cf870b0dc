"""The digests of images that a declaration names by a tag."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from docker import errors

from suite.documents.known import KnownImage
from suite.measure.engine.container.api import CONNECT_TIMEOUT_S, connect, explain, translated
from suite.measure.engine.container.inspection import inspected_image

if TYPE_CHECKING:
    from collections.abc import Sequence

    from docker import DockerClient

    from suite.documents.vendor_engine import DeclaredEngine


def digests(engines: Sequence[DeclaredEngine]) -> list[tuple[str, str, str, str]]:
    """Engine, reference, digest and where it was read, or an empty digest and why there is none.

    Images that are built here, or that nobody names, have none to look up.

    Raises:
        SetupError: ``docker-unreachable``, ``docker-failed``.
    """
    with connect(CONNECT_TIMEOUT_S) as client, translated():
        return [
            (engine.id, image.reference, *_digest(client, image.reference, image.digest))
            for engine in engines
            for image in engine.images
            if image.source == "registry" and image.reference != "unknown"
        ]


def known(
    engines: Sequence[DeclaredEngine], pinned: Sequence[tuple[str, str, str, str]]
) -> list[KnownImage]:
    """What `digests` found, for each architecture that is declared, with today's date; without those that it did not."""
    platforms = {
        image.reference: image.architectures for engine in engines for image in engine.images
    }
    today = datetime.now(UTC).strftime("%Y-%m-%d")
    return [
        KnownImage(
            reference=reference, digest=digest, architecture=platform, date=today, source=source
        )
        for _, reference, digest, source in pinned
        if digest
        for platform in platforms[reference]
    ]


def _digest(client: DockerClient, reference: str, declared: str | None) -> tuple[str, str]:
    if declared is not None:
        return declared, "the declaration"
    try:
        listed = inspected_image(client.images.get(reference)).repo_digests
    except errors.ImageNotFound:
        listed = None
    if listed:
        return listed[0].partition("@")[2], "this machine"
    try:
        return str(client.images.get_registry_data(reference).id), "its registry"
    except errors.APIError as refused:
        return "", explain(refused)
