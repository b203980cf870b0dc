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
from suite.declare.model.weights import weigh
from suite.documents.codec import canonical, convert, decode, plain
from suite.documents.model import ModelFacts, Tensor

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
    assert facts.parameters_unknown == ""
    (group,) = facts.layers
    assert (group.count, group.heads, group.key_dim, group.cached_values) == (2, 4, 16, 64)
    assert facts.head_parameters == 256 * 64
    assert facts.notes == ()
    assert facts.max_positions == 512
    assert facts.torch_dtype == "bfloat16"
    assert facts.shape_unknown == ""
    assert not facts.tie_embeddings


def test_facts_survive_json(model):
    facts = read_model(model)
    assert decode(canonical(facts), ModelFacts) == facts


@pytest.mark.parametrize(
    "change",
    [{"heads": "2"}, {"heads": 2.0}, {"layers": None}, {"tie_embeddings": 1}, {"more": 1}],
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
    result = {name: part for part, members in parts.items() for name in members}
    index = {"metadata": {"total_size": 2 * PARAMETERS}, "weight_map": weight_map or result}
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
    assert facts.layers == ()
    assert facts.active_parameters is None
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


def known(name, **members):
    shape, why = architectures.shape(LLAMA | {"architectures": [name]} | members)
    assert shape is not None, why
    return shape


def windows_of(shape):
    return {group.window: group.count for group in shape.groups}


QWEN3_30B = {
    "hidden_size": 2048,
    "intermediate_size": 6144,
    "moe_intermediate_size": 768,
    "num_hidden_layers": 48,
    "num_attention_heads": 32,
    "num_key_value_heads": 4,
    "head_dim": 128,
    "num_experts": 128,
    "num_experts_per_tok": 8,
    "vocab_size": 151_936,
    "max_window_layers": 48,
}


@pytest.mark.parametrize("switch", [False, None])
def test_a_window_that_is_switched_off_is_none(switch):
    off = {"sliding_window": 4096, "use_sliding_window": switch}
    assert windows_of(known("Qwen3MoeForCausalLM", **QWEN3_30B, **off)) == {None: 48}
    kinds = {"layer_types": ["sliding_attention"] * 2}
    for name in ("Qwen2ForCausalLM", "Qwen3ForCausalLM", "SmolLM3ForCausalLM"):
        assert windows_of(known(name, **off, **kinds)) == {None: 2}


def test_a_window_that_is_switched_on():
    on = {"sliding_window": 4096, "use_sliding_window": True}
    assert windows_of(known("Qwen3MoeForCausalLM", **QWEN3_30B, **on)) == {4096: 48}
    assert windows_of(known("Qwen2ForCausalLM", max_window_layers=1, **on)) == {None: 1, 4096: 1}
    assert windows_of(known("MistralForCausalLM", sliding_window=64)) == {64: 2}
    assert windows_of(known("MistralForCausalLM", sliding_window=64, use_sliding_window=False)) == {
        None: 2
    }


@pytest.mark.parametrize(
    "members",
    [
        {"layer_types": ["full_attention", "linear_attention"]},
        {"layer_types": ["full_attention"]},
        {"num_experts": 8},
        {"num_key_value_heads": 3},
    ],
)
def test_what_is_no_form_of_a_known_architecture_is_not_guessed(members):
    shape, why = architectures.shape(LLAMA | members)
    assert shape is None
    assert why.startswith("config.json of LlamaForCausalLM:")


def test_dense_layers_among_sparse_ones():
    sparse = {**QWEN3_30B, "mlp_only_layers": [0], "decoder_sparse_step": 2}
    counts = {group.experts: group.count for group in known("Qwen3MoeForCausalLM", **sparse).groups}
    assert counts == {0: 24, 128: 24}


DEEPSEEK = {
    "kv_lora_rank": 32,
    "q_lora_rank": None,
    "qk_nope_head_dim": 16,
    "qk_rope_head_dim": 8,
    "v_head_dim": 16,
    "n_routed_experts": 4,
    "n_shared_experts": 1,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 32,
    "first_k_dense_replace": 1,
}


def test_a_latent_cache_keeps_one_vector_for_all_heads():
    shape = known("DeepseekV3ForCausalLM", **DEEPSEEK)
    assert {group.cached_values for group in shape.groups} == {32 + 8}
    assert {(group.key_dim, group.value_dim) for group in shape.groups} == {(24, 16)}
    assert shape.idle_parameters == 2 * 3 * 64 * 32


GEMMA3_4B = {
    "architectures": ["Gemma3ForConditionalGeneration"],
    "model_type": "gemma3",
    "text_config": {
        "hidden_size": 2560,
        "intermediate_size": 10240,
        "model_type": "gemma3_text",
        "num_hidden_layers": 34,
        "sliding_window": 1024,
    },
    "torch_dtype": "bfloat16",
}
VISION = {"vision_tower.vision_model.embeddings.patch_embedding.weight": ("BF16", [1152, 588])}


def write_packed(directory, config, extra=None):
    (directory / "config.json").write_text(json.dumps(config))
    packed = {
        "language_model.model.layers.0.mlp.up_proj.qweight": ("I32", [2560, 1280]),
        "language_model.model.layers.0.mlp.up_proj.scales": ("F16", [20, 10240]),
    }
    write_weights(directory / "model.safetensors", packed | (VISION if extra is None else extra))


def test_quantised_weights_behind_a_nested_configuration(tmp_path):
    write_packed(tmp_path, GEMMA3_4B | {"quantization_config": {"quant_method": "awq", "bits": 4}})
    facts = read_model(tmp_path)
    language = 34 * (2560 * 256 * 24 + 3 * 2560 * 10240) + 262_208 * 2560
    assert facts.parameters == language + 1152 * 588
    assert facts.active_parameters == language
    assert facts.heads == 8
    assert facts.tie_embeddings
    assert {group.window: group.count for group in facts.layers} == {1024: 29, None: 5}


@pytest.mark.parametrize(
    ("dtype", "rounded"),
    [("F8_E4M3", True), ("F8_E5M2", True), ("I8", True), ("BF16", False), ("F16", False)],
)
def test_weights_of_eight_bits_are_rounded_whatever_the_configuration_says(dtype, rounded):
    tensor = Tensor(name="model.layers.0.mlp.up_proj.weight", dtype=dtype, shape=(8, 8), bytes=64)
    assert weigh([tensor], tied=False, depth=None).rounded == rounded


@pytest.mark.parametrize(
    "described",
    [
        {"quantization_config": {"quant_method": "awq"}},
        {"compression_config": {"format": "pack-quantized"}},
        {"text_config": {"quantization_config": {"quant_method": "gptq"}}},
        {},
    ],
)
def test_quantised_weights_of_an_unknown_architecture_tell_no_count(tmp_path, described):
    config = {"architectures": ["NewForConditionalGeneration"], "model_type": "new"}
    write_packed(tmp_path, config | described)
    facts = read_model(tmp_path)
    assert facts.quantisation in {"awq", "compressed-tensors", "gptq", "unnamed"}
    assert facts.parameters is None
    assert facts.active_parameters is None
    assert "NewForConditionalGeneration" in facts.parameters_unknown


@pytest.mark.parametrize(
    ("name", "method"),
    [("quantize_config.json", "gptq"), ("quant_config.json", "awq"), ("hf_quant_config.json", "modelopt")],
)  # fmt: skip
def test_a_quantisation_described_in_a_file_of_its_own(tmp_path, name, method):
    write_packed(tmp_path, GEMMA3_4B)
    (tmp_path / name).write_text("{}")
    assert read_model(tmp_path).quantisation == method


def test_an_unknown_mixture_does_not_use_all_its_experts(model):
    write_config(model, architectures=["NewMoeForCausalLM"], num_experts=8, num_experts_per_tok=2)
    facts = read_model(model)
    assert facts.parameters == PARAMETERS
    assert facts.active_parameters is None
    assert "experts" in facts.parameters_unknown


def test_a_known_mixture_uses_the_chosen_experts(tmp_path):
    config = LLAMA | {"architectures": ["DeepseekV3ForCausalLM"]} | DEEPSEEK
    quantised = {"quantization_config": {"quant_method": "fp8"}}
    (tmp_path / "config.json").write_text(json.dumps(config | quantised))
    write_weights(tmp_path / "model.safetensors", {"model.norm.weight": ("BF16", [64])})
    facts = read_model(tmp_path)
    assert facts.parameters - facts.active_parameters == 2 * 3 * 64 * 32


def test_layers_that_only_guess_ahead_are_no_part_of_the_model(tmp_path):
    write_config(tmp_path, num_nextn_predict_layers=1)
    ahead = {f"model.layers.2.{name}.weight": ("BF16", [64, 64]) for name in ("eh_proj", "head")}
    write_weights(tmp_path / "model.safetensors", llama_tensors() | ahead)
    assert read_model(tmp_path).parameters == PARAMETERS


@pytest.mark.parametrize("member", [{}, {"torch_dtype": "auto"}, {"dtype": None}])
def test_a_missing_dtype_is_that_of_most_weights(tmp_path, member):
    document = {key: value for key, value in LLAMA.items() if key != "torch_dtype"}
    (tmp_path / "config.json").write_text(json.dumps(document | member))
    norm = {"model.norm.weight": ("F32", [64])}
    write_weights(tmp_path / "model.safetensors", llama_tensors("F16") | norm)
    assert read_model(tmp_path).torch_dtype == "float16"


def test_dtype_and_context_of_a_nested_configuration(tmp_path):
    inner = {"dtype": "bfloat16", "max_position_embeddings": 4096}
    write_packed(tmp_path, {"architectures": ["New"], "text_config": inner})
    facts = read_model(tmp_path)
    assert (facts.torch_dtype, facts.max_positions) == ("bfloat16", 4096)


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(LLAMA)[:-1] + ', "time_step_limit": [0.0, Infinity]}',
        json.dumps(LLAMA)[:-1] + ', "time_step_limit": [0.0, {"__float__": "Infinity"}]}',
        json.dumps(LLAMA)[:-1] + ', "scale": NaN, "other": -Infinity, "long": 1e999}',
        "\ufeff" + json.dumps(LLAMA),
        '{"hidden_size": 1, ' + json.dumps(LLAMA)[1:],
    ],
)
def test_configurations_as_engines_read_them(model, text):
    (model / "config.json").write_text(text, encoding="utf-8")
    facts = read_model(model)
    assert (facts.parameters, facts.shape_unknown) == (PARAMETERS, "")


