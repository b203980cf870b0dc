"""The quality reference of a model: what it scores when it runs as it should, known by its weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import asdict

from suite.base import jsonio
from suite.base.bilingual import Sentence
from suite.base.errors import DeclarationError
from suite.base.resources import resource
from suite.documents.codec import convert
from suite.documents.reference import Reference as ReferenceDocument

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from suite.documents.model import FileDigest
    from suite.documents.workload import Decoding, TaskSet


MINI_MODEL = resource("suite/assets/mini_model")
MINI_REFERENCE = MINI_MODEL / "reference.json"
WEIGHTS_FILE = "model.safetensors"


@dataclass(frozen=True, slots=True)
class Reference:
    """Scores to reach, or None with the reason in `source`.

    Attributes:
        scores: rouge1, rouge2, rougeL, rougeLsum (0..1) and generated_tokens (mean), or None.
        source: where the scores come from, or why there are none.
    """

    scores: dict[str, float] | None
    source: str


def _read(file: Path) -> ReferenceDocument:
    return convert(jsonio.load(file), ReferenceDocument, file=str(file), error=DeclarationError)


def known_weights(files: Sequence[FileDigest], *, file: Path = MINI_REFERENCE) -> bool:
    """Whether the suite holds a reference run of exactly these weights, on whatever tasks."""
    if not file.is_file():
        return False
    doc = _read(file)
    return any(entry.path == WEIGHTS_FILE and entry.sha256 == doc.weights_sha256 for entry in files)


def reference_for(
    files: Sequence[FileDigest],
    taskset: TaskSet,
    decoding: Decoding,
    *,
    file: Path = MINI_REFERENCE,
) -> Reference:
    """The reference of a model on a task set.

    Args:
        files: the model's files with their digests; the weights alone decide.
        taskset: which tasks.
        decoding: how is generated; must be greedy with the reference's limit.
        file: the reference file.

    Raises:
        DeclarationError: what reading the reference file refuses.
    """
    weights = {entry.sha256 for entry in files if entry.path == WEIGHTS_FILE}
    if not file.is_file():
        return Reference(
            None, Sentence("the suite holds no reference run", "本套件没有任何参考运行")
        )
    doc = _read(file)
    if doc.weights_sha256 not in weights:
        return Reference(
            None,
            Sentence("no reference run is known for these weights", "这些权重没有已知的参考运行"),
        )
    if doc.records_sha256 != taskset.records_sha256:
        return Reference(
            None,
            Sentence(
                "the reference run of these weights used other tasks",
                "这些权重的参考运行使用了其他任务",
            ),
        )
    limit = doc.decoding.max_new_tokens
    if decoding.temperature != 0 or decoding.max_new_tokens != limit:
        why = Sentence(
            f"the reference run of these weights decoded greedily with {limit} new tokens",
            f"这些权重的参考运行以贪心方式解码 {limit} 个新 token",
        )
        return Reference(None, why)
    scores = asdict(doc.rouge) | {"generated_tokens": doc.generated_tokens_mean}
    dtype = doc.decoding.dtype
    return Reference(
        scores,
        Sentence(
            f"transformers, {dtype}, greedy, weights {doc.weights_sha256[:16]}",
            f"transformers，{dtype}，贪心解码，权重 {doc.weights_sha256[:16]}",
        ),
    )
