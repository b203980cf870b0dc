from __future__ import annotations

import json
import shutil
import struct

import pytest

from suite.base import jsonio
from suite.base.errors import DataError, EvidenceError
from suite.declare.model import architectures
from suite.declare.model.facts import hash_model, read_model
from suite.declare.model.safetensors import read_header
from suite.documents.codec import canonical, convert, decode, plain
from suite.documents.model import ModelFacts

LLAMA = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 64,
    "intermediate_size": 160,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 256,
    "max_position_embeddings": 512,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
}
BYTES = {"F32": 4, "BF16": 2, "F16": 2, "I32": 4, "U8": 1, "BOOL": 1}


def llama_tensors(dtype="BF16", *, head=True):
    tensors = {"model.embed_tokens.weight": (dtype, [256, 64])}
    for layer in range(2):
        prefix = f"model.layers.{layer}"
        for name, shape in {
            "self_attn.q_proj": [64, 64],
            "self_attn.k_proj": [32, 64],
            "self_attn.v_proj": [32, 64],
            "self_attn.o_proj": [64, 64],
            "mlp.gate_proj": [160, 64],
            "mlp.up_proj": [160, 64],
            "mlp.down_proj": [64, 160],
            "input_layernorm": [64],
            "post_attention_layernorm": [64],
        }.items():
            tensors[f"{prefix}.{name}.weight"] = (dtype, shape)
    tensors["model.norm.weight"] = (dtype, [64])
    if head:
        tensors["lm_head.weight"] = (dtype, [256, 64])
    return tensors


PARAMETERS = 2 * 256 * 64 + 2 * 43_008 + 5 * 64


def write_weights(path, tensors, *, cut=0):
    header, end = {"__metadata__": {"format": "pt"}}, 0
    for name, (dtype, shape) in tensors.items():
        size = BYTES[dtype]
        for extent in shape:
            size *= extent
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [end, end + size]}
        end += size
    raw = json.dumps(header).encode()
    raw += b" " * (-len(raw) % 8)
    with path.open("wb") as stream:
        stream.write(struct.pack("<Q", len(raw)) + raw)
        stream.truncate(8 + len(raw) + end - cut)


def write_config(directory, **changes):
    (directory / "config.json").write_text(json.dumps(LLAMA | changes))


@pytest.fixture
def model(tmp_path):
    write_config(tmp_path)
    write_weights(tmp_path / "model.safetensors", llama_tensors())
    return tmp_path


def refusal(directory):
    with pytest.raises(DataError) as caught:
        read_model(directory)
    return caught.value


def test_facts(model):
    facts = read_model(model)
    assert facts.parameters == facts.active_parameters == PARAMETERS
    assert facts.weight_bytes == 2 * PARAMETERS
    assert (facts.layers, facts.heads, facts.kv_heads, facts.head_dim) == (2, 4, 2, 16)
    assert facts.max_positions == 512
    assert facts.torch_dtype == "bfloat16"
    assert facts.shape_unknown == ""
    assert not facts.tie_embeddings


def test_facts_survive_json(model):
    facts = read_model(model)
    assert decode(canonical(facts), ModelFacts) == facts


@pytest.mark.parametrize(
    "change",
    [{"layers": "2"}, {"layers": 2.0}, {"experts": None}, {"tie_embeddings": 1}, {"more": 1}],
)
def test_damaged_facts_are_refused(model, change):
    with pytest.raises(EvidenceError) as caught:
        convert(plain(read_model(model)) | change, ModelFacts)
    assert caught.value.code == "schema-violation"


def test_newer_configurations_say_dtype(model):
    document = {key: value for key, value in LLAMA.items() if key != "torch_dtype"}
    (model / "config.json").write_text(json.dumps(document | {"dtype": "float32"}))
    assert read_model(model).torch_dtype == "float32"


@pytest.mark.parametrize("head", [False, True])
def test_a_tied_head_counts_once_even_when_stored_twice(tmp_path, head):
    write_config(tmp_path, tie_word_embeddings=True)
    write_weights(tmp_path / "model.safetensors", llama_tensors(head=head))
    facts = read_model(tmp_path)
    assert facts.tie_embeddings
    assert facts.parameters == PARAMETERS - 256 * 64
    assert facts.shape_unknown == ""


