"""Hugging Face's files of a model of Llama's kind into one GGUF file, as llama.cpp reads it.

What is not known to come out right is refused: another architecture, a tokenizer that llama.cpp cuts otherwise, a
tensor without a place. Needs numpy and gguf, no torch. The same files give the same bytes.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gguf
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

ARCHITECTURES = {
    "LlamaForCausalLM": gguf.MODEL_ARCH.LLAMA,
    "MistralForCausalLM": gguf.MODEL_ARCH.LLAMA,
}
BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True}
PRE_TOKENIZERS: dict[str, list[dict[str, Any]]] = {
    "gpt-2": [BYTE_LEVEL],
    "smollm": [{"type": "Digits", "individual_digits": True}, BYTE_LEVEL],
}
"""llama.cpp's name for each way of cutting text before the merges, with the steps as tokenizer.json states them."""
TYPES = {
    "float32": gguf.GGMLQuantizationType.F32,
    "float16": gguf.GGMLQuantizationType.F16,
    "bfloat16": gguf.GGMLQuantizationType.BF16,
    "q8_0": gguf.GGMLQuantizationType.Q8_0,
    "q4_0": gguf.GGMLQuantizationType.Q4_0,
}
FILE_TYPES = {
    "float32": gguf.LlamaFileType.ALL_F32,
    "float16": gguf.LlamaFileType.MOSTLY_F16,
    "bfloat16": gguf.LlamaFileType.MOSTLY_BF16,
    "q8_0": gguf.LlamaFileType.MOSTLY_Q8_0,
    "q4_0": gguf.LlamaFileType.MOSTLY_Q4_0,
}
EMBEDDINGS = ("token_embd.weight", "output.weight")
"""Kept in eight bits where the rest has four, as llama.cpp's own tool keeps them in more."""


def refuse(why: str) -> None:
    """End with the reason."""
    sys.exit(f"hf_to_gguf: {why}")


def tensors(directory: Path) -> Iterator[tuple[str, np.ndarray]]:
    """Every tensor of the weight files as float32, by name, in the files' order."""
    files = sorted(directory.glob("*.safetensors"))
    if not files:
        refuse(f"{directory} has no *.safetensors")
    for file in files:
        with file.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            header = json.loads(stream.read(length))
        data = np.memmap(file, np.uint8, "r", offset=8 + length)
        for name, entry in header.items():
            if name == "__metadata__":
                continue
            first, end = entry["data_offsets"]
            raw, shape = data[first:end], entry["shape"]
            if entry["dtype"] == "BF16":
                value = (raw.view("<u2").astype(np.uint32) << 16).view(np.float32)
            elif entry["dtype"] in ("F32", "F16"):
                value = raw.view("<f4" if entry["dtype"] == "F32" else "<f2").astype(np.float32)
            else:
                refuse(f"{name} is {entry['dtype']}: only F32, F16 and BF16 are converted")
            yield name, value.reshape(shape)


def interleaved(weights: np.ndarray, heads: int) -> np.ndarray:
    """Rows of queries or keys in llama.cpp's order: the two halves that are rotated together lie side by side."""
    rows = weights.shape[0] // heads // 2
    split = weights.reshape(heads, 2, rows, *weights.shape[1:])
    return np.ascontiguousarray(split.swapaxes(1, 2)).reshape(weights.shape)


def rope(config: dict[str, Any]) -> dict[str, Any]:
    """The rotary position encoding's parameters, as old and new configurations write them."""
    named = config.get("rope_parameters") or config.get("rope_scaling") or {}
    theta = named.get("rope_theta", config.get("rope_theta", 10000.0))
    kind = named.get("rope_type", named.get("type", "default"))
    if kind not in ("default", "linear", "llama3"):
        refuse(f"rotary position encoding {kind!r} is not converted")
    return {**named, "rope_theta": float(theta), "rope_type": kind}


def rope_factors(parameters: dict[str, Any], dimension: int) -> np.ndarray:
    """Llama 3's divisor of each frequency."""
    factor, original = parameters["factor"], parameters["original_max_position_embeddings"]
    low, high = parameters["low_freq_factor"], parameters["high_freq_factor"]
    lengths = 2 * math.pi * parameters["rope_theta"] ** (np.arange(0, dimension, 2) / dimension)
    smooth = (original / lengths - low) / (high - low)
    between = 1 / ((1 - smooth) / factor + smooth)
    result = np.where(
        lengths < original / high, 1.0, np.where(lengths > original / low, factor, between)
    )
    return result.astype(np.float32)


def pre_tokenizer(tokenizer: dict[str, Any]) -> str:
    """llama.cpp's name for how the text is cut."""
    if tokenizer["model"]["type"] != "BPE" or tokenizer.get("normalizer"):
        refuse("only byte-level BPE without a normalizer is converted")
    stated = tokenizer.get("pre_tokenizer") or {}
    steps = stated.get("pretokenizers", [stated])
    for name, wanted in PRE_TOKENIZERS.items():
        pairs = zip(steps, wanted, strict=False)
        if len(steps) == len(wanted) and all(
            known.items() <= step.items() for step, known in pairs
        ):
            return name
    refuse(f"how the tokenizer cuts text is not known: {json.dumps(steps)[:300]}")
    return ""


