"""Removes a layer that training left without work: ``python suite/assets/mini_model/prune.py IN OUT LAYER``.

Needs torch and transformers. Every layer that is shipped must count: the quality gate is only worth something
if a model with one layer less falls below it. Run ``golden.py`` afterwards.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import torch
import transformers


def main() -> None:
    """Copy a model without one of its layers; tokenizer and chat template stay as they are."""
    source, target, layer = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    model = transformers.AutoModelForCausalLM.from_pretrained(source, dtype=torch.bfloat16)
    del model.model.layers[layer]
    model.config.num_hidden_layers -= 1
    model.config.layer_types = None
    target.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(target)
    for name in ("tokenizer.json", "tokenizer_config.json", "generation_config.json"):
        shutil.copyfile(source / name, target / name)
    count = sum(weight.numel() for weight in model.parameters())
    print(f"{count:,} parameters, {model.config.num_hidden_layers} layers")


main()
