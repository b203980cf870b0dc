"""What the summaries are worth, as a record of Every Eval Ever: one result a quality metric."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from suite.base.bilingual import Bilingual, Sentence
from suite.base.errors import EvidenceError
from suite.documents.value import Measured
from suite.judge.report.formats.format import Format
from suite.judge.report.othertools.loads import as_json

if TYPE_CHECKING:
    from suite.base.jsonio import JSONObject, JSONValue
    from suite.documents.card import QualityRow, Scorecard
    from suite.judge.report.formats.format import Subject

_SCHEMA = "0.3.0"


def _result(card: Scorecard, row: QualityRow, value: Measured) -> JSONObject:
    description = card.metrics[row.metric]
    tasks = card.workload.taskset
    score: JSONObject = {"score": value.value}
    if value.low is not None and value.high is not None:
        interval: JSONObject = {"lower": value.low, "upper": value.high, "confidence_level": 0.95}
        interval["method"] = value.interval
        score["uncertainty"] = {"confidence_interval": interval, "num_samples": value.n}
    bounded = {"min_score": 0.0, "max_score": 1.0} if value.unit == "1" else {}
    config: JSONObject = {
        "evaluation_description": description.definition,
        "metric_id": row.metric,
        "metric_name": description.title.en,
        "metric_unit": "proportion" if value.unit == "1" else value.unit,
        "lower_is_better": description.direction == "lower",
        **bounded,
    }
    if bounded and value.value <= 1:
        config["score_type"] = "continuous"
    return {
        "evaluation_result_id": f"{card.run.id}/{card.quality.phase}/{row.metric}",
        "evaluation_name": tasks.name,
        "source_data": {
            "dataset_name": tasks.name,
            "source_type": "other",
            "additional_details": {
                "size": str(tasks.size),
                "ids_sha256": tasks.ids_sha256,
                "records_sha256": tasks.records_sha256,
            },
        },
        "metric_config": config,
        "score_details": score,
    }


def render(subject: Subject) -> bytes:
    """The record.

    Raises:
        EvidenceError: ``nothing-to-export`` where no quality was measured.
    """
    card = subject.card
    results: list[JSONValue] = [
        _result(card, row, row.value)
        for row in card.quality.rows
        if isinstance(row.value, Measured)
    ]
    if not results:
        raise EvidenceError(
            "nothing-to-export", Sentence("the run measured no quality", "该运行没有测量质量")
        )
    moment = str(dt.datetime.fromisoformat(card.run.started_utc).timestamp())
    return as_json(
        {
            "schema_version": _SCHEMA,
            "evaluation_id": f"{card.workload.taskset.name}/{card.model.id}/{card.run.id}",
            "evaluation_timestamp": card.run.started_utc,
            "retrieved_timestamp": moment,
            "source_metadata": {
                "source_name": "llm-inference-conformance",
                "source_type": "evaluation_run",
                "source_organization_name": card.vendor.name,
                "evaluator_relationship": "other",
                "additional_details": {
                    "verdict": str(card.verdict.outcome),
                    "division": card.division.granted,
                    "level": card.level.level,
                },
            },
            "eval_library": {
                "name": "llm-inference-conformance",
                "version": card.suite.version,
                "additional_details": {"commit": card.suite.commit},
            },
            "model_info": {
                "name": card.model.id,
                "id": card.model.id,
                "inference_engine": {"name": card.engine.id, "version": card.engine.version},
                "additional_details": {
                    "deployment_type": "self_deployed",
                    "model_availability": "unknown",
                    "sha256": card.model.sha256,
                    "precision": card.engine.dtype.executed,
                },
            },
            "evaluation_results": results,
        }
    )


FORMAT = Format(
    Bilingual("quality as an Every Eval Ever record", "质量结果（Every Eval Ever 记录）"),
    ".json",
    "card",
    render,
    verbatim=True,
)