def add_vocabulary(writer: gguf.GGUFWriter, directory: Path, size: int) -> None:
    """Tokens, merges, special tokens and chat template."""
    tokenizer = json.loads((directory / "tokenizer.json").read_bytes())
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre_tokenizer(tokenizer))
    tokens = [f"[PAD{index}]" for index in range(size)]
    types = [gguf.TokenType.UNUSED] * size
    for text, index in tokenizer["model"]["vocab"].items():
        tokens[index], types[index] = text, gguf.TokenType.NORMAL
    for entry in tokenizer["added_tokens"]:
        kind = gguf.TokenType.CONTROL if entry["special"] else gguf.TokenType.USER_DEFINED
        tokens[entry["id"]], types[entry["id"]] = entry["content"], kind
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    gguf.SpecialVocab(directory, load_merges=True, n_vocab=size).add_to_gguf(writer, quiet=True)
    # Whatever goes before a prompt stands in the chat template.
    writer.add_add_bos_token(False)


def add_shape(writer: gguf.GGUFWriter, config: dict[str, Any], parameters: dict[str, Any]) -> int:
    """The architecture's numbers; the length of a head comes back."""
    heads = config["num_attention_heads"]
    length = config.get("head_dim") or config["hidden_size"] // heads
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(config.get("num_key_value_heads", heads))
    writer.add_key_length(length)
    writer.add_value_length(length)
    writer.add_rope_dimension_count(length)
    writer.add_rope_freq_base(parameters["rope_theta"])
    if parameters["rope_type"] == "linear":
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(parameters["factor"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_vocab_size(config["vocab_size"])
    return int(length)


def add_tensors(
    writer: gguf.GGUFWriter, directory: Path, config: dict[str, Any], kind: str
) -> None:
    """Every tensor under llama.cpp's name, in the chosen type; vectors stay float32."""
    heads = config["num_attention_heads"]
    keys = config.get("num_key_value_heads", heads)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config["num_hidden_layers"])
    for name, stored in tensors(directory):
        if name.endswith("rotary_emb.inv_freq"):
            continue  # follows from the configuration
        if name == "lm_head.weight" and config.get("tie_word_embeddings"):
            continue  # the embedding again
        target = names.get_name(name, try_suffixes=(".weight", ".bias"))
        if target is None:
            refuse(f"there is no place for the tensor {name}")
        if name.endswith(("q_proj.weight", "q_proj.bias")):
            value = interleaved(stored, heads)
        elif name.endswith(("k_proj.weight", "k_proj.bias")):
            value = interleaved(stored, keys)
        else:
            value = stored
        wanted = TYPES[kind] if value.ndim > 1 else TYPES["float32"]
        if wanted is TYPES["q4_0"] and target in EMBEDDINGS:
            wanted = TYPES["q8_0"]
        if wanted in (TYPES["q8_0"], TYPES["q4_0"]) and value.shape[-1] % 32:
            refuse(f"{name} has rows of {value.shape[-1]}, which blocks of 32 do not divide")
        writer.add_tensor(target, gguf.quants.quantize(value, wanted), raw_dtype=wanted)


def main() -> None:
    """Convert one directory."""
    options = argparse.ArgumentParser(prog="hf_to_gguf.py", description=__doc__, allow_abbrev=False)
    options.add_argument(
        "--model", type=Path, required=True, help="directory of Hugging Face's files"
    )
    options.add_argument("--out", type=Path, required=True, help="directory that gets model.gguf")
    options.add_argument("--dtype", choices=TYPES, required=True, help="of the weights")
    chosen = options.parse_args()
    config = json.loads((chosen.model / "config.json").read_bytes())
    architecture = (config.get("architectures") or ["none"])[0]
    if architecture not in ARCHITECTURES:
        refuse(f"{architecture} is not converted; these are: {', '.join(ARCHITECTURES)}")
    if config.get("num_local_experts") or config.get("quantization_config"):
        refuse("experts and quantised weights are not converted")
    parameters = rope(config)
    writer = gguf.GGUFWriter(chosen.out / "model.gguf", "llama", use_temp_file=True)
    writer.add_name(architecture)  # the directory's name is none of the model's
    writer.add_file_type(FILE_TYPES[chosen.dtype])
    length = add_shape(writer, config, parameters)
    add_vocabulary(writer, chosen.model, config["vocab_size"])
    if parameters["rope_type"] == "llama3":
        writer.add_tensor("rope_freqs.weight", rope_factors(parameters, length))
    add_tensors(writer, chosen.model, config, chosen.dtype)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()
