"""Regular expressions that somebody else wrote: RE2's, in time that grows with the text and nothing else.

Python's own engine takes longer than the universe for ``(a+)+$`` on sixty letters; a declaration comes from whoever sells, and is read
on the reviewer's machine. What RE2 does not have, back references and looking around, is refused with the reason.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final

from suite.base.bilingual import Sentence

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_PATTERN: Final = 1024
"""Characters of an expression."""
MAX_TEXT: Final = 1 << 20
"""Characters of a text that are searched: a tool that prints more has not answered the question."""
_MEMORY: Final = 8 << 20


class ExpressionError(ValueError):
    """Why a text is no expression that can be used, in words."""

    def __init__(self, why: str) -> None:
        """The reason, which keeps its Chinese form."""
        super().__init__(why)
        self.why = why


@functools.lru_cache(256)
def compiled(pattern: str) -> Any:  # noqa: ANN401 - the package has no types
    """An expression made ready.

    Raises:
        ExpressionError: it is none, or one that only a backtracking engine reads.
    """
    import re2

    if len(pattern) > MAX_PATTERN:
        raise ExpressionError(
            Sentence(
                f"{len(pattern):,} characters; at most {MAX_PATTERN:,} are read",
                f"有 {len(pattern):,} 个字符；最多读取 {MAX_PATTERN:,} 个",
            )
        )
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    try:
        return re2.compile(pattern, options)
    except re2.error as cause:
        reason = cause.args[0] if cause.args else cause
        text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise ExpressionError(text) from cause


def problem(pattern: str) -> str:
    """Why a text is no expression; "" when it is one."""
    try:
        compiled(pattern)
    except ExpressionError as cause:
        return cause.why
    return ""


def groups(pattern: str) -> int:
    """How many groups an expression has; raises as `compiled`."""
    return int(compiled(pattern).groups)


def start_of(pattern: str, text: str) -> int | None:
    """Where the first match begins, None without one; raises as `compiled`."""
    match = compiled(pattern).search(text[:MAX_TEXT])
    return None if match is None else int(match.start())


def first_groups(pattern: str, text: str) -> Iterator[str]:
    """What the first group holds in each match; raises as `compiled`."""
    for match in compiled(pattern).finditer(text[:MAX_TEXT]):
        yield str(match[1])
