"""What a format of a check is: one module of this package with a `FORMAT` of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.bilingual import Sentence, joined
from suite.documents.check import CheckReport
from suite.judge.report.formats.format import DocumentFormat

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suite.documents.check import CheckStep


class Format(DocumentFormat[CheckReport]):
    """One way to write a check."""

    __slots__ = ()


def refusals(report: CheckReport) -> Iterator[tuple[str, CheckStep]]:
    """Every step that failed, with the path of its submission; "" for what lies astray in the tree."""
    for step in report.stray:
        yield "", step
    for item in report.submissions:
        for step in item.steps:
            if step.outcome == "fail":
                yield item.path, step


_VERDICTS = {
    "accepted": "接受",
    "withdrawn": "已撤回",
    "superseded": "已被取代",
    "refused": "拒绝",
}


def verdict(name: str) -> Sentence:
    """How a submission ended."""
    return Sentence(name, _VERDICTS.get(name, name))


def summary(report: CheckReport) -> Sentence:
    """How many of what: ``2 accepted, 1 refused``."""
    counts: dict[str, int] = {}
    for item in report.submissions:
        counts[item.verdict] = counts.get(item.verdict, 0) + 1
    parts = {
        name: Sentence(f"{number} {name}", f"{number} 份{verdict(name).zh}")
        for name, number in counts.items()
    }
    if report.stray:
        name, number = "refused outside a submission", len(report.stray)
        parts[name] = Sentence(f"{number} {name}", f"提交之外 {number} 处被拒绝")
    listed = joined((parts[name] for name in sorted(parts)), ", ", "，")
    summary = listed if parts else Sentence("no submission", "没有提交")
    if report.since:
        summary += Sentence(f" changed since {report.since}", f"（自 {report.since} 以来更改的）")
    if report.deciding:
        files = ", ".join(report.deciding)
        summary += (
            Sentence(
                f"; {files} changed too: whom that touches is judged again",
                f"；{files} 也已更改：所涉提交已重新评判",
            )
            if report.submissions
            else Sentence(
                f"; {files} changed, was read, and touches none",
                f"；{files} 已更改、已读取，且不涉及任何提交",
            )
        )
    return summary
