"""Make ready what a run needs and takes minutes to get: the image, or the Python environment. Runs nothing of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.base.bilingual import Sentence
from suite.base.errors import SetupError, unwritable
from suite.declare.plan.container import image_doc
from suite.declare.plan.imagechoice import choose_image
from suite.documents.document import given
from suite.measure.engine import ensure_environment
from suite.measure.engine.container.api import connect, translated
from suite.measure.engine.container.image import BUILD_LOG, ensure_image

if TYPE_CHECKING:
    from suite.documents.accelerator import Accelerator
    from suite.documents.vendor_engine import DeclaredEngine, RuntimeName
    from suite.measure.engine.served import Progress, Settings


@dataclass(frozen=True, slots=True)
class Prepared:
    """What lies ready.

    Attributes:
        engine: its id.
        runtime: for which way of running it.
        what: the image's reference, or the path of the environment's interpreter.
        digest: of the image (``sha256:…``); None for an environment, which its requirement files pin.
    """

    engine: str
    runtime: RuntimeName
    what: str
    digest: str | None


def prepare(
    vendor_id: str,
    engine: DeclaredEngine,
    device: Accelerator,
    runtime: RuntimeName,
    *,
    image: str | None,
    on_progress: Progress,
    settings: Settings,
) -> Prepared:
    """Build, pull, load or install what the engine runs from, or find it there.

    Args:
        vendor_id: names the directory of the build's log in the cache.
        engine: the declared engine.
        device: which of several images fits depends on it.
        runtime: what to make ready.
        image: reference or id of a declared image; None takes the first that fits.
        on_progress: told which step runs.
        settings: of this machine.

    Raises:
        UsageError: ``image-unnamed``, ``image-digest-wrong``.
        SetupError: ``docker-unreachable``, ``process-undeclared``, ``disk-unwritable``, and those of
            `ensure_image` and `ensure_environment`.
    """
    if runtime == "process":
        return _environment(engine, on_progress, settings)
    declared = image_doc(choose_image(engine, device, image))
    logs = settings.cache / "prepare" / f"{vendor_id}-{engine.id}"
    try:
        logs.mkdir(parents=True, exist_ok=True)
    except OSError as cause:
        message = unwritable(logs / BUILD_LOG, cause)
        raise SetupError("disk-unwritable", message) from cause
    with connect() as client, translated():
        resolved = ensure_image(
            client, declared, run_directory=logs, on_progress=on_progress, settings=settings
        )
    return Prepared(engine.id, "container", resolved.reference, str(resolved.facts["image.digest"]))


def _environment(engine: DeclaredEngine, on_progress: Progress, settings: Settings) -> Prepared:
    declared = given(engine.process)
    if declared is None or declared.environment is UNSET or declared.requirements is UNSET:
        raise SetupError(
            "process-undeclared",
            Sentence(
                f"no environment is made for {engine.title}", f"套件不为 {engine.title} 建立环境"
            ),
            hint=Sentence("prepare it with --runtime container", "请以 --runtime container 准备"),
        )
    python = ensure_environment(
        declared.environment,
        on_progress,
        requirements=declared.requirements,
        settings=settings,
    )
    return Prepared(engine.id, "process", str(python), None)
