"""A model's facts, from ``config.json`` and safetensors headers; no weight is loaded.

Facts of the architectures that `suite.declare.model.architectures` knows are put into one form, so that FLOPs
and bytes follow from numbers alone. The headers are a second witness: when they hold another number of
parameters than the architecture gives, the architecture is not the one that the configuration names, and
FLOPs are not computed from it. What neither tells for certain is not known: the weights of a quantised model
do not tell how many there were, those of a mixture not which of them one token uses.
"""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol

from suite.base import jsonio
from suite.base.bilingual import Sentence, joined, placed
from suite.base.errors import DataError, Place, unreadable
from suite.base.safe import open_plain
from suite.declare.model import architectures, configuration, safetensors
from suite.declare.model.weights import weigh
from suite.documents.model import FileDigest, ModelFacts, ModelSource

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from suite.declare.model.shape import Shape
    from suite.declare.model.weights import Weights


WITNESS_TOLERANCE = 0.02
"""Largest relative difference between stored and computed parameters: norms, biases and rounding."""

_HASHED_SUFFIXES = (".safetensors", ".json", ".jinja", ".model", ".py", ".tiktoken", ".txt")
_NOT_HASHED = ("license", "licence", "notice", "readme", "use_policy")
_BLOCK = 4 << 20


def _witness(architecture: str, shape: Shape, stored: int) -> str:
    """Why the headers contradict the architecture; "" when they don't."""
    expected = shape.matrix_parameters
    if abs(stored - expected) <= WITNESS_TOLERANCE * expected:
        return ""
    return Sentence(
        f"the weights hold {stored} parameters, but {architecture} with this config.json has "
        f"about {expected}",
        f"权重共有 {stored} 个参数，而按此 config.json，{architecture} 约有 {expected} 个",
    )


def _parameters(
    name: str, shape: Shape | None, weights: Weights, *, is_quantised: bool
) -> tuple[int | None, str]:
    """Distinct parameters of the whole model, or None with the reason."""
    if not is_quantised:
        if weights.senses is None:
            return None, Sentence("some of the weights are packed", "部分权重经过打包")
        return weights.language + weights.senses, ""
    if shape is None:
        return None, Sentence(
            f"quantised weights of {name or 'no named architecture'} do not tell it",
            f"{name or '未命名结构'}的量化权重无法表明参数量",
        )
    if weights.senses is None:
        return None, Sentence(
            "the part that sees or hears is quantised", "处理图像或声音的部分经过量化"
        )
    return shape.matrix_parameters + weights.senses, ""


def _active(
    config: Mapping[str, object], shape: Shape | None, weights: Weights, *, is_quantised: bool
) -> tuple[int | None, str]:
    """Parameters that one token of text uses, or None with the reason."""
    if shape is not None:
        language = shape.matrix_parameters if is_quantised else weights.language
        return language - shape.idle_parameters, ""
    if weights.experts or configuration.names_experts(config):
        return None, Sentence(
            "which experts one token uses is not known", "每个 token 使用哪些专家未知"
        )
    return None, Sentence(
        "which weights one token uses is not known", "每个 token 使用哪些权重未知"
    )


def _ahead(config: Mapping[str, object], shape: Shape | None) -> int | None:
    """Layers of the model, where the weights hold more that only guess ahead."""
    inner = configuration.language(config)
    names = ("num_nextn_predict_layers", "num_mtp_layers")
    return shape.depth if shape is not None and any(inner.get(name) for name in names) else None


def read_source(directory: Path) -> ModelSource:
    """Read what a model's facts follow from: its configuration and the headers of its weights.

    Raises:
        DataError: as `suite.declare.model.configuration.read_text` and
            `suite.declare.model.safetensors.read_headers`.
    """
    config = configuration.read_text(directory)
    headers, notes = safetensors.read_headers(directory)
    names = tuple(path.name for path in hashed_files(directory))
    return ModelSource(config=config, names=names, weights=tuple(headers), notes=tuple(notes))


def read_model(directory: Path) -> ModelFacts:
    """The facts of a model directory.

    Raises:
        DataError: as `read_source`.
    """
    return facts_of(read_source(directory))


