"""Reference runs: what a model answers when it runs as it should, known by its weights, tasks, prompt and decoding.

The suite ships some in ``references/``; a run may carry another one, signed, in its basis. Whose signature counts is no
question of this module: a trust list says it when a run is verified.
"""

from __future__ import annotations

import base64
import binascii
import functools
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from suite.base import jsonio
from suite.base.bilingual import Sentence, chinese
from suite.base.errors import DeclarationError, Place
from suite.base.resources import resource
from suite.base.statistics import mean
from suite.documents.bundle import Bundle
from suite.documents.codec import convert, decode
from suite.documents.reference import REFERENCE_TYPE
from suite.documents.reference import Reference as ReferenceDocument
from suite.documents.statement import Statement

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from suite.documents.model import FileDigest
    from suite.documents.workload import Decoding, TaskSet


MINI_MODEL = resource("suite/assets/mini_model")
REFERENCES: Final = resource("references")
ENDING: Final = ".reference.sigstore.json"
MOST_BYTES: Final = 16 << 20
"""Largest reference that is read."""
ROUGES: Final = ("rouge1", "rouge2", "rougeL", "rougeLsum")
_WEIGHTS: Final = frozenset({".safetensors", ".bin", ".gguf"})


@dataclass(frozen=True, slots=True)
class KnownReference:
    """A reference run that was read; whose signature it bears was not asked.

    Attributes:
        document: what it states.
        sha256: digest of the signed bytes.
        key_id: of the key that signed by its own word.
        bundle: the signed document as it lies in its file.
        shipped: it came with the suite.
    """

    document: ReferenceDocument
    sha256: str
    key_id: str
    bundle: str
    shipped: bool = False


@dataclass(frozen=True, slots=True)
class Reference:
    """Scores to reach, or None with the reason in `source`.

    Attributes:
        scores: rouge1, rouge2, rougeL, rougeLsum (0..1) and generated_tokens (mean), or None.
        source: where the scores come from, or why there are none.
        known: the reference run of these weights that fits best; None without one.
    """

    scores: dict[str, float] | None
    source: str
    known: KnownReference | None = None


def read(data: bytes, name: str, *, shipped: bool = False) -> KnownReference:
    """A reference run's file, read strictly; its signature is not checked.

    Raises:
        DeclarationError: ``json-refused``, ``schema-violation``, ``reference-unreadable``.
    """
    bundle = decode(data, Bundle, name=name, error=DeclarationError)
    try:
        payload = base64.b64decode(bundle.dsseEnvelope.payload, validate=True)
    except binascii.Error as cause:
        raise DeclarationError(
            "reference-unreadable", Sentence("its payload is not base64", "其内容不是 base64")
        ) from cause
    statement = decode(payload, Statement, name=name, error=DeclarationError)
    if statement.predicateType != REFERENCE_TYPE:
        message = Sentence(
            f"it states {statement.predicateType}, not a reference run",
            f"其所述为 {statement.predicateType}，而不是参考运行",
        )
        raise DeclarationError("reference-unreadable", message, Place(name))
    document = convert(statement.predicate, ReferenceDocument, file=name, error=DeclarationError)
    key_id = bundle.verificationMaterial.publicKey.hint
    return KnownReference(
        document, jsonio.sha256_hex(payload), key_id, data.decode("ascii"), shipped
    )


def read_directory(directory: Path, *, shipped: bool = False) -> tuple[KnownReference, ...]:
    """The reference runs of a directory, by file name.

    Raises:
        DeclarationError: as `read`; ``reference-unreadable`` where there is no such directory.
    """
    if not directory.is_dir():
        raise DeclarationError(
            "reference-unreadable",
            Sentence(f"there is no directory {directory}", f"没有目录 {directory}"),
        )
    return tuple(
        read(
            jsonio.read_bytes(path, error=DeclarationError, limit=MOST_BYTES),
            str(path),
            shipped=shipped,
        )
        for path in sorted(directory.glob(f"*{ENDING}"))
    )


@functools.cache
def shipped() -> tuple[KnownReference, ...]:
    """The reference runs that travel with the suite.

    Raises:
        DeclarationError: as `read_directory`.
    """
    return read_directory(REFERENCES, shipped=True)


@functools.lru_cache(maxsize=4)
def _carried(bundle: str) -> KnownReference:
    return read(bundle.encode("ascii", "replace"), "basis.json: reference")


