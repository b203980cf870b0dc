"""A view of other tools' terms as a table: a row a phase, the tool's own column names."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from suite.base.visible import CsvLines
from suite.documents.value import Measured
from suite.judge.metrics.compute import compute
from suite.judge.report.othertools.loads import loads
from suite.judge.report.othertools.views import views

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from suite.judge.report.formats.format import Subject
    from suite.judge.report.othertools.view import View


def chosen(subject: Subject, name: str) -> dict[str, View]:
    """One tool's view of each phase that has numbers, by phase.

    Raises:
        UsageError, EvidenceError: as `loads`.
    """
    assert subject.evidence is not None
    names = [load.name for load in loads(subject)]
    by_phase = views(subject.evidence, compute(subject.evidence))
    return {
        phase: view
        for phase in names
        if isinstance(listed := by_phase[phase], list)
        for view in listed
        if view.name == name
    }


def number(view: View, field: str) -> float | None:
    """A field's number; None where there is none."""
    value = view.field(field).value
    return value.value if isinstance(value, Measured) else None


def table(columns: Sequence[str], rows: Sequence[Mapping[str, object]]) -> bytes:
    """CSV with a header; an empty cell where there is no number."""
    lines = CsvLines()
    writer = csv.DictWriter(lines, columns, lineterminator=CsvLines.END)
    writer.writeheader()
    writer.writerows(rows)
    return lines.text.encode()


def view_table(subject: Subject, name: str) -> bytes:
    """A view as CSV: phase, model, then its fields."""
    made = chosen(subject, name)
    assert subject.evidence is not None
    model = subject.evidence.plan.model.id
    rows: list[dict[str, object]] = [
        {"phase": phase, "model": model}
        | {field.name: number(view, field.name) for field in view.fields}
        for phase, view in made.items()
    ]
    columns = [field.name for view in list(made.values())[:1] for field in view.fields]
    return table(["phase", "model", *columns], rows)
