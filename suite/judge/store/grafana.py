"""Grafana dashboards over a store in PostgreSQL, and what provisions them.

One is over the store's own tables, one over those of transformers' MetricsRecorder, where a run was put into them
(``suite export --format transformers-sql``). Every query is also run, as Grafana would send it, against a real PostgreSQL by a test,
and the dashboards are held against the types of Grafana's own schema.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from suite.base import jsonio

if TYPE_CHECKING:
    from suite.base.jsonio import JSONObject, JSONValue

_SOURCE: Final[JSONObject] = {"type": "grafana-postgresql-datasource", "uid": "llm-conformance"}
_CHOSEN: Final = "r.vendor IN (${vendor:sqlstring}) AND r.model IN (${model:sqlstring}) AND r.engine IN (${engine:sqlstring})"
_RUN: Final = "JOIN runs r ON r.id = x.run_id WHERE r.run IN (${run:sqlstring})"


@dataclass(frozen=True, slots=True)
class Variable:
    """A choice at the top of the dashboard."""

    name: str
    title: str
    query: str
    several: bool = True


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel: a query, drawn over time or as a table; width in Grafana's 24 columns."""

    title: str
    kind: Literal["timeseries", "table"]
    query: str
    width: int = 24
    unit: str = "short"
    points: bool = False


@dataclass(frozen=True, slots=True)
class Board:
    """One dashboard."""

    uid: str
    title: str
    variables: tuple[Variable, ...]
    panels: tuple[Panel, ...]


