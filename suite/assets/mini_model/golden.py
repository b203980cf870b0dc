"""Writes ``golden.jsonl``: ``PYTHONPATH=. python …/golden.py [MODEL_DIR]``.

Needs torch and transformers. For every record of the mini set, one prompt at a time, the
token ids that transformers gives in float32 with greedy decoding: at most 64, the end token included
where it was reached. Run it again whenever the weights or the task set change.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import torch
import transformers

from suite.base import jsonio
from suite.declare.tasks.mini import mini_tasks

if TYPE_CHECKING:
    from collections.abc import Sequence

PROMPT: Final = "Summarise the article in one sentence.\n\nArticle:\n{document}\n\nSummary:"
MAX_NEW_TOKENS: Final = 64


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
    """Write the file beside the model; return 0."""
    directory = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    torch.set_num_threads(2)
    tasks = mini_tasks()
    ids, texts = generate(directory, [task.document for task in tasks])
    lines = [
        jsonio.canonical({"id": task.id, "text": text, "token_ids": line})
        for task, line, text in zip(tasks, ids, texts, strict=True)
    ]
    (directory / "golden.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
