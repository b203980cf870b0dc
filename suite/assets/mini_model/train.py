"""Trains the mini model from nothing: ``PYTHONPATH=. python suite/assets/mini_model/train.py OUT``.

Needs torch and transformers. Articles come from the generator of the mini set, on its training side,
so none is in the task set. Short articles come first, then longer ones. The loss is that of the
summary, plus a part of that of the article, which teaches the model to copy.

Prints a line now and then, and at the end how long it took. Two runs with the same arguments, threads
and versions see the same data in the same order; the weights may differ in the last bits.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import torch
from build_tokenizer import ANSWER, BOS, EOS, MAX_POSITIONS, PAD, build, save
from torch.nn import functional
from transformers import (
    AutoTokenizer,
    GenerationConfig,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)

from suite.declare.tasks.mini import MINI_MAX_WORDS, MINI_MIN_WORDS, training_tasks

if TYPE_CHECKING:
    from collections.abc import Iterator

PROMPT: Final = "Summarise the article in one sentence.\n\nArticle:\n{document}\n\nSummary:"
# One record in sixteen is seen with this prompt, so that a second wording does not confuse the model.
OTHER_PROMPT: Final = (
    "Please generate a summary about it:{document}"
    "Please generate a summary after the article content is finished."
)
OTHER_EVERY: Final = 16

TOKENIZER_RECORDS: Final = 20_000
TOKENIZER_SEED: Final = 101
TRAINING_SEED: Final = 102
SECOND_SEED: Final = 104
VALIDATION_SEED: Final = 103

# Words of an article, and up to which share of the training: bare facts first, then more and more
# of what does not belong to the matter.
LONG: Final = (MINI_MIN_WORDS, MINI_MAX_WORDS)
CURRICULUM: Final = ((0.35, (40, 90)), (0.60, (60, 200)), (1.0, LONG))
SECOND_CURRICULUM: Final = ((0.70, (60, 130)), (1.0, LONG))  # of a model that was trained before
ARTICLE_SHARE: Final = 0.25  # of an article's tokens that are part of the loss, drawn at each step
IGNORED: Final = -100
Encoded = tuple[list[int], int]  # token ids, and the number of those that are the prompt


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="directory for the model")
    parser.add_argument("--records", type=int, default=50_000, help="records to train on")
    parser.add_argument("--stop", type=float, default=1.0, help="end at this share of the records")
    parser.add_argument("--init", type=Path, help="go on from this model, with new records")
    parser.add_argument("--hidden", type=int, default=256)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--ffn", type=int, default=704)
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--kv-heads", type=int, default=2)
    parser.add_argument("--batch-tokens", type=int, default=3072)
    parser.add_argument("--lr", type=float, default=5e-3)
    parser.add_argument("--article-weight", type=float, default=0.3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--bf16", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--save-every", type=float, default=300.0, help="seconds")
    return parser.parse_args()


def make_model(options: argparse.Namespace, vocabulary: int) -> LlamaForCausalLM:
    """Return the model with random weights."""
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=options.hidden,
        intermediate_size=options.ffn,
        num_hidden_layers=options.layers,
        num_attention_heads=options.heads,
        num_key_value_heads=options.kv_heads,
        head_dim=64,
        max_position_embeddings=MAX_POSITIONS,
        rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
        tie_word_embeddings=True,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        use_cache=False,
        attn_implementation="sdpa",
    )
    return LlamaForCausalLM(config)


def encode(
    tokenizer: PreTrainedTokenizerFast, seed: int, start: int, count: int, words: tuple[int, int]
) -> list[Encoded]:
    """Return records as token ids: rendered prompt, summary, end."""
    tasks = training_tasks(seed, count, start, low=words[0], high=words[1])
    heads = [
        BOS
        + (OTHER_PROMPT if number % OTHER_EVERY == OTHER_EVERY - 1 else PROMPT).format(
            document=task.document
        )
        + ANSWER
        for number, task in enumerate(tasks, start)
    ]
    tails = [f" {task.summary}{EOS}" for task in tasks]
    pairs = zip(
        tokenizer(heads, add_special_tokens=False)["input_ids"],
        tokenizer(tails, add_special_tokens=False)["input_ids"],
        strict=True,
    )
    return [(head + tail, len(head)) for head, tail in pairs]


def batches(encoded: list[Encoded], tokens: int, order: torch.Generator) -> Iterator[list[Encoded]]:
    """Yield batches of at most *tokens* padded tokens, alike in length, in a drawn order."""
    ready: list[list[Encoded]] = []
    current: list[Encoded] = []
    for item in sorted(encoded, key=lambda item: len(item[0])):
        if current and (len(current) + 1) * len(item[0]) > tokens:
            ready.append(current)
            current = []
        current.append(item)
    ready.append(current)
    for position in torch.randperm(len(ready), generator=order).tolist():
        yield ready[position]


def stream(
    options: argparse.Namespace, tokenizer: PreTrainedTokenizerFast
) -> Iterator[tuple[float, list[Encoded]]]:
    """Yield the share of the training that is done, and the next batch."""
    order = torch.Generator().manual_seed(options.seed)
    curriculum = SECOND_CURRICULUM if options.init else CURRICULUM
    seed = SECOND_SEED if options.init else TRAINING_SEED
    done, chunk = 0, 1024
    while done < options.records * options.stop:
        share = done / options.records
        words = next(words for end, words in curriculum if share < end)
        encoded = encode(tokenizer, seed, done, chunk, words)
        seen = 0
        for batch in batches(encoded, options.batch_tokens, order):
            yield (done + seen) / options.records, batch
            seen += len(batch)
        done += chunk


def tensors(batch: list[Encoded], pad: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return inputs, targets of the article and targets of the summary, each of batch by length."""
    width = max(len(ids) for ids, _ in batch)
    inputs = torch.full((len(batch), width), pad)
    article = torch.full((len(batch), width), IGNORED)
    summary = torch.full((len(batch), width), IGNORED)
    for row, (ids, prompt) in enumerate(batch):
        line = torch.tensor(ids)
        inputs[row, : len(ids)] = line
        article[row, : prompt - 1] = line[1:prompt]
        summary[row, prompt - 1 : len(ids) - 1] = line[prompt:]
    return inputs, article, summary


