"""Headers of safetensors files: which tensors a model holds, of which shape, without reading a weight.

A file is an 8-byte little-endian length, that many bytes of JSON, then the data
(https://github.com/huggingface/safetensors, "Format").
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from suite.base import jsonio
from suite.base.bilingual import Sentence
from suite.base.errors import DataError, Place, unreadable
from suite.base.safe import open_plain
from suite.documents.model import Tensor, TensorFile

if TYPE_CHECKING:
    from pathlib import Path

    from suite.base.jsonio import JSONValue

MAX_HEADER_BYTES = 100_000_000
"""The format's own limit."""

DTYPE_BITS = {
    "BOOL": 8,
    "U8": 8,
    "I8": 8,
    "F8_E4M3": 8,
    "F8_E5M2": 8,
    "F8_E8M0": 8,
    "F4": 4,
    "I16": 16,
    "U16": 16,
    "F16": 16,
    "BF16": 16,
    "I32": 32,
    "U32": 32,
    "F32": 32,
    "I64": 64,
    "U64": 64,
    "F64": 64,
}
FLOAT_DTYPES = frozenset({"F8_E4M3", "F8_E5M2", "F16", "BF16", "F32", "F64"})

_POINTER_START = b"version https://git-lfs"
_INDEX = "model.safetensors.index.json"
_PART = re.compile(r"(?:model|pytorch_model)-(?P<number>\d+)-of-(?P<total>\d+)\.safetensors$")
_ADAPTER = "adapter_model"
_MAKERS_COPY = "consolidated"
_OTHER_FORMATS = ("*.bin", "*.pt", "*.pth", "*.gguf", "*.h5", "*.msgpack", "*.onnx")


def _header(path: Path) -> tuple[dict[str, JSONValue], int, int]:
    """The header's JSON, its length, and the number of data bytes behind it."""
    place = Place(str(path))
    try:
        with open_plain(path, below=None) as stream:  # models lie behind links in every local store
            size = os.fstat(stream.fileno()).st_size
            start = stream.read(8)
            if start + stream.read(len(_POINTER_START) - 8) == _POINTER_START:
                hint = Sentence(
                    "fetch the real file: git lfs pull", "请取得真正的文件：git lfs pull"
                )
                raise DataError(
                    "model-weights-pointer",
                    Sentence("a Git LFS pointer, not weights", "是 Git LFS 指针，不是权重"),
                    place,
                    hint,
                )
            length = int.from_bytes(start, "little")
            if len(start) < 8 or length > MAX_HEADER_BYTES or 8 + length > size:
                message = Sentence(
                    "not a safetensors file: its header does not fit into it",
                    "不是 safetensors 文件：其中容不下文件头",
                )
                raise DataError("model-weights-wrong", message, place)
            stream.seek(8)
            raw = stream.read(length)
    except OSError as cause:
        raise unreadable(DataError, path, cause) from cause
    header = jsonio.loads(raw.rstrip(b" "), name=str(path), error=DataError)
    if not isinstance(header, dict):
        raise DataError(
            "model-weights-wrong",
            Sentence("the safetensors header is not an object", "safetensors 文件头不是对象"),
            place,
        )
    return header, length, size - 8 - length


def _integers(value: JSONValue) -> tuple[int, ...] | None:
    if not isinstance(value, list):
        return None
    numbers = tuple(item for item in value if isinstance(item, int) and not isinstance(item, bool))
    return numbers if len(numbers) == len(value) and all(n >= 0 for n in numbers) else None


def _tensor(name: str, entry: JSONValue, path: Path) -> tuple[Tensor, int]:
    """One entry, checked, and where its data ends."""
    place = Place(str(path), None, f"/{name}")
    if not isinstance(entry, dict):
        raise DataError(
            "model-weights-wrong",
            Sentence("a tensor's entry is not an object", "张量的条目不是对象"),
            place,
        )
    dtype = entry.get("dtype")
    shape = _integers(entry.get("shape"))
    offsets = _integers(entry.get("data_offsets"))
    if not isinstance(dtype, str) or shape is None or offsets is None or len(offsets) != 2:
        raise DataError(
            "model-weights-wrong",
            Sentence("a tensor without dtype, shape or offsets", "张量缺少 dtype、shape 或偏移"),
            place,
        )
    begin, end = offsets
    tensor = Tensor(name=name, dtype=dtype, shape=shape, bytes=end - begin)
    if not fills(tensor):
        raise DataError(
            "model-weights-wrong",
            Sentence(
                f"{end - begin} bytes do not hold {dtype}{shape}",
                f"{end - begin} 字节不等于 {dtype}{shape} 的大小",
            ),
            place,
        )
    return tensor, end


def fills(tensor: Tensor) -> bool:
    """Whether a tensor takes as many bytes as its shape needs, where its precision is known."""
    bits = DTYPE_BITS.get(tensor.dtype)
    return bits is None or tensor.bytes * 8 == tensor.elements * bits


def read_header(path: Path) -> TensorFile:
    """The tensors of one file.

    Raises:
        DataError: ``file-unreadable``, ``json-refused``, ``model-weights-wrong``,
            ``model-weights-truncated`` or ``model-weights-pointer``.
    """
    header, length, available = _header(path)
    tensors: list[Tensor] = []
    needed = 0
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        tensor, end = _tensor(name, entry, path)
        tensors.append(tensor)
        needed = max(needed, end)
    if needed > available:
        message = Sentence(
            f"cut: holds {available} of {needed} bytes of weights",
            f"文件被截断：{needed} 字节权重中只有 {available} 字节",
        )
        raise DataError(
            "model-weights-truncated",
            message,
            Place(str(path)),
            Sentence("fetch it again", "请重新获取"),
        )
    return TensorFile(path=path.name, header_bytes=length, tensors=tuple(tensors))


