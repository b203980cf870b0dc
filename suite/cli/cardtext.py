"""A scorecard's table on standard output, its verdict and its warnings in colour where there are colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.language import language
from suite.cli.output import write_text
from suite.judge.report import text

if TYPE_CHECKING:
    from suite.documents.card import Scorecard

_STYLES = (
    ("NOT CONFORMANT", "bold red"),
    ("CONFORMANT", "bold green"),
    ("不合规", "bold red"),
    ("合规", "bold green"),
    ("! ", "yellow"),
)


def write_card(card: Scorecard) -> None:
    """Print the summary of a scorecard."""
    for line in text.render(card, language()).splitlines():
        write_text(line, next((style for start, style in _STYLES if line.startswith(start)), ""))
