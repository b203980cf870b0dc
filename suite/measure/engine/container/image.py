"""Find, build, pull or load the engine's image, and say which image it is.

A built image is named after the digest of its build context, so a second run finds it again and a changed
requirement makes a new one. Where no registry answers for the base image, a local one takes its place,
made by ``images/base.sh``.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.base.bilingual import Sentence
from suite.base.errors import Problem, SetupError
from suite.declare.plan.recipe import (
    DEFAULT_BASE_IMAGE,
    LABEL_BASE,
    LABEL_CONTEXT,
    LOCAL_BASE_IMAGE,
    context,
    context_digest,
)
from suite.documents.container import BaseImage, ImageStep, ObservedImage
from suite.documents.document import given
from suite.measure.engine.container.archive import take
from suite.measure.engine.container.build import (
    build,
    require_space,
    wheel_server,
)
from suite.measure.engine.container.inspection import inspected_image
from suite.measure.engine.container.pulling import get, layers, pull, repository
from suite.measure.engine.environment import fetch_wheels, locked
from suite.measure.engine.facts import clean
from suite.measure.engine.process import end_group
from suite.measure.engine.served import Facts, Settings

if TYPE_CHECKING:
    from pathlib import Path

    from docker import DockerClient
    from docker.models.images import Image

    from suite.documents.engine import Image as ImageDocument
    from suite.measure.engine.served import Progress

BUILD_LOG = "image-build.log"
BASE_SCRIPT_TIMEOUT_S = 1800


@dataclass(frozen=True, slots=True)
class FoundImage:
    """An image that is on this machine.

    Attributes:
        id: ``sha256:…``, the digest of its configuration; it names the image wherever it is.
        reference: the name it was found under.
        built_here: it comes from ``images/``.
        facts: ``image.*`` by dotted name.
        observed: how the Docker engine describes it.
    """

    id: str
    reference: str
    built_here: bool
    facts: Facts
    observed: ObservedImage


def ensure_image(
    client: DockerClient,
    image: ImageDocument,
    *,
    run_directory: Path,
    on_progress: Progress,
    settings: Settings,
) -> FoundImage:
    """Make sure that the plan's image is here.

    Raises:
        SetupError: ``image-unavailable`` (not here, and the registry does not give it),
            ``image-digest-mismatch``, ``image-build-failed``, ``image-tarball-missing``, ``base-image-unavailable``.
        DataError: ``offline-changed``, of a bundle's archive.
        UsageError: ``offline-unfit``, where a bundle holds another image.
    """
    if (brought := settings.bundle) is not None and brought.archive is not None:
        reference = built_reference(image, settings) if image.source == "build" else image.reference
        take(client, reference, brought.archive, brought.images, on_progress)
    match image.source:
        case "build":
            return _built(client, image, run_directory, on_progress, settings)
        case "registry":
            return _pulled(client, image, on_progress)
        case "tarball":
            return _loaded(client, image, on_progress, settings)
        case "local":
            return _present(client, image)


def built_reference(image: ImageDocument, settings: Settings) -> str:
    """The name under which a built image is kept: its repository and 12 digits of its context's digest.

    Raises:
        SetupError: ``image-context-missing``.
    """
    directory = settings.repository / (image.build_context or "")
    return f"{image.reference}:{context_digest(directory)[:12]}"


def image_here(
    client: DockerClient, image: ImageDocument, settings: Settings | None = None
) -> bool:
    """Whether the plan's image is on this machine; nothing is fetched.

    Raises:
        SetupError: ``image-context-missing``.
    """
    if image.source == "build":
        return get(client, built_reference(image, settings or Settings())) is not None
    return any(get(client, name) is not None for name in _names(image))


def _names(image: ImageDocument) -> list[str]:
    """The names under which an image may be here or be pulled: its own first, then its mirrors'."""
    places = (image.reference, *given(image.mirrors, ()))
    if image.digest is None or image.source in ("local", "tarball"):
        return list(places)
    return [f"{repository(place)}@{image.digest}" for place in places]


def _found_image(
    client: DockerClient, image: Image, reference: str, *, built_here: bool
) -> FoundImage:
    identity = image.id or ""
    answer = inspected_image(image)
    # An image that never was in a registry has no repository digest; its own id is one of its content.
    digest = answer.repo_digests[0].partition("@")[2] if answer.repo_digests else identity
    facts: Facts = {
        "image.reference": reference,
        "image.id": identity,
        "image.digest": digest,
        "image.bytes": answer.size or 0,
        "image.created": clean(answer.created or ""),
    }
    base = image.labels.get(LABEL_BASE)
    if base:
        facts["image.base"] = base
    return FoundImage(identity, reference, built_here, facts, _observed(client, image, reference))