def test_a_number_in_another_form_is_not_guessed(model):
    text = json.dumps(LLAMA | {"intermediate_size": 0}).replace(
        '"intermediate_size": 0', '"intermediate_size": Infinity'
    )
    (model / "config.json").write_text(text)
    assert "intermediate_size" in read_model(model).shape_unknown


def test_a_stale_index_beside_the_whole(model):
    absent = dict.fromkeys(llama_tensors(), "model-00001-of-00002.safetensors")
    (model / "model.safetensors.index.json").write_text(json.dumps({"weight_map": absent}))
    facts = read_model(model)
    assert facts.parameters == PARAMETERS
    assert "model.safetensors.index.json is left aside" in facts.notes[0]


def test_a_tensor_in_two_files_is_counted_once(tmp_path):
    sharded(tmp_path)
    write_weights(tmp_path / "model-00001-of-00002.safetensors", llama_tensors())
    facts = read_model(tmp_path)
    assert (facts.parameters, facts.shape_unknown) == (PARAMETERS, "")
    assert "counted once" in facts.notes[0]


def test_a_link_that_leads_nowhere_is_refused_before_a_byte_is_read(tmp_path):
    write_config(tmp_path)
    write_weights(tmp_path / "model.safetensors", llama_tensors())
    (tmp_path / "tokenizer.json").symlink_to("../../blobs/0123abcd")
    with pytest.raises(DataError, match="blobs/0123abcd, which does not exist") as caught:
        hash_model(tmp_path)
    assert caught.value.code == "model-link-broken"


