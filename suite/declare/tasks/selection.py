"""Which tasks of XSum are run, in which order: a rule and the locked digests of what it gives.

The rule: sort ids by SHA-256 of seed, line feed and id, and take the first *size*. Over the ids of the
official test split it gives the four locked sets of ``locks.json``, which holds digests of id lists and
no text. An id list is digested as its ids joined by line feeds, in the order of the rule.
"""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from suite.base import jsonio
from suite.base.bilingual import Sentence
from suite.base.errors import DataError, Place
from suite.declare.tasks.records import joined_sha256

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LOCKS_FILE = Path(__file__).resolve().parent / "locks.json"
SELECTION_SEED = 1
SELECTION_RULE = "sort ids by SHA-256 of the seed, a line feed and the id; take the first"
Part = Literal["test", "train", "validation"]
PARTS: tuple[Part, ...] = ("test", "train", "validation")
LOCKED_SIZES = {"xsum-256": 256, "xsum-1000": 1000, "xsum-5000": 5000, "xsum-full": 11_334}


class Lock(msgspec.Struct, frozen=True):
    """One locked set."""

    size: int
    ids_sha256: str


class Locks(msgspec.Struct, frozen=True):
    """``locks.json``; `split_sha256` is the digest of the official split file."""

    rule: str
    seed: int
    split_sha256: str
    sets: dict[str, Lock]


@dataclass(frozen=True, slots=True)
class LockedIds:
    """A locked set that a list of ids holds, with its ids in the order of the rule."""

    name: str
    ids: tuple[str, ...]


def order(ids: Iterable[str], seed: int = SELECTION_SEED) -> list[str]:
    """Put ids into the order of the rule."""
    return sorted(ids, key=lambda key: (hashlib.sha256(f"{seed}\n{key}".encode()).digest(), key))


@functools.cache
def locks() -> Locks:
    """The locked sets that the suite ships."""
    return msgspec.convert(jsonio.load(LOCKS_FILE), Locks)


def compute_locks(test_ids: Sequence[str], split_sha256: str) -> Locks:
    """Compute ``locks.json`` from the ids of the test split."""
    ordered = order(test_ids)
    sets = {
        name: Lock(size=size, ids_sha256=joined_sha256(ordered[:size]))
        for name, size in LOCKED_SIZES.items()
        if size <= len(ordered)
    }
    return Locks(rule=SELECTION_RULE, seed=SELECTION_SEED, split_sha256=split_sha256, sets=sets)


def locked_sets(ids: Iterable[str]) -> tuple[LockedIds, ...]:
    """The locked sets that a list of ids holds, smallest first.

    The list must be the official test split or the first part of its order: among ids of other splits
    the rule gives another order, and nothing is recognised.
    """
    ordered = order(ids)
    sets = []
    for name, lock in sorted(locks().sets.items(), key=lambda item: item[1].size):
        chosen = ordered[: lock.size]
        if len(chosen) == lock.size and joined_sha256(chosen) == lock.ids_sha256:
            sets.append(LockedIds(name, tuple(chosen)))
    return tuple(sets)


def official_split(path: Path) -> dict[Part, tuple[str, ...]]:
    """Read a split file: ids of the parts ``test``, ``train`` and ``validation``.

    Raises:
        DataError: ``split-wrong``, or what reading refuses.
    """
    value = jsonio.load(path, error=DataError)
    place = Place(str(path))
    if not isinstance(value, dict) or set(value) != set(PARTS):
        message = Sentence(
            "a split file has exactly the members test, train and validation",
            "划分文件恰有 test、train 与 validation 三个成员",
        )
        raise DataError("split-wrong", message, place)
    split: dict[Part, tuple[str, ...]] = {}
    for part in PARTS:
        ids = value[part]
        texts = [item for item in ids if isinstance(item, str)] if isinstance(ids, list) else []
        if not isinstance(ids, list) or len(texts) < len(ids):
            raise DataError(
                "split-wrong",
                Sentence(f"{part} must be a list of ids as text", f"{part} 必须是文本编号的列表"),
                place,
            )
        if len(set(texts)) != len(texts):
            raise DataError(
                "split-wrong", Sentence(f"{part} holds an id twice", f"{part} 中有编号重复"), place
            )
        split[part] = tuple(texts)
    return split
