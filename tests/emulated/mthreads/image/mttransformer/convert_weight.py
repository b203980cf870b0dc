"""Emulates ``python -m mttransformer.convert_weight``: the vendor's arguments, its refusals, float16 for each rank.

The layout of the real artefact is not public; this one has a ``config.ini`` with what is baked in, a file of
weights for each rank, and everything else of the model directory. Standard library only.
"""

import argparse
import array
import configparser
import json
import math
import shutil
import struct
import sys
from pathlib import Path

# How a weight is called that only models of this type have, so that a wrong type is noticed.
MARKS = {
    "llama": "self_attn.q_proj.weight",
    "mistral": "self_attn.q_proj.weight",
    "qwen2": "self_attn.q_proj.weight",
    "qwen": "attn.c_attn.weight",
    "chatglm2": "self_attention.query_key_value.weight",
    "baichuan": "self_attn.W_pack.weight",
    "yayi": "",
}
WIDTHS = {"F16": "H", "BF16": "H", "F32": "f"}


def arguments():
    parser = argparse.ArgumentParser(prog="mttransformer.convert_weight", allow_abbrev=False)
    parser.add_argument("--in_file", type=Path, required=True)
    parser.add_argument("--saved_dir", type=Path, required=True)
    parser.add_argument("--weight_data_type", choices=["fp16"], required=True)
    parser.add_argument("--model_type", choices=sorted(MARKS), required=True)
    parser.add_argument("--tensor-para-size", "-tp", type=int, required=True)
    parser.add_argument("--arch", choices=["mp_22"], required=True)
    return parser.parse_args()


def refuse(why):
    sys.exit(f"convert_weight: error: {why}")


def half(value):
    try:
        return struct.unpack("<H", struct.pack("<e", value))[0]
    except OverflowError:
        return 0x7C00 if value > 0 else 0xFC00


def from_bfloat16():
    """Every bfloat16 as a float16, by its bits."""
    wide = array.array("f", array.array("I", (bits << 16 for bits in range(1 << 16))).tobytes())
    return array.array("H", map(half, wide))


def tensors(path):
    """Name, type, shape and bytes of each tensor of a safetensors file."""
    with path.open("rb") as stream:
        (length,) = struct.unpack("<Q", stream.read(8))
        header = json.loads(stream.read(length))
        header.pop("__metadata__", None)
        for name, entry in sorted(header.items()):
            start, end = entry["data_offsets"]
            stream.seek(8 + length + start)
            yield name, entry["dtype"], entry["shape"], stream.read(end - start)


def main():
    given = arguments()
    files = sorted(given.in_file.glob("*.safetensors"))
    if not files:
        refuse(f"no weights in {given.in_file}")
    model = json.loads((given.in_file / "config.json").read_text())
    ranks = given.tensor_para_size
    if ranks < 1 or model["num_attention_heads"] % ranks:
        refuse(f"{model['num_attention_heads']} heads cannot be split over {ranks}")
    given.saved_dir.mkdir(parents=True, exist_ok=True)
    table = from_bfloat16()
    outputs = [(given.saved_dir / f"weights.{rank}.bin").open("wb") for rank in range(ranks)]
    names = []
    for path in files:
        for name, kind, shape, data in tensors(path):
            if kind not in WIDTHS:
                refuse(f"{name} has the type {kind}")
            values = array.array(WIDTHS[kind], data)
            if kind != "F16":
                values = array.array(
                    "H", map(table.__getitem__ if kind == "BF16" else half, values)
                )
            names.append(name)
            # Matrices are cut into rows of their own for each rank, vectors are given to each.
            cut = len(shape) > 1 and shape[0] % ranks == 0
            part = len(values) // ranks if cut else len(values)
            for rank, output in enumerate(outputs):
                first = rank * part if cut else 0
                output.write(values[first : first + part].tobytes())
            print(f"{name}: {kind} -> fp16, {math.prod(shape)} values", flush=True)
    for output in outputs:
        output.close()
    if not any(MARKS[given.model_type] in name for name in names):
        refuse(f"this is no model of type {given.model_type}: no {MARKS[given.model_type]}")
    for path in given.in_file.iterdir():
        if path.is_file() and path not in files:
            shutil.copyfile(path, given.saved_dir / path.name)
    config = configparser.ConfigParser()
    config[given.model_type] = {
        "model_name": given.model_type,
        "tensor_para_size": str(ranks),
        "weight_data_type": given.weight_data_type,
        "arch": given.arch,
        "num_layer": str(model["num_hidden_layers"]),
        "converted_by": "emulated mttransformer",
    }
    with (given.saved_dir / "config.ini").open("w") as stream:
        config.write(stream)


if __name__ == "__main__":
    main()
