"""The verdict and the headline numbers, for a pull request or an issue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.bilingual import Bilingual
from suite.base.markdown import escaped, table
from suite.judge.report import view
from suite.judge.report.formats.format import Format
from suite.judge.report.words import WORDS

if TYPE_CHECKING:
    from suite.documents.card import Scorecard
    from suite.judge.report.formats.format import Subject


def _headline(card: Scorecard) -> str:
    rows = [
        (
            escaped(item.phase.name if item.phase else "run"),
            escaped(item.name.en + (f", {WORDS['standing-asserted'][0]}" if item.asserted else "")),
            f"{item.shown.number} {item.shown.unit}".rstrip() if item.shown.measured else "n/a",
            item.shown.interval or escaped(item.shown.reason),
        )
        for item in view.headlines(card)
    ]
    return table(("phase", "metric", "value", "interval"), rows)


def _findings(card: Scorecard) -> str:
    lines = [
        f"- {check.rule} {WORDS[check.outcome][0]}: {escaped(check.why)}\n"
        for check in card.checks
        if check.outcome in ("fail", "error", "warn")
    ]
    return "".join(lines)


def render(subject: Subject) -> bytes:
    """A heading, the verdict, the headline numbers and the rules that did not pass."""
    card = subject.card
    verdict = "Conformant" if card.verdict.conformant else "Not conformant"
    ran = ", ".join(
        (
            view.named(card.devices.title, card, "/devices/count", "/devices/name"),
            view.named(card.engine.title, card, "/engine/title"),
            view.named(card.model.id, card, "/model/id"),
        )
    )
    parts = [
        f"# {verdict}: {escaped(card.run.id)}\n",
        f"{escaped(card.verdict.sentence.en)}\n\n{escaped(ran)}\n",
        _headline(card),
        _findings(card),
    ]
    return "\n".join(part for part in parts if part).encode()


FORMAT = Format(
    Bilingual("verdict and headline numbers in Markdown", "Markdown 格式的结论与核心数字"),
    ".md",
    "card",
    render,
)
