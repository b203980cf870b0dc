"""A table and the refusals, for a pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.base.bilingual import Bilingual
from suite.base.markdown import escaped, table
from suite.judge.submissions.formats.format import Format, refusals, summary

if TYPE_CHECKING:
    from suite.documents.check import CheckedSubmission, CheckReport


def _row(item: CheckedSubmission) -> tuple[str, ...]:
    card = item.card
    return (
        escaped(item.path),
        item.verdict,
        card.division if card is not UNSET else "",
        escaped(card.owner) if card is not UNSET else "",
        escaped(card.sentence) if card is not UNSET else "",
        "; ".join(f"{escaped(made.reviewer)}: {made.decision}" for made in item.reviews),
    )


def render(report: CheckReport) -> bytes:
    """What was checked, and below it each refusal with its code."""
    parts = [f"# Submissions: {summary(report)}\n"]
    if report.submissions:
        heading = ("submission", "verdict", "division", "signed by", "card", "reviews")
        parts.append(table(heading, map(_row, report.submissions)))
    for path, step in refusals(report):
        lines = [f"- **{step.code}** {escaped(path)} {escaped(step.what)}: {escaped(step.detail)}"]
        lines += [f"  - {escaped(finding)}" for finding in step.findings]
        if step.hint:
            lines.append(f"  - hint: {escaped(step.hint)}")
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts).encode()


FORMAT = Format(Bilingual("a table in Markdown", "Markdown 格式的表格"), ".md", render)
