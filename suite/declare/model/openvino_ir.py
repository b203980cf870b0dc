"""OpenVINO's intermediate representation: which constants are a model's weights, of which type and shape.

The graph is XML: a layer of type ``Const`` has a ``data`` member with element type, shape, and offset and size in the
``.bin`` file beside it (https://docs.openvino.ai/2026/documentation/openvino-ir-format.html).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

from suite.base.bilingual import Sentence
from suite.base.errors import DataError, Place, unreadable
from suite.base.safe import open_plain
from suite.documents.model import Tensor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME: Final = "openvino_model.xml"
"""The model's graph; those beside it are its tokenizer."""
_TYPES: Final = {
    "f64": ("F64", 64), "f32": ("F32", 32), "f16": ("F16", 16), "bf16": ("BF16", 16), "f8e4m3": ("F8_E4M3", 8), "f8e5m2": ("F8_E5M2", 8),
    "u8": ("INT8", 8), "i8": ("INT8", 8), "u6": ("INT6", 0), "u4": ("INT4", 4), "i4": ("INT4", 4), "nf4": ("NF4", 4), "f4e2m1": ("F4", 4),
    "u3": ("INT3", 0), "u2": ("INT2", 2), "u1": ("INT1", 1), "f8e8m0": ("", 8), "boolean": ("", 8), "i16": ("", 16), "u16": ("", 16),
    "i32": ("", 32), "u32": ("", 32), "i64": ("", 64), "u64": ("", 64), "string": ("", 0),
}  # fmt: skip
"""Our name of an element type that weights have, and its bits; those without a name hold shapes, positions, scales and
texts. Texts have no fixed length, and types of 3 and 6 bits are laid out in groups: 0 (``openvino/core/type/element_type.hpp``, release 2026.4)."""


def read_ir(path: Path) -> list[Tensor]:
    """The weights of one graph; numbers, and scales and zero points with one value a row, are none.

    Raises:
        DataError: ``file-unreadable``, ``model-weights-wrong``, ``model-weights-truncated``.
    """
    place = Place(str(path))
    try:
        size = path.with_suffix(".bin").stat().st_size
        with open_plain(path, below=None) as stream:
            # What the suite's own conversion wrote; expat bounds what entities expand to.
            rows = list(_constants(ET.iterparse(stream)))  # noqa: S314 - as said
    except OSError as cause:
        raise unreadable(DataError, path, cause) from cause
    except (ET.ParseError, LookupError, ValueError) as cause:
        message = Sentence(f"not a graph of OpenVINO: {cause}", f"不是 OpenVINO 的计算图：{cause}")
        raise DataError("model-weights-wrong", message, place) from cause
    needed = max((end for _, end in rows), default=0)
    if needed > size:
        name = path.with_suffix(".bin").name
        message = Sentence(
            f"cut: {name} has {size} bytes, its constants need {needed}",
            f"文件被截断：{name} 有 {size} 字节，其常量需要 {needed} 字节",
        )
        hint = Sentence("make it again", "请重新生成")
        raise DataError("model-weights-truncated", message, place, hint)
    return [tensor for tensor, _ in rows if tensor.dtype and tensor.shape and tensor.shape[-1] > 1]


def _constants(events: Iterator[tuple[str, ET.Element]]) -> Iterator[tuple[Tensor, int]]:
    """Every constant, with where it ends; of a type that no weight has, the name of the type is empty."""
    for _, layer in events:
        if layer.tag != "layer":
            continue
        data = layer.find("data")
        if layer.get("type") == "Const" and data is not None:
            yield _constant(layer.get("name", ""), data)
        layer.clear()


def _constant(name: str, data: ET.Element) -> tuple[Tensor, int]:
    kind = data.attrib["element_type"]
    offset, size = _count(data.attrib["offset"]), _count(data.attrib["size"])
    if kind not in _TYPES:
        message = f"{name} is of the unknown type {kind}"
        raise ValueError(message)
    label, bits = _TYPES[kind]
    written = data.get("shape", "").strip()
    shape = tuple(_count(part.strip()) for part in written.split(",")) if written else ()
    # Values of less than a byte are packed; the last byte may be filled in part.
    if bits and size != -(-math.prod(shape) * bits // 8):
        message = f"{size} bytes of {name} do not hold {kind}{list(shape)}"
        raise ValueError(message)
    return Tensor(name=name, dtype=label, shape=shape, bytes=size), offset + size


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        message = f"{text[:40]!r} is no count"
        raise ValueError(message)
    return int(text)
