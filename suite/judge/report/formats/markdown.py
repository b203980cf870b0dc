"""The verdict and the headline numbers, for a pull request or an issue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.bilingual import Bilingual, joined
from suite.base.markdown import escaped, table
from suite.documents.engine import engine_title
from suite.documents.sentences import in_both
from suite.judge.report import view
from suite.judge.report.formats.format import Format
from suite.judge.report.words import WORDS

_HEADINGS = (("phase", "metric", "value", "interval"), ("阶段", "指标", "数值", "区间"))
"""By language."""

if TYPE_CHECKING:
    from suite.base.language import Language
    from suite.documents.card import Scorecard
    from suite.judge.report.formats.format import Subject


def _headline(card: Scorecard, language: Language) -> str:
    mark = WORDS["comma"][language] + WORDS["standing-asserted"][language]
    rows = [
        (
            escaped(item.phase.name if item.phase else "run"),
            escaped((item.name.en, item.name.zh)[language] + (mark if item.asserted else "")),
            f"{item.shown.number} {view.unit(item.shown.unit, language)}".rstrip()
            if item.shown.measured
            else "n/a",
            item.shown.interval or escaped(language.of(item.shown.reason)),
        )
        for item in view.headlines(card)
    ]
    return table(_HEADINGS[language], rows)


def _findings(card: Scorecard, language: Language) -> str:
    lines = [
        f"- {check.rule} {WORDS[check.outcome][language]}{WORDS['colon'][language]}{escaped(language.of(check.why))}\n"
        for check in card.checks
        if check.outcome in ("fail", "error", "warn")
    ]
    return "".join(lines)


def render(subject: Subject) -> bytes:
    """A heading, the verdict, the headline numbers and the rules that did not pass."""
    card, language = in_both(subject.card), subject.language
    verdict = WORDS["conformant" if card.verdict.conformant else "not-conformant"][language]
    sentence = card.verdict.sentence
    ran = joined(
        (
            view.named(card.devices.title, card, "/devices/count", "/devices/name"),
            view.named(engine_title(card.engine.title), card, "/engine/title"),
            view.named(card.model.id, card, "/model/id"),
        ),
        ", ",
        "，",
    )
    parts = [
        f"# {verdict}{WORDS['colon'][language]}{escaped(card.run.id)}\n",
        f"{escaped((sentence.en, sentence.zh)[language])}\n\n{escaped(language.of(ran))}\n",
        _headline(card, language),
        _findings(card, language),
    ]
    return "\n".join(part for part in parts if part).encode()


FORMAT = Format(
    Bilingual("verdict and headline numbers in Markdown", "Markdown 格式的结论与核心数字"),
    ".md",
    "card",
    render,
)