@pytest.mark.parametrize("extra", ["adapter_model.safetensors", "consolidated.safetensors"])
@pytest.mark.parametrize("layout", ["whole", "parts", "parts without index", "another name"])
def test_adapters_and_copies_are_no_weights_of_the_model(tmp_path, extra, layout):
    if layout == "whole":
        write_config(tmp_path)
        write_weights(tmp_path / "model.safetensors", llama_tensors())
    elif layout == "another name":
        write_config(tmp_path)
        write_weights(tmp_path / "weights.safetensors", llama_tensors())
    else:
        sharded(tmp_path)
        if layout == "parts without index":
            (tmp_path / "model.safetensors.index.json").unlink()
    copy = llama_tensors() if extra.startswith("consolidated") else {"lora_A": ("BF16", [8, 8])}
    write_weights(tmp_path / extra, copy)
    facts = read_model(tmp_path)
    assert facts.parameters == PARAMETERS
    assert extra in facts.notes[0]
    assert extra in {file.path for file in hash_model(tmp_path)[0]}


def test_a_part_that_is_missing_without_an_index(tmp_path):
    sharded(tmp_path)
    (tmp_path / "model.safetensors.index.json").unlink()
    (tmp_path / "model-00002-of-00002.safetensors").unlink()
    error = refusal(tmp_path)
    assert error.code == "model-shard-missing"
    assert "part 2 of 2" in error.message


