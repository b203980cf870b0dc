"""The bundle inside an HTML page: put in, taken out, and the page compared with what it must be.

A page carries its bundle in one inert block, ``<script type="application/vnd.dev.sigstore.bundle.v0.3+json">``.
A page is checked by rendering it again from the signed bytes: whatever was added, removed or changed, be it a
number, a heading, a policy or a line ending, makes the bytes differ.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from suite.base.bilingual import Sentence
from suite.base.errors import Place, TrustError
from suite.base.language import Language
from suite.judge.attest.envelope import MAX_BUNDLE_BYTES, MEDIA_TYPE

if TYPE_CHECKING:
    from collections.abc import Callable

    from suite.documents.card import Scorecard
    from suite.judge.attest.stated import Stated
    from suite.judge.attest.steps import Note

MAX_PAGE_BYTES = 2 * MAX_BUNDLE_BYTES
"""A page is its bundle and some plots; the limit bounds what a hostile file can do."""

BLOCK_START = f'<script type="{MEDIA_TYPE}">'
BLOCK_END = "</script>"

STATEMENT_START: Final = '<pre class="statement-bundle">'
STATEMENT_END: Final = "</pre>"
MOST_STATEMENTS: Final = 8
"""Statements that a page shows."""
UNREADABLE: Final = Sentence(
    "the page carries statements that cannot be read", "页面所含的声明无法读取"
)


class Carried(NamedTuple):
    """What a page carries beside its card.

    Attributes:
        statements: signed audits, witness reports and reproductions of the card.
        maker: of a trust list, that attests the run's devices; "" where none does.
    """

    statements: tuple[bytes, ...] = ()
    maker: str = ""


NOTHING: Final = Carried()

Render: TypeAlias = "Callable[[bytes, Scorecard, Language, Carried], bytes]"
"""Bundle bytes, the scorecard stated there, the page's language and what else it carries in, page out; the same input gives the
same bytes."""

LANGUAGES: Final = {Language.EN: "en", Language.ZH: "zh-CN"}
"""What ``<html lang>`` says, by the language that a page shows first."""

_SCRIPT = re.compile(rb"<[\s/]*script", re.IGNORECASE)
_LANGUAGE = re.compile(rb'\s*<!doctype html>\s*<html lang="([^"]{1,20})"', re.IGNORECASE)
_STATEMENT = re.compile(rb'<pre class="statement-bundle">([A-Za-z0-9+/=]{4,8000000})</pre>')
_MAKER = re.compile(rb'<code class="maker">([a-z0-9-]{1,64})</code>')
_GENERATOR = re.compile(rb'<meta name="generator" content="([^"<>]{1,200})">')
_ESCAPES = str.maketrans(
    {
        "&": "\\u0026",
        "<": "\\u003c",
        ">": "\\u003e",
        "\u2028": "\\u2028",
        "\u2029": "\\u2029",
    }
)


def embed_bundle(bundle: bytes) -> str:
    """The inert block for a page, on one line.

    Characters that could end the block are written as JSON escapes; in a bundle of this suite there are none, so
    that the block's content is the bundle, byte for byte.
    """
    text = bundle.decode("utf-8").strip()
    return BLOCK_START + text.translate(_ESCAPES) + BLOCK_END


def extract_bundle(html: bytes, *, name: str = "page") -> bytes:
    """Take the bundle out of a page, with the line break that ends a bundle file.

    Raises:
        TrustError: ``page-too-large``, ``page-no-bundle``, ``page-two-bundles``, ``page-script`` (a script
            element that is not the block).
    """
    if len(html) > MAX_PAGE_BYTES:
        message = Sentence(
            f"the page has {len(html):,} bytes; at most {MAX_PAGE_BYTES:,} are read",
            f"页面有 {len(html):,} 字节；最多读取 {MAX_PAGE_BYTES:,} 字节",
        )
        raise TrustError("page-too-large", message, Place(name))
    start, end = BLOCK_START.encode("ascii"), BLOCK_END.encode("ascii")
    blocks = html.count(start)
    if blocks == 0:
        hint = Sentence(
            "ask for the page as the suite wrote it, or for the bundle",
            "请索取套件写出时的页面，或签名包",
        )
        raise TrustError(
            "page-no-bundle",
            Sentence("the page carries no bundle", "页面不含签名包"),
            Place(name),
            hint,
        )
    if blocks > 1:
        raise TrustError(
            "page-two-bundles",
            Sentence("the page carries two bundles", "页面含有两个签名包"),
            Place(name),
        )
    # One start and one end of the block, and no other script element in any spelling.
    if len(_SCRIPT.findall(html)) != 2 or html.count(end) != 1:
        raise TrustError(
            "page-script",
            Sentence("the page holds a script besides its bundle", "页面除签名包外还含有脚本"),
            Place(name),
        )
    inner = html.partition(start)[2].partition(end)
    if not inner[1]:
        raise TrustError(
            "page-script",
            Sentence("the bundle's block has no end", "签名包的区块没有结尾"),
            Place(name),
        )
    return inner[0] + b"\n"


def embed_statement(bundle: bytes) -> str:
    """A signed statement as a page carries it, so that whoever has the page alone can check who signed it."""
    return STATEMENT_START + base64.b64encode(bundle).decode("ascii") + STATEMENT_END


def extract_carried(html: bytes) -> Carried:
    """The signed statements that a page shows, and the maker that it names.

    Raises:
        TrustError: ``page-differs`` for more than a page shows, or for none that can be read.
    """
    blocks, makers = _STATEMENT.findall(html), _MAKER.findall(html)
    few = len(blocks) <= MOST_STATEMENTS and len(makers) <= 1
    if not few or len(blocks) != html.count(STATEMENT_START.encode("ascii")):
        raise TrustError("page-differs", UNREADABLE)
    try:
        statements = tuple(base64.b64decode(block, validate=True) for block in blocks)
    except ValueError as cause:
        raise TrustError("page-differs", UNREADABLE) from cause
    return Carried(statements, makers[0].decode("ascii") if makers else "")


def renderer_of(html: bytes) -> str | None:
    """Which renderer a page says it was made by (``<meta name="generator">``), None when it does not say."""
    match = _GENERATOR.search(html)
    return match[1].decode("utf-8", "replace") if match else None


def language_of(html: bytes) -> Language:
    """The language that a page shows first, by its ``<html lang>``; English where it says none of ours."""
    match = _LANGUAGE.match(html)
    named = {tag.encode("ascii"): language for language, tag in LANGUAGES.items()}
    return named.get(match[1], Language.EN) if match else Language.EN


def check_page(
    html: bytes, stated: Stated, bundle: bytes, render: Render | None, note: Note
) -> None:
    """Render the page again, in its own language, and compare byte for byte.

    Without a renderer, and of another renderer's version, a page can't be compared: the step is then skipped with the code
    ``page-not-checked``, and whoever reads the page must know that.

    Raises:
        TrustError: ``page-bundle-differs``, ``page-differs`` with the place of the first difference, and the
            codes of `extract_bundle` and `extract_carried`.
    """
    if render is None:
        note.skip("page-not-checked", Sentence("no renderer at hand", "没有可用的渲染器"))
        return
    if extract_bundle(html) != bundle:
        raise TrustError(
            "page-bundle-differs",
            Sentence(
                "the page carries another bundle than the run", "页面所含的签名包与运行的不同"
            ),
        )
    again = render(bundle, stated.card, language_of(html), extract_carried(html))
    if again == html:
        note.detail = Sentence(
            f"rendered again, byte for byte the same ({len(html):,} bytes)",
            f"重新生成，逐字节相同（{len(html):,} 字节）",
        )
        return
    ours, theirs = renderer_of(again), renderer_of(html)
    if theirs is not None and theirs != ours:
        detail = Sentence(
            f"page not checked, bundle verified: made by {theirs}, this is {ours}",
            f"页面未检查，签名包已核验：页面由 {theirs} 生成，当前为 {ours}",
        )
        note.skip("page-not-checked", detail)
        return
    if html.replace(b"\r\n", b"\n") == again:
        hint = Sentence(
            "get the page as it was written, or render it from the bundle: suite render",
            "请取得写出时的页面，或由签名包重新生成：suite render",
        )
        message = Sentence(
            "line ends were changed; everything else is what the signed bytes render to",
            "换行被更改；其余与签名内容所生成的一致",
        )
        raise TrustError("page-differs", message, Place("page"), hint)
    line, shown, right = _first_difference(html, again)
    message = Sentence(
        f"the page is not what the signed bytes render to: line {line} has {shown}, not {right}",
        f"页面不是签名内容所生成的：第 {line} 行为 {shown}，应为 {right}",
    )
    hint = Sentence(
        "throw the page away and render it from the bundle: suite render",
        "请丢弃该页面，并由签名包重新生成：suite render",
    )
    raise TrustError("page-differs", message, Place("page", line), hint)


def _first_difference(html: bytes, again: bytes) -> tuple[int, str, str]:
    at = next(
        (index for index, pair in enumerate(zip(html, again, strict=False)) if pair[0] != pair[1]),
        min(len(html), len(again)),
    )
    line = 1 + again.count(b"\n", 0, at)
    start = max(0, at - 10)
    pieces = (html[start : at + 30], again[start : at + 30])
    shown = [ascii(piece.decode("utf-8", "replace")) for piece in pieces]
    return line, shown[0], shown[1]
