"""An engine's image as a file, written by the Docker engine."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from docker import errors

from suite.declare.plan.recipe import LABEL_BASE
from suite.measure.engine.container.api import connect, translated
from suite.measure.engine.container.image import ensure_image

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from suite.documents.engine import Image
    from suite.measure.engine.served import Progress, Settings

_BLOCK = 1 << 20


@contextlib.contextmanager
def saved(
    image: Image, logs: Path, *, on_progress: Progress, settings: Settings
) -> Iterator[tuple[dict[str, str], str, Iterator[bytes]]]:
    """An image as `docker save` writes it, with the base that its label names.

    Args:
        image: of the plan; got where it is not here.
        logs: directory for the log of a build.
        on_progress: told what happens.
        settings: of this machine.

    Yields:
        Each image's name (its id where the plan names it by digest) with its id, the engine's first; its digest in a
        registry or its id; and the bytes of the archive.

    Raises:
        SetupError: of `connect` and `ensure_image`.
    """
    with connect() as client, translated():
        ready = ensure_image(
            client, image, run_directory=logs, on_progress=on_progress, settings=settings
        )
        # A name with a registry's digest does not survive the archive; the id does.
        tagged = image.source in ("build", "tarball")
        ids = {(ready.reference if tagged else ready.id): ready.id}
        base = client.images.get(ready.id).labels.get(LABEL_BASE)
        if base:
            with contextlib.suppress(errors.ImageNotFound):
                ids[base] = client.images.get(base).id or ""
        url = f"{client.api.base_url}/v{client.api.api_version}/images/get"
        # Several images in one archive, whose common layers are in it once: the SDK asks for one at a time.
        answer = client.api.get(url, params={"names": list(ids)}, stream=True, timeout=None)
        with answer:
            answer.raise_for_status()
            yield ids, str(ready.facts["image.digest"]), answer.iter_content(_BLOCK)