def facts_of(source: ModelSource) -> ModelFacts:
    """The facts that follow from a configuration and headers; pure.

    Raises:
        DataError: as `suite.declare.model.configuration.parse`.
    """
    config = configuration.parse(source.config.encode())
    listed = [tensor for header in source.weights for tensor in header.tensors]
    # Engines load file after file: of a tensor that lies in two the later counts.
    tensors = [*{tensor.name: tensor for tensor in listed}.values()]
    again = len(listed) - len(tensors)
    twice = (f"{again} tensors lie in two files and are counted once",) if again else ()
    shape, unknown = architectures.shape(config)
    name = configuration.architecture(config)
    tied = shape.tied if shape else configuration.tied(config, default=False)
    weights = weigh(tensors, tied=tied, depth=_ahead(config, shape))
    quantisation = configuration.quantisation(config, source.names)
    if quantisation is None and weights.rounded:
        quantisation = "unnamed"
    is_quantised = quantisation is not None
    if shape is not None and not is_quantised:
        unknown = _witness(name, shape, weights.language)
    upheld = None if unknown else shape
    parameters, no_total = _parameters(name, upheld, weights, is_quantised=is_quantised)
    active, no_active = _active(config, upheld, weights, is_quantised=is_quantised)
    unknowns = ((Sentence("all", "全部"), no_total), (Sentence("active", "激活"), no_active))
    reasons = [placed(what, why) for what, why in unknowns if why]
    return ModelFacts(
        architecture=name,
        model_type=configuration.text(config, "model_type"),
        parameters=parameters,
        active_parameters=active,
        parameters_unknown=joined(reasons, "; ", "；") if reasons else "",
        weight_bytes=sum(tensor.bytes for tensor in tensors),
        torch_dtype=configuration.dtype(config) or weights.dtype,
        tie_embeddings=tied,
        quantisation=quantisation,
        max_positions=configuration.max_positions(config),
        heads=shape.heads if shape else None,
        layers=upheld.groups if upheld else (),
        head_parameters=upheld.head if upheld else 0,
        shape_unknown=unknown,
        notes=(*source.notes, *twice),
    )


def _is_hashed(path: Path) -> bool:
    name = path.name.lower()
    hidden = name.startswith(".")
    prose = name.startswith(_NOT_HASHED)
    return path.is_file() and name.endswith(_HASHED_SUFFIXES) and not hidden and not prose


class KnownDigests(Protocol):
    """Digests of files that were read before; see `suite.measure.digests`."""

    def get(self, path: Path) -> str | None:
        """The SHA-256 of a file that is what it was; None when it must be read."""

    def put(self, path: Path, sha256: str) -> None:
        """Keep what reading it gave."""


def hash_file(
    path: Path, name: str, on_bytes: Callable[[int], None] | None, known: KnownDigests | None
) -> FileDigest:
    """Digest one file, or take its digest from where it is known.

    Args:
        path: the file.
        name: that it has in the list.
        on_bytes: told how many bytes more were read.
        known: digests of earlier; None reads the file.

    Raises:
        DataError: ``file-unreadable``.
    """
    sha256 = hashlib.sha256()
    size = 0
    try:
        cached = known.get(path) if known else None
        if cached is not None:
            size = path.stat().st_size
            if on_bytes:
                on_bytes(size)
            return FileDigest(path=name, bytes=size, sha256=cached)
        with open_plain(path, below=None) as stream:
            while block := stream.read(_BLOCK):
                sha256.update(block)
                size += len(block)
                if on_bytes:
                    on_bytes(len(block))
        if known:
            known.put(path, sha256.hexdigest())
    except OSError as cause:
        raise unreadable(DataError, path, cause) from cause
    return FileDigest(path=name, bytes=size, sha256=sha256.hexdigest())


def hash_model(
    directory: Path,
    on_bytes: Callable[[int], None] | None = None,
    known: KnownDigests | None = None,
) -> tuple[list[FileDigest], str]:
    """Digest of what an engine can read from a model directory: weights, configuration, tokenizer, code.

    Prose (README, licence), hidden files, subdirectories and weights in other formats are left out, so
    that two copies of one model agree however they were fetched. Files are read on all cores.

    Args:
        directory: the model directory.
        on_bytes: told how many bytes more were read; called from several threads.
        known: digests of files that were read before; None reads every file.

    Returns:
        The files sorted by name, and the SHA-256 of that list's canonical JSON.

    Raises:
        DataError: ``model-missing``, ``model-no-weights`` or ``file-unreadable``.
    """
    paths = hashed_files(directory)
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        files = list(pool.map(lambda path: hash_file(path, path.name, on_bytes, known), paths))
    return files, jsonio.digest(files)


def hashed_files(directory: Path) -> list[Path]:
    """The files that `hash_model` reads, sorted by name.

    Raises:
        DataError: ``model-missing``, ``model-link-broken``, ``model-no-weights``.
    """
    if not directory.is_dir():
        raise DataError(
            "model-missing",
            Sentence("there is no such model directory", "没有这个模型目录"),
            Place(str(directory)),
        )
    for entry in sorted(directory.iterdir()):
        if entry.is_symlink() and not entry.exists():
            where = entry.readlink()
            raise DataError(
                "model-link-broken",
                Sentence(
                    f"a link to {where}, which does not exist", f"指向不存在的 {where} 的链接"
                ),
                Place(str(entry)),
                Sentence(
                    "fetch the model again, or copy it with its links resolved (cp -rL)",
                    "请重新获取模型，或复制时解析其链接（cp -rL）",
                ),
            )
    paths = sorted((path for path in directory.iterdir() if _is_hashed(path)), key=lambda p: p.name)
    if not paths:
        message = Sentence(
            "no model: neither weights nor configuration", "没有模型：既无权重，也无配置"
        )
        raise DataError("model-no-weights", message, Place(str(directory)))
    return paths
