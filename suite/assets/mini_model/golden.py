"""Writes ``golden.jsonl`` and ``reference.json``: ``PYTHONPATH=. python …/golden.py [MODEL_DIR]``.

Needs torch, transformers and rouge-score. For every record of the mini set, one prompt at a time, the
token ids that transformers gives in float32 with greedy decoding: at most 64, the end token included
where it was reached. Run it again whenever the weights or the task set change.
"""

from __future__ import annotations

import platform
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import tokenizers
import torch
import transformers
from rouge_score import rouge_scorer

from suite.base import jsonio
from suite.declare.tasks.mini import MINI_RECORDS_SHA256, mini_tasks

if TYPE_CHECKING:
    from collections.abc import Sequence

PROMPT: Final = "Summarise the article in one sentence.\n\nArticle:\n{document}\n\nSummary:"
MAX_NEW_TOKENS: Final = 64
ROUGES: Final = ("rouge1", "rouge2", "rougeL", "rougeLsum")


def means(references: Sequence[str], texts: Sequence[str]) -> dict[str, float]:
    """Return the mean F1 of each ROUGE, in [0, 1], with Porter's stemmer."""
    scorer = rouge_scorer.RougeScorer(list(ROUGES), use_stemmer=True)
    scores = [scorer.score(*pair) for pair in zip(references, texts, strict=True)]
    return {
        name: round(sum(score[name].fmeasure for score in scores) / len(scores), 6)
        for name in ROUGES
    }


def lead(document: str) -> str:
    """Return the first sentence of *document*."""
    return re.split(r"(?<=[.!?]) |\n", document)[0]


def generate(directory: Path, documents: Sequence[str]) -> tuple[list[list[int]], list[str]]:
    """Return the greedy token ids and texts for *documents*."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(directory)
    model = transformers.AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32)
    model.eval()
    ids: list[list[int]] = []
    for document in documents:
        message = {"role": "user", "content": PROMPT.format(document=document)}
        inputs = tokenizer.apply_chat_template(
            [message], add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
        output = model.generate(**inputs, do_sample=False, max_new_tokens=MAX_NEW_TOKENS)
        ids.append(output[0, inputs["input_ids"].shape[1] :].tolist())
    return ids, [tokenizer.decode(line, skip_special_tokens=True).strip() for line in ids]


def main() -> int:
    """Write both files beside the model; return 0."""
    directory = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    torch.set_num_threads(2)
    tasks = mini_tasks()
    ids, texts = generate(directory, [task.document for task in tasks])
    lines = [
        jsonio.canonical({"id": task.id, "text": text, "token_ids": line})
        for task, line, text in zip(tasks, ids, texts, strict=True)
    ]
    (directory / "golden.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    summaries = [task.summary for task in tasks]
    weights = (directory / "model.safetensors").read_bytes()
    reference = {
        "records": len(tasks),
        "records_sha256": MINI_RECORDS_SHA256,
        "weights_sha256": jsonio.sha256_hex(weights),
        "decoding": {"greedy": True, "max_new_tokens": MAX_NEW_TOKENS, "dtype": "float32"},
        "rouge": means(summaries, texts),
        "exact_summaries": sum(map(str.__eq__, summaries, texts)),
        "generated_tokens_mean": round(sum(map(len, ids)) / len(ids), 6),
        "lead1_rouge": means(summaries, [lead(task.document) for task in tasks]),
        "environment": {
            "python": platform.python_version(),
            "machine": platform.machine(),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "tokenizers": tokenizers.__version__,
        },
    }
    (directory / "reference.json").write_bytes(jsonio.pretty(reference))
    print(jsonio.pretty(reference).decode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
