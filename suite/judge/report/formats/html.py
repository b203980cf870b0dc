"""The page, with the signed bundle inside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.bilingual import Bilingual
from suite.judge.report import html
from suite.judge.report.formats.format import Format

if TYPE_CHECKING:
    from suite.judge.report.formats.format import Subject


def render(subject: Subject) -> bytes:
    """The page of a signed card."""
    assert subject.bundle is not None
    return html.render(subject.bundle, subject.card, subject.language, subject.carried)


FORMAT = Format(
    Bilingual("the page, with the signed bundle inside", "内嵌签名文件的网页"),
    ".html",
    "bundle",
    render,
    verbatim=True,  # it is compared byte for byte
)
