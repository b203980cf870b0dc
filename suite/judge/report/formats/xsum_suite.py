"""The eight lines of FlagPerf's generate suite on XSum: TTFT, Throughput, Tps, Time, MFU and ROUGE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.bilingual import Bilingual
from suite.documents.value import Measured
from suite.judge.report.formats.format import Format
from suite.judge.report.othertools.tabular import chosen

if TYPE_CHECKING:
    from suite.documents.value import Value
    from suite.judge.report.formats.format import Subject


def _number(value: Value) -> str:
    return f"{value.value:.6g}" if isinstance(value, Measured) else "not measured"


def render(subject: Subject) -> bytes:
    """The lines of each phase, under a line with its name."""
    lines = []
    for phase, view in chosen(subject, "xsum-suite").items():
        lines += [f"# {phase}", *(f"{item.name}: {_number(item.value)}" for item in view.fields)]
    return "".join(f"{line}\n" for line in lines).encode()


FORMAT = Format(
    Bilingual("the XSum suite's eight lines", "XSum 套件的八行结果"),
    ".txt",
    "evidence",
    render,
    per_phase=True,
)
