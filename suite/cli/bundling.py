"""Bundles for closed networks: packed from what a command line chooses, and taken in place of it."""

from __future__ import annotations

import dataclasses
import platform
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from msgspec import UNSET

from suite.base import resources, uv
from suite.base.bilingual import Sentence
from suite.base.errors import SetupError, UsageError
from suite.base.safe import resolved
from suite.cli.machine import settings
from suite.declare.model.facts import read_source
from suite.declare.plan.container import image_doc
from suite.declare.plan.imagechoice import choose_image
from suite.declare.vendor.load import VENDOR_DIRECTORY, load_vendor
from suite.documents.document import given
from suite.documents.offline import OfflineBundle, PackedImage, PackedModel, PackedWheels
from suite.judge.attest.times import format_time
from suite.measure import offline
from suite.measure.digests import DigestStore
from suite.measure.engine import docker_available
from suite.measure.engine.container.archive import held
from suite.measure.engine.container.save import saved
from suite.measure.engine.environment import fetch_wheels, requirements_digest
from suite.measure.engine.served import Brought
from suite.measure.fetch import model as modelsource
from suite.measure.nodes.identity import this_suite

if TYPE_CHECKING:
    from collections.abc import Callable

    from suite.cli.options import Choices
    from suite.cli.terminal import Terminal
    from suite.declare.vendor.load import Vendor
    from suite.documents.accelerator import Accelerator
    from suite.documents.vendor_engine import DeclaredEngine

IMAGE = "image.tar"
OWN_WHEELS = "suite"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Packing:
    """What is packed.

    Attributes:
        vendor: as ``--vendor`` takes it.
        engine: of it; None for the first.
        accelerator: of it; None for the first.
        model: as ``--model`` takes it.
        data: a task file or folder.
        image: as ``--image`` takes it.
        runtime: None: a container where Docker answers.
        own: pack the suite's own wheels too.
    """

    vendor: str
    engine: str | None
    accelerator: str | None
    model: str | None
    data: Path | None
    image: str | None
    runtime: Literal["container", "process"] | None
    own: bool


def pack(packing: Packing, out: Path, terminal: Terminal) -> OfflineBundle:
    """Write a bundle; a cut leaves nothing under its name.

    Raises:
        SuiteError: what is unknown or cannot be got; ``file-exists``, ``file-unwritable``, ``disk-full``.
    """
    vendor = load_vendor(packing.vendor)
    engine = vendor.engine(packing.engine)
    device = vendor.accelerator(engine, packing.accelerator)
    if packing.data is not None and not packing.data.exists():
        raise UsageError(
            "usage-wrong",
            Sentence(f"--data: there is no {packing.data}", f"--data：没有 {packing.data}"),
        )
    source = modelsource.find(packing.model)
    read_source(source.directory)  # what no run there could take is refused here

    def on_bytes(path: str, size: int) -> None:
        terminal.transfer(Sentence(f"packing {path}", f"打包 {path}"), size, None, "B")

    with offline.writing(out) as stream:
        archive = offline.Archive(stream, on_bytes)
        runtime = packing.runtime or _runtime(vendor, engine)
        image: PackedImage | None = None
        wheels: PackedWheels | None = None
        if runtime == "container":
            image = _add_image(archive, packing, engine, device, terminal)
        else:
            wheels = _add_wheels(archive, engine, terminal)
        model: PackedModel | None = None
        if source.id != modelsource.MINI_NAME:
            model = PackedModel(
                directory=f"model/{source.id.rpartition('/')[2]}",
                id=source.id,
                revision=source.revision,
            )
            for file in sorted(path for path in source.directory.iterdir() if path.is_file()):
                archive.add_file(f"{model.directory}/{file.name}", file)
        manifest = OfflineBundle(
            bundle_schema=1,
            suite=this_suite(),
            made_utc=format_time(datetime.now(UTC)),
            machine=platform.machine(),
            vendor=_add_vendor(archive, vendor),
            engine=engine.id,
            accelerator=packing.accelerator,
            runtime=runtime,
            image=image or UNSET,
            wheels=wheels or UNSET,
            model=model or UNSET,
            data=_add_data(archive, packing.data) or UNSET,
            own_wheels=_add_own(archive, terminal) if packing.own else UNSET,
            files=tuple(archive.files),
        )
        archive.finish(manifest)
    terminal.clear()
    return manifest


