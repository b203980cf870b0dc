"""The database of transformers' MetricsRecorder as an SQL script for psql: its three tables, and a run's rows in them.

A benchmark is a phase. The tables are made where there are none, as transformers' own ``init_db.sql`` makes them, so that
its recorder and its Grafana dashboard go on with the same database.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from suite.base import jsonio, statistics
from suite.base.bilingual import Bilingual
from suite.documents.document import given
from suite.judge.report.formats.format import Format
from suite.judge.report.othertools.devices import MIB, within
from suite.judge.report.othertools.loads import loads
from suite.judge.report.othertools.tabular import chosen, number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from suite.documents.card import Scorecard
    from suite.documents.telemetry import TelemetrySample
    from suite.judge.report.formats.format import Subject
    from suite.judge.report.othertools.loads import Load
    from suite.judge.report.othertools.view import View

TABLES: Final = """\
CREATE TABLE IF NOT EXISTS benchmarks (
  benchmark_id SERIAL PRIMARY KEY,
  repository VARCHAR(255),
  branch VARCHAR(255),
  commit_id VARCHAR(72),
  commit_message VARCHAR(70),
  metadata jsonb,
  created_at timestamp without time zone NOT NULL DEFAULT (current_timestamp AT TIME ZONE 'UTC')
);
CREATE INDEX IF NOT EXISTS benchmarks_benchmark_id_idx ON benchmarks (benchmark_id);
CREATE INDEX IF NOT EXISTS benchmarks_branch_idx ON benchmarks (branch);
CREATE TABLE IF NOT EXISTS device_measurements (
  measurement_id SERIAL PRIMARY KEY,
  benchmark_id int REFERENCES benchmarks (benchmark_id),
  cpu_util double precision,
  mem_megabytes double precision,
  gpu_util double precision,
  gpu_mem_megabytes double precision,
  time timestamp without time zone NOT NULL DEFAULT (current_timestamp AT TIME ZONE 'UTC')
);
CREATE INDEX IF NOT EXISTS device_measurements_branch_idx ON device_measurements (benchmark_id);
CREATE TABLE IF NOT EXISTS model_measurements (
  measurement_id SERIAL PRIMARY KEY,
  benchmark_id int REFERENCES benchmarks (benchmark_id),
  measurements jsonb,
  time timestamp without time zone NOT NULL DEFAULT (current_timestamp AT TIME ZONE 'UTC')
);
CREATE INDEX IF NOT EXISTS model_measurements_branch_idx ON model_measurements (benchmark_id);
"""
BRANCH: Final = "measured"
"""Stands for the branch, which no run tells; the dashboard wants one to choose."""
_LAST: Final = "currval('benchmarks_benchmark_id_seq')"
_DEVICE_COLUMNS: Final = ("cpu_util", "mem_megabytes", "gpu_util", "gpu_mem_megabytes")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''").replace("\0", "") + "'"


def _commit(card: Scorecard) -> str:
    """The commit of the engine where it was loaded from a checkout; else its version."""
    commits = [
        str(given(fact.value, ""))
        for name, fact in card.environment.items()
        if name.split(".")[:2] == ["engine", "source"]
    ]
    return next(filter(None, commits), card.engine.version)


def _at(load: Load, time_ns: int) -> str:
    return _quoted(
        datetime.fromtimestamp(load.epoch_s(time_ns), UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    )


def _insert(table: str, values: Mapping[str, str]) -> str:
    columns, expressions = ", ".join(values), ", ".join(values.values())
    return f"INSERT INTO {table} ({columns}) VALUES ({expressions});\n"  # noqa: S608 - numbers, and texts that `_quoted` quotes


def _benchmark(subject: Subject, load: Load) -> str:
    card = subject.card
    metadata: jsonio.JSONObject = {
        "gpu_name": card.devices.title,
        "model_id": card.model.id,
        "run": card.run.id,
        "phase": load.name,
        "engine": f"{card.engine.title} {card.engine.version}".strip(),
    }
    return _insert(
        "benchmarks",
        {
            "repository": _quoted(card.engine.id[:255]),
            "branch": _quoted(BRANCH),
            "commit_id": _quoted(_commit(card)[:72]),
            "commit_message": _quoted(card.run.id[:70]),
            "metadata": _quoted(jsonio.canonical(metadata).decode()),
            "created_at": _at(load, load.phase.repeats[0].first_sent),
        },
    )


def _model(load: Load, view: View) -> str:
    measurements: jsonio.JSONObject = {
        field.name: value
        for field in view.fields
        if field.name not in _DEVICE_COLUMNS and (value := number(view, field.name)) is not None
    }
    return _insert(
        "model_measurements",
        {
            "benchmark_id": _LAST,
            "measurements": _quoted(jsonio.canonical(measurements).decode()),
            "time": _at(load, load.phase.repeats[0].end),
        },
    )


def _mean(
    samples: Sequence[TelemetrySample],
    read: Callable[[TelemetrySample], float | None],
    scale: float,
) -> str:
    values = [value * scale for value in map(read, samples) if value is not None]
    return f"{statistics.mean(values):.9g}" if values else "NULL"


def _devices(load: Load) -> Iterator[str]:
    """A row for each moment of the telemetry: use in per cent, memory in MiB; means over the devices."""
    moments: dict[int, list[TelemetrySample]] = {}
    for sample in within(load.evidence, load.phase):
        moments.setdefault(sample.t, []).append(sample)
    for time_ns, samples in sorted(moments.items()):
        host = [sample for sample in samples if sample.device == "host"]
        devices = [sample for sample in samples if sample.device != "host"]
        numbers = [
            text
            for of in (host, devices)
            for text in (
                _mean(of, lambda sample: given(sample.utilisation), 100.0),
                _mean(of, lambda sample: given(sample.memory_used_bytes), 1 / MIB),
            )
        ]
        columns = dict(zip(_DEVICE_COLUMNS, numbers, strict=True))
        yield _insert(
            "device_measurements",
            {"benchmark_id": _LAST, **columns, "time": _at(load, time_ns)},
        )


def render(subject: Subject) -> bytes:
    """One transaction."""
    parts = ["BEGIN;\nSET LOCAL standard_conforming_strings = on;\n", TABLES]
    views = chosen(subject, "transformers")
    for load in loads(subject):
        parts += [_benchmark(subject, load), _model(load, views[load.name]), *_devices(load)]
    return "".join([*parts, "COMMIT;\n"]).encode()


FORMAT = Format(
    Bilingual(
        "transformers' MetricsRecorder tables as SQL for PostgreSQL",
        "transformers MetricsRecorder 的数据表（PostgreSQL 的 SQL）",
    ),
    ".sql",
    "evidence",
    render,
)