def test_buffers_are_not_parameters(tmp_path):
    write_config(tmp_path)
    extra = {
        "model.layers.0.self_attn.rotary_emb.inv_freq": ("F32", [8]),
        "gpt_neox.layers.0.attention.bias": ("BOOL", [1, 1, 512, 512]),
        "gpt_neox.layers.0.attention.masked_bias": ("F32", []),
    }
    write_weights(tmp_path / "model.safetensors", llama_tensors() | extra)
    assert read_model(tmp_path).parameters == PARAMETERS


def sharded(directory, *, weight_map=None):
    tensors = llama_tensors()
    names = list(tensors)
    parts = {
        "model-00001-of-00002.safetensors": names[:7],
        "model-00002-of-00002.safetensors": names[7:],
    }
    for part, members in parts.items():
        write_weights(directory / part, {name: tensors[name] for name in members})
    found = {name: part for part, members in parts.items() for name in members}
    index = {"metadata": {"total_size": 2 * PARAMETERS}, "weight_map": weight_map or found}
    (directory / "model.safetensors.index.json").write_text(json.dumps(index))
    write_config(directory)


def test_sharded_weights(tmp_path):
    sharded(tmp_path)
    assert read_model(tmp_path).parameters == PARAMETERS


def test_sharded_weights_without_index(tmp_path):
    sharded(tmp_path)
    (tmp_path / "model.safetensors.index.json").unlink()
    write_weights(tmp_path / "consolidated.safetensors", llama_tensors())
    assert read_model(tmp_path).parameters == PARAMETERS


def test_missing_shard(tmp_path):
    sharded(tmp_path)
    (tmp_path / "model-00002-of-00002.safetensors").unlink()
    error = refusal(tmp_path)
    assert error.code == "model-shard-missing"
    assert "model-00002-of-00002.safetensors" in error.message


def test_shard_outside_the_directory(tmp_path):
    sharded(tmp_path, weight_map={"a": "../x.safetensors"})
    assert refusal(tmp_path).code == "model-shard-missing"


def test_tensor_that_no_shard_holds(tmp_path):
    sharded(tmp_path, weight_map={"nowhere": "model-00001-of-00002.safetensors"})
    error = refusal(tmp_path)
    assert error.code == "model-tensor-missing"
    assert "nowhere" in error.message


def test_no_directory(tmp_path):
    assert refusal(tmp_path / "nothing").code == "model-missing"


def test_no_config(model):
    (model / "config.json").unlink()
    assert refusal(model).code == "model-no-config"


def test_config_that_is_no_object(model):
    (model / "config.json").write_text("[]")
    assert refusal(model).code == "model-config-wrong"


def test_config_cut_in_the_middle(model):
    (model / "config.json").write_text('{"architectures": ["Llama')
    error = refusal(model)
    assert error.code == "json-refused"
    assert error.place.file.endswith("config.json")


def test_no_weights(model):
    (model / "model.safetensors").unlink()
    assert refusal(model).code == "model-no-weights"


def test_weights_in_another_format_are_named(model):
    (model / "model.safetensors").rename(model / "pytorch_model.bin")
    error = refusal(model)
    assert error.code == "model-no-weights"
    assert "pytorch_model.bin" in error.message
    assert "save_pretrained" in error.hint


def test_weights_cut_short(tmp_path):
    write_config(tmp_path)
    write_weights(tmp_path / "model.safetensors", llama_tensors(), cut=1)
    assert refusal(tmp_path).code == "model-weights-truncated"


