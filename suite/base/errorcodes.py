"""The table of refusals: which codes there are, with which exit status, what each means and what to do about it.

The table is ``errors.toml`` beside this module. `suite.base.errors.SuiteError` looks its code up, so that a refusal
that is not in the table is a defect at once, and `suite.base.errorpage` writes ``docs/errors.md`` from it.
"""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """One refusal, or a note of a verification.

    Attributes:
        name: stable kebab-case name, the same for ever.
        statuses: exit statuses that it can end with; none for a note.
        means: what happened, for the documentation.
        advice: what to do about it.
        zh: both in Chinese.
        infrastructure: the machine failed and not what is measured on it, so that a fleet may try the run again.
    """

    name: str
    statuses: frozenset[int]
    means: str
    advice: str
    zh: str
    infrastructure: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """Codes that belong together."""

    title: str
    statuses: tuple[int, ...]
    text: str
    codes: tuple[ErrorCode, ...]


@dataclass(frozen=True, slots=True)
class ErrorTable:
    """Everything in the file, in its order.

    Attributes:
        intro: what the page says before the exit statuses.
        statuses: what each exit status means.
        outro: what it says after them.
        sections: the codes.
        outcomes: title, text and meaning by code of how a request ends, which is no error.
    """

    intro: str
    statuses: Mapping[int, str]
    outro: str
    sections: tuple[Section, ...]
    outcomes: tuple[str, str, Mapping[str, str]]


@functools.cache
def error_table() -> ErrorTable:
    """Read the table once, when the first refusal or the page asks for it.

    Raises:
        ValueError: a code stands twice.
    """
    doc = tomllib.loads(Path(__file__).with_name("errors.toml").read_text(encoding="utf-8"))
    outcomes = doc["outcomes"]
    table = ErrorTable(
        intro=doc["intro"],
        statuses={int(status): meaning for status, meaning in doc["statuses"].items()},
        outro=doc["outro"],
        sections=tuple(_section(**section) for section in doc["sections"]),
        outcomes=(outcomes["title"], outcomes["text"], outcomes["codes"]),
    )
    names = [code.name for section in table.sections for code in section.codes]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        message = f"error codes that stand twice: {', '.join(twice)}"
        raise ValueError(message)
    return table


def _section(
    *, title: str, statuses: list[int], codes: dict[str, dict[str, Any]], text: str = ""
) -> Section:
    rows = tuple(ErrorCode(name, frozenset(statuses), **entry) for name, entry in codes.items())
    return Section(title, tuple(statuses), text, rows)


@functools.cache
def error_codes() -> Mapping[str, ErrorCode]:
    """Every code by its name."""
    return {code.name: code for section in error_table().sections for code in section.codes}


def require_code(name: str, exit_status: int) -> None:
    """Refuse a code that is not in the table, or not with this exit status.

    Raises:
        LookupError: it is not; a defect of the suite.
    """
    code = error_codes().get(name)
    if code is None:
        message = f"the error code {name!r} is not in suite/base/errors.toml"
        raise LookupError(message)
    if exit_status not in code.statuses:
        allowed = ", ".join(map(str, sorted(code.statuses))) or "none"
        message = f"the error code {name!r} ends with {exit_status}; suite/base/errors.toml says {allowed}"
        raise LookupError(message)
