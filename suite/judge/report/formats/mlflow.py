"""The card for MLflow: the body of its REST call ``runs/log-batch``, without the run's id, which MLflow gives."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

from suite.base.bilingual import Bilingual
from suite.documents.value import Measured
from suite.judge.report.formats.format import Format
from suite.judge.report.othertools.loads import as_json
from suite.judge.report.view import values

if TYPE_CHECKING:
    from suite.base.jsonio import JSONObject, JSONValue
    from suite.judge.report.formats.format import Subject

_MOST_PARAMETER = 6000
"""Characters that MLflow keeps of a parameter."""


def _key(phase: str, metric: str) -> str:
    """A name of the characters that MLflow takes."""
    return re.sub(r"[^\w\-./ :]", "_", f"{phase or 'run'}/{metric}", flags=re.ASCII)


def render(subject: Subject) -> bytes:
    """Metrics by phase, what was run as parameters, verdict and digests as tags."""
    card = subject.card
    moment = round(dt.datetime.fromisoformat(card.run.started_utc).timestamp() * 1000)
    metrics: list[JSONValue] = [
        {"key": _key(phase, metric), "value": value.value, "timestamp": moment, "step": 0}
        for phase, metric, value in values(card)
        if isinstance(value, Measured)
    ]
    facts = {
        "vendor": card.vendor.name,
        "devices": card.devices.title,
        "engine": card.engine.title,
        "engine_version": card.engine.version or "unknown",
        "image": card.engine.image_digest or "none",
        "precision": card.engine.dtype.executed,
        "arguments": " ".join(card.engine.arguments) or "none",
        "model": card.model.id,
        "model_sha256": card.model.sha256,
        "profile": card.workload.profile,
        "taskset": card.workload.taskset.name,
        "runtime": card.runtime,
    }
    tags = {
        "mlflow.runName": card.run.id,
        "verdict": card.verdict.outcome,
        "division": card.division.granted,
        "level": card.level.level,
        "suite": f"{card.suite.version} {card.suite.commit}",
        "plan_sha256": card.run.plan_sha256,
    }

    def listed(pairs: dict[str, str]) -> list[JSONValue]:
        return [{"key": key, "value": text[:_MOST_PARAMETER]} for key, text in pairs.items()]

    body: JSONObject = {"metrics": metrics, "params": listed(facts), "tags": listed(tags)}
    return as_json(body)


FORMAT = Format(
    Bilingual("metrics, parameters and tags for MLflow", "供 MLflow 记录的指标、参数与标签"),
    ".json",
    "card",
    render,
    verbatim=True,
)
