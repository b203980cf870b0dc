"""Headers of GGUF files: which tensors a file holds, of which type and shape, without reading a weight.

Little-endian: magic, version, number of tensors, number of members; the members, each a name, a type and a value; then
each tensor's name, dimensions, type and offset (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md).
"""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING, Final

from suite.base.bilingual import Sentence
from suite.base.errors import DataError, Place, unreadable
from suite.base.safe import open_plain
from suite.documents.model import Tensor

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

MAGIC: Final = b"GGUF"
_VERSIONS: Final = (2, 3)
_SIZES: Final = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
"""Bytes of a value, by its type; 8 is a text and 9 an array."""
_TEXT: Final = 8
_ARRAY: Final = 9
_TYPES: Final = {
    0: ("F32", 1, 4), 1: ("F16", 1, 2), 2: ("Q4_0", 32, 18), 3: ("Q4_1", 32, 20), 6: ("Q5_0", 32, 22), 7: ("Q5_1", 32, 24),
    8: ("Q8_0", 32, 34), 10: ("Q2_K", 256, 84), 11: ("Q3_K", 256, 110), 12: ("Q4_K", 256, 144), 13: ("Q5_K", 256, 176),
    14: ("Q6_K", 256, 210), 28: ("F64", 1, 8), 30: ("BF16", 1, 2),
}  # fmt: skip
"""Name, values of a block and bytes of a block, by the type's number."""
_MOST: Final = 1 << 20
"""Tensors, members and dimensions beyond this are a broken file."""
_LONGEST: Final = 1 << 26


def read_gguf(path: Path) -> list[Tensor]:
    """The tensors of one file.

    Raises:
        DataError: ``file-unreadable``, ``model-weights-wrong``, ``model-weights-truncated``.
    """
    place = Place(str(path))
    try:
        with open_plain(path, below=None) as stream:
            size = os.fstat(stream.fileno()).st_size
            tensors = _Reader(stream, size, place).tensors()
    except OSError as cause:
        raise unreadable(DataError, path, cause) from cause
    return tensors


class _Reader:
    """Reads on from where the last value ended."""

    def __init__(self, stream: BinaryIO, size: int, place: Place) -> None:
        self._stream, self._size, self._place = stream, size, place

    def tensors(self) -> list[Tensor]:
        if self._take(4) != MAGIC or self._number("<I") not in _VERSIONS:
            raise self._wrong(
                Sentence("not a GGUF file of a known version", "不是已知版本的 GGUF 文件")
            )
        count, members = self._number("<Q"), self._number("<Q")
        if max(count, members) > _MOST:
            raise self._wrong(
                Sentence(
                    f"{count} tensors and {members} members",
                    f"有 {count} 个张量与 {members} 个成员",
                )
            )
        for _ in range(members):
            self._text()
            self._skip(self._number("<I"))
        tensors = [self._tensor() for _ in range(count)]
        needed = self._stream.tell() + sum(tensor.bytes for tensor in tensors)
        if needed > self._size:
            message = Sentence(
                f"cut: {self._size} bytes, its tensors need {needed}",
                f"文件被截断：有 {self._size} 字节，其张量需要 {needed} 字节",
            )
            raise DataError(
                "model-weights-truncated",
                message,
                self._place,
                Sentence("make it again", "请重新生成"),
            )
        return tensors

    def _tensor(self) -> Tensor:
        name, dimensions = self._text(), self._number("<I")
        if dimensions > 8:
            raise self._wrong(
                Sentence(f"{name} has {dimensions} dimensions", f"{name} 有 {dimensions} 维")
            )
        shape = tuple(reversed([self._number("<Q") for _ in range(dimensions)]))
        kind, _ = self._number("<I"), self._number("<Q")
        if kind not in _TYPES:
            raise self._wrong(
                Sentence(f"{name} is of the unknown type {kind}", f"{name} 的类型 {kind} 未知")
            )
        label, block, width = _TYPES[kind]
        values = 1
        for length in shape:
            values *= length
        return Tensor(name=name, dtype=label, shape=shape, bytes=values // block * width)

    def _skip(self, kind: int) -> None:
        if kind == _TEXT:
            self._text()
        elif kind == _ARRAY:
            inner, length = self._number("<I"), self._number("<Q")
            if inner in _SIZES:
                self._take(length * _SIZES[inner])
                return
            if inner == _ARRAY or length > _LONGEST:
                raise self._wrong(
                    Sentence(
                        "a member holds lists of lists, or too long a list",
                        "有成员含嵌套列表，或列表过长",
                    )
                )
            for _ in range(length):
                self._skip(inner)
        elif kind in _SIZES:
            self._take(_SIZES[kind])
        else:
            raise self._wrong(
                Sentence(f"a member is of the unknown type {kind}", f"有成员的类型 {kind} 未知")
            )

    def _text(self) -> str:
        return self._take(self._number("<Q")).decode("utf-8", "replace")

    def _number(self, form: str) -> int:
        value: int = struct.unpack(form, self._take(struct.calcsize(form)))[0]
        return value

    def _take(self, count: int) -> bytes:
        if count > _LONGEST:
            raise self._wrong(Sentence(f"a value of {count} bytes", f"有值长 {count} 字节"))
        data = self._stream.read(count)
        if len(data) != count:
            message = Sentence("cut: it ends within its header", "文件被截断：在文件头中结束")
            raise DataError(
                "model-weights-truncated",
                message,
                self._place,
                Sentence("make it again", "请重新生成"),
            )
        return data

    def _wrong(self, why: str) -> DataError:
        return DataError("model-weights-wrong", why, self._place)