_VARIABLES: Final = (
    Variable("vendor", "Vendor", "SELECT DISTINCT vendor FROM runs ORDER BY 1"),
    Variable("model", "Model", "SELECT DISTINCT model FROM runs ORDER BY 1"),
    Variable("engine", "Engine", "SELECT DISTINCT engine FROM runs ORDER BY 1"),
    Variable(
        "metric", "Metric", "SELECT DISTINCT metric FROM metrics WHERE value IS NOT NULL ORDER BY 1"
    ),
    Variable(
        "run",
        "Run",
        f"SELECT r.run FROM runs r WHERE {_CHOSEN} ORDER BY r.started DESC",
        several=False,
    ),
)
_PANELS: Final = (
    Panel(
        "Numbers over the runs",
        "timeseries",
        "SELECT r.started AS time, r.devices || ', ' || x.phase || '/' || x.metric AS metric, x.value "
        "FROM metrics x JOIN runs r ON r.id = x.run_id "
        f"WHERE $__timeFilter(r.started) AND {_CHOSEN} AND x.metric IN (${{metric:sqlstring}}) "
        "AND x.value IS NOT NULL ORDER BY 1",
        points=True,
    ),
    Panel(
        "Runs",
        "table",
        "SELECT r.started, r.run, r.vendor, r.devices, r.engine, r.engine_version, r.image, r.precision, r.model, "
        "r.profile, r.conformant, r.division, r.level, r.signer, r.suite_version "
        f"FROM runs r WHERE $__timeFilter(r.started) AND {_CHOSEN} ORDER BY r.started DESC",
    ),
    Panel(
        "Rules that did not pass",
        "table",
        "SELECT r.started, r.run, x.rule, x.outcome, x.why FROM checks x JOIN runs r ON r.id = x.run_id "
        f"WHERE $__timeFilter(r.started) AND {_CHOSEN} AND x.outcome IN ('warn', 'fail', 'error') "
        "ORDER BY r.started DESC, x.rule",
        width=12,
    ),
    Panel(
        "The run's phases",
        "table",
        "SELECT x.phase, x.scenario, x.concurrency, x.rate, count(q.run_id) AS requests, "
        "count(q.run_id) FILTER (WHERE q.outcome <> 'ok') AS failed, "
        "percentile_cont(0.5) WITHIN GROUP (ORDER BY (q.first_ns - q.sent_ns) / 1e6) AS ttft_p50_ms, "
        "percentile_cont(0.9) WITHIN GROUP (ORDER BY (q.first_ns - q.sent_ns) / 1e6) AS ttft_p90_ms "
        "FROM phases x JOIN runs r ON r.id = x.run_id "
        "LEFT JOIN requests q ON q.run_id = x.run_id AND q.phase = x.phase AND q.measured "
        "WHERE r.run IN (${run:sqlstring}) GROUP BY x.run_id, x.phase, x.position, x.scenario, x.concurrency, x.rate "
        "ORDER BY x.position",
        width=12,
    ),
    Panel(
        "The run's requests: first chunk with text",
        "timeseries",
        "SELECT x.sent AS time, x.phase AS metric, (x.first_ns - x.sent_ns) / 1e6 AS value "
        f"FROM requests x {_RUN} AND x.first_ns IS NOT NULL ORDER BY 1",
        width=12,
        unit="ms",
        points=True,
    ),
    Panel(
        "The run's requests: generated tokens",
        "timeseries",
        "SELECT x.sent AS time, x.phase AS metric, x.generated_tokens AS value "
        f"FROM requests x {_RUN} AND x.generated_tokens IS NOT NULL ORDER BY 1",
        width=12,
        points=True,
    ),
    Panel(
        "The run's power",
        "timeseries",
        "SELECT x.at AS time, x.device AS metric, x.power_w AS value "
        f"FROM telemetry x {_RUN} AND x.power_w IS NOT NULL ORDER BY 1",
        width=8,
        unit="watt",
    ),
    Panel(
        "The run's devices in use",
        "timeseries",
        "SELECT x.at AS time, x.device AS metric, x.utilisation AS value "
        f"FROM telemetry x {_RUN} AND x.utilisation IS NOT NULL ORDER BY 1",
        width=8,
        unit="percentunit",
    ),
    Panel(
        "The run's device memory",
        "timeseries",
        "SELECT x.at AS time, x.device AS metric, x.memory_used_bytes AS value "
        f"FROM telemetry x {_RUN} AND x.memory_used_bytes IS NOT NULL ORDER BY 1",
        width=8,
        unit="bytes",
    ),
    Panel(
        "The run's environment",
        "table",
        f"SELECT x.name, x.value, x.unknown FROM environment x {_RUN} ORDER BY x.name",
    ),
)
_BENCHMARK: Final = (
    "JOIN benchmarks b ON b.benchmark_id = x.benchmark_id WHERE b.branch IN (${branch:sqlstring}) "
    "AND b.metadata->>'gpu_name' IN (${gpu_name:sqlstring})"
)


def _measured(title: str, name: str) -> Panel:
    """A model measurement over the benchmarks."""
    return Panel(
        title,
        "timeseries",
        "SELECT x.time AS time, left(b.commit_id, 12) || ', ' || coalesce(b.metadata->>'phase', '') AS metric, "
        f"CAST(x.measurements->>'{name}' AS double precision) AS value "
        f"FROM model_measurements x {_BENCHMARK} AND x.measurements ? '{name}' ORDER BY 1",
        width=12,
        unit="s",
        points=True,
    )


def _used(title: str, column: str, unit: str) -> Panel:
    """A device measurement over time."""
    return Panel(
        title,
        "timeseries",
        f"SELECT x.time AS time, left(b.commit_id, 12) AS metric, x.{column} AS value "
        f"FROM device_measurements x {_BENCHMARK} AND x.{column} IS NOT NULL ORDER BY 1",
        width=12,
        unit=unit,
    )


