"""The page: one file, no script, no external asset, the same bytes for the same scorecard.

`render` is a pure function of the bundle and its verified scorecard, so that a reviewer can render a page again
and compare it byte for byte. The page's own version is a digest over everything that decides its bytes.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup
from msgspec import UNSET

from suite.base import jsonio
from suite.base.bilingual import chinese
from suite.base.language import Language
from suite.documents.audit import Audit
from suite.documents.engine import engine_title
from suite.documents.reproduction import VerificationSummary
from suite.documents.sentences import in_both
from suite.documents.witness import WitnessReport
from suite.judge.attest import envelope, statement
from suite.judge.attest.carried import level_shown, read_shown
from suite.judge.attest.page import LANGUAGES, NOTHING, Carried, embed_bundle, embed_statement
from suite.judge.metrics.registry import REGISTRY
from suite.judge.report import (
    clients,
    details,
    groups,
    loadtext,
    numbers,
    plots,
    searches,
    tables,
    view,
)
from suite.judge.report.templating import (
    TEMPLATES,
    pair,
    security_policy,
    style_sheet,
    template_environment,
)
from suite.judge.report.words import WORDS

if TYPE_CHECKING:
    import jinja2

    from suite.documents.card import Scorecard
    from suite.documents.text import Text
    from suite.judge.attest.carried import Shown

_HERE = Path(__file__).parent
GENERATOR = "llm-inference-conformance page"
_CODE = (
    "../attest/levels.py",
    "clients.py",
    "curves.py",
    "details.py",
    "groups.py",
    "html.py",
    "loadtext.py",
    "numbers.py",
    "plots.py",
    "scenariowords.py",
    "searches.py",
    "svg.py",
    "tables.py",
    "templating.py",
    "trustwords.py",
    "view.py",
    "words.py",
)
"""The modules that decide a page's bytes, beside the words and the records of the metrics; those of the terminal tables do not."""


@functools.cache
def renderer_version() -> str:
    """What the page says it was made by: the first 12 digits of a digest over templates, style and code."""
    digest = hashlib.sha256()
    files = [*TEMPLATES.iterdir(), *(_HERE / name for name in _CODE)]
    for path in sorted(files, key=lambda path: path.name):
        digest.update(path.name.encode() + b"\0" + jsonio.read_bytes(path) + b"\0")
    digest.update(repr([*REGISTRY.values(), *WORDS.items()]).encode())
    return f"{GENERATOR} {digest.hexdigest()[:12]}"


def phrase(key: str) -> Markup:
    """A phrase of the page in both languages; the style sheet shows one of them."""
    return pair(*WORDS[key])


def both(text: Text | str) -> Markup:
    """A text of the card in both languages; one that has no Chinese form, such as a name, once."""
    return pair(text, chinese(text)) if isinstance(text, str) else pair(text.en, text.zh)


def unit(name: str) -> Markup:
    """A unit in both languages; symbols are the same in both."""
    return pair(name, view.unit(name, Language.ZH))


def _breakable(text: str) -> Markup:
    """Let long paths and options break after their separators."""
    return Markup("<wbr>").join(Markup.escape(part) for part in re.split(r"(?<=[/_=,:@.])", text))


@functools.cache
def _environment() -> jinja2.Environment:
    environment = template_environment(TEMPLATES)
    environment.globals |= {
        "t": phrase,
        "pair": lambda words: pair(*words),
        "WORDS": WORDS,
        "clients": clients,
        "groups": groups,
        "load_text": loadtext.load_text,
        "details": details,
        "plots": plots,
        "searches": searches,
        "tables": tables,
        "view": view,
        "engine_title": engine_title,
    }
    environment.tests["given"] = lambda member: member is not UNSET
    environment.filters |= {
        "both": both,
        "unit": unit,
        "breakable": _breakable,
        "plain": numbers.plain,
        "scaled": numbers.scaled,
    }
    return environment


class _Statement(NamedTuple):
    """A statement as the page shows it: what it came to, when, why, whose key signed it, and the signed bytes."""

    key: str
    audit: Audit | None
    time: str
    why: str
    key_id: str
    block: Markup


def _statement(shown: Shown) -> _Statement:
    audit: Audit | None = None
    match shown.document:
        case Audit() as audit:
            key, time = f"audit-{audit.verdict}", audit.timeCreated
        case WitnessReport() as report:
            key, time = f"witness-{report.verdict}", report.timeCreated
        case VerificationSummary() as summary:
            key, time = f"reproduction-{summary.verificationResult}", summary.timeVerified
    block = Markup(embed_statement(shown.bundle))  # noqa: S704 - base64
    return _Statement(key, audit, time, shown.document.why, shown.key_id, block)


def render(
    bundle_bytes: bytes,
    card: Scorecard,
    language: Language = Language.EN,
    carried: Carried = NOTHING,
) -> bytes:
    """Render the page of a scorecard.

    Args:
        bundle_bytes: the signed bundle, which travels inside the page.
        card: the scorecard in it, verified by the caller.
        language: which one the page shows first; its reader can switch to the other.
        carried: signed statements about this card that the page shows, and the maker that attests the devices, verified by
            the caller; the level follows from them.

    Returns:
        The page, UTF-8.

    Raises:
        TrustError: when a bundle is not well-formed (`suite.judge.attest.envelope.parse`), or a statement is about another card.
    """
    card = in_both(card)
    bundle = envelope.parse(bundle_bytes)
    stated = statement.parse_statement(bundle.payload)
    statements = [read_shown(data, stated.sha256) for data in carried.statements]
    style = style_sheet()
    page = (
        _environment()
        .get_template("page.html.j2")
        .render(
            card=card,
            lang=LANGUAGES[language],
            language=language,
            flags=view.flags(card),
            headlines=view.headlines(card),
            counts=view.counts(card.checks),
            generator=renderer_version(),
            # The page's own server may be asked for its robots.txt by whoever audits it.
            policy=security_policy(style, "connect-src 'self'"),
            style=style,
            key_id=bundle.key_id,
            payload_sha256=stated.sha256,
            payload_bytes=len(bundle.payload),
            subjects=stated.subjects,
            next_figure=functools.partial(next, itertools.count(1)),
            level=level_shown(card, statements, carried.maker),
            maker=carried.maker,
            statements=[_statement(item) for item in statements],
            block=Markup(embed_bundle(bundle_bytes)),  # noqa: S704 - escaped by its maker
        )
    )
    return page.encode("utf-8")
