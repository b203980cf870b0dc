"""MTTransformer's grid of batches, prefill and decode lengths (``perf_config.json``), read as it is.

A list of objects with ``model_name``, ``path``, ``batchs``, ``prefill_token_lens`` and ``decode_token_lens``, with
comments as the manual has them; a comma behind the last member and a byte order mark do no harm. Which model is
measured is said by ``--model``, so a file has one entry.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from suite.base import jsonio
from suite.base.bilingual import Sentence
from suite.base.errors import DeclarationError, Place
from suite.documents.profile import Grid
from suite.documents.text import Title

if TYPE_CHECKING:
    from pathlib import Path

    from suite.base.jsonio import JSONObject
    from suite.documents.profile import Profile

LISTS: Final = ("batchs", "prefill_token_lens", "decode_token_lens")
_MOST: Final = 16
_COMMENT: Final = re.compile(r'("(?:[^"\\]|\\.)*")|#[^\n]*|//[^\n]*')
_LAST_COMMA: Final = re.compile(r'("(?:[^"\\]|\\.)*")|,(?=\s*[\]}])')


def read_grid(path: Path, frame: Profile) -> Profile:
    """The profile `frame` with the lists of a grid file in place of its own, under the file's name.

    Raises:
        DeclarationError: ``profile-inconsistent``; what reading refuses.
    """
    text = jsonio.read_bytes(path, error=DeclarationError).decode("utf-8-sig", "replace")
    plain = text
    for superfluous in (_COMMENT, _LAST_COMMA):
        plain = superfluous.sub(lambda match: match[1] or "", plain)
    value = jsonio.loads(plain.encode(), name=str(path), error=DeclarationError)
    rows = value if isinstance(value, list) else [value]
    entries = [row for row in rows if isinstance(row, dict) and set(LISTS) <= row.keys()]
    if len(rows) == 1 and isinstance(rows[0], dict) and not entries:
        lacking = ", ".join(name for name in LISTS if name not in rows[0])
        raise _wrong(
            path,
            Sentence(f"its entry has no {lacking}", f"其条目没有 {lacking}"),
            Sentence("a list of whole numbers each", "各为一列整数"),
        )
    if len(entries) != 1 or len(entries) != len(rows):
        message = Sentence(
            f"{len(rows)} entries; one with {', '.join(LISTS)} is read at a time",
            f"有 {len(rows)} 项；每次读取含 {', '.join(LISTS)} 的一项",
        )
        raise _wrong(
            path,
            message,
            Sentence(
                "one file for each model: --model says which",
                "每个模型一个文件：--model 指定是哪一个",
            ),
        )
    (phase,) = frame.phases
    batches, prefill, decode = (_numbers(path, entries[0], name) for name in LISTS)
    grid = Grid(seed=1, input=prefill, output=decode, concurrency=batches)
    return replace(
        frame,
        name=re.sub(r"[^a-z0-9-]+", "-", path.stem.lower()).strip("-") or "perf-grid",
        title=Title(en=f"Grid of {path.name}", zh=f"{path.name} 的网格"),
        phases=(replace(phase, grid=grid, timeout_s=3600),),
    )


def _numbers(path: Path, entry: JSONObject, name: str) -> tuple[int, ...]:
    listed = entry[name]
    numbers = [n for n in listed if type(n) is int and n > 0] if isinstance(listed, list) else []
    if not isinstance(listed, list) or len(numbers) != len(listed) or not numbers:
        raise _wrong(
            path,
            Sentence(
                f"{name} is no list of whole numbers from 1",
                f"{name} 不是由自 1 起的整数组成的列表",
            ),
            Sentence("for example [1, 4, 16]", "例如 [1, 4, 16]"),
        )
    distinct = tuple(dict.fromkeys(numbers))
    if len(distinct) > _MOST:
        raise _wrong(
            path,
            Sentence(f"{name} has {len(distinct)} values", f"{name} 有 {len(distinct)} 个值"),
            Sentence(f"at most {_MOST}", f"最多 {_MOST}"),
        )
    return distinct


def _wrong(path: Path, message: str, hint: str) -> DeclarationError:
    return DeclarationError("profile-inconsistent", message, Place(str(path)), hint)
