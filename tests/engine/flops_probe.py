"""Counts the FLOPs of decoder models with PyTorch's own counter, on meta tensors: no weight is made.

Runs under an interpreter that has torch and transformers. Reads a JSON list of cases from standard input and
writes a JSON list of results: configuration, tensors (name, dtype, shape), FLOPs of the prefill and of the
decode steps. Architectures whose code comes with their weights (ChatGLM, Baichuan, the first Qwen) are built
here from the same matrix products, with the fused projections that they have.
"""

import json
import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
import transformers
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

# A row holds one sequence here; looking for several would read numbers, which meta tensors do not have.
transformers.masking_utils.find_packed_sequence_indices = lambda *_: None


class Fused(nn.Module):
    """A decoder with a fused query-key-value projection and a gated MLP, in the layout of remote code."""

    def __init__(self, shape):
        super().__init__()
        self.shape = shape
        hidden, width = shape["hidden"], shape["heads"] * shape["head_dim"]
        kv = shape["kv_heads"] * shape["head_dim"]
        self.embedding = nn.Embedding(shape["vocab"], hidden)
        self.layers = nn.ModuleList()
        for _ in range(shape["layers"]):
            layer = nn.Module()
            layer.query_key_value = nn.Linear(hidden, width + 2 * kv, bias=shape["bias"])
            layer.dense = nn.Linear(width, hidden, bias=False)
            layer.up = nn.Linear(hidden, 2 * shape["ffn"], bias=False)
            layer.down = nn.Linear(shape["ffn"], hidden, bias=False)
            layer.input_norm = nn.RMSNorm(hidden)
            layer.post_norm = nn.RMSNorm(hidden)
            self.layers.append(layer)
        self.output = nn.Linear(hidden, shape["vocab"], bias=False)
        if shape["tied"]:
            self.output.weight = self.embedding.weight

    def forward(self, ids, cache):
        shape = self.shape
        heads, kv_heads, size = shape["heads"], shape["kv_heads"], shape["head_dim"]
        x = self.embedding(ids)
        for index, layer in enumerate(self.layers):
            mixed = layer.query_key_value(layer.input_norm(x))
            q, k, v = mixed.split([heads * size, kv_heads * size, kv_heads * size], dim=-1)
            q = q.unflatten(-1, (heads, size)).transpose(1, 2)
            k = k.unflatten(-1, (kv_heads, size)).transpose(1, 2)
            v = v.unflatten(-1, (kv_heads, size)).transpose(1, 2)
            if index in cache:
                k = torch.cat([cache[index][0], k], dim=2)
                v = torch.cat([cache[index][1], v], dim=2)
            cache[index] = (k, v)
            k, v = (t.repeat_interleave(heads // kv_heads, dim=1) for t in (k, v))
            weights = torch.softmax(q @ k.transpose(-1, -2) / size**0.5, dim=-1)
            x = x + layer.dense((weights @ v).transpose(1, 2).flatten(2))
            gate, up = layer.up(layer.post_norm(x)).chunk(2, dim=-1)
            x = x + layer.down(nn.functional.silu(gate) * up)
        return self.output(x[:, -1:])


def remote_shape(config):
    """The matrix shapes of an architecture that brings its own code."""
    name = config["architectures"][0]
    if name == "ChatGLMModel":
        return {
            "layers": config["num_layers"],
            "hidden": config["hidden_size"],
            "heads": config["num_attention_heads"],
            "kv_heads": config["multi_query_group_num"],
            "head_dim": config["kv_channels"],
            "ffn": config["ffn_hidden_size"],
            "vocab": config["padded_vocab_size"],
            "bias": config["add_qkv_bias"],
            "tied": False,
        }
    heads = config["num_attention_heads"]
    halves = 2 if name == "QWenLMHeadModel" else 1
    return {
        "layers": config["num_hidden_layers"],
        "hidden": config["hidden_size"],
        "heads": heads,
        "kv_heads": heads,
        "head_dim": config["hidden_size"] // heads,
        "ffn": config["intermediate_size"] // halves,
        "vocab": config["vocab_size"],
        "bias": name == "QWenLMHeadModel",
        "tied": name == "MiniCPMForCausalLM",
    }


def count(step, *arguments):
    with FlopCounterMode(display=False) as counter:
        result = step(*arguments)
    return counter.get_total_flops(), result


def ids(number):
    return torch.zeros((1, number), dtype=torch.long, device="meta")


def run_remote(case):
    config = case["config"]
    with torch.device("meta"):
        model = Fused(remote_shape(config)).to(torch.float16).eval()
    cache = {}
    prefill, _ = count(model, ids(case["prompt"]), cache)
    decode = 0
    for _ in range(case["generated"] - 1):
        flops, _ = count(model, ids(1), cache)
        decode += flops
    return config, model, prefill, decode


def idle(model, case):
    """FLOPs of experts that the library multiplies by zero: Llama-4's code runs every token through all of them."""
    tokens = case["prompt"] + case["generated"] - 1
    flops = 0
    for module in model.modules():
        if type(module).__name__ == "Llama4TextMoe":
            experts = module.experts
            weights = experts.gate_up_proj[0].numel() + experts.down_proj[0].numel()
            flops += 2 * (module.num_experts - module.top_k) * weights
    prompt = case["prompt"]
    return flops * prompt, flops * (tokens - prompt)


def repeated(model, case):
    """FLOPs of making all keys and values anew at every step: the library caches the latent vector alone."""
    projections = (
        module.kv_b_proj.weight.numel()
        for module in model.modules()
        if hasattr(module, "kv_b_proj")
    )
    contexts = sum(case["prompt"] + step for step in range(case["generated"] - 1))
    return 2 * contexts * sum(projections)


def run_library(case):
    config = getattr(transformers, case["config_class"])(**case["config"])
    text = config.get_text_config()
    # One bmm over the chosen experts: the form whose shapes do not depend on data.
    config._experts_implementation = text._experts_implementation = "batched_mm"
    with torch.device("meta"):
        kind = getattr(transformers, case.get("model_class", "AutoModelForCausalLM"))
        make = kind._from_config if "model_class" in case else kind.from_config
        model = make(config, attn_implementation=case["attention"], dtype=torch.bfloat16).eval()
    length = case["prompt"]

    def step(number, cache, start):
        positions = torch.arange(start, start + number, device="meta")[None]
        return model(
            input_ids=ids(number),
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        ).past_key_values

    prefill, cache = count(step, length, None, 0)
    decode = 0
    for index in range(case["generated"] - 1):
        flops, cache = count(step, 1, cache, length + index)
        decode += flops
    document = config.to_dict()
    document["architectures"] = [type(model).__name__]
    skipped = idle(model, case)
    return document, model, prefill - skipped[0], decode - skipped[1] - repeated(model, case)


def save(case):
    """Save a small model the way people save theirs; the number of its parameters."""
    torch.manual_seed(0)
    config = getattr(transformers, case["config_class"])(**case["config"])
    model = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    model.save_pretrained(case["save"], max_shard_size=case["shard"])
    return model.num_parameters()


def main():
    results = []
    for case in json.load(sys.stdin):
        if "save" in case:
            results.append(save(case))
            continue
        with torch.no_grad():
            config, model, prefill, decode = (
                run_library(case) if "config_class" in case else run_remote(case)
            )
        tensors = [[name, list(t.shape)] for name, t in model.named_parameters()]
        results.append({"config": config, "tensors": tensors, "prefill": prefill, "decode": decode})
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main()
