"""Which texts of XSum the suite knows: digests per task of the official test split, and none of the texts.

`PINS_FILE` has a line per task, sorted: a key (of the id), a digest of the reference's letters and digits, the
number of letters and digits of the document's first sentence with their digest, and a digest of the whole document or
``-`` where its text could not be had. References and first sentences were published, tokenised, with the data
set's baselines; what tokenising changes is neither letter nor digit, so the raw texts have the same digests.
Digests are the first 12 hexadecimal digits of SHA-256.
"""

from __future__ import annotations

import functools
import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from suite.base import jsonio
from suite.base.bilingual import Bilingual, Sentence
from suite.base.errors import DataError, Place
from suite.documents.workload import PinnedTexts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from suite.declare.tasks.records import Task

PINS_FILE: Final = Path(__file__).resolve().parent / "pins.txt"
REFERENCES: Final = "gold-test-sentences.txt"
OPENINGS: Final = "lead-test-output.txt"
"""Published with the data set's baselines: line n belongs to the n-th id of the test split."""
LEAST_PINNED: Final = 0.98
"""Least share of a locked set's references, and of its documents that are pinned, that must be the known ones.

Not all: a mirror of the data set may have mended a few texts. What 2 % of other texts could gain is within the
noise of a repeat.
"""
LEAST_OPENINGS: Final = 0.9
"""The same of the documents' first sentences, which a baseline's sentence splitter cut out of its own copy."""
UNKNOWN: Final = "-"
_REFERENCES = Bilingual(
    "{} reference summaries are those of the data set", "{} 篇参考摘要属于该数据集"
)
_DOCUMENTS = Bilingual("{} known documents are those of the data set", "{} 篇已知文档属于该数据集")
_BEGINNINGS = Bilingual(
    "{} documents begin as those of the data set", "{} 篇文档的开头与该数据集相同"
)
_BRACKET = re.compile(r"-[lr][rsc]b-")
_OTHER = re.compile(r"[^a-z0-9]")


class Pin(NamedTuple):
    """What is known of one task's texts."""

    reference: str
    opening_length: int
    opening: str
    document: str


def letters(text: str) -> str:
    """The ASCII letters and digits of a text, in lower case: what tokenising leaves as it is."""
    return _OTHER.sub("", _BRACKET.sub("", text.lower()))


def key_of(identifier: str) -> str:
    """Key of a task's pin."""
    return _digest(identifier)


def pin_of(identifier: str, reference: str, opening: str, document_sha256: str | None) -> Pin:
    """The pin of one task.

    Args:
        identifier: its id.
        reference: its reference summary, raw or tokenised.
        opening: the first sentence of its document, raw or tokenised.
        document_sha256: SHA-256 of the document's UTF-8 text, or None where the text is not at hand.
    """
    first = letters(opening)
    document = UNKNOWN if document_sha256 is None else _digest(f"{identifier}\n{document_sha256}")
    return Pin(
        _digest(f"{identifier}\n{letters(reference)}"),
        len(first),
        _digest(f"{identifier}\n{first}"),
        document,
    )


def has_reference(pin: Pin, identifier: str, reference: str) -> bool:
    """Whether a reference summary is the pinned one."""
    return pin.reference == _digest(f"{identifier}\n{letters(reference)}")


def has_document(pin: Pin, identifier: str, document_sha256: str) -> bool:
    """Whether a document is the pinned one; False where none is pinned."""
    return pin.document == _digest(f"{identifier}\n{document_sha256}")


def has_opening(pin: Pin, identifier: str, document: str) -> bool:
    """Whether a document begins with the pinned first sentence."""
    # The tokenised form of each character stands in the first few thousand characters of any document.
    first = letters(document[: 8 * pin.opening_length + 400])[: pin.opening_length]
    return pin.opening == _digest(f"{identifier}\n{first}")


def pinned_texts(tasks: Sequence[Task], known: Mapping[str, Pin] | None = None) -> PinnedTexts:
    """Count the tasks whose texts are those that the suite knows."""
    table = pins() if known is None else known
    references = openings = documents = known_documents = 0
    for task in tasks:
        pin = table.get(key_of(task.id))
        if pin is None:
            continue
        references += has_reference(pin, task.id, task.summary)
        openings += has_opening(pin, task.id, task.document)
        if pin.document != UNKNOWN:
            known_documents += 1
            sha256 = hashlib.sha256(task.document.encode("utf-8")).hexdigest()
            documents += has_document(pin, task.id, sha256)
    return PinnedTexts(
        references=references,
        openings=openings,
        documents=documents,
        known_documents=known_documents,
    )


