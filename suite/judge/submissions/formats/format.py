"""What a format of a check is: one module of this package with a `FORMAT` of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from suite.base.bilingual import Bilingual
    from suite.documents.check import CheckReport, CheckStep


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write a check.

    Attributes:
        title: what it is, in a few words.
        suffix: of a file of it, with the dot.
        render: the report's bytes; pure.
    """

    title: Bilingual
    suffix: str
    render: Callable[[CheckReport], bytes]


def refusals(report: CheckReport) -> Iterator[tuple[str, CheckStep]]:
    """Every step that failed, with the path of its submission; "" for what lies astray in the tree."""
    for step in report.stray:
        yield "", step
    for item in report.submissions:
        for step in item.steps:
            if step.outcome == "fail":
                yield item.path, step


def summary(report: CheckReport) -> str:
    """How many of what: ``2 accepted, 1 refused``."""
    counts: dict[str, int] = {}
    for item in report.submissions:
        counts[item.verdict] = counts.get(item.verdict, 0) + 1
    if report.stray:
        counts["refused outside a submission"] = len(report.stray)
    since = f" changed since {report.since}" if report.since else ""
    listed = ", ".join(f"{number} {verdict}" for verdict, number in sorted(counts.items()))
    return f"{listed}{since}" if listed else f"no submission{since}"