def _runtime(vendor: Vendor, engine: DeclaredEngine) -> Literal["container", "process"]:
    as_process = vendor.can_run_as_process(engine.id) and not docker_available().ok
    return "process" if as_process else "container"


def _add_image(
    archive: offline.Archive,
    packing: Packing,
    engine: DeclaredEngine,
    device: Accelerator,
    terminal: Terminal,
) -> PackedImage:
    declared = choose_image(engine, device, packing.image)
    document = image_doc(declared)
    with tempfile.TemporaryDirectory() as logs:
        ready = saved(document, Path(logs), on_progress=terminal.step, settings=settings())
        with ready as (ids, digest, chunks):
            archive.add(IMAGE, chunks)
    by_name = document.source in ("build", "tarball")
    return PackedImage(
        archive=IMAGE,
        named=declared.id if by_name else next(iter(ids)),
        ids=ids,
        source=f"{declared.reference} {digest}",
    )


def _add_wheels(
    archive: offline.Archive, engine: DeclaredEngine, terminal: Terminal
) -> PackedWheels:
    process = given(engine.process)
    if process is None or process.requirements is UNSET:
        message = Sentence(
            f"no environment is made for {engine.title}: there are no wheels to pack",
            f"套件不为 {engine.title} 建立环境，没有可打包的 wheel",
        )
        raise SetupError(
            "process-undeclared",
            message,
            hint=Sentence("--runtime container packs its image", "--runtime container 打包其镜像"),
        )
    machine = settings()
    recipe = (machine.repository / process.requirements).parent
    archive.add_folder("wheels", fetch_wheels(recipe, terminal.step, settings=machine))
    return PackedWheels(directory="wheels", requirements_sha256=requirements_digest(recipe))


def _add_vendor(archive: offline.Archive, vendor: Vendor) -> str:
    """The id of a shipped declaration; another's own folder is packed."""
    if vendor.path.parent.parent.resolve() == VENDOR_DIRECTORY.resolve():
        return vendor.id
    archive.add_folder(f"vendor/{vendor.id}", vendor.path.parent)
    return f"vendor/{vendor.id}"


def _add_data(archive: offline.Archive, data: Path | None) -> str | None:
    if data is None:
        return None
    name = f"data/{resolved(data).name}"
    if data.is_dir():
        archive.add_folder(name, data)
    else:
        archive.add_file(name, data)
    return name


def _add_own(archive: offline.Archive, terminal: Terminal) -> str:
    """The suite itself and what it needs, as wheels for this machine's Python and architecture.

    Raises:
        SetupError: ``wheels-unavailable``.
    """
    lock = resources.TOP / "requirements.lock"
    if resources.INSTALLED or not lock.is_file():
        message = Sentence(
            "the suite's own wheels are packed from a checkout alone",
            "套件自身的 wheel 只能从源码检出打包",
        )
        raise SetupError(
            "wheels-unavailable",
            message,
            hint=Sentence(
                "pack there, or give --no-suite", "请在源码检出中打包，或给出 --no-suite"
            ),
        )
    terminal.step(Sentence("making the suite's own wheels", "生成套件自身的 wheel"))
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check"]
        build = [uv.program(), "build", "--quiet", "--wheel", "--out-dir", folder]
        for command in (
            [*build, str(resources.TOP)],
            [*pip, "--no-deps", "--require-hashes", "--wheel-dir", folder, "-r", str(lock)],
        ):
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, env=uv.environment()
            )
            if done.returncode:
                raise SetupError("wheels-unavailable", done.stderr.strip()[-400:])
        for stray in Path(folder).glob(".*"):
            stray.unlink()
        archive.add_folder(OWN_WHEELS, Path(folder))
    return OWN_WHEELS


# taken --------------------------------------------------------------------------------------------------