def foreign_texts(texts: PinnedTexts, size: int) -> Sentence:
    """Why a set of this size is not the locked one although its ids are; "" when it is."""
    for count, of, share, what in (
        (texts.references, size, LEAST_PINNED, _REFERENCES),
        (texts.documents, texts.known_documents, LEAST_PINNED, _DOCUMENTS),
        (texts.openings, size, LEAST_OPENINGS, _BEGINNINGS),
    ):
        if count < share * of:
            return Sentence(
                what.en.format(f"only {count:,} of {of:,}"),
                what.zh.format(f"{of:,} 中仅 {count:,}"),
            )
    return Sentence("", "")


def known_words(texts: PinnedTexts) -> Sentence:
    """How many texts of a set are known by digest, in words."""
    return Sentence(
        f"{texts.references:,} references, {texts.openings:,} first sentences and "
        f"{texts.documents:,} whole documents known by digest",
        f"按摘要核对：{texts.references:,} 篇参考摘要、{texts.openings:,} 个首句、{texts.documents:,} 篇完整文档",
    )


@functools.cache
def pins() -> Mapping[str, Pin]:
    """The pins that the suite ships, by key."""
    return read_pins(PINS_FILE)


def read_pins(path: Path) -> dict[str, Pin]:
    """Read a file of pins.

    Raises:
        DataError: ``pins-wrong``, ``file-unreadable``.
    """
    try:
        lines = jsonio.read_bytes(path, error=DataError).decode("ascii").splitlines()
    except UnicodeDecodeError as error:
        raise DataError(
            "file-unreadable",
            Sentence(f"cannot read: {error}", f"无法读取：{error}"),
            Place(str(path)),
        ) from error
    table = {}
    for number, line in enumerate(lines, 1):
        words = line.split(" ")
        if len(words) != len(Pin._fields) + 1 or not words[2].isdecimal():
            message = Sentence(
                "a line of pins is a key, a digest, a number and two digests",
                "每行为一个键、一个摘要、一个数字与两个摘要",
            )
            raise DataError("pins-wrong", message, Place(str(path), number))
        key, reference, length, opening, document = words
        table[key] = Pin(reference, int(length), opening, document)
    return table


def pins_text(table: Mapping[str, Pin]) -> str:
    """The file of a table of pins."""
    return "".join(
        f"{key} {pin.reference} {pin.opening_length} {pin.opening} {pin.document}\n"
        for key, pin in sorted(table.items())
    )


def published_pins(
    ids: Sequence[str], references: Sequence[str], openings: Sequence[str]
) -> dict[str, Pin]:
    """Pins of the published, tokenised texts.

    Args:
        ids: of the official test split, in its order.
        references: line n is the reference of the n-th id.
        openings: line n is the first sentence of the n-th document: the LEAD baseline.

    Raises:
        DataError: ``pins-wrong`` when the lengths differ.
    """
    if not len(ids) == len(references) == len(openings):
        message = Sentence(
            f"{len(ids):,} ids, {len(references):,} references, {len(openings):,} first sentences",
            f"{len(ids):,} 个编号、{len(references):,} 条参考摘要、{len(openings):,} 个首句",
        )
        raise DataError(
            "pins-wrong",
            message,
            hint=Sentence(
                "line n of each file belongs to the n-th id", "各文件的第 n 行对应第 n 个编号"
            ),
        )
    return {
        key_of(identifier): pin_of(identifier, reference, opening, None)
        for identifier, reference, opening in zip(ids, references, openings, strict=True)
    }


def with_documents(table: Mapping[str, Pin], tasks: Iterable[Task]) -> dict[str, Pin]:
    """A table completed by the documents of tasks whose reference is the pinned one."""
    completed = dict(table)
    for task in tasks:
        pin = table.get(key_of(task.id))
        if pin is not None and has_reference(pin, task.id, task.summary):
            sha256 = hashlib.sha256(task.document.encode("utf-8")).hexdigest()
            completed[key_of(task.id)] = pin._replace(document=_digest(f"{task.id}\n{sha256}"))
    return completed


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:12]
