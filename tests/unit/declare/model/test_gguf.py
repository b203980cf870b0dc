"""Headers of GGUF files, written here byte by byte as the format says, sound and broken."""

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.base.errors import DataError
from suite.declare.model.gguf import read_gguf


def text(value):
    raw = value.encode()
    return struct.pack("<Q", len(raw)) + raw


def member(name, kind, value):
    return text(name) + struct.pack("<I", kind) + value


MEMBERS = (
    member("general.architecture", 8, text("llama")),
    member("llama.block_count", 4, struct.pack("<I", 2)),
    member("general.flag", 7, b"\x01"),
    member("tokens", 9, struct.pack("<IQ", 8, 2) + text("a") + text("Ġb")),
    member("types", 9, struct.pack("<IQ", 5, 3) + bytes(12)),
)
TENSORS = (
    ("token_embd.weight", (64, 3), 8, 64 * 3 // 32 * 34),
    ("output_norm.weight", (64,), 0, 256),
)


def gguf(members=MEMBERS, tensors=TENSORS, magic=b"GGUF", version=3):
    head = magic + struct.pack("<IQQ", version, len(tensors), len(members)) + b"".join(members)
    for name, dimensions, kind, _ in tensors:
        head += text(name) + struct.pack("<I", len(dimensions))
        head += b"".join(struct.pack("<Q", length) for length in dimensions)
        head += struct.pack("<IQ", kind, 0)
    return head + bytes(sum(size for *_, size in tensors))


def write(path, data):
    path.write_bytes(data)
    return path


def test_tensors_have_their_type_shape_and_size(tmp_path):
    first, second = read_gguf(write(tmp_path / "m.gguf", gguf()))
    assert (first.name, first.dtype, first.shape, first.bytes) == (
        "token_embd.weight", "Q8_0", (3, 64), 204,
    )  # fmt: skip
    assert (second.dtype, second.elements, second.bytes) == ("F32", 64, 256)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "model-weights-truncated"),
        (gguf(magic=b"GGML"), "model-weights-wrong"),
        (gguf(version=1), "model-weights-wrong"),
        (gguf()[:-1], "model-weights-truncated"),
        (gguf()[:200], "model-weights-truncated"),
        (gguf(tensors=(("t", (32,), 99, 0),)), "model-weights-wrong"),
        (gguf(tensors=(("t", (1,) * 9, 0, 0),)), "model-weights-wrong"),
        (gguf(members=(member("m", 13, b""),)), "model-weights-wrong"),
        (gguf(members=(member("m", 9, struct.pack("<IQ", 9, 1)),)), "model-weights-wrong"),
        (gguf(members=(member("m", 9, struct.pack("<IQ", 4, 1 << 60)),)), "model-weights-wrong"),
        (b"GGUF" + struct.pack("<IQQ", 3, 1 << 40, 0), "model-weights-wrong"),
    ],
)
def test_a_broken_file_is_refused(tmp_path, data, code):
    with pytest.raises(DataError) as caught:
        read_gguf(write(tmp_path / "m.gguf", data))
    assert caught.value.code == code


@given(st.integers(0, len(gguf()) - 1), st.integers(0, 255))
def test_no_byte_of_it_brings_the_reader_down(tmp_path_factory, place, value):
    data = bytearray(gguf())
    data[place] = value
    path = write(tmp_path_factory.mktemp("gguf") / "m.gguf", bytes(data))
    with contextlib.suppress(DataError):
        read_gguf(path)
