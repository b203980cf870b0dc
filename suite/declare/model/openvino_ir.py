"""OpenVINO's intermediate representation: which constants are a model's weights, of which type and shape.

The graph is XML: a layer of type ``Const`` has a ``data`` member with element type, shape, and offset and size in the
``.bin`` file beside it (https://docs.openvino.ai/2026/documentation/openvino-ir-format.html).
"""

from __future__ import annotations

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
_TYPES: Final = {"f32": "F32", "f16": "F16", "bf16": "BF16", "u8": "INT8", "i8": "INT8", "u4": "INT4", "i4": "INT4"}  # fmt: skip
"""Other types hold shapes and positions."""


def read_ir(path: Path) -> list[Tensor]:
    """The weights of one graph; numbers, and scales and zero points with one value a row, are none.

    Raises:
        DataError: ``file-unreadable``, ``model-weights-wrong``, ``model-weights-truncated``.
    """
    place = Place(str(path))
    try:
        held = path.with_suffix(".bin").stat().st_size
        with open_plain(path, below=None) as stream:
            # What the suite's own conversion wrote; expat bounds what entities expand to.
            rows = list(_constants(ET.iterparse(stream)))  # noqa: S314 - as said
    except OSError as cause:
        raise unreadable(DataError, path, cause) from cause
    except (ET.ParseError, KeyError, ValueError) as cause:
        message = Sentence(f"not a graph of OpenVINO: {cause}", f"不是 OpenVINO 的计算图：{cause}")
        raise DataError("model-weights-wrong", message, place) from cause
    needed = max((end for _, end in rows), default=0)
    if needed > held:
        name = path.with_suffix(".bin").name
        message = Sentence(
            f"cut: {name} has {held} bytes, its constants need {needed}",
            f"文件被截断：{name} 有 {held} 字节，其常量需要 {needed} 字节",
        )
        again = Sentence("make it again", "请重新生成")
        raise DataError("model-weights-truncated", message, place, again)
    return [tensor for tensor, _ in rows if tensor.dtype and tensor.shape and tensor.shape[-1] > 1]


def _constants(events: Iterator[tuple[str, ET.Element]]) -> Iterator[tuple[Tensor, int]]:
    """Every constant, with where it ends; of a type that no weight has, the name of the type is empty."""
    for _, layer in events:
        if layer.tag != "layer":
            continue
        data = layer.find("data")
        if layer.get("type") == "Const" and data is not None:
            size = int(data.attrib["size"])
            shape = tuple(int(part) for part in data.get("shape", "").split(",") if part.strip())
            label = _TYPES.get(data.attrib["element_type"], "")
            tensor = Tensor(name=layer.get("name", ""), dtype=label, shape=shape, bytes=size)
            yield tensor, int(data.attrib["offset"]) + size
        layer.clear()
