"""A plan that was made before: read, and held against what would run here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from suite.base import jsonio
from suite.base.bilingual import Sentence
from suite.base.errors import Problem, UsageError
from suite.documents.codec import decode, digest, plain
from suite.documents.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from suite.base.jsonio import JSONValue

SHOWN: Final = 20
"""Differences that are listed."""


def accepting(path: Path) -> Callable[[Plan], None]:
    """Refuses every plan but the one in a file, which `suite plan --json` wrote.

    Raises:
        UsageError: when it is called, ``plan-differs`` with the members that differ.
        DeclarationError: ``file-unreadable``, ``json-refused``, ``schema-violation``.
    """
    expected = read(path)

    def accept(plan: Plan) -> None:
        if digest(plan) == digest(expected):
            return
        different = list(_differences(plain(expected), plain(plan), ""))
        message = Sentence(
            f"what would run here is not the plan in {path}: {len(different)} members differ",
            f"此处将要运行的内容不是 {path} 中的计划：有 {len(different)} 处不同",
        )
        problems = [
            Problem(Sentence(f"another than planned: {pointer}", f"与计划不同：{pointer}"))
            for pointer in different[:SHOWN]
        ]
        raise UsageError("plan-differs", message, problems=problems)

    return accept


def read(path: Path) -> Plan:
    """A plan's file.

    Raises:
        DeclarationError: ``file-unreadable``, ``json-refused``, ``schema-violation``.
    """
    data = jsonio.read_bytes(path, limit=jsonio.MAX_DOCUMENT_BYTES)
    return decode(data, Plan, name=str(path))


def _differences(a: JSONValue, b: JSONValue, pointer: str) -> Iterator[str]:
    """Pointers of the members that two values have otherwise."""
    if isinstance(a, dict) and isinstance(b, dict):
        for name in sorted(a.keys() | b.keys()):
            yield from _differences(a.get(name), b.get(name), f"{pointer}/{name}")
    elif a != b:
        yield pointer
