"""Runs under an engine's Python (torch, transformers): greedy answers of the mini model, whole or harmed.

Usage: mini_probe.py MODEL_DIR VARIANT...  < prompts.json > answers.json

Reads a JSON list of user messages, writes for each variant a JSON list of {"token_ids", "text"}. Variants: ``whole``,
``drop-N`` (without layer N), ``round-tensor-B`` and ``round-channel-B`` (matrices rounded to B bits, symmetric, one scale
per tensor or per output row). Imports nothing of the suite.
"""

from __future__ import annotations

import json
import sys

import torch
import transformers

MAX_NEW_TOKENS = 64
BATCH = 64
"""Prompts at a time. What one at a time answers in float32 comes out too, seen for all 256; it takes a quarter of the time."""


def round_weights(model, bits: int, *, per_channel: bool) -> None:
    top = 2 ** (bits - 1) - 1
    for weight in model.parameters():
        if weight.ndim == 2:
            size = weight.abs().amax(1, keepdim=True) if per_channel else weight.abs().amax()
            step = size / top
            weight.copy_((weight / step).round().clamp(-top, top) * step)


def harm(model, variant: str) -> None:
    kind, _, rest = variant.partition("-")
    if kind == "drop":
        del model.model.layers[int(rest)]
        for number, layer in enumerate(model.model.layers):
            layer.self_attn.layer_idx = number  # the cache is indexed by it
        model.config.num_hidden_layers -= 1
        model.config.layer_types = None
    elif kind == "round":
        scope, _, bits = rest.partition("-")
        round_weights(model, int(bits), per_channel=scope == "channel")
    elif variant != "whole":
        sys.exit(f"unknown variant {variant}")


@torch.no_grad()
def answers(directory: str, variant: str, messages: list[str]) -> list[dict[str, object]]:
    tokenizer = transformers.AutoTokenizer.from_pretrained(directory, padding_side="left")
    model = transformers.AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32)
    model.eval()
    harm(model, variant)
    texts = [
        tokenizer.apply_chat_template(
            [{"role": "user", "content": message}], add_generation_prompt=True, tokenize=False
        )
        for message in messages
    ]
    order = sorted(range(len(texts)), key=lambda number: len(texts[number]))
    result: dict[int, dict[str, object]] = {}
    for start in range(0, len(order), BATCH):
        chosen = order[start : start + BATCH]
        inputs = tokenizer([texts[number] for number in chosen], padding=True, return_tensors="pt")
        inputs.pop("token_type_ids", None)
        output = model.generate(**inputs, do_sample=False, max_new_tokens=MAX_NEW_TOKENS)
        for number, line in zip(
            chosen, output[:, inputs["input_ids"].shape[1] :].tolist(), strict=True
        ):
            end = (
                line.index(model.config.eos_token_id) + 1
                if model.config.eos_token_id in line
                else None
            )
            ids = line[:end]
            result[number] = {
                "token_ids": ids,
                "text": tokenizer.decode(ids, skip_special_tokens=True).strip(),
            }
    return [result[number] for number in range(len(texts))]


def main() -> None:
    directory, *variants = sys.argv[1:]
    messages = json.load(sys.stdin)
    torch.set_num_threads(2)
    json.dump({variant: answers(directory, variant, messages) for variant in variants}, sys.stdout)


main()
