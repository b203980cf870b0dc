"""Runs under an engine's Python (torch, transformers): greedy answers of a model, whole or harmed.

Usage: ``variants.py MODEL_DIR VARIANT MAX_NEW_TOKENS < prompts.json > answers.json``

Reads a JSON list of prompts, each a list of token ids; writes a JSON list of the generated ids, end token included.
Variants: ``fp32``, ``bf16``, ``int8``, ``int6``, ``int4`` (matrices rounded symmetrically, one scale for each output row),
``drop`` (without the middle layer), ``prompt`` (the model sees the first 90 % of each prompt, and its last eighth of
the template). Imports nothing of the suite.
"""

import json
import sys

import torch
import transformers

COMPANY = 16
TEMPLATE = 8
"""Tokens at the end of a prompt that a shortened one keeps: the chat template's."""


def rounded(model, bits: int) -> None:
    """Round every matrix to *bits* and back, one scale for each output row."""
    top = 2 ** (bits - 1) - 1
    for weight in model.parameters():
        if weight.ndim == 2:
            step = (weight.abs().amax(1, keepdim=True) / top).clamp(min=1e-12)
            weight.copy_((weight / step).round().clamp(-top, top) * step)


def without_layer(model, index: int) -> None:
    """Leave one layer out."""
    del model.model.layers[index]
    for number, layer in enumerate(model.model.layers):
        layer.self_attn.layer_idx = number  # the cache is indexed by it
    model.config.num_hidden_layers -= 1
    model.config.layer_types = None


def shortened(prompt: list[int]) -> list[int]:
    """The first 90 % of a prompt, with the template's end."""
    kept = len(prompt) - TEMPLATE
    return prompt[: kept - len(prompt) // 10] + prompt[kept:]


@torch.no_grad()
def main() -> None:
    """Generate and write."""
    directory, variant, limit = sys.argv[1:]
    prompts = json.load(sys.stdin)
    dtype = torch.bfloat16 if variant == "bf16" else torch.float32
    model = transformers.AutoModelForCausalLM.from_pretrained(directory, dtype=dtype)
    model.eval()
    if variant.startswith("int"):
        rounded(model, int(variant.removeprefix("int")))
    elif variant == "drop":
        without_layer(model, model.config.num_hidden_layers // 2)
    elif variant == "prompt":
        prompts = [shortened(prompt) for prompt in prompts]
    elif variant not in ("fp32", "bf16"):
        sys.exit(f"unknown variant {variant}")
    end = model.config.eos_token_id
    order = sorted(range(len(prompts)), key=lambda number: len(prompts[number]))
    answers: dict[int, list[int]] = {}
    for start in range(0, len(order), COMPANY):
        chosen = order[start : start + COMPANY]
        width = max(len(prompts[number]) for number in chosen)
        pads = [width - len(prompts[number]) for number in chosen]
        ids = [[0] * pad + prompts[number] for pad, number in zip(pads, chosen, strict=True)]
        mask = [[0] * pad + [1] * (width - pad) for pad in pads]
        output = model.generate(
            input_ids=torch.tensor(ids),
            attention_mask=torch.tensor(mask),
            do_sample=False,
            max_new_tokens=int(limit),
            pad_token_id=end,
        )
        for number, line in zip(chosen, output[:, width:].tolist(), strict=True):
            answers[number] = line[: line.index(end) + 1] if end in line else line
    json.dump([answers[number] for number in range(len(prompts))], sys.stdout)


if __name__ == "__main__":
    main()
