"""A model's facts, from ``config.json`` and safetensors headers; no weight is loaded.

Facts of the architectures that `suite.declare.model.architectures` knows are put into one form, so that FLOPs
and bytes follow from numbers alone. The headers are a second witness: when they hold another number of
parameters than the architecture gives, the architecture is not the one that the configuration names, and
FLOPs are not computed from it.
"""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol

from suite.base import jsonio
from suite.base.errors import DataError, Place
from suite.declare.model import architectures, safetensors
from suite.documents.model import FileDigest, ModelFacts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from suite.base.jsonio import JSONObject
    from suite.declare.model.architectures import Shape
    from suite.declare.model.safetensors import Tensor


WITNESS_TOLERANCE = 0.02
"""Largest relative difference between stored and computed parameters: norms, biases and rounding."""

_HASHED_SUFFIXES = (".safetensors", ".json", ".jinja", ".model", ".py", ".tiktoken", ".txt")
_NOT_HASHED = ("license", "licence", "notice", "readme", "use_policy")
_BLOCK = 4 << 20


def _config(directory: Path) -> JSONObject:
    if not directory.is_dir():
        raise DataError("model-missing", "there is no such model directory", Place(str(directory)))
    path = directory / "config.json"
    if not path.is_file():
        hint = "a model directory holds config.json, a tokenizer and *.safetensors"
        raise DataError("model-no-config", "no config.json", Place(str(directory)), hint)
    value = jsonio.load(path, error=DataError)
    if not isinstance(value, dict):
        raise DataError("model-config-wrong", "config.json is not an object", Place(str(path)))
    return value


def _is_parameter(tensor: Tensor) -> bool:
    """Whether a stored tensor was trained; old checkpoints also store masks and rotary frequencies."""
    buffers = ("rotary_emb.inv_freq", "rotary_pos_emb.inv_freq", "attention.masked_bias")
    return tensor.dtype in safetensors.FLOAT_DTYPES and not tensor.name.endswith(buffers)


def _stored_parameters(tensors: Sequence[Tensor], *, tied: bool) -> int:
    names = {tensor.name for tensor in tensors}
    total = sum(tensor.elements for tensor in tensors if _is_parameter(tensor))
    if tied and any(name.endswith("embed_tokens.weight") for name in names):
        # Some writers store the tied head as a second copy.
        total -= sum(tensor.elements for tensor in tensors if tensor.name == "lm_head.weight")
    return total


def _text(config: Mapping[str, object], *names: str) -> str:
    values = (config.get(name) for name in names)
    return next((value for value in values if isinstance(value, str)), "")


def _quantisation(config: Mapping[str, object]) -> str | None:
    section = config.get("quantization_config")
    if section is None:
        return None
    method = section.get("quant_method") if isinstance(section, dict) else None
    return method if isinstance(method, str) and method else "unnamed"


def _witness(architecture: str, shape: Shape, stored: int) -> str:
    """Why the headers contradict the architecture; "" when they don't."""
    expected = shape.matrix_parameters
    if abs(stored - expected) <= WITNESS_TOLERANCE * expected:
        return ""
    return (
        f"the weights hold {stored} parameters, but {architecture} with this config.json has "
        f"about {expected}"
    )


def read_model(directory: Path) -> ModelFacts:
    """Read a model directory's configuration and safetensors headers.

    Raises:
        DataError: ``model-missing``, ``model-no-config``, ``model-config-wrong``, ``json-refused``, or as
            `suite.declare.model.safetensors.read_tensors`.
    """
    config = _config(directory)
    tensors = safetensors.read_tensors(directory)
    shape, unknown = architectures.shape(config)
    names = config.get("architectures")
    architecture = (
        names[0] if isinstance(names, list) and names and isinstance(names[0], str) else ""
    )
    tied = shape.tied if shape else config.get("tie_word_embeddings") is True
    quantisation = _quantisation(config)
    stored = _stored_parameters(tensors, tied=tied)
    if shape and quantisation:
        # Packed integers say little about the number of weights: the architecture does.
        stored = shape.matrix_parameters
    elif shape:
        unknown = _witness(architecture, shape, stored)
    return ModelFacts(
        architecture=architecture,
        model_type=_text(config, "model_type"),
        parameters=stored,
        active_parameters=stored - (shape.idle_parameters if shape else 0),
        weight_bytes=sum(tensor.bytes for tensor in tensors),
        torch_dtype=_text(config, "torch_dtype", "dtype"),
        tie_embeddings=tied,
        quantisation=quantisation,
        max_positions=architectures.max_positions(config),
        layers=shape.layers if shape else None,
        hidden_size=shape.hidden if shape else None,
        vocab_size=shape.vocab if shape else None,
        heads=shape.heads if shape else None,
        kv_heads=shape.kv_heads if shape else None,
        head_dim=shape.head_dim if shape else None,
        intermediate_size=shape.intermediate if shape else None,
        mlp_matrices=shape.mlp_matrices if shape else None,
        experts=shape.experts if shape else 0,
        active_experts=shape.active_experts if shape else 0,
        sliding_window=shape.window if shape else None,
        sliding_layers=shape.window_layers if shape else 0,
        shape_unknown=unknown,
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
        kept = known.get(path) if known else None
        if kept is not None:
            size = path.stat().st_size
            if on_bytes:
                on_bytes(size)
            return FileDigest(path=name, bytes=size, sha256=kept)
        with path.open("rb") as stream:
            while block := stream.read(_BLOCK):
                sha256.update(block)
                size += len(block)
                if on_bytes:
                    on_bytes(len(block))
        if known:
            known.put(path, sha256.hexdigest())
    except OSError as cause:
        message = f"cannot read: {cause.strerror or cause}"
        raise DataError("file-unreadable", message, Place(str(path))) from cause
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
        DataError: ``model-missing``, ``model-no-weights``.
    """
    if not directory.is_dir():
        raise DataError("model-missing", "there is no such model directory", Place(str(directory)))
    paths = sorted((path for path in directory.iterdir() if _is_hashed(path)), key=lambda p: p.name)
    if not paths:
        message = "no model: neither weights nor configuration"
        raise DataError("model-no-weights", message, Place(str(directory)))
    return paths
