"""A table and the refusals, for a pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.base.bilingual import Bilingual
from suite.base.markdown import escaped, table
from suite.judge.attest.review import DECISIONS
from suite.judge.report.words import Phrases
from suite.judge.submissions.formats.format import Format, refusals, summary, verdict

if TYPE_CHECKING:
    from suite.base.language import Language
    from suite.documents.check import CheckedSubmission, CheckReport

_HEADINGS = (
    ("submission", "verdict", "division", "signed by", "card", "reviews"),
    ("提交", "结论", "赛道", "签名者", "评分卡", "评审"),
)
"""By language."""


def _row(item: CheckedSubmission, say: Phrases) -> tuple[str, ...]:
    card, of = item.card, say.language.of
    waived = say.pick("waived by", "豁免")
    return (
        escaped(item.path),
        "; ".join(
            [of(verdict(item.verdict)), *(escaped(f"{waived} {id_}") for id_ in item.waivers)]
        ),
        say.pick(card.division, say(card.division)) if card is not UNSET else "",
        escaped(card.owner) if card is not UNSET else "",
        escaped(of(card.sentence)) if card is not UNSET else "",
        "; ".join(
            f"{escaped(made.reviewer)}: {of(DECISIONS[made.decision])}" for made in item.reviews
        ),
    )


def render(report: CheckReport, language: Language) -> bytes:
    """What was checked, and below it each refusal with its code."""
    say = Phrases(language)

    def of(text: str) -> str:
        return escaped(language.of(text))

    parts = [f"# {say.pick('Submissions: ', '提交：')}{language.of(summary(report))}\n"]
    if report.submissions:
        rows = [_row(item, say) for item in report.submissions]
        parts.append(table(_HEADINGS[language], rows))
    colon = say("colon")
    for path, step in refusals(report):
        lines = [f"- **{step.code}** {escaped(path)} {of(step.what)}{colon}{of(step.detail)}"]
        lines += [f"  - {of(finding)}" for finding in step.findings]
        if step.hint:
            lines.append(f"  - {say.pick('hint: ', '建议：')}{of(step.hint)}")
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts).encode()


FORMAT = Format(Bilingual("a table in Markdown", "Markdown 格式的表格"), ".md", render)
