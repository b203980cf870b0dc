"""The only reader and writer of JSON: strict in, one byte form out.

Refused on reading, with file and line where one is known: duplicate members, NaN and infinities (also
``1e999``), integers beyond 2**53 - 1, lone surrogates, a byte order mark, trailing documents, nesting
deeper than 64.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from typing import TYPE_CHECKING, TypeAlias, cast

from suite.base.bilingual import Sentence, english
from suite.base.errors import DeclarationError, Place, SuiteError, unreadable
from suite.base.safe import MAX_FILE_BYTES, read_plain

if TYPE_CHECKING:
    from pathlib import Path
    from typing import NoReturn

JSONValue: TypeAlias = "bool | int | float | str | list[JSONValue] | dict[str, JSONValue] | None"
JSONObject: TypeAlias = "dict[str, JSONValue]"

MAX_INTEGER = 2**53 - 1
"""Largest integer that every JSON reader keeps exact (RFC 8259, section 6)."""
MAX_DEPTH = 64
"""Deepest nesting that is read; nothing the suite writes goes beyond 12."""
MAX_DOCUMENT_BYTES = 64 << 20
"""Largest JSON document that is read from a file: tokenizers' configurations reach a sixth of it."""


class _RefusedError(ValueError):
    """Internal: a reason to refuse, before file and line are known."""


def _pairs(pairs: list[tuple[str, JSONValue]]) -> JSONObject:
    result: JSONObject = {}
    for key, value in pairs:
        if key in result:
            raise _RefusedError(f"the member {key!r} occurs twice")
        result[key] = value
    return result


def _last(pairs: list[tuple[str, JSONValue]]) -> JSONObject:
    """Of members with one name the last, as the readers of other projects take them."""
    return dict(pairs)


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise _RefusedError(f"the number {text[:24]} is not finite")
    return value


def _int(text: str) -> int:
    # Python refuses to convert more than 4,300 digits with a ValueError of its own.
    if len(text) > 17 or abs(int(text)) > MAX_INTEGER:
        raise _RefusedError(f"the integer {text[:24]} lies beyond 2^53 - 1")
    return int(text)


def _any_int(text: str) -> int:
    if len(text) > 64:
        msg = f"the integer {text[:24]}… has {len(text)} digits"
        raise _RefusedError(msg)
    return int(text)


def _constant(name: str) -> NoReturn:
    raise _RefusedError(f"{name} is not JSON")


_BRACKET = re.compile(r"[\[\]{}]")
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)
"""A string of JSON, or one that never ends."""


def _check_depth(text: str) -> None:
    depth = 0
    for match in _BRACKET.finditer(_STRING.sub("", text)):
        depth += 1 if match[0] in "[{" else -1
        if depth > MAX_DEPTH:
            raise _RefusedError(f"nested deeper than {MAX_DEPTH}")


def _needs_depth_check(text: str) -> bool:
    return text.count("[") + text.count("{") > MAX_DEPTH


def _contains_surrogate(value: JSONValue) -> bool:
    if isinstance(value, str):
        return any("\ud800" <= char <= "\udfff" for char in value)
    if isinstance(value, list):
        return any(_contains_surrogate(item) for item in value)
    if isinstance(value, dict):
        return any(_contains_surrogate(k) or _contains_surrogate(v) for k, v in value.items())
    return False


def _text(data: bytes) -> str:
    if data.startswith(b"\xef\xbb\xbf"):
        raise _RefusedError("starts with a byte order mark")
    return data.decode("utf-8")


def _check_surrogates(value: JSONValue) -> None:
    # Raw UTF-8 cannot hold a surrogate; only an escape like \\ud800 can bring one in.
    if _contains_surrogate(value):
        raise _RefusedError("a lone surrogate in a string")


