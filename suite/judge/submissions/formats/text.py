"""A line for each submission, and below it what was refused; nothing is cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.base.bilingual import Bilingual
from suite.judge.attest.review import DECISIONS
from suite.judge.report.words import Phrases
from suite.judge.submissions.formats.format import Format, summary, verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suite.base.language import Language
    from suite.documents.check import CheckedSubmission, CheckReport, CheckStep


def _step(step: CheckStep, say: Phrases) -> Iterator[str]:
    of, colon = say.language.of, say("colon")
    code = f" [{step.code}]" if step.code else ""
    outcome = say.pick(f"{step.outcome:<5}", say(step.outcome))
    yield f"  {outcome} {of(step.what)}{colon}{of(step.detail)}{code}"
    for finding in step.findings:
        yield f"        - {of(finding)}"
    if step.hint:
        yield f"        {say.pick('hint: ', '建议：')}{of(step.hint)}"


def _submission(item: CheckedSubmission, say: Phrases) -> Iterator[str]:
    of = say.language.of
    ended = say.pick(item.verdict.upper(), verdict(item.verdict).zh)
    yield f"{ended:<9} {item.path}"
    card = item.card
    if card is not UNSET:
        signed = (
            say.pick(f"signed by {card.owner}", f"由 {card.owner} 签名")
            if card.owner
            else say.pick("signer not established", "签名者未确定")
        )
        worth = say.pick(card.division, say(card.division)), say.pick(card.level, say(card.level))
        yield f"  {' · '.join((*worth, of(card.sentence), signed))}"
    for review in item.reviews:
        comment = f"{say('colon')}{review.comment}" if review.comment else ""
        decision = of(DECISIONS[review.decision])
        yield f"  {review.reviewer}, {review.time}: {decision}{comment}"
    for step in item.steps:
        if step.outcome in ("fail", "warn"):
            yield from _step(step, say)


def render(report: CheckReport, language: Language) -> bytes:
    """Every submission, and how many ended how."""
    say = Phrases(language)
    lines = [line for step in report.stray for line in _step(step, say)]
    lines += [line for item in report.submissions for line in _submission(item, say)]
    return "\n".join([*lines, "", language.of(summary(report)), ""]).lstrip("\n").encode()


FORMAT = Format(Bilingual("a terminal list", "终端列表"), ".txt", render)
