"""What vLLM bench, MTTransformer, LoadGen, GuideLLM and others would print of the same events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base import jsonio
from suite.base.bilingual import Bilingual
from suite.documents.codec import plain
from suite.documents.value import NotMeasured
from suite.judge.metrics.compute import compute
from suite.judge.report.formats.format import Format
from suite.judge.report.othertools.views import views

if TYPE_CHECKING:
    from suite.base.jsonio import JSONObject
    from suite.judge.report.formats.format import Subject
    from suite.judge.report.othertools.view import View


def _fields(view: View) -> JSONObject:
    return {
        "tool": view.tool,
        "note": view.note,
        "fields": {field.name: plain(field.value.stored()) for field in view.fields},
    }


def render(subject: Subject) -> bytes:
    """JSON, by phase and tool."""
    assert subject.evidence is not None
    phases = views(subject.evidence, compute(subject.evidence))
    return jsonio.pretty(
        {
            phase: plain(shown)
            if isinstance(shown, NotMeasured)
            else {view.name: _fields(view) for view in shown}
            for phase, shown in phases.items()
            if subject.phase in ("", phase)
        }
    )


FORMAT = Format(
    Bilingual(
        "the same events in other tools' terms, as JSON", "以其他工具的口径表述的同一事件（JSON）"
    ),
    ".json",
    "evidence",
    render,
)
