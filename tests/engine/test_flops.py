"""Model facts and FLOPs against PyTorch's own counter, over the published shapes of real models."""

from __future__ import annotations

import json
import os
import struct
import subprocess
from pathlib import Path

import pytest
from msgspec.structs import replace

from suite.declare.model.facts import read_model
from suite.declare.model.flops import decode_flops, prefill_flops

pytestmark = [pytest.mark.engine, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[2]
PYTHON = Path(os.environ.get("SUITE_ENGINE_PYTHON", ROOT / ".venv-transformers/bin/python"))
TOLERANCE = 0.01


def library(config_class, *, attention="eager", prompt=384, generated=4, kind=None, **config):
    return ({"model_class": kind} if kind else {}) | {
        "config_class": config_class,
        "config": config,
        "attention": attention,
        "prompt": prompt,
        "generated": generated,
    }


def remote(*, prompt=384, generated=4, **config):
    return {"config": config, "prompt": prompt, "generated": generated}


LLAMA3_8B = {
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "vocab_size": 128256,
}
MISTRAL = {
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_hidden_layers": 16,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "vocab_size": 32000,
}
CASES = {
    "Llama-3-8B": library("LlamaConfig", **LLAMA3_8B),
    "Llama-3-8B, SDPA": library("LlamaConfig", attention="sdpa", **LLAMA3_8B),
    "Llama-3-8B, long prompt": library("LlamaConfig", prompt=4096, generated=2, **LLAMA3_8B),
    "Llama-2-7B": library(
        "LlamaConfig",
        hidden_size=4096,
        intermediate_size=11008,
        num_hidden_layers=32,
        num_attention_heads=32,
        num_key_value_heads=32,
        vocab_size=32000,
    ),
    "small Llama with a tied head": library(
        "LlamaConfig",
        prompt=512,
        hidden_size=320,
        intermediate_size=864,
        num_hidden_layers=6,
        num_attention_heads=5,
        num_key_value_heads=5,
        vocab_size=4096,
        tie_word_embeddings=True,
    ),
    "Qwen2-7B": library(
        "Qwen2Config",
        hidden_size=3584,
        intermediate_size=18944,
        num_hidden_layers=28,
        num_attention_heads=28,
        num_key_value_heads=4,
        vocab_size=152064,
    ),
    "Qwen2-1.5B, tied": library(
        "Qwen2Config",
        hidden_size=1536,
        intermediate_size=8960,
        num_hidden_layers=28,
        num_attention_heads=12,
        num_key_value_heads=2,
        vocab_size=151936,
        tie_word_embeddings=True,
    ),
    "Qwen2 with windows in its upper layers": library(
        "Qwen2Config",
        hidden_size=512,
        intermediate_size=1024,
        num_hidden_layers=8,
        num_attention_heads=16,
        num_key_value_heads=4,
        vocab_size=1024,
        use_sliding_window=True,
        sliding_window=128,
        max_window_layers=4,
    ),
    "Qwen3-0.6B": library(
        "Qwen3Config",
        hidden_size=1024,
        intermediate_size=3072,
        num_hidden_layers=28,
        num_attention_heads=16,
        num_key_value_heads=8,
        head_dim=128,
        vocab_size=151936,
        tie_word_embeddings=True,
    ),
    "Mistral-7B": library("MistralConfig", sliding_window=4096, **MISTRAL),
    "Mistral, decode beyond the window": library(
        "MistralConfig", prompt=600, generated=6, sliding_window=64, **MISTRAL
    ),
    "Mistral, decode growing into the window": library(
        "MistralConfig", prompt=60, generated=8, sliding_window=64, **MISTRAL
    ),
    "Mistral-Nemo, own head size": library(
        "MistralConfig",
        hidden_size=5120,
        intermediate_size=14336,
        num_hidden_layers=40,
        num_attention_heads=32,
        num_key_value_heads=8,
        head_dim=128,
        vocab_size=131072,
        sliding_window=None,
    ),
    "Mixtral-8x7B": library(
        "MixtralConfig",
        hidden_size=4096,
        intermediate_size=14336,
        num_hidden_layers=32,
        num_attention_heads=32,
        num_key_value_heads=8,
        num_local_experts=8,
        num_experts_per_tok=2,
        vocab_size=32000,
    ),
    "Qwen3-30B-A3B": library(
        "Qwen3MoeConfig",
        hidden_size=2048,
        intermediate_size=6144,
        moe_intermediate_size=768,
        num_hidden_layers=12,
        num_attention_heads=32,
        num_key_value_heads=4,
        head_dim=128,
        num_experts=128,
        num_experts_per_tok=8,
        vocab_size=151936,
    ),
    "GPT-NeoX-20B": library(
        "GPTNeoXConfig",
        hidden_size=6144,
        intermediate_size=24576,
        num_hidden_layers=44,
        num_attention_heads=64,
        vocab_size=50432,
    ),
    "Gemma-2B, one key head of 256": library(
        "GemmaConfig",
        hidden_size=2048,
        intermediate_size=16384,
        num_hidden_layers=18,
        num_attention_heads=8,
        num_key_value_heads=1,
        head_dim=256,
        vocab_size=256000,
    ),
    "Gemma-7B, heads wider than the model": library(
        "GemmaConfig",
        hidden_size=3072,
        intermediate_size=24576,
        num_hidden_layers=28,
        num_attention_heads=16,
        num_key_value_heads=16,
        head_dim=256,
        vocab_size=256000,
    ),
    "Gemma-2 with windows in every second layer": library(
        "Gemma2Config",
        prompt=200,
        hidden_size=2304,
        intermediate_size=9216,
        num_hidden_layers=13,
        num_attention_heads=8,
        num_key_value_heads=4,
        head_dim=256,
        sliding_window=96,
        vocab_size=256000,
    ),
    "Phi-3-mini": library(
        "Phi3Config",
        hidden_size=3072,
        intermediate_size=8192,
        num_hidden_layers=32,
        num_attention_heads=32,
        num_key_value_heads=32,
        vocab_size=32064,
        sliding_window=2047,
    ),
    "GLM-4-9B in the library's form": library(
        "GlmConfig",
        hidden_size=4096,
        intermediate_size=13696,
        num_hidden_layers=40,
        num_attention_heads=32,
        num_key_value_heads=2,
        head_dim=128,
        vocab_size=151552,
    ),
    "GLM-4-0414": library(
        "Glm4Config",
        hidden_size=4096,
        intermediate_size=13696,
        num_hidden_layers=40,
        num_attention_heads=32,
        num_key_value_heads=2,
        head_dim=128,
        vocab_size=151552,
    ),
    "Gemma-3-4B, which also sees": library(
        "Gemma3Config",
        kind="Gemma3ForConditionalGeneration",
        prompt=1200,
        text_config={
            "hidden_size": 2560,
            "intermediate_size": 10240,
            "num_hidden_layers": 34,
            "sliding_window": 1024,
        },
    ),
    "Gemma-3-1B": library(
        "Gemma3TextConfig",
        prompt=600,
        hidden_size=1152,
        intermediate_size=6912,
        num_hidden_layers=26,
        num_attention_heads=4,
        num_key_value_heads=1,
        head_dim=256,
        sliding_window=512,
        vocab_size=262144,
    ),
    "Falcon-7B, one key head": library(
        "FalconConfig",
        hidden_size=4544,
        num_hidden_layers=32,
        num_attention_heads=71,
        vocab_size=65024,
    ),
    "Falcon-40B, grouped": library(
        "FalconConfig",
        hidden_size=8192,
        num_hidden_layers=12,
        num_attention_heads=128,
        num_kv_heads=8,
        new_decoder_architecture=True,
        vocab_size=65024,
    ),
    "Falcon-RW-1B, as many keys as queries": library(
        "FalconConfig",
        hidden_size=2048,
        num_hidden_layers=24,
        num_attention_heads=32,
        multi_query=False,
        alibi=True,
        parallel_attn=False,
        bias=True,
        vocab_size=50304,
    ),
    "OPT-6.7B": library(
        "OPTConfig",
        hidden_size=4096,
        ffn_dim=16384,
        num_hidden_layers=32,
        num_attention_heads=32,
        word_embed_proj_dim=4096,
        vocab_size=50272,
    ),
    "OPT-350M, narrower embedding": library(
        "OPTConfig",
        hidden_size=1024,
        ffn_dim=4096,
        num_hidden_layers=24,
        num_attention_heads=16,
        word_embed_proj_dim=512,
        do_layer_norm_before=False,
        vocab_size=50272,
    ),
    "BLOOM-7B1": library("BloomConfig", hidden_size=4096, n_layer=30, n_head=32, vocab_size=250880),
    "Qwen1.5-MoE-A2.7B": library(
        "Qwen2MoeConfig",
        hidden_size=2048,
        intermediate_size=5632,
        moe_intermediate_size=1408,
        shared_expert_intermediate_size=5632,
        num_hidden_layers=8,
        num_attention_heads=16,
        num_key_value_heads=16,
        num_experts=60,
        num_experts_per_tok=4,
        vocab_size=151936,
    ),
    "Qwen2-MoE with dense layers and windows": library(
        "Qwen2MoeConfig",
        prompt=300,
        hidden_size=512,
        intermediate_size=1024,
        moe_intermediate_size=256,
        shared_expert_intermediate_size=512,
        num_hidden_layers=8,
        num_attention_heads=16,
        num_key_value_heads=4,
        num_experts=8,
        num_experts_per_tok=2,
        decoder_sparse_step=2,
        mlp_only_layers=[3],
        use_sliding_window=True,
        sliding_window=64,
        max_window_layers=5,
        vocab_size=1024,
    ),
    "Qwen3-MoE with a window that is off": library(
        "Qwen3MoeConfig",
        prompt=200,
        hidden_size=512,
        intermediate_size=1024,
        moe_intermediate_size=256,
        num_hidden_layers=4,
        num_attention_heads=8,
        num_key_value_heads=4,
        head_dim=64,
        num_experts=8,
        num_experts_per_tok=2,
        use_sliding_window=False,
        sliding_window=32,
        vocab_size=1024,
    ),
    "Qwen2-VL-7B, its text": library(
        "Qwen2VLConfig",
        kind="Qwen2VLForConditionalGeneration",
        text_config={
            "hidden_size": 3584,
            "intermediate_size": 18944,
            "num_hidden_layers": 28,
            "num_attention_heads": 28,
            "num_key_value_heads": 4,
            "vocab_size": 152064,
        },
        vision_config={"hidden_size": 3584},
    ),
    "Qwen2.5-VL-3B, its text": library(
        "Qwen2_5_VLConfig",
        kind="Qwen2_5_VLForConditionalGeneration",
        tie_word_embeddings=True,
        text_config={
            "hidden_size": 2048,
            "intermediate_size": 11008,
            "num_hidden_layers": 36,
            "num_attention_heads": 16,
            "num_key_value_heads": 2,
            "vocab_size": 151936,
            "tie_word_embeddings": True,
        },
        vision_config={"out_hidden_size": 2048},
    ),
    "DeepSeek-V2-Lite": library(
        "DeepseekV2Config",
        hidden_size=2048,
        intermediate_size=10944,
        moe_intermediate_size=1408,
        num_hidden_layers=9,
        num_attention_heads=16,
        num_key_value_heads=16,
        first_k_dense_replace=1,
        n_routed_experts=64,
        n_shared_experts=2,
        num_experts_per_tok=6,
        q_lora_rank=None,
        kv_lora_rank=512,
        qk_nope_head_dim=128,
        qk_rope_head_dim=64,
        v_head_dim=128,
        topk_method="greedy",
        n_group=1,
        topk_group=1,
        vocab_size=102400,
    ),
    "DeepSeek-V3": library(
        "DeepseekV3Config",
        prompt=128,
        num_hidden_layers=5,
        num_mtp_layers=0,
    ),
    "Llama-4-Scout, its text": library(
        "Llama4TextConfig",
        prompt=96,
        hidden_size=1024,
        intermediate_size=2048,
        intermediate_size_mlp=4096,
        num_hidden_layers=8,
        num_attention_heads=8,
        num_key_value_heads=2,
        head_dim=128,
        num_local_experts=16,
        num_experts_per_tok=1,
        attention_chunk_size=64,
        vocab_size=4096,
    ),
    "Llama-4-Maverick, dense layers between": library(
        "Llama4TextConfig",
        prompt=96,
        hidden_size=1024,
        intermediate_size=2048,
        intermediate_size_mlp=4096,
        interleave_moe_layer_step=2,
        num_hidden_layers=8,
        num_attention_heads=8,
        num_key_value_heads=2,
        head_dim=128,
        num_local_experts=32,
        num_experts_per_tok=1,
        vocab_size=4096,
    ),
    "gpt-oss-20b": library(
        "GptOssConfig",
        prompt=300,
        num_hidden_layers=8,
        num_local_experts=32,
        num_experts_per_tok=4,
    ),
    "GLM-4.5-Air": library(
        "Glm4MoeConfig",
        hidden_size=4096,
        intermediate_size=10944,
        moe_intermediate_size=1408,
        num_hidden_layers=6,
        num_attention_heads=96,
        num_key_value_heads=8,
        head_dim=128,
        n_routed_experts=128,
        n_shared_experts=1,
        num_experts_per_tok=8,
        first_k_dense_replace=1,
        num_mtp_layers=0,
        vocab_size=151552,
    ),
    "MiniCPM3-4B": library("MiniCPM3Config"),
    "SmolLM3-3B": library("SmolLM3Config", vocab_size=128256),
    "SmolLM3 with windows where nothing is rotated": library(
        "SmolLM3Config",
        prompt=200,
        hidden_size=512,
        intermediate_size=1024,
        num_hidden_layers=8,
        num_attention_heads=8,
        num_key_value_heads=2,
        use_sliding_window=True,
        sliding_window=64,
        vocab_size=1024,
        pad_token_id=0,
    ),
    "Phi-3.5-MoE": library(
        "PhimoeConfig",
        num_hidden_layers=6,
        sliding_window=131072,
        attention_bias=True,
        lm_head_bias=True,
    ),
    "MiniCPM-2B": remote(
        architectures=["MiniCPMForCausalLM"],
        model_type="minicpm",
        num_hidden_layers=40,
        hidden_size=2304,
        intermediate_size=5760,
        num_attention_heads=36,
        num_key_value_heads=36,
        vocab_size=122753,
    ),
    "ChatGLM3-6B": remote(
        architectures=["ChatGLMModel"],
        model_type="chatglm",
        num_layers=28,
        hidden_size=4096,
        ffn_hidden_size=13696,
        num_attention_heads=32,
        multi_query_attention=True,
        multi_query_group_num=2,
        kv_channels=128,
        padded_vocab_size=65024,
        seq_length=8192,
        add_qkv_bias=True,
        tie_word_embeddings=False,
    ),
    "GLM-4-9B-chat with its own code": remote(
        architectures=["ChatGLMModel"],
        model_type="chatglm",
        num_layers=40,
        hidden_size=4096,
        ffn_hidden_size=13696,
        num_attention_heads=32,
        multi_query_attention=True,
        multi_query_group_num=2,
        kv_channels=128,
        padded_vocab_size=151552,
        seq_length=131072,
        add_qkv_bias=True,
        tie_word_embeddings=False,
    ),
    "Baichuan-7B": remote(
        architectures=["BaiChuanForCausalLM"],
        model_type="baichuan",
        num_hidden_layers=32,
        hidden_size=4096,
        intermediate_size=11008,
        num_attention_heads=32,
        vocab_size=64000,
        max_position_embeddings=4096,
        tie_word_embeddings=False,
    ),
    "Baichuan2-13B": remote(
        architectures=["BaichuanForCausalLM"],
        model_type="baichuan",
        num_hidden_layers=40,
        hidden_size=5120,
        intermediate_size=13696,
        num_attention_heads=40,
        vocab_size=125696,
        model_max_length=4096,
        tie_word_embeddings=False,
    ),
    "Qwen-7B": remote(
        architectures=["QWenLMHeadModel"],
        model_type="qwen",
        num_hidden_layers=32,
        hidden_size=4096,
        intermediate_size=22016,
        num_attention_heads=32,
        kv_channels=128,
        vocab_size=151936,
        seq_length=8192,
        tie_word_embeddings=False,
    ),
}


def probe(cases):
    if not PYTHON.is_file():
        pytest.skip(f"no interpreter with torch and transformers at {PYTHON} (SUITE_ENGINE_PYTHON)")
    done = subprocess.run(
        [str(PYTHON), str(Path(__file__).with_name("flops_probe.py"))],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def counted():
    return dict(zip(CASES, probe(list(CASES.values())), strict=True))


def write_model(directory, result):
    """A model directory whose weights are a hole in the file: only the header is ever read."""
    document = {
        key: value for key, value in result["config"].items() if key != "transformers_version"
    }
    (directory / "config.json").write_text(json.dumps(document))
    header, end = {}, 0
    for name, shape in result["tensors"]:
        size = 2
        for extent in shape:
            size *= extent
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [end, end + size]}
        end += size
    raw = json.dumps(header).encode()
    with (directory / "model.safetensors").open("wb") as stream:
        stream.write(struct.pack("<Q", len(raw)) + raw)
        stream.truncate(8 + len(raw) + end)
    return directory


@pytest.mark.parametrize("name", CASES)
def test_within_one_percent_of_pytorch(counted, name, tmp_path):
    result, case = counted[name], CASES[name]
    facts = read_model(write_model(tmp_path, result))
    assert facts.shape_unknown == ""
    elements = 0
    for _, shape in result["tensors"]:
        count = 1
        for extent in shape:
            count *= extent
        elements += count
    assert facts.parameters == elements
    prefill = prefill_flops(facts, case["prompt"])
    decode = decode_flops(facts, case["prompt"], case["generated"])
    assert prefill == pytest.approx(result["prefill"], rel=TOLERANCE)
    assert decode == pytest.approx(result["decode"], rel=TOLERANCE)


def test_the_square_of_attention_is_seen_at_this_tolerance(counted, tmp_path):
    """A formula without attention, or with half of it, would fail the long case."""
    case, result = CASES["Llama-3-8B, long prompt"], counted["Llama-3-8B, long prompt"]
    facts = read_model(write_model(tmp_path, result))
    square = 4 * 32 * 4096 * case["prompt"] ** 2
    assert square / 2 > 2 * TOLERANCE * result["prefill"]
    assert prefill_flops(facts, case["prompt"]) == pytest.approx(result["prefill"], rel=1e-4)


def test_counting_every_expert_would_be_seen(counted, tmp_path):
    case, result = CASES["Mixtral-8x7B"], counted["Mixtral-8x7B"]
    facts = read_model(write_model(tmp_path, result))
    assert facts.active_parameters < 0.3 * facts.parameters
    layers = tuple(replace(group, active_experts=8) for group in facts.layers)
    dense = prefill_flops(replace(facts, layers=layers), case["prompt"])
    assert dense > 3 * result["prefill"]


SMALL = {
    "hidden_size": 64,
    "intermediate_size": 160,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "vocab_size": 512,
}
SAVED = {
    "Llama": ("LlamaConfig", SMALL | {"num_key_value_heads": 2}, "1GB"),
    "Llama, tied": ("LlamaConfig", SMALL | {"tie_word_embeddings": True}, "1GB"),
    "Llama, in parts": ("LlamaConfig", SMALL, "100KB"),
    "Qwen2": ("Qwen2Config", SMALL | {"num_key_value_heads": 2}, "1GB"),
    "Mixtral, in parts": ("MixtralConfig", SMALL | {"num_key_value_heads": 2}, "300KB"),
    "Qwen3-MoE": (
        "Qwen3MoeConfig",
        SMALL | {"moe_intermediate_size": 96, "num_experts": 8, "num_experts_per_tok": 2},
        "1GB",
    ),
    "GPT-NeoX": ("GPTNeoXConfig", SMALL, "1GB"),
    "Gemma": ("GemmaConfig", SMALL | {"num_key_value_heads": 1, "head_dim": 32}, "1GB"),
}


def test_saved_models_are_read_as_they_are(tmp_path):
    """Real files, as transformers writes them, in one part or several."""
    cases = [
        {"config_class": kind, "config": config, "save": str(tmp_path / name), "shard": shard}
        for name, (kind, config, shard) in SAVED.items()
    ]
    for name, parameters in zip(SAVED, probe(cases), strict=True):
        facts = read_model(tmp_path / name)
        assert facts.shape_unknown == "", name
        assert facts.parameters == parameters, name
        assert facts.torch_dtype == "bfloat16", name
        parts = list((tmp_path / name).glob("*.safetensors"))
        assert (len(parts) > 1) == ("in parts" in name), name
