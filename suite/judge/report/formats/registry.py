"""The formats that something can be written in, by name: each is a module of a package, with a record of its own.

Scorecards (this package), checks of submissions (`suite.judge.submissions.formats`) and comparisons
(`suite.judge.compare.formats`) each have one such package.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from suite.base import markdown
from suite.base.bilingual import Bilingual, Sentence
from suite.base.errors import UsageError, choices
from suite.base.visible import visible_lines
from suite.judge.log.texts import bounded
from suite.judge.report import formats as package

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

    from suite.evidence import Evidence
    from suite.judge.report.formats.format import Format, Subject

_OTHERS = ("format", "registry")


def names(of: ModuleType) -> tuple[str, ...]:
    """Every format of a package by its name, in alphabetical order; imports none of them."""
    modules = (module.name for module in pkgutil.iter_modules(of.__path__))
    return tuple(sorted(name.replace("_", "-") for name in modules if name not in _OTHERS))


def record(of: ModuleType, name: str) -> Any:  # noqa: ANN401 - each package has records of its own kind
    """The record of a format.

    Raises:
        UsageError: ``format-unknown``.
    """
    listed = names(of)
    if name not in listed:
        raise UsageError(
            "format-unknown",
            Sentence(f"there is no report format {name!r}", f"没有报告格式 {name!r}"),
            hint=choices(name, listed),
        )
    return importlib.import_module(f"{of.__name__}.{name.replace('-', '_')}").FORMAT


def table(*, chinese: bool = False) -> str:
    """Every format of a scorecard as rows of a Markdown table: name, what it is, what it needs."""
    needs = {
        "card": Bilingual("the card", "评分卡"),
        "bundle": Bilingual("a signature", "签名"),
        "evidence": Bilingual("the evidence", "证据"),
    }
    heading = ("名称", "内容", "需要") if chinese else ("name", "what it is", "made of")
    rows = []
    for name in formats():
        item = load(name)
        rows.append((f"`{name}`", item.title[int(chinese)], needs[item.needs][int(chinese)]))
    return markdown.table(heading, rows)


def formats() -> tuple[str, ...]:
    """Every format of a scorecard."""
    return names(package)


def load(name: str) -> Format:
    """The format of a scorecard.

    Raises:
        UsageError: ``format-unknown``.
    """
    chosen: Format = record(package, name)
    return chosen


def render(name: str, subject: Subject) -> bytes:
    """A report.

    Raises:
        UsageError: ``format-unknown``; ``format-lacks`` when the format needs more than there is, or is not of one phase;
            ``phase-unknown``.
    """
    chosen = load(name)
    report = chosen.render(_ready(chosen, name, subject))
    return report if chosen.verbatim else visible_lines(report)


def render_all(name: str, subjects: Sequence[Subject]) -> bytes:
    """A report of several runs in one file.

    Raises:
        UsageError: as `render`; ``format-lacks`` too where the format has a file for each run.
    """
    chosen = load(name)
    if chosen.render_all is None:
        message = Sentence(f"{name} is a file of one run", f"{name} 是单次运行的文件")
        hint = Sentence("export the runs one by one", "请逐个导出运行")
        raise UsageError("format-lacks", message, hint=hint)
    report = chosen.render_all([_ready(chosen, name, subject) for subject in subjects])
    return report if chosen.verbatim else visible_lines(report)


def _ready(chosen: Format, name: str, subject: Subject) -> Subject:
    """What a format is made of, where that is all there."""
    if chosen.needs == "bundle" and subject.bundle is None:
        hint = Sentence(
            "sign the run and use: suite render RUN", "请对运行签名，然后使用：suite render RUN"
        )
        raise UsageError(
            "format-lacks",
            Sentence(
                f"{name} shows a signed scorecard; this one is not signed",
                f"{name} 显示已签名的评分卡，而这张没有签名",
            ),
            hint=hint,
        )
    if chosen.needs == "evidence" and subject.evidence is None:
        hint = Sentence("use: suite score RUN", "请使用：suite score RUN")
        raise UsageError(
            "format-lacks",
            Sentence(
                f"{name} is made of a run's evidence; here is only its card",
                f"{name} 由运行的证据生成，而此处只有评分卡",
            ),
            hint=hint,
        )
    if subject.phase and chosen.needs != "evidence":
        hint = Sentence("leave out --phase", "请去掉 --phase")
        message = Sentence(
            f"{name} holds the whole run, not one phase", f"{name} 包含整个运行，而非一个阶段"
        )
        raise UsageError("format-lacks", message, hint=hint)
    if subject.evidence is None:
        return subject
    _require_phase(subject.evidence, subject.phase)
    return replace(subject, evidence=bounded(subject.evidence))


def _require_phase(evidence: Evidence, phase: str) -> None:
    measured = {item.name: None for item in evidence.plan.workload.phases if item.measured}
    if phase and phase not in measured:
        message = Sentence(f"no measured phase {phase!r}", f"没有测量阶段 {phase!r}")
        raise UsageError("phase-unknown", message, hint=choices(phase, [*measured]))
