"""Holds recorded answers against a reference: which token the reference would have given at each place, and by how much.

Runs under an engine's own Python; needs torch and transformers alone. Each answer's tokens are read behind its prompt
in one pass (teacher forcing), alone and in the reference's precision; then once more in the run's precision and in
company, so that what arithmetic alone changes is measured on the very same places.

Input: a JSON object with ``answers``, a list of ``{"prompt": [ids], "output": [ids]}``, and ``ends``, the ids that end an
answer, which count as one. Output: a JSON object with ``versions`` and ``answers``, for each a list of
``[rank, margin, gap, change, flip, best]`` for each token. ``rank``: of the token by the reference, from 1. ``margin``: the
reference's best logit less that of the token, in nats. ``gap``: its best less its second. ``change``: by how much that
gap differs in the second pass. ``flip``: 1 where the second pass prefers another token. ``best``: the reference's.
"""

import argparse
import importlib
import inspect
import json
import platform

COMPANY = 4
"""Answers that are read together in the second pass."""


def arguments() -> argparse.Namespace:
    """Of the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True, help="directory of the reference's weights")
    parser.add_argument("--answers", required=True, help="the input")
    parser.add_argument("--out", required=True, help="file for the output")
    parser.add_argument("--dtype", default="float32", help="precision of the reference")
    parser.add_argument("--run-dtype", default="float32", help="precision of the second pass")
    parser.add_argument("--device", default="cpu", help="as torch names it")
    parser.add_argument("--import", dest="plugin", help="module that brings the device to torch")
    return parser.parse_args()


class Reference:
    """One model in one precision."""

    def __init__(self, directory: str, dtype: str, device: str) -> None:
        self.torch = importlib.import_module("torch")
        library = importlib.import_module("transformers")
        self.device = device
        self.model = library.AutoModelForCausalLM.from_pretrained(
            directory, dtype=getattr(self.torch, dtype), local_files_only=True
        ).to(device)
        self.model.eval()
        self.keeps = "logits_to_keep" in inspect.signature(self.model.forward).parameters

    def logits(self, answers):  # noqa: ANN001, ANN201 - of torch, which is imported late
        """Of each answer, the logits that each of its tokens was chosen from, in float32."""
        torch = self.torch
        rows = [answer["prompt"] + answer["output"] for answer in answers]
        width = max(map(len, rows))
        ids = torch.tensor([row + [0] * (width - len(row)) for row in rows], device=self.device)
        mask = torch.tensor(
            [[1] * len(row) + [0] * (width - len(row)) for row in rows], device=self.device
        )
        first = min(len(answer["prompt"]) for answer in answers) - 1
        kept = {"logits_to_keep": width - first} if self.keeps else {}
        scores = self.model(input_ids=ids, attention_mask=mask, use_cache=False, **kept).logits
        offset = first if self.keeps else 0
        for row, answer in zip(scores, answers, strict=True):
            start = len(answer["prompt"]) - 1 - offset
            yield row[start : start + len(answer["output"])].float()


def compared(torch, answer, ends, alone, company):  # noqa: ANN001, ANN201 - likewise
    """The figures of one answer, token by token."""
    best, order = alone.topk(2, dim=-1)
    tokens = torch.tensor(answer["output"]).unsqueeze(1)
    own = alone.gather(1, tokens)
    for place, token in enumerate(answer["output"]):
        if token in ends:
            own[place, 0] = alone[place, ends].max()
    again = company.gather(1, order)
    gap = best[:, 0] - best[:, 1]
    change = (again[:, 0] - again[:, 1] - gap).abs()
    margin = best[:, 0] - own[:, 0]
    rank = (alone > own).sum(-1) + 1
    flip = (company.argmax(-1) != order[:, 0]).int()
    columns = (column.tolist() for column in (rank, margin, gap, change, flip, order[:, 0]))
    return [
        [row[0], *(round(value, 6) for value in row[1:4]), *row[4:]]
        for row in zip(*columns, strict=True)
    ]


def main() -> None:
    """Read, compare and write."""
    given = arguments()
    torch = importlib.import_module("torch")
    if given.plugin:
        importlib.import_module(given.plugin)
    with open(given.answers, encoding="utf-8") as stream:  # noqa: PTH123 - runs under any Python
        document = json.load(stream)
    answers, ends = document["answers"], document["ends"]
    with torch.no_grad():
        reference = Reference(given.model, given.dtype, given.device)
        alone = [next(iter(reference.logits([answer]))).cpu() for answer in answers]
        if given.run_dtype != given.dtype:
            reference = Reference(given.model, given.run_dtype, given.device)
        result = []
        for start in range(0, len(answers), COMPANY):
            chosen = answers[start : start + COMPANY]
            for number, logits in enumerate(reference.logits(chosen), start):
                result.append(compared(torch, answers[number], ends, alone[number], logits.cpu()))
    versions = {
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "transformers": importlib.import_module("transformers").__version__,
    }
    with open(given.out, "w", encoding="utf-8") as stream:  # noqa: PTH123 - likewise
        json.dump({"answers": result, "versions": versions}, stream)


if __name__ == "__main__":
    main()
