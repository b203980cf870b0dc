"""The rules as test cases, in the form that build servers read (JUnit's XML)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from suite.base.bilingual import Bilingual
from suite.judge.report.formats.format import Format

if TYPE_CHECKING:
    from suite.documents.card import Check
    from suite.judge.report.formats.format import Subject

_SUITE = Markup(
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<testsuite name="{name}" tests="{tests}" failures="{failures}" errors="{errors}" skipped="{skipped}">\n'
    "{cases}</testsuite>\n"
)
_CASE = Markup('<testcase classname="{rule}" name="{title}">{inside}</testcase>\n')
_INSIDE = {
    "fail": Markup('<failure message="{why}">{places}</failure>'),
    "error": Markup('<error message="{why}">{places}</error>'),
    "warn": Markup("<system-out>warning: {why}\n{places}</system-out>"),
    "pass": Markup("<system-out>{why}</system-out>"),
}
_SKIPPED = Markup('<skipped message="{why}"/>')
"""A rule that has no object in the run, or was not applied."""


def _case(check: Check) -> Markup:
    inside = _INSIDE.get(check.outcome, _SKIPPED)
    places = "\n".join(check.evidence)
    return _CASE.format(
        rule=check.rule,
        title=check.title.en,
        inside=inside.format(why=check.why, places=places),
    )


def render(subject: Subject) -> bytes:
    """One test case a rule: failures and errors as such, a warning as output, what does not apply as skipped."""
    card = subject.card
    outcomes = [check.outcome for check in card.checks]
    page = _SUITE.format(
        name=card.run.id,
        tests=len(outcomes),
        failures=outcomes.count("fail"),
        errors=outcomes.count("error"),
        skipped=sum(outcome not in _INSIDE for outcome in outcomes),
        cases=Markup("").join(map(_case, card.checks)),
    )
    return page.encode()


FORMAT = Format(
    Bilingual("the rules as test cases (JUnit XML)", "以测试用例表示的规则（JUnit XML）"),
    ".xml",
    "card",
    render,
)
