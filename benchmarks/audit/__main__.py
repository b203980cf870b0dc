"""The audit's error rates on a model: ``python -m benchmarks.audit --engine-python PYTHON [--model DIR --data FILE]``.

An engine's Python gives greedy answers of the whole model and of harmed ones (`variants`); the reference reads all of
them as `suite audit` does; many samples of 100, 300 and 1,000 tokens are drawn from each and judged. Printed is a
Markdown table: how often each is called different, and the area under the curve of its chance against the honest one's.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from suite.declare.tasks.mini import mini_tasks
from suite.declare.tasks.prompt import CLOSED_V1
from suite.declare.tasks.read import read_tasks
from suite.declare.tasks.reference import MINI_MODEL
from suite.declare.tasks.tokenizer import Tokenizer
from suite.judge.audit.sample import end_tokens
from suite.judge.audit.verdict import Token, figures
from suite.measure import audit

if TYPE_CHECKING:
    from collections.abc import Sequence

VARIANTS: Final = {
    "fp32": ("float32", "the model itself, in batches of 16"),
    "bf16": ("bfloat16", "the model itself in bfloat16, declared"),
    "int8": ("float32", "weights rounded to 8 bits"),
    "int6": ("float32", "weights rounded to 6 bits"),
    "int4": ("float32", "weights rounded to 4 bits"),
    "drop": ("float32", "the middle layer left out"),
    "prompt": ("float32", "90 % of the prompt read"),
}
"""Each with the precision that its run declares, and what it is."""
HONEST: Final = "fp32"
SIZES: Final = (100, 300, 1000)
DRAWS: Final = 400
SCRIPT: Final = Path(__file__).with_name("variants.py")

Answers = list[list[Token]]


def arguments() -> argparse.Namespace:
    """Of the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.audit", description=__doc__)
    parser.add_argument(
        "--engine-python", type=Path, required=True, help="with torch, transformers"
    )
    parser.add_argument("--model", type=Path, default=MINI_MODEL)
    parser.add_argument("--data", type=Path, help="documents; default: the mini set")
    parser.add_argument("--tasks", type=int, default=112)
    parser.add_argument("--words", type=int, help="of each document at most")
    parser.add_argument("--new-tokens", type=int, default=64)
    parser.add_argument("--variants", nargs="*", default=list(VARIANTS), choices=list(VARIANTS))
    parser.add_argument("--keep", type=Path, required=True, help="directory; what is there is used")
    return parser.parse_args()


def documents(given: argparse.Namespace) -> list[str]:
    """The documents to summarise."""
    tasks = read_tasks(given.data).tasks if given.data else mini_tasks()
    texts = [task.document for task in tasks[: given.tasks]]
    return [" ".join(text.split()[: given.words]) for text in texts] if given.words else texts


def answered(given: argparse.Namespace, prompts: Sequence[Sequence[int]], name: str) -> Answers:
    """What the reference says of a variant's answers, token by token."""
    kept = given.keep / f"{name}.json"
    result = given.keep / name / "tokens.json"
    if not kept.exists():
        command = [str(given.engine_python), str(SCRIPT), str(given.model), name]
        made = subprocess.run(
            [*command, str(given.new_tokens)],
            input=json.dumps(prompts).encode(),
            stdout=subprocess.PIPE,
            check=True,
        )
        kept.write_bytes(made.stdout)
    if not result.exists():
        result.parent.mkdir(exist_ok=True)
        outputs = json.loads(kept.read_bytes())
        asked = audit.Assignment(
            model=given.model,
            answers=[
                {"prompt": list(prompt), "output": output}
                for prompt, output in zip(prompts, outputs, strict=True)
            ],
            ends=end_tokens(given.model),
            dtype="float32",
            run_dtype=VARIANTS[name][0],
        )
        audit.read(asked, given.engine_python, result.parent, on_progress=lambda *_, **__: None)
    rows = json.loads(result.read_bytes())["answers"]
    return [[Token(*row[:5]) for row in answer] for answer in rows]


def drawn(answers: Answers, size: int, seed: int) -> list[Token]:
    """Tokens of answers in a drawn order, `size` of them at most."""
    order = list(answers)
    random.Random(seed).shuffle(order)
    return [token for answer in order for token in answer][:size]


def curve_area(honest: Sequence[float], other: Sequence[float]) -> float:
    """The share of pairs in which the other's score is the larger; ties count half."""
    ranked = sorted(honest)
    pairs = 0.0
    for score in other:
        below = sum(value < score for value in ranked)
        same = sum(value == score for value in ranked)
        pairs += below + same / 2
    return pairs / (len(honest) * len(other))


def main() -> int:
    """Measure and print."""
    given = arguments()
    given.keep.mkdir(parents=True, exist_ok=True)
    tokenizer = Tokenizer.from_directory(given.model)
    prompts = [
        tokenizer.prompt_ids(CLOSED_V1.render(document), "chat") for document in documents(given)
    ]
    answers = {name: answered(given, prompts, name) for name in given.variants}
    scores: dict[tuple[str, int], list[float]] = {}
    print("| answers of | tokens | divergences, widest in nats | " + " | ".join(
        f"{size:,} tokens: called different, AUC" for size in SIZES
    ) + " |")  # fmt: skip
    print("| --- " * (3 + len(SIZES)) + "|")
    for name in given.variants:
        tokens = [token for answer in answers[name] for token in answer]
        wrong = [token.margin for token in tokens if token.rank > 1]
        cells = [VARIANTS[name][1], f"{len(tokens):,}"]
        cells.append(f"{len(wrong)}, {max(wrong):.3g}" if wrong else "0")
        for size in SIZES:
            if size > len(tokens):
                cells.append("–")
                continue
            results = [figures(drawn(answers[name], size, seed)) for seed in range(DRAWS)]
            scores[name, size] = [-result.p for result in results]
            different = sum(result.verdict == "different" for result in results) / DRAWS
            area = curve_area(scores[HONEST, size], scores[name, size])
            cells.append(f"{different:.1%}, {area:.4f}")
        print("| " + " | ".join(cells) + " |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