def taken(choices: Choices, terminal: Terminal | None) -> tuple[Choices, Brought | None]:
    """The choices with what a bundle brings in their place, and what of it the engine is made from.

    Raises:
        UsageError: ``offline-unfit``, ``image-archive-unfit``.
        DataError: ``image-archive-form``.
        SuiteError: as `suite.measure.offline.opened`.
    """
    if choices.bundle is None:
        return (choices, None) if choices.image_archive is None else _archived(choices, terminal)
    on_bytes = _reading(terminal)
    cache = settings().cache
    manifest, folder, sha256 = offline.opened(
        choices.bundle, cache / "bundles", store=DigestStore(cache), on_bytes=on_bytes
    )
    if terminal is not None:
        terminal.clear()
    _require_fit(choices, manifest)
    image, model, wheels = given(manifest.image), given(manifest.model), given(manifest.wheels)
    packed_vendor = folder / manifest.vendor
    pinned = model is not None and model.revision is not None
    data = given(manifest.data)
    choices = dataclasses.replace(
        choices,
        vendor=str(packed_vendor) if "/" in manifest.vendor else manifest.vendor,
        engine=manifest.engine,
        accelerator=choices.accelerator or manifest.accelerator,
        runtime=manifest.runtime,
        image=None if image is None else image.named,
        model=choices.model if model is None else str(folder / model.directory),
        model_id=f"{model.id}@{model.revision}" if model and pinned else choices.model_id,
        data=choices.data or (None if data is None else folder / data),
    )
    return choices, Brought(
        sha256=sha256,
        archive=None if image is None else folder / image.archive,
        images={} if image is None else image.ids,
        wheels=None if wheels is None else folder / wheels.directory,
    )


def _reading(terminal: Terminal | None) -> Callable[[str, int], None]:
    def on_bytes(path: str, size: int) -> None:
        if terminal is not None:
            terminal.transfer(Sentence(f"reading {path}", f"读取 {path}"), size, None, "B")

    return on_bytes


def _archived(choices: Choices, terminal: Terminal | None) -> tuple[Choices, Brought]:
    """The choices with the image of an archive in its place.

    Raises:
        UsageError: ``image-archive-unfit``: no container is started; it holds several images and none or another is named.
        DataError: ``image-archive-form``.
    """
    path = choices.image_archive
    assert path is not None
    if choices.url is not None or choices.runtime not in (None, "container"):
        message = Sentence(
            "--image-archive: this run starts no container", "--image-archive：此次运行不启动容器"
        )
        raise UsageError("image-archive-unfit", message)
    ids = {
        name: image.id
        for image in held(path, "image-archive-form")
        for name in image.names or {image.id}
    }
    reference = choices.image or (next(iter(ids)) if len(set(ids.values())) == 1 else None)
    if reference not in ids:
        message = Sentence(
            f"{path} holds {', '.join(ids) or 'no image'}",
            f"{path} 含有 {', '.join(ids) or '零个镜像'}",
        )
        hint = Sentence("name one of them with --image", "请以 --image 指定其中之一")
        raise UsageError("image-archive-unfit", message, hint=hint)
    store = DigestStore(settings().cache)
    sha256 = offline.file_digest(path, path.parent, path.name, store, _reading(terminal))
    store.save()
    if terminal is not None:
        terminal.clear()
    choices = dataclasses.replace(choices, image=reference, runtime="container")
    return choices, Brought(
        sha256=sha256, archive=path, images=ids, wheels=None, kind="image-archive"
    )


def _require_fit(choices: Choices, manifest: OfflineBundle) -> None:
    """Refuse what contradicts the bundle.

    Raises:
        UsageError: ``offline-unfit``.
    """
    if manifest.machine != platform.machine():
        message = Sentence(
            f"the bundle is for {manifest.machine}, this machine is {platform.machine()}",
            f"离线包用于 {manifest.machine}，本机是 {platform.machine()}",
        )
        raise UsageError("offline-unfit", message)
    vendor = manifest.vendor.rpartition("/")[2]
    # The default stands for whoever named none.
    options = {
        "--vendor": (None if choices.vendor == "cpu" else choices.vendor, vendor),
        "--engine": (choices.engine, manifest.engine),
        "--runtime": ("endpoint" if choices.url else choices.runtime, manifest.runtime),
        "--image": (choices.image, None),
        "--image-archive": (choices.image_archive, None),
        "--engine-python": (choices.engine_python, None),
        "--model": (choices.model, None) if manifest.model is not UNSET else (None, None),
    }
    for option, (asked, packed) in options.items():
        if asked is not None and asked != packed:
            brings = (
                "the bundle brings its own" if packed is None else f"the bundle is for {packed}"
            )
            raise UsageError(
                "offline-unfit",
                f"{option} {asked}: {brings}",
                hint=Sentence("leave it out", "请去掉它"),
            )


def default_out(packing: Packing) -> Path:
    """Where a bundle is written by default."""
    vendor = Path(packing.vendor).name
    parts = filter(None, ("bundle", vendor, packing.engine, packing.runtime))
    return Path("-".join(parts) + ".tar")