BOARDS: Final = (
    Board("llm-conformance", "LLM inference conformance", _VARIABLES, _PANELS),
    Board(
        "transformers-benchmarks",
        "transformers' MetricsRecorder",
        (
            Variable("branch", "Branch", "SELECT DISTINCT branch FROM benchmarks ORDER BY 1"),
            Variable(
                "gpu_name",
                "GPU",
                "SELECT DISTINCT metadata->>'gpu_name' FROM benchmarks ORDER BY 1",
            ),
        ),
        (
            Panel(
                "Benchmarks",
                "table",
                "SELECT x.created_at, x.repository, x.commit_id, x.commit_message, x.metadata->>'phase' AS phase, "
                f"x.metadata->>'gpu_name' AS gpu_name FROM benchmarks x {_BENCHMARK} ORDER BY x.benchmark_id DESC",
            ),
            _measured("Time to first token", "time_to_first_token_secs"),
            _measured("Mean time to next token", "time_to_next_token_mean_secs"),
            _used("CPU", "cpu_util", "percent"),
            _used("Memory", "mem_megabytes", "mbytes"),
            _used("GPU", "gpu_util", "percent"),
            _used("GPU memory", "gpu_mem_megabytes", "mbytes"),
        ),
    ),
)
_DATA_SOURCE: Final = """\
apiVersion: 1
datasources:
  - name: LLM inference conformance
    uid: llm-conformance
    type: grafana-postgresql-datasource
    url: ${SUITE_DB_HOST}
    user: ${SUITE_DB_USER}
    secureJsonData: {password: "${SUITE_DB_PASSWORD}"}
    jsonData: {database: "${SUITE_DB_NAME}", sslmode: "${SUITE_DB_SSLMODE}"}
"""
_PROVIDER: Final = """\
apiVersion: 1
providers:
  - name: LLM inference conformance
    type: file
    options: {path: /etc/grafana/provisioning/dashboards/llm-conformance}
"""


def _variable(variable: Variable) -> JSONObject:
    return {
        "name": variable.name,
        "label": variable.title,
        "type": "query",
        "datasource": dict(_SOURCE),
        "query": variable.query,
        "refresh": 2,
        "multi": variable.several,
        "includeAll": variable.several,
        **({"current": {"text": ["All"], "value": ["$__all"]}} if variable.several else {}),
    }


def _panel(panel: Panel, number: int, x: int, y: int) -> JSONObject:
    custom: JSONObject = {}
    if panel.kind == "timeseries":
        custom = {"drawStyle": "points", "pointSize": 6} if panel.points else {"drawStyle": "line"}
    return {
        "id": number,
        "title": panel.title,
        "type": panel.kind,
        "datasource": dict(_SOURCE),
        "gridPos": {"x": x, "y": y, "w": panel.width, "h": 9},
        "fieldConfig": {"defaults": {"unit": panel.unit, "custom": custom}, "overrides": []},
        "targets": [
            {
                "refId": "A",
                "datasource": dict(_SOURCE),
                "format": "time_series" if panel.kind == "timeseries" else "table",
                "rawQuery": True,
                "rawSql": panel.query,
            }
        ],
    }


def dashboard(board: Board) -> JSONObject:
    """A dashboard in Grafana's own form."""
    panels: list[JSONValue] = []
    x = y = 0
    for number, panel in enumerate(board.panels, 1):
        if x + panel.width > 24:
            x, y = 0, y + 9
        panels.append(_panel(panel, number, x, y))
        x += panel.width
    variables: list[JSONValue] = [_variable(variable) for variable in board.variables]
    return {
        "uid": board.uid,
        "title": board.title,
        "schemaVersion": 39,
        "time": {"from": "now-90d", "to": "now"},
        "templating": {"list": variables},
        "panels": panels,
    }


def files() -> dict[str, bytes]:
    """What Grafana's provisioning folder holds, by path."""
    boards = {
        f"dashboards/llm-conformance/{board.uid}.json": jsonio.pretty(dashboard(board))
        for board in BOARDS
    }
    return {
        "datasources/llm-conformance.yaml": _DATA_SOURCE.encode(),
        "dashboards/llm-conformance.yaml": _PROVIDER.encode(),
        **boards,
    }