def _observed(client: DockerClient, image: Image, reference: str) -> ObservedImage:
    """The image as the Docker engine describes it, with the base that its label names where that is here."""
    base_name = image.labels.get(LABEL_BASE)
    base = get(client, base_name) if base_name else None
    answer = inspected_image(image)
    return ObservedImage(
        id=image.id or "",
        reference=reference,
        repo_digests=tuple(answer.repo_digests or ()),
        architecture=f"{answer.os or 'linux'}/{answer.architecture or 'unknown'}",
        labels={str(name): str(value) for name, value in image.labels.items()},
        layers=layers(image),
        history=_history(image),
        base=UNSET
        if base is None or base_name is None
        else BaseImage(
            reference=base_name, id=base.id or "", layers=layers(base), history=_history(base)
        ),
    )


def _history(image: Image) -> tuple[ImageStep, ...]:
    steps = [(str(step.get("CreatedBy") or ""), not step.get("Size")) for step in image.history()]
    return tuple(ImageStep(command=clean(text), empty=empty) for text, empty in reversed(steps))


# registry and tarball ---------------------------------------------------------------------------------


def _pulled(client: DockerClient, image: ImageDocument, on_progress: Progress) -> FoundImage:
    names = _names(image)
    for name in names:
        local = get(client, name)
        if local is not None:
            return _found_image(client, local, name, built_here=False)
    refusals: list[SetupError] = []
    for name in names:
        try:
            pull(client, name, image.visibility, on_progress)
        except SetupError as refused:
            refusals.append(refused)
            continue
        local = get(client, name)
        if local is None:
            raise SetupError(
                "image-unavailable",
                Sentence(f"{name} was pulled and is not there", f"已拉取 {name}，但它不在本机"),
            )
        return _found_image(client, local, name, built_here=False)
    first = refusals[0]
    others = [Problem(refused.message) for refused in refusals[1:]]
    raise SetupError(first.code, first.message, hint=first.hint, problems=others) from first


def _present(client: DockerClient, image: ImageDocument) -> FoundImage:
    """An image of this machine alone, by its name or its id; nobody is asked for it."""
    local = get(client, image.reference)
    if local is None:
        hint = Sentence(
            "docker load it or tag it so; `docker image ls` lists what is here",
            "请以 docker load 载入，或加上此标签；`docker image ls` 列出本机的镜像",
        )
        message = Sentence(
            f"{image.reference} is not on this machine", f"{image.reference} 不在本机"
        )
        raise SetupError("image-unavailable", message, hint=hint)
    if image.digest is not None and local.id != image.digest:
        message = Sentence(
            f"{image.reference} is {local.id}, and {image.digest} was asked for",
            f"{image.reference} 为 {local.id}，所求为 {image.digest}",
        )
        raise SetupError("image-digest-mismatch", message)
    return _found_image(client, local, image.reference, built_here=False)


def _loaded(
    client: DockerClient, image: ImageDocument, on_progress: Progress, settings: Settings
) -> FoundImage:
    reference = image.reference
    local = get(client, reference)
    if local is None:
        path = settings.workspace / (image.tarball or "")
        if not path.is_file():
            raise SetupError(
                "image-tarball-missing",
                Sentence(
                    f"{reference} is not on this machine and there is no file {path}",
                    f"{reference} 不在本机，也没有文件 {path}",
                ),
                hint=Sentence(
                    "the vendor hands the file out; put it there, or docker load it",
                    "厂商以文件形式提供；请放到该处，或以 docker load 载入",
                ),
            )
        on_progress(Sentence(f"loading {path.name}", f"载入 {path.name}"))
        with path.open("rb") as stream:
            client.images.load(stream)
        local = get(client, reference)
    if local is None:
        raise SetupError(
            "image-unavailable",
            Sentence(
                f"the file loaded holds no image {reference}", f"所载入的文件中没有镜像 {reference}"
            ),
        )
    if image.digest is not None and local.id != image.digest:
        raise SetupError(
            "image-digest-mismatch",
            Sentence(
                f"{reference} is {local.id}, declared is {image.digest}",
                f"{reference} 为 {local.id}，所声明的为 {image.digest}",
            ),
        )
    return _found_image(client, local, reference, built_here=False)


