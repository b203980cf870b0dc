"""Submissions as test suites, steps as test cases, in the form that build servers read (JUnit's XML)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from suite.base.bilingual import Bilingual
from suite.judge.submissions.formats.format import Format

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.base.language import Language
    from suite.documents.check import CheckReport, CheckStep

_PAGE = Markup('<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n{suites}</testsuites>\n')
_SUITE = Markup(
    '<testsuite name="{name}" tests="{tests}" failures="{failures}" errors="0" skipped="{skipped}">\n'
    "{cases}</testsuite>\n"
)
_CASE = Markup('<testcase classname="{name}" name="{title}">{inside}</testcase>\n')
_INSIDE = {
    "fail": Markup('<failure type="{code}" message="{why}">{places}</failure>'),
    "warn": Markup("<system-out>warning: {why}\n{places}</system-out>"),
    "pass": Markup("<system-out>{why}</system-out>"),
}
_SKIPPED = Markup('<skipped message="{why}"/>')


def _case(name: str, step: CheckStep) -> Markup:
    inside = _INSIDE.get(step.outcome, _SKIPPED)
    places = "\n".join(step.findings)
    return _CASE.format(
        name=name,
        title=f"{step.number}. {step.what}",
        inside=inside.format(code=step.code, why=step.detail, places=places),
    )


def _suite(name: str, steps: Sequence[CheckStep]) -> Markup:
    outcomes = [step.outcome for step in steps]
    return _SUITE.format(
        name=name,
        tests=len(steps),
        failures=outcomes.count("fail"),
        skipped=sum(outcome not in _INSIDE for outcome in outcomes),
        cases=Markup("").join(_case(name, step) for step in steps),
    )


def render(report: CheckReport, language: Language) -> bytes:
    """One suite a submission, and one for what lies astray."""
    del language
    suites = [_suite(item.path, item.steps) for item in report.submissions]
    if report.stray:
        suites.insert(0, _suite("tree", report.stray))
    return _PAGE.format(suites=Markup("").join(suites)).encode()


FORMAT = Format(
    Bilingual("the steps as test cases (JUnit XML)", "以测试用例表示的步骤（JUnit XML）"),
    ".xml",
    render,
)
