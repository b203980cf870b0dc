"""The tables. Times are UTC; those of a run's own clock are nanoseconds since its start, as in the evidence.

A change here is a new version under ``migrations/versions``; a test holds the two against each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

if TYPE_CHECKING:
    from sqlalchemy.types import TypeEngine

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _run() -> Column[int]:
    """Which run a row is of; first part of its key."""
    return Column("run_id", Integer, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)


def _each(kind: type[TypeEngine[Any]], *names: str, nullable: bool = False) -> list[Column[Any]]:
    """Columns of one type."""
    return [Column(name, kind, nullable=nullable) for name in names]


RUNS = Table(
    "runs",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("payload_sha256", String(64), nullable=False, unique=True),
    Column("manifest_sha256", String(64), nullable=False, unique=True),
    Column("run", Text, nullable=False),
    Column("started", DateTime(timezone=True), nullable=False, index=True),
    Column("signer", Text, nullable=False),
    *_each(Boolean, "signed", "has_evidence", "conformant"),
    *_each(Text, "outcome", "division", "level", "vendor", "devices"),
    Column("device_count", Integer),
    *_each(Text, "engine", "engine_version", "image", "precision", "arguments", "model"),
    Column("model_sha256", String(64), nullable=False),
    *_each(Text, "profile", "taskset", "runtime", "suite_version", "suite_commit"),
    Column("metric_schema", Integer, nullable=False),
    Column("series", String(64), nullable=False, index=True),
    Column("card", LargeBinary, nullable=False),
)
"""One row a run. `series` digests what two runs must share for their numbers to be one history; `card` is the scorecard
as JSON, packed by zstd; `arguments` is JSON."""

PHASES = Table(
    "phases",
    METADATA,
    _run(),
    Column("phase", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("scenario", Text, nullable=False),
    *_each(Integer, "tasks", "repeats"),
    Column("concurrency", Integer),
    Column("rate", Double),
)

METRICS = Table(
    "metrics",
    METADATA,
    _run(),
    Column("phase", Text, primary_key=True),
    Column("metric", Text, primary_key=True),
    Column("headline", Boolean, nullable=False),
    Column("direction", Text, nullable=False),
    Column("value", Double),
    Column("unit", Text),
    Column("n", BigInteger),
    *_each(Double, "low", "high", nullable=True),
    Column("not_measured", Text),
)
"""The phase is empty for a number of the whole run; exactly one of `value` and `not_measured` is there."""

CHECKS = Table(
    "checks",
    METADATA,
    _run(),
    Column("rule", Text, primary_key=True),
    *_each(Text, "outcome", "why"),
)

ENVIRONMENT = Table(
    "environment",
    METADATA,
    _run(),
    Column("name", Text, primary_key=True),
    *_each(Text, "value", "unknown", nullable=True),
)

REQUESTS = Table(
    "requests",
    METADATA,
    _run(),
    Column("phase", Text, primary_key=True),
    Column("repeat", Integer, primary_key=True),
    Column("measured", Boolean, primary_key=True),
    Column("index", Integer, primary_key=True),
    *_each(Text, "task", "outcome"),
    Column("status", Integer),
    Column("finish_reason", Text),
    Column("sent", DateTime(timezone=True), nullable=False),
    *_each(BigInteger, "scheduled_ns", "sent_ns"),
    Column("first_ns", BigInteger),
    Column("end_ns", BigInteger, nullable=False),
    Column("chunks", Integer, nullable=False),
    *_each(BigInteger, "prompt_tokens", "generated_tokens", nullable=True),
)
"""Times and counts; prompts and answers stay in the evidence. `first_ns` is the first chunk with text."""

TELEMETRY = Table(
    "telemetry",
    METADATA,
    _run(),
    Column("place", Integer, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("at_ns", BigInteger, nullable=False),
    *_each(Text, "tool", "device"),
    *_each(Double, "power_w", "energy_j", "utilisation", nullable=True),
    *_each(BigInteger, "memory_used_bytes", "memory_total_bytes", nullable=True),
    *_each(Double, "temperature_c", "clock_mhz", nullable=True),
)

Index("ix_metrics_metric", METRICS.c.metric, METRICS.c.phase)
