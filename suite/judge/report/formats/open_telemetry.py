"""The card's numbers as OpenTelemetry metrics: OTLP's JSON, as a collector's ``otlpjsonfile`` receiver and HTTP endpoint take it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from suite import __version__
from suite.base.bilingual import Bilingual
from suite.documents.value import Measured
from suite.judge.report.formats.format import Format
from suite.judge.report.othertools.loads import as_json
from suite.judge.report.view import values

if TYPE_CHECKING:
    from collections.abc import Mapping

    from suite.base.jsonio import JSONValue
    from suite.documents.card import Scorecard
    from suite.judge.report.formats.format import Subject


def _attributes(pairs: Mapping[str, str]) -> list[JSONValue]:
    return [{"key": key, "value": {"stringValue": text}} for key, text in pairs.items()]


def _resource(card: Scorecard) -> dict[str, str]:
    return {
        "service.name": card.engine.id,
        "service.version": card.engine.version,
        "service.instance.id": card.run.id,
        "gen_ai.request.model": card.model.id,
        "llm_conformance.vendor": card.vendor.id,
        "llm_conformance.devices": card.devices.title,
        "llm_conformance.profile": card.workload.profile,
        "llm_conformance.verdict": card.verdict.outcome,
        "llm_conformance.division": card.division.granted,
    }


def render(subject: Subject) -> bytes:
    """One gauge a metric, a point a phase, at the run's start."""
    card = subject.card
    moment = str(round(dt.datetime.fromisoformat(card.run.started_utc).timestamp() * 1e6) * 1000)
    points: dict[str, list[JSONValue]] = {}
    for phase, metric, value in values(card):
        if isinstance(value, Measured):
            point: JSONValue = {
                "attributes": _attributes({"phase": phase}),
                "timeUnixNano": moment,
                "asDouble": float(value.value),
            }
            points.setdefault(metric, []).append(point)
    metrics: list[JSONValue] = [
        {
            "name": f"llm_conformance.{metric}",
            "description": card.metrics[metric].definition,
            "unit": card.metrics[metric].unit,
            "gauge": {"dataPoints": listed},
        }
        for metric, listed in points.items()
    ]
    scope: JSONValue = {"name": "llm-inference-conformance", "version": __version__}
    return as_json(
        {
            "resourceMetrics": [
                {
                    "resource": {"attributes": _attributes(_resource(card))},
                    "scopeMetrics": [{"scope": scope, "metrics": metrics}],
                }
            ]
        },
        indent=None,
    )


FORMAT = Format(
    Bilingual(
        "every value as OpenTelemetry metrics (OTLP JSON)", "OpenTelemetry 指标（OTLP JSON）"
    ),
    ".json",
    "card",
    render,
    verbatim=True,
)