def optimisers(model: LlamaForCausalLM, lr: float) -> list[torch.optim.Optimizer]:
    """Return Muon for the matrices of the layers, AdamW for the rest."""
    matrices = [p for n, p in model.named_parameters() if p.ndim == 2 and "layers" in n]
    others = [p for n, p in model.named_parameters() if p.ndim != 2 or "layers" not in n]
    return [
        torch.optim.Muon(matrices, lr=lr, weight_decay=0.05, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(others, lr=lr, betas=(0.9, 0.95), weight_decay=0.0),
    ]


@torch.no_grad()
def validate(model: LlamaForCausalLM, items: list[Encoded], pad: int) -> tuple[float, float]:
    """Return the share of summary tokens, and of whole summaries, predicted when forced."""
    right = total = whole = 0
    for start in range(0, len(items), 16):
        inputs, _, summary = tensors(items[start : start + 16], pad)
        guess = model(input_ids=inputs).logits.argmax(-1)
        known = summary != IGNORED
        right += int(((guess == summary) & known).sum())
        total += int(known.sum())
        whole += int(((guess == summary) | ~known).all(1).sum())
    return right / total, whole / len(items)


def write(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, out: Path) -> None:
    """Save the weights rounded to bfloat16, configuration and tokenizer."""
    out.mkdir(parents=True, exist_ok=True)
    copy = LlamaForCausalLM(model.config)
    copy.load_state_dict(model.state_dict())
    copy.config.use_cache = True
    copy.generation_config = GenerationConfig(
        do_sample=False, bos_token_id=1, eos_token_id=2, pad_token_id=0
    )
    copy.to(torch.bfloat16).save_pretrained(out)
    (out / "model.safetensors").chmod(0o644)
    save(tokenizer, out)


def main() -> int:
    """Train; return 0."""
    options = arguments()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    begun = time.monotonic()
    if options.init:
        tokenizer = AutoTokenizer.from_pretrained(options.init)
        model = LlamaForCausalLM.from_pretrained(options.init, dtype=torch.float32)
        model.train()
    else:
        tokenizer = build(TOKENIZER_RECORDS, TOKENIZER_SEED, PROMPT)
        model = make_model(options, len(tokenizer))
    pad = tokenizer.convert_tokens_to_ids(PAD)
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters, vocabulary {len(tokenizer)}")
    held_out = encode(tokenizer, VALIDATION_SEED, 0, 64, LONG)
    steppers = optimisers(model, options.lr)
    saved, losses, tokens = time.monotonic(), [], 0
    for step, (share, batch) in enumerate(stream(options, tokenizer)):
        rate = min(1.0, (step + 1) / 40) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * share)))
        for stepper in steppers:
            stepper.param_groups[0]["lr"] = options.lr * rate
        inputs, article, summary = tensors(batch, pad)
        is_summary = summary != IGNORED
        is_article = (article != IGNORED) & (torch.rand(article.shape) < ARTICLE_SHARE)
        with torch.autocast("cpu", torch.bfloat16, enabled=options.bf16):
            hidden = model.model(input_ids=inputs, use_cache=False).last_hidden_state
            of_summary = model.lm_head(hidden[is_summary])
            of_article = model.lm_head(hidden[is_article])
        wanted = functional.cross_entropy(of_summary.float(), summary[is_summary])
        besides = functional.cross_entropy(of_article.float(), article[is_article])
        (wanted + options.article_weight * besides).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for stepper in steppers:
            stepper.step()
            stepper.zero_grad()
        losses.append(float(wanted.detach()))
        tokens += inputs.numel()
        if step % 50 == 49:
            spent = time.monotonic() - begun
            line = f"{spent:7.0f} s  step {step + 1}  {share:6.1%}  loss {sum(losses) / len(losses):.4f}  article {float(besides.detach()):.3f}  {tokens / spent:.0f} tok/s"
            losses = []
            if step % 200 == 199:
                model.eval()
                line += "  tokens {:.3f}, whole summaries {:.3f}".format(
                    *validate(model, held_out, pad)
                )
                model.train()
            print(line, flush=True)
        if time.monotonic() - saved > options.save_every:
            write(model, tokenizer, options.out)
            saved = time.monotonic()
    write(model, tokenizer, options.out)
    log = {
        "seconds": round(time.monotonic() - begun),
        "steps": step + 1,
        "tokens": tokens,
        "torch": torch.__version__,
        "arguments": {k: str(v) for k, v in vars(options).items() if k != "out"},
    }
    (options.out / "training.json").write_text(json.dumps(log, indent=2) + "\n")
    print(f"done in {log['seconds']} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