def test_an_adapter_alone_is_no_model(tmp_path):
    write_config(tmp_path)
    write_weights(tmp_path / "adapter_model.safetensors", {"lora_A": ("BF16", [8, 8])})
    error = refusal(tmp_path)
    assert error.code == "model-no-weights"
    assert "adapter" in error.message


KIMI_K2 = {
    "architectures": ["DeepseekV3ForCausalLM"], "hidden_size": 7168, "num_hidden_layers": 61,
    "num_attention_heads": 64, "num_key_value_heads": 64, "n_routed_experts": 384, "num_experts_per_tok": 8,
    "n_shared_experts": 1, "moe_intermediate_size": 2048, "intermediate_size": 18432, "first_k_dense_replace": 1,
    "vocab_size": 163840, "q_lora_rank": 1536, "kv_lora_rank": 512, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64,
    "v_head_dim": 128, "tie_word_embeddings": False, "quantization_config": {"quant_method": "fp8"},
}  # fmt: skip
GPT_OSS = {
    "architectures": ["GptOssForCausalLM"], "hidden_size": 2880, "intermediate_size": 2880,
    "num_hidden_layers": 24, "num_attention_heads": 64, "num_key_value_heads": 8, "head_dim": 64,
    "num_local_experts": 32, "num_experts_per_tok": 4, "vocab_size": 201088, "sliding_window": 128,
    "layer_types": ["sliding_attention", "full_attention"] * 12, "attention_bias": True,
    "tie_word_embeddings": False, "quantization_config": {"quant_method": "mxfp4"},
}  # fmt: skip
QWEN25_VL = {
    "architectures": ["Qwen2_5_VLForConditionalGeneration"], "hidden_size": 3584, "intermediate_size": 18944,
    "num_hidden_layers": 28, "num_attention_heads": 28, "num_key_value_heads": 4, "vocab_size": 152064,
    "use_sliding_window": False, "sliding_window": 32768, "tie_word_embeddings": False,
    "vision_config": {"depth": 32}, "quantization_config": {"quant_method": "awq"},
}  # fmt: skip
MISTRAL_31 = {
    "architectures": ["Mistral3ForConditionalGeneration"], "vision_config": {},
    "text_config": {"hidden_size": 5120, "num_hidden_layers": 40},
    "quantization_config": {"quant_method": "compressed-tensors"},
}  # fmt: skip
LLAMA31_FP8 = LLAMA | {
    "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32,
    "num_key_value_heads": 8, "vocab_size": 128256, "compression_config": {"format": "float-quantized"},
}  # fmt: skip


@pytest.mark.parametrize(
    ("config", "parameters", "active", "method"),
    [
        (KIMI_K2, 1_026_407_202_816, 32_860_471_296, "fp8"),
        (GPT_OSS, 20_907_786_240, 4_186_275_840, "mxfp4"),
        (QWEN25_VL, 7_615_283_200, 7_615_283_200, "awq"),
        (MISTRAL_31, None, None, "compressed-tensors"),
        (LLAMA31_FP8, 8_029_995_008, 8_029_995_008, "compressed-tensors"),
    ],
)
def test_published_quantised_models_have_their_published_size_or_none(
    tmp_path, config, parameters, active, method
):
    """1.03 T of which 32 B run, 20.9 B (3.6 B beside the embedding), 7.6 B, 8.03 B: as their cards say."""
    write_packed(tmp_path, config, {})
    facts = read_model(tmp_path)
    assert (facts.parameters, facts.active_parameters) == (parameters, active)
    assert facts.quantisation == method
    assert facts.torch_dtype


@pytest.mark.parametrize(
    "experts",
    [
        {"ffn_config": {"moe_num_experts": 16, "moe_top_k": 4}},
        {"num_experts": [64] * 2, "moe_topk": [8] * 2},
        {"moe_num_experts": 64, "moe_k": 6},
        {"llm_config": {"num_experts": 128}},
    ],
)
def test_experts_of_unknown_mixtures_are_counted_once_and_never_all_active(model, experts):
    write_config(model, architectures=["NewForCausalLM"], **experts)
    facts = read_model(model)
    assert (facts.parameters, facts.active_parameters) == (PARAMETERS, None)
