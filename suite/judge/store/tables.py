"""The tables. Times are UTC; those of a run's own clock are nanoseconds since its start, as in the evidence.

A change here is a new version under ``migrations/versions``; a test holds the two against each other.
"""

from __future__ import annotations

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


RUNS = Table(
    "runs",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("payload_sha256", String(64), nullable=False, unique=True),
    Column("manifest_sha256", String(64), nullable=False, unique=True),
    Column("run", Text, nullable=False),
    Column("started", DateTime(timezone=True), nullable=False, index=True),
    Column("signer", Text, nullable=False),
    Column("signed", Boolean, nullable=False),
    Column("has_evidence", Boolean, nullable=False),
    Column("conformant", Boolean, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("division", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("vendor", Text, nullable=False),
    Column("devices", Text, nullable=False),
    Column("device_count", Integer),
    Column("engine", Text, nullable=False),
    Column("engine_version", Text, nullable=False),
    Column("image", Text, nullable=False),
    Column("precision", Text, nullable=False),
    Column("arguments", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("model_sha256", String(64), nullable=False),
    Column("profile", Text, nullable=False),
    Column("taskset", Text, nullable=False),
    Column("runtime", Text, nullable=False),
    Column("suite_version", Text, nullable=False),
    Column("suite_commit", Text, nullable=False),
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
    Column("tasks", Integer, nullable=False),
    Column("repeats", Integer, nullable=False),
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
    Column("low", Double),
    Column("high", Double),
    Column("not_measured", Text),
)
"""The phase is empty for a number of the whole run; exactly one of `value` and `not_measured` is there."""

CHECKS = Table(
    "checks",
    METADATA,
    _run(),
    Column("rule", Text, primary_key=True),
    Column("outcome", Text, nullable=False),
    Column("why", Text, nullable=False),
)

ENVIRONMENT = Table(
    "environment",
    METADATA,
    _run(),
    Column("name", Text, primary_key=True),
    Column("value", Text),
    Column("unknown", Text),
)

REQUESTS = Table(
    "requests",
    METADATA,
    _run(),
    Column("phase", Text, primary_key=True),
    Column("repeat", Integer, primary_key=True),
    Column("measured", Boolean, primary_key=True),
    Column("index", Integer, primary_key=True),
    Column("task", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("status", Integer),
    Column("finish_reason", Text),
    Column("sent", DateTime(timezone=True), nullable=False),
    Column("scheduled_ns", BigInteger, nullable=False),
    Column("sent_ns", BigInteger, nullable=False),
    Column("first_ns", BigInteger),
    Column("end_ns", BigInteger, nullable=False),
    Column("chunks", Integer, nullable=False),
    Column("prompt_tokens", BigInteger),
    Column("generated_tokens", BigInteger),
)
"""Times and counts; prompts and answers stay in the evidence. `first_ns` is the first chunk with text."""

TELEMETRY = Table(
    "telemetry",
    METADATA,
    _run(),
    Column("place", Integer, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("at_ns", BigInteger, nullable=False),
    Column("tool", Text, nullable=False),
    Column("device", Text, nullable=False),
    Column("power_w", Double),
    Column("energy_j", Double),
    Column("utilisation", Double),
    Column("memory_used_bytes", BigInteger),
    Column("memory_total_bytes", BigInteger),
    Column("temperature_c", Double),
    Column("clock_mhz", Double),
)

PARTS = (PHASES, METRICS, CHECKS, ENVIRONMENT, REQUESTS, TELEMETRY)
"""What belongs to a run, in the order of filling."""
Index("ix_metrics_metric", METRICS.c.metric, METRICS.c.phase)
