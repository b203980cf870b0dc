"""DB-GPT's benchmark CSV: the first repeat of every phase, one row a request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.bilingual import Bilingual
from suite.judge.log.samples import collect
from suite.judge.report.formats.format import Format
from suite.judge.report.othertools.dbgpt import dbgpt_csv

if TYPE_CHECKING:
    from suite.judge.report.formats.format import Subject


def render(subject: Subject) -> bytes:
    """The rows of all phases that have numbers, under one header."""
    assert subject.evidence is not None
    phases = [item for item in collect(subject.evidence) if subject.phase in ("", item.name)]
    return dbgpt_csv(subject.evidence, phases).encode()


FORMAT = Format(
    Bilingual("DB-GPT's benchmark CSV", "DB-GPT 的基准 CSV"), ".csv", "evidence", render
)
