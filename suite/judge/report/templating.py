"""What every page is made with: its templates' environment, two languages side by side, a style and the policy that allows it."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Final

import jinja2
from markupsafe import Markup

from suite.base import jsonio

TEMPLATES: Final = Path(__file__).parent / "templates"
"""Those of the card; every other page builds on its style."""


def template_environment(templates: Path) -> jinja2.Environment:
    """Escapes everything, and refuses a name that is not given."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def pair(english: str, chinese: str) -> Markup:
    """A text in both languages, of which the style sheet shows one; one that is the same in both, such as a name, once."""
    if english == chinese:
        return Markup.escape(english)
    return Markup(
        '<span class="en" lang="en">{}</span><span class="zh" lang="zh-Hans">{}</span>'
    ).format(english, chinese)


def style_sheet(*more: Path) -> Markup:
    """The card's style, and what a page adds to it."""
    files = (TEMPLATES / "style.css", *more)
    text = "".join(jsonio.read_bytes(path).decode() for path in files)
    return Markup(text.strip())  # noqa: S704 - our own files, hashed in the policy


def security_policy(style: str, *more: str) -> str:
    """Nothing from outside, and this style alone.

    Args:
        style: what stands in the page's style element.
        more: further directives.
    """
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src {source_hash(style)}",
            *more,
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def source_hash(text: str) -> str:
    """How a policy names a style or a script that stands in the page."""
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
    return f"'sha256-{digest}'"
