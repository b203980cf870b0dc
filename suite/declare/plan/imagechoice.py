"""Which image a plan runs: the one that was named, or the one that the declaration has for the device."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from suite.base.bilingual import Sentence
from suite.base.errors import UsageError
from suite.documents.document import given
from suite.documents.vendor_engine import DeclaredEngine, DeclaredImage

if TYPE_CHECKING:
    from suite.documents.accelerator import Accelerator


SHA256_DIGITS = 64


def choose_image(engine: DeclaredEngine, device: Accelerator, named: str | None) -> DeclaredImage:
    """The image: a declared one by id, one by reference, or the first that fits the accelerator.

    Raises:
        UsageError: ``image-unnamed``, ``image-digest-wrong``.
    """
    fitting = [
        image for image in engine.images if device.id in given(image.accelerators, [device.id])
    ]
    by_id = {image.id: image for image in engine.images}
    if named in by_id:
        chosen = by_id[named]
    elif named is not None:
        return _named_image(named, engine)
    elif fitting:
        chosen = fitting[0]
    else:
        raise UsageError(
            "image-unnamed",
            Sentence(
                f"{engine.id} declares no image for {device.name}",
                f"{engine.id} 未声明用于 {device.name} 的镜像",
            ),
        )
    if chosen.reference == "unknown":
        raise UsageError(
            "image-unnamed",
            Sentence(
                f"no public image of {engine.title} is known for {device.name}",
                f"不知道 {engine.title} 用于 {device.name} 的公开镜像",
            ),
            hint=_naming(given(chosen.note, "")),
        )
    return chosen


def _naming(note: str) -> Sentence:
    """How an image is named, unless the declaration's note says it."""
    if "--image" in note:
        return Sentence(note, f"请以 --image 指定；{note}")
    words = Sentence(
        "name one with --image, or write it into the declaration, as `reference`",
        "请以 --image 指定，或写入声明的 `reference`",
    )
    return Sentence(f"{words}; {note}", f"{words.zh}；{note}") if note else words


def _named_image(named: str, engine: DeclaredEngine) -> DeclaredImage:
    bare = named.removeprefix("sha256:")
    if bare != named and len(bare) == SHA256_DIGITS and set(bare) <= set("0123456789abcdef"):
        # The id of an image that is on this machine and in no registry.
        return _new_image(engine, "local", named, named)
    reference, _, digest = named.partition("@")
    hexadecimal = digest.removeprefix("sha256:")
    if digest and (
        len(hexadecimal) != SHA256_DIGITS or not set(hexadecimal) <= set("0123456789abcdef")
    ):
        hint = Sentence(
            "write name:tag@sha256: and 64 hexadecimal digits",
            "请写成 name:tag@sha256: 加 64 位十六进制数字",
        )
        raise UsageError(
            "image-digest-wrong",
            Sentence(f"{digest!r} is not a digest", f"{digest!r} 不是摘要"),
            hint=hint,
        )
    return _new_image(engine, "registry", reference, digest or None)


def _new_image(
    engine: DeclaredEngine, source: Literal["registry", "local"], reference: str, digest: str | None
) -> DeclaredImage:
    return DeclaredImage(
        id="named",
        source=source,
        reference=reference,
        digest=digest,
        architectures=engine.images[0].architectures,
        visibility="local" if source == "local" else "public",
        provenance=engine.images[0].provenance,
    )
