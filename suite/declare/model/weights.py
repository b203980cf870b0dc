"""What the headers of a model's weights tell: parameters by part, and the precision of most of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from suite.declare.model import safetensors

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from suite.documents.model import Tensor

_BUFFERS: Final = ("rotary_emb.inv_freq", "rotary_pos_emb.inv_freq", "attention.masked_bias")
_OTHER_SENSES: Final = re.compile(
    r"(^|\.)(vision_tower|vision_model|visual|vision_encoder|vision_embed_tokens|vpm|resampler"
    r"|audio_tower|audio_encoder|multi_modal_projector|mm_projector|embed_vision|embed_audio)\."
)
_LAYER: Final = re.compile(r"(?:^|\.)(?:layers|h|blocks)\.(\d+)\.")
_EXPERT: Final = re.compile(r"(^|[._])experts?([._]|$)")
_HEADS: Final = ("lm_head.weight", "embed_out.weight")
_EMBEDDINGS: Final = (
    "embed_tokens.weight",
    "word_embeddings.weight",
    "embed_in.weight",
    "wte.weight",
)
_PACKED: Final = frozenset({"U8", "I8", "I32", "U32", "F4"})
_ROUNDED: Final = _PACKED | {"F8_E4M3", "F8_E5M2"}
_ROUNDED_SHARE: Final = 0.01
_DTYPES: Final = {
    "F16": "float16",
    "BF16": "bfloat16",
    "F32": "float32",
    "F64": "float64",
}


@dataclass(frozen=True, slots=True)
class Weights:
    """What was stored.

    Attributes:
        language: parameters of the language part, stored as floats.
        senses: of what sees or hears; None when some of it is packed.
        rounded: integers that hold more than one number each, so that elements are not parameters, or floats of 8 bits.
        experts: some tensor belongs to an expert.
        dtype: precision of most float elements, "" without any.
    """

    language: int
    senses: int | None
    rounded: bool
    experts: bool
    dtype: str


def _is_parameter(tensor: Tensor) -> bool:
    """Whether a stored tensor was trained; old checkpoints also store masks and rotary frequencies."""
    return tensor.dtype in safetensors.FLOAT_DTYPES and not tensor.name.endswith(_BUFFERS)


def _is_beyond(tensor: Tensor, depth: int | None) -> bool:
    """Whether it belongs to a layer behind the last, which only guesses ahead."""
    layer = _LAYER.search(tensor.name)
    return depth is not None and layer is not None and int(layer[1]) >= depth


def _second_heads(tensors: Sequence[Tensor]) -> set[str]:
    """Names of heads that are a second copy of an embedding of the same size."""
    sizes = {t.shape for t in tensors if t.name.endswith(_EMBEDDINGS)}
    return {t.name for t in tensors if t.name.endswith(_HEADS) and t.shape in sizes}


def _dtype(tensors: Iterable[Tensor]) -> str:
    elements: dict[str, int] = {}
    for tensor in tensors:
        if tensor.dtype in _DTYPES and not tensor.name.endswith(_BUFFERS):
            elements[tensor.dtype] = elements.get(tensor.dtype, 0) + tensor.elements
    return _DTYPES[max(elements, key=elements.__getitem__)] if elements else ""


def weigh(tensors: Sequence[Tensor], *, tied: bool, depth: int | None) -> Weights:
    """Sum up the headers.

    Args:
        tensors: of all files that the engine reads.
        tied: the head shares the embedding's weights: a second copy counts once.
        depth: layers of the model where those behind them only guess ahead, else None.
    """
    copies = _second_heads(tensors) if tied else set()
    counted = [t for t in tensors if t.name not in copies and not _is_beyond(t, depth)]
    senses = [t for t in counted if _OTHER_SENSES.search(t.name)]
    others = [t for t in counted if not _OTHER_SENSES.search(t.name)]
    rounded = sum(t.bytes for t in others if t.dtype in _ROUNDED)
    return Weights(
        language=_parameters(others),
        senses=None if any(t.dtype in _PACKED for t in senses) else _parameters(senses),
        rounded=rounded > _ROUNDED_SHARE * sum(t.bytes for t in others),
        experts=any(_EXPERT.search(t.name) for t in others),
        dtype=_dtype(others),
    )


def _parameters(tensors: Iterable[Tensor]) -> int:
    return sum(tensor.elements for tensor in tensors if _is_parameter(tensor))