def test_a_pointer_instead_of_weights(model):
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n"
    (model / "model.safetensors").write_text(pointer)
    error = refusal(model)
    assert error.code == "model-weights-pointer"
    assert "git lfs" in error.hint


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x01",
        b"\xff" * 16,
        struct.pack("<Q", 100) + b"{}",
        struct.pack("<Q", 2) + b"[]",
        struct.pack("<Q", 8) + b'{"a": 1}',
        struct.pack("<Q", 52) + b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}'[:52],
    ],
)
def test_files_that_are_not_safetensors(tmp_path, data):
    path = tmp_path / "model.safetensors"
    path.write_bytes(data)
    with pytest.raises(DataError) as caught:
        read_header(path)
    assert caught.value.code in ("model-weights-wrong", "json-refused")


def test_shape_and_bytes_must_agree(tmp_path):
    raw = b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}'
    path = tmp_path / "model.safetensors"
    path.write_bytes(struct.pack("<Q", len(raw)) + raw + bytes(8))
    with pytest.raises(DataError) as caught:
        read_header(path)
    assert caught.value.code == "model-weights-wrong"
    assert caught.value.place.pointer == "/a"


def test_unknown_architecture_is_read_and_not_guessed(model):
    write_config(model, architectures=["MambaForCausalLM"])
    facts = read_model(model)
    assert facts.parameters == PARAMETERS
    assert facts.layers is None
    assert facts.shape_unknown == "the FLOPs of the architecture MambaForCausalLM are not known"


def test_no_architecture(model):
    write_config(model, architectures=[])
    assert read_model(model).shape_unknown == "config.json names no architecture"


def test_a_known_architecture_with_a_hole_in_its_configuration(model):
    write_config(model, intermediate_size=None)
    assert "intermediate_size" in read_model(model).shape_unknown


def test_weights_that_contradict_the_architecture(model):
    write_config(model, num_hidden_layers=3)
    why = read_model(model).shape_unknown
    assert str(PARAMETERS) in why
    assert "LlamaForCausalLM" in why


def test_quantised_weights_take_their_count_from_the_architecture(tmp_path):
    write_config(tmp_path, quantization_config={"quant_method": "gptq", "bits": 4})
    packed = {name: ("I32", [8, 8]) for name in llama_tensors()}
    write_weights(tmp_path / "model.safetensors", packed)
    facts = read_model(tmp_path)
    assert facts.quantisation == "gptq"
    assert facts.parameters == PARAMETERS - 5 * 64
    assert facts.shape_unknown == ""


def test_first_chatglm_is_not_mistaken_for_its_successors():
    shape, why = architectures.shape(
        {"architectures": ["ChatGLMModel"], "num_layers": 28, "inner_hidden_size": 16384}
    )
    assert shape is None
    assert why.startswith("config.json of ChatGLMModel:")


def test_mixed_dense_and_expert_layers_are_not_known():
    config = LLAMA | {"architectures": ["Qwen3MoeForCausalLM"], "mlp_only_layers": [0]}
    shape, why = architectures.shape(config)
    assert shape is None
    assert "dense" in why


def test_model_digest_ignores_prose_and_place(model, tmp_path_factory):
    (model / "tokenizer.json").write_text("{}")
    files, digest = hash_model(model)
    assert [file.path for file in files] == [
        "config.json",
        "model.safetensors",
        "tokenizer.json",
    ]
    assert digest == jsonio.digest([plain(file) for file in files])
    copy = tmp_path_factory.mktemp("copy") / "elsewhere"
    shutil.copytree(model, copy)
    (copy / "README.md").write_text("# A model")
    (copy / "LICENSE.txt").write_text("Free")
    (copy / ".gitattributes").write_text("")
    (copy / "original").mkdir()
    assert hash_model(copy) == (files, digest)


def test_model_digest_sees_a_changed_byte(model):
    _, before = hash_model(model)
    write_config(model, rope_theta=1e6)
    assert hash_model(model)[1] != before


def test_model_digest_reports_its_progress(model):
    seen = []
    files, _ = hash_model(model, seen.append)
    assert sum(seen) == sum(file.bytes for file in files)


def test_nothing_to_digest(tmp_path):
    with pytest.raises(DataError) as caught:
        hash_model(tmp_path)
    assert caught.value.code == "model-no-weights"
    with pytest.raises(DataError) as caught:
        hash_model(tmp_path / "nothing")
    assert caught.value.code == "model-missing"
