"""A line for each submission, and below it what was refused; nothing is cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.base.bilingual import Bilingual
from suite.judge.submissions.formats.format import Format, summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suite.documents.check import CheckedSubmission, CheckReport, CheckStep


def _step(step: CheckStep) -> Iterator[str]:
    code = f" [{step.code}]" if step.code else ""
    yield f"  {step.outcome:<5} {step.what}: {step.detail}{code}"
    for finding in step.findings:
        yield f"        - {finding}"
    if step.hint:
        yield f"        hint: {step.hint}"


def _submission(item: CheckedSubmission) -> Iterator[str]:
    yield f"{item.verdict.upper():<9} {item.path}"
    if item.card is not UNSET:
        signed = f"signed by {item.card.owner}" if item.card.owner else "signer not established"
        yield f"  {item.card.division} · {item.card.level} · {item.card.sentence} · {signed}"
    for review in item.reviews:
        comment = f": {review.comment}" if review.comment else ""
        yield f"  {review.reviewer}, {review.time}: {review.decision}{comment}"
    for step in item.steps:
        if step.outcome in ("fail", "warn"):
            yield from _step(step)


def render(report: CheckReport) -> bytes:
    """Every submission, and how many ended how."""
    lines = [line for step in report.stray for line in _step(step)]
    lines += [line for item in report.submissions for line in _submission(item)]
    return "\n".join([*lines, "", summary(report), ""]).lstrip("\n").encode()


FORMAT = Format(Bilingual("a terminal list", "终端列表"), ".txt", render)