# build ------------------------------------------------------------------------------------------------


def _built(
    client: DockerClient,
    image: ImageDocument,
    run_directory: Path,
    on_progress: Progress,
    settings: Settings,
) -> FoundImage:
    reference = built_reference(image, settings)
    # Two agents of one machine that built at once would each have an image of its own under one name.
    name = re.sub(r"[^A-Za-z0-9.-]+", "-", reference)
    with locked(settings.cache / f"image-{name}.lock"):
        local = get(client, reference)
        if local is None or _on_another_base(client, local):
            _build(client, image, run_directory, on_progress, settings)
            local = get(client, reference)
    if local is None:
        raise SetupError(
            "image-build-failed",
            Sentence(
                f"{reference} was built and is not there", f"已构建 {reference}，但它不在本机"
            ),
        )
    return _found_image(client, local, reference, built_here=True)


def _build(
    client: DockerClient,
    image: ImageDocument,
    run_directory: Path,
    on_progress: Progress,
    settings: Settings,
) -> None:
    directory = settings.repository / (image.build_context or "")
    reference = built_reference(image, settings)
    require_space(client, reference)
    base = _base_image(client, on_progress, settings)
    wheels = fetch_wheels(directory, on_progress, settings=settings)
    on_progress(Sentence(f"building {reference}", f"构建 {reference}"))
    with wheel_server(wheels) as address:
        arguments = {"BASE_IMAGE": base, "WHEELS": address, "TORCH_INDEX": settings.torch_index}
        labels = {LABEL_CONTEXT: context_digest(directory), LABEL_BASE: base}
        build(
            client,
            context(directory),
            reference,
            arguments,
            labels=labels,
            log=run_directory / BUILD_LOG,
            on_progress=on_progress,
        )


def _on_another_base(client: DockerClient, image: Image) -> bool:
    """Whether the base that an image names was made or pulled anew since: nobody could tell what it was made on."""
    base_name = image.labels.get(LABEL_BASE)
    base = get(client, base_name) if base_name else None
    below = () if base is None else layers(base)
    return layers(image)[: len(below)] != below


def _base_image(client: DockerClient, on_progress: Progress, settings: Settings) -> str:
    """The base image: the one that was asked for, the official one, or the local one."""
    base = settings.base_image or DEFAULT_BASE_IMAGE
    if get(client, base) is not None:
        return base
    script = settings.repository / "images" / "base.sh"
    if not settings.base_image and get(client, LOCAL_BASE_IMAGE) is not None:
        _run_script(
            ["/bin/sh", str(script), LOCAL_BASE_IMAGE]
        )  # again, where it lacks a package that came since
        return LOCAL_BASE_IMAGE
    try:
        pull(client, base, "public", on_progress)
    except SetupError:
        if settings.base_image:
            raise
    else:
        return base
    on_progress(
        Sentence(
            f"no registry answers; making {LOCAL_BASE_IMAGE} with debootstrap",
            f"没有镜像仓库应答；以 debootstrap 制作 {LOCAL_BASE_IMAGE}",
        )
    )
    status, output = _run_script(["/bin/sh", str(script), LOCAL_BASE_IMAGE])
    if status != 0:
        raise SetupError(
            "base-image-unavailable",
            Sentence(
                f"{base} cannot be pulled and no local base image can be made: {clean(output)[-400:]}",
                f"无法拉取 {base}，也无法制作本地基础镜像：{clean(output)[-400:]}",
            ),
            hint=Sentence(
                "docker load an image with Debian bookworm and Python 3.11 and name it in BASE_IMAGE",
                "请以 docker load 载入含 Debian bookworm 与 Python 3.11 的镜像，并以 BASE_IMAGE 指定",
            ),
        )
    return LOCAL_BASE_IMAGE


def _run_script(command: list[str]) -> tuple[int, str]:
    """Run a script as a group of its own, which ends with us; its status and its output."""
    try:
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as script:
            try:
                output, _ = script.communicate(timeout=BASE_SCRIPT_TIMEOUT_S)
            finally:
                end_group(script)
    except (OSError, subprocess.TimeoutExpired) as error:
        return 1, str(error)
    return script.returncode, output.decode("utf-8", "replace")