def loads(
    data: bytes,
    *,
    name: str = "<data>",
    error: type[SuiteError] = DeclarationError,
    first_line: int = 1,
    foreign: bool = False,
) -> JSONValue:
    """Read one strict JSON document from bytes.

    Args:
        data: UTF-8 without byte order mark.
        name: what to call the input in an error, normally its path.
        error: the class to raise, so that bad evidence and bad declarations differ.
        first_line: line number of the first byte, for JSON Lines.
        foreign: the file is in another project's format (a tokenizer's configuration has
            ``1000000000000000019884624838656``, a model's ``Infinity``): long integers, NaN and infinities
            are taken as they are, a byte order mark is skipped, and of repeated members the last counts,
            as in the program that the file is made for; everything else is as strict as ever.

    Raises:
        SuiteError: of the class `error`, code ``json-refused`` with place.
    """
    try:
        text = data.decode("utf-8-sig") if foreign else _text(data)
        if _needs_depth_check(text):
            _check_depth(text)
        value = cast(  # the hooks give nothing else
            "JSONValue",
            json.loads(
                text,
                object_pairs_hook=_last if foreign else _pairs,
                parse_float=float if foreign else _float,
                parse_int=_any_int if foreign else _int,
                parse_constant=float if foreign else _constant,
            ),
        )
        if b"\\u" in data:
            _check_surrogates(value)
    except UnicodeDecodeError as cause:
        line = first_line + data[: cause.start].count(b"\n")
        raise error(
            "json-refused", Sentence("not UTF-8", "不是 UTF-8"), Place(name, line)
        ) from cause
    except json.JSONDecodeError as cause:
        place = Place(name, first_line + cause.lineno - 1)
        raise error(
            "json-refused", Sentence(f"not JSON: {cause.msg}", f"不是 JSON：{cause.msg}"), place
        ) from cause
    except _RefusedError as cause:
        raise error("json-refused", str(cause), Place(name, first_line)) from cause
    return value


def load(
    path: Path, *, error: type[SuiteError] = DeclarationError, foreign: bool = False
) -> JSONValue:
    """Read one strict JSON file; see `loads` for what is refused."""
    data = read_bytes(path, error=error, limit=MAX_DOCUMENT_BYTES)
    return loads(data, name=str(path), error=error, foreign=foreign)


def read_bytes(
    path: Path,
    *,
    error: type[SuiteError] = DeclarationError,
    limit: int = MAX_FILE_BYTES,
    below: Path | None = None,
) -> bytes:
    """Read a regular file, turning the system's refusal into `error` with the code ``file-unreadable``.

    Args:
        path: the file.
        error: the class to raise.
        limit: bytes; a larger file is refused before it is read.
        below: the folder that was given, below which no link is followed; None where the path itself was given, and
            for models, whose folders are links in every local store.
    """
    try:
        return read_plain(path, limit, below=below)
    except OSError as cause:
        raise unreadable(error, path, cause) from cause


def _plain(value: object) -> object:
    """A document among plain values."""
    import msgspec  # noqa: PLC0415 - the scripted server, which meets no document, runs without packages

    if isinstance(value, msgspec.Struct):
        return msgspec.to_builtins(value, enc_hook=english)
    raise TypeError(f"{type(value).__name__} is not JSON")


def canonical(value: object) -> bytes:
    """The one byte form: sorted keys, separators ``,`` and ``:``, UTF-8, no NaN, no final newline."""
    return json.dumps(
        value,
        ensure_ascii=False,
        allow_nan=False,
        sort_keys=True,
        separators=(",", ":"),
        default=_plain,
    ).encode("utf-8")


def pretty(value: object) -> bytes:
    """The same value for people: two-space indent, sorted keys, a final newline."""
    text = json.dumps(
        value, ensure_ascii=False, allow_nan=False, sort_keys=True, indent=2, default=_plain
    )
    return text.encode("utf-8") + b"\n"


def sha256_hex(data: bytes) -> str:
    """SHA-256 of bytes as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def digest(value: object) -> str:
    """SHA-256 of the canonical form of a value."""
    return sha256_hex(canonical(value))