def weight_files(files: Iterable[FileDigest]) -> tuple[FileDigest, ...]:
    """Those of a model's files that hold its weights."""
    return tuple(entry for entry in files if PurePosixPath(entry.path).suffix in _WEIGHTS)


def _weights(files: Iterable[FileDigest]) -> frozenset[tuple[str, str]]:
    return frozenset((entry.path, entry.sha256) for entry in weight_files(files))


def known_weights(files: Sequence[FileDigest], carried: str | None = None) -> bool:
    """Whether there is a reference run of exactly these weights, on whatever tasks.

    Args:
        files: the model's files.
        carried: the signed reference run that a basis holds.
    """
    weights = _weights(files)
    return any(_weights(known.document.model.weights) == weights for known in _all(carried))


def resized(files: Sequence[FileDigest], carried: str | None = None) -> tuple[FileDigest, ...]:
    """Files of the very digest of a reference run's weights, and of another size: no file is both.

    Args:
        files: the model's files.
        carried: the signed reference run that a basis holds.
    """
    sizes = {
        entry.sha256: entry.bytes
        for known in _all(carried)
        for entry in known.document.model.weights
    }
    return tuple(entry for entry in files if sizes.get(entry.sha256, entry.bytes) != entry.bytes)


def _all(carried: str | None) -> tuple[KnownReference, ...]:
    # What the suite ships comes first: nobody replaces it by what he carries along.
    return (*shipped(), *(() if carried is None else (_carried(carried),)))


def reference_for(
    files: Sequence[FileDigest],
    taskset: TaskSet,
    decoding: Decoding,
    *,
    carried: str | None = None,
    others: Sequence[KnownReference] = (),
) -> Reference:
    """The reference of a model on a task set.

    Args:
        files: the model's files with their digests; the weights alone decide.
        taskset: which tasks.
        decoding: how is generated; must be greedy with the reference's limit.
        carried: the signed reference run that a basis holds.
        others: further ones to choose from.

    Raises:
        DeclarationError: what reading a reference refuses.
    """
    weights, every = _weights(files), (*_all(carried), *others)
    own = [known for known in every if _weights(known.document.model.weights) == weights]
    if not own:
        return Reference(
            None,
            Sentence("no reference run is known for these weights", "这些权重没有已知的参考运行"),
        )
    exact = [item for item in own if item.document.tasks.records_sha256 == taskset.records_sha256]
    # Under a challenge a part of the tasks are those of the set that it was drawn from.
    drawn = [item for item in own if item.document.tasks.name == taskset.name]
    near = exact or drawn
    alike = [item for item in near if item.document.tasks.max_new_tokens == decoding.max_new_tokens]
    if near and (decoding.temperature != 0 or not alike):
        limit = near[0].document.tasks.max_new_tokens
        why = Sentence(
            f"the reference run of these weights decoded greedily with {limit} new tokens",
            f"这些权重的参考运行以贪心方式解码 {limit} 个新 token",
        )
        return Reference(None, why)
    if not exact:
        why = Sentence(
            "the reference run of these weights used other tasks",
            "这些权重的参考运行使用了其他任务",
        )
        return Reference(None, why, alike[0] if alike else None)
    known = alike[0]
    return Reference(means(known.document), _source(known), known)


def means(document: ReferenceDocument) -> dict[str, float]:
    """Mean scores and length of a reference run, rounded to six places."""
    answers = document.answers
    scores = {
        metric: round(mean([float(answer.rouge[place]) for answer in answers]), 6)
        for place, metric in enumerate(ROUGES)
    }
    return scores | {"generated_tokens": round(mean([float(a.tokens) for a in answers]), 6)}


def _source(known: KnownReference) -> str:
    engine, weights = known.document.engine, known.document.model.weights
    digest = weights[0].sha256 if len(weights) == 1 else jsonio.digest(weights)
    source = Sentence(
        f"{engine.id}, {engine.dtype}, greedy, weights {digest[:16]}",
        f"{engine.id}，{engine.dtype}，贪心解码，权重 {digest[:16]}",
    )
    if known.shipped:
        return source
    return Sentence(
        f"{source}, signed with the key {known.key_id}",
        f"{chinese(source)}，以密钥 {known.key_id} 签名",
    )
