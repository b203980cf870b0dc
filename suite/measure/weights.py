"""What a conversion does to the numbers: how many of which type go in and come out, and what rounding loses.

The loss follows from the source and the type that the step writes, whatever layout it writes: each value is rounded as
IEEE 754 says, and compared with itself.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import TYPE_CHECKING, Final

import numpy as np

from suite.base.bilingual import Sentence
from suite.base.errors import DataError
from suite.declare.model import openvino_ir
from suite.declare.model.gguf import read_gguf
from suite.declare.model.safetensors import read_header, read_headers
from suite.documents.provenance import Census, Rounding, TensorRounding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from suite.documents.model import Tensor

_READERS: Final = {
    "*.safetensors": lambda path: list(read_header(path).tensors),
    "*.gguf": read_gguf,
    openvino_ir.NAME: openvino_ir.read_ir,
}
"""By the pattern of files' names."""
_NARROW: Final = {"float16": "float16", "fp16": "float16", "half": "float16", "bfloat16": "bfloat16", "bf16": "bfloat16"}  # fmt: skip
_WIDE: Final = ("float32", "fp32")
_WINDOW: Final = 1 << 24
"""Values looked at together."""


def census(tensors: Iterable[Tensor]) -> tuple[Census, ...]:
    """How many tensors and parameters there are of each type, by its name."""
    counts, values = Counter[str](), Counter[str]()
    for tensor in tensors:
        counts[tensor.dtype] += 1
        values[tensor.dtype] += math.prod(tensor.shape)
    return tuple(
        Census(dtype=name, tensors=counts[name], parameters=values[name]) for name in sorted(counts)
    )


def census_before(model: Path) -> tuple[Census, ...]:
    """Of a model directory; empty where its weights are in no format that is read."""
    try:
        headers, _ = read_headers(model)
    except DataError:
        return ()
    return census(tensor for header in headers for tensor in header.tensors)


def census_after(artefact: Path) -> tuple[Census, ...]:
    """Of every file of an artefact whose format is read; empty where there is none.

    Raises:
        DataError: a file of such a format that is broken.
    """
    return census(
        tensor
        for path in sorted(artefact.rglob("*"))
        for pattern, read in _READERS.items()
        if path.match(pattern)
        for tensor in read(path)
    )


def rounding(model: Path, dtype: str) -> Rounding | str:
    """What rounding a model directory's weights to a type loses.

    Args:
        model: directory with safetensors files.
        dtype: the type that the step writes, as its parameters name it.

    Returns:
        The losses by tensor; or why there are none to tell.
    """
    target = _NARROW.get(dtype)
    if dtype in _WIDE:
        return Sentence(f"{dtype} holds every value of the source", f"{dtype} 可容纳来源的每个值")
    if target is None:
        return (
            f"{dtype or 'an unnamed type'} does not round value by value"
            if dtype
            else "the step names no type"
        )
    try:
        headers, _ = read_headers(model)
        rows = [
            _tensor_rounding(name, values, target)
            for header in headers
            for name, values in _values(model / header.path)
        ]
    except (DataError, OSError) as cause:
        return Sentence(f"the source could not be read: {cause}", f"来源无法读取：{cause}")
    return Rounding(dtype=target, tensors=tuple(rows))


def _values(path: Path) -> Iterator[tuple[str, NDArray[np.generic]]]:
    """The floating-point tensors of a file whose header was read before, as they are stored."""
    kinds = {"F32": "<f4", "F16": "<f2", "BF16": "<u2"}
    with path.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        header = json.loads(stream.read(length))
    data = np.memmap(path, np.uint8, "r", offset=8 + length)
    for name, entry in header.items():
        if name != "__metadata__" and entry["dtype"] in kinds:
            first, end = entry["data_offsets"]
            yield name, data[first:end].view(kinds[entry["dtype"]])


def _tensor_rounding(name: str, stored: NDArray[np.generic], target: str) -> TensorRounding:
    overflowed, vanished, not_finite, largest = 0, 0, 0, 0.0
    for start in range(0, stored.size, _WINDOW):
        values = _float32(stored[start : start + _WINDOW])
        not_finite += int((~np.isfinite(values)).sum())
        values = values[np.isfinite(values) & (values != 0)]
        with np.errstate(over="ignore", under="ignore"):
            rounded = _rounded(values, target)
            error = np.abs(rounded.astype(np.float64) / values - 1.0)
        overflowed += int(np.isinf(rounded).sum())
        vanished += int((rounded == 0).sum())
        finite = error[np.isfinite(rounded) & (rounded != 0)]
        largest = max(largest, float(finite.max(initial=0.0)))
    return TensorRounding(
        tensor=name,
        values=int(stored.size),
        overflowed=overflowed,
        vanished=vanished,
        largest_relative_error=largest,
        not_finite=not_finite,
    )


def _float32(stored: NDArray[np.generic]) -> NDArray[np.float32]:
    """As float32; 16-bit integers are bfloat16, which numpy has not."""
    if stored.dtype == np.uint16:
        return (stored.astype(np.uint32) << np.uint32(16)).view(np.float32)
    return stored.astype(np.float32)


def _rounded(values: NDArray[np.float32], target: str) -> NDArray[np.float32]:
    """To the nearest value of the type, halves to even."""
    if target == "float16":
        return values.astype(np.float16).astype(np.float32)
    bits = values.view(np.uint32).astype(np.uint64)
    bits = (bits + 0x7FFF + ((bits >> np.uint64(16)) & np.uint64(1))) & np.uint64(0xFFFF0000)
    return bits.astype(np.uint32).view(np.float32)