def _sharded(directory: Path) -> list[Path]:
    """The files that the index names."""
    path = directory / _INDEX
    index = jsonio.load(path, error=DataError, foreign=True)
    names = index.get("weight_map") if isinstance(index, dict) else None
    if not isinstance(names, dict) or not names:
        raise DataError(
            "model-index-wrong",
            Sentence("the index has no weight_map", "索引没有 weight_map"),
            Place(str(path)),
        )
    files = sorted({str(name) for name in names.values()})
    for name in files:
        if "/" in name or not (directory / name).is_file():
            message = Sentence(
                f"the index names {name!r}, which is not there", f"索引所指的 {name!r} 不存在"
            )
            raise _shard_missing(message, Place(str(path), None, "/weight_map"))
    return [directory / name for name in files]


def _shard_missing(message: str, place: Place) -> DataError:
    return DataError(
        "model-shard-missing",
        message,
        place,
        Sentence("fetch the missing part", "请获取缺少的部分"),
    )


def _parts(directory: Path) -> list[Path]:
    """Numbered parts without an index, all of them."""
    numbered = {path: _PART.match(path.name) for path in sorted(directory.glob("*.safetensors"))}
    parts = {path: match for path, match in numbered.items() if match}
    if not parts:
        return []
    totals = {int(match["total"]) for match in parts.values()}
    present = {int(match["number"]) for match in parts.values()}
    for total in totals:
        missing = sorted(set(range(1, total + 1)) - present)
        if missing:
            message = Sentence(
                f"part {missing[0]} of {total} is not there",
                f"缺少 {total} 个部分中的第 {missing[0]} 部分",
            )
            raise _shard_missing(message, Place(str(directory)))
    return list(parts)


def _files(directory: Path) -> list[Path]:
    """The files that engines read: the whole in one file, else what the index names, else all parts."""
    single = directory / "model.safetensors"
    if single.is_file():
        return [single]
    if (directory / _INDEX).is_file():
        return _sharded(directory)
    if parts := _parts(directory):
        return parts
    files = sorted(directory.glob("*.safetensors"))
    weights = [path for path in files if not path.name.startswith(_ADAPTER)]
    # Some repositories carry the same weights twice, once in the maker's own layout.
    return [path for path in weights if not path.name.startswith(_MAKERS_COPY)] or weights


def _notes(directory: Path, files: list[Path]) -> list[str]:
    """What lies beside the files that count."""
    notes = []
    if files == [directory / "model.safetensors"] and (directory / _INDEX).is_file():
        notes.append(f"{_INDEX} is left aside: model.safetensors is there and comes first")
    rest = sorted(path.name for path in set(directory.glob("*.safetensors")) - set(files))
    if rest:
        more = f" and {len(rest) - 3} more" if len(rest) > 3 else ""
        notes.append(f"not counted as weights of the model: {', '.join(rest[:3])}{more}")
    return notes


def read_headers(directory: Path) -> tuple[list[TensorFile], list[str]]:
    """The headers of a model directory's weights, and what was left aside.

    ``model.safetensors`` comes first, as engines take it; an index beside it is stale or says the same.

    Raises:
        DataError: ``model-no-weights`` without any safetensors file (it says so when there are weights of
            another format or an adapter alone), ``model-index-wrong``, ``model-shard-missing``,
            ``model-tensor-missing``, or as `read_header`.
    """
    files = _files(directory)
    if not files:
        raise _no_weights(directory)
    headers = [read_header(path) for path in files]
    if files != [directory / "model.safetensors"] and (directory / _INDEX).is_file():
        names = {tensor.name for header in headers for tensor in header.tensors}
        _check_index(directory / _INDEX, names)
    return headers, _notes(directory, files)


def _no_weights(directory: Path) -> DataError:
    other = sorted({p.name for pattern in _OTHER_FORMATS for p in directory.glob(pattern)})
    adapters = sorted(path.name for path in directory.glob(f"{_ADAPTER}*.safetensors"))
    if other:
        message = Sentence(
            f"weights only in another format ({', '.join(other[:3])}), none in safetensors",
            f"只有其他格式的权重（{', '.join(other[:3])}），没有 safetensors",
        )
        hint = Sentence(
            "convert them: AutoModelForCausalLM.from_pretrained(d).save_pretrained(d)",
            "请转换：AutoModelForCausalLM.from_pretrained(d).save_pretrained(d)",
        )
    elif adapters:
        message = Sentence(
            f"only an adapter ({adapters[0]}), no model", f"只有适配器（{adapters[0]}），没有模型"
        )
        hint = Sentence(
            "merge it into its base model: merge_and_unload() of peft, then save_pretrained(d)",
            "请并入其基础模型：peft 的 merge_and_unload()，然后 save_pretrained(d)",
        )
    else:
        message, hint = (
            Sentence("no weights: no *.safetensors file", "没有权重：没有 *.safetensors 文件"),
            Sentence("fetch the model again", "请重新获取模型"),
        )
    return DataError("model-no-weights", message, Place(str(directory)), hint)


def _check_index(path: Path, present: set[str]) -> None:
    index = jsonio.load(path, error=DataError, foreign=True)
    names = index.get("weight_map") if isinstance(index, dict) else None
    missing = sorted(set(names) - present) if isinstance(names, dict) else []
    if missing:
        message = Sentence(
            f"{len(missing)} tensors of the index are in none of its files, e.g. {missing[0]}",
            f"索引中有 {len(missing)} 个张量不在任何文件中，例如 {missing[0]}",
        )
        raise DataError("model-tensor-missing", message, Place(str(path)))
