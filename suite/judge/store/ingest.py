"""Cards and evidence into a store: a run stands in it once, however often it is given."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec
import zstandard
from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError

from suite.base import jsonio
from suite.documents import codec
from suite.documents.card import Scorecard
from suite.documents.document import given
from suite.judge.report.view import values
from suite.judge.store.tables import (
    CHECKS,
    ENVIRONMENT,
    METRICS,
    PHASES,
    REQUESTS,
    RUNS,
    TELEMETRY,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy import Connection, Engine, Table

    from suite.documents.event import Request
    from suite.evidence import Evidence
    from suite.judge.store.item import Item

Row = dict[str, Any]
"""What SQLAlchemy takes for one row."""
Change = Literal["added", "replaced", "known"]
_MOST_CARD: Final = 64 << 20
"""Bytes of a card unpacked."""
_BATCH: Final = 5_000


def held(engine: Engine) -> dict[str, bool]:
    """Payload digests of the signed runs that a store holds, and whether with their evidence."""
    query = select(RUNS.c.payload_sha256, RUNS.c.has_evidence).where(RUNS.c.signed)
    with engine.connect() as connection:
        return {digest: bool(whole) for digest, whole in connection.execute(query)}


def ingest(engine: Engine, item: Item) -> Change:
    """Put a run into the store, all of it or nothing.

    A run that is there already stays as it is, unless it comes with a signature or with evidence that it lacked, or with
    another card, which lacks neither.
    """
    try:
        with engine.begin() as connection:
            return _ingest(connection, item)
    except IntegrityError:
        # Somebody else may have brought the same run in at the same moment.
        query = select(RUNS.c.id).where(RUNS.c.payload_sha256 == item.payload_sha256)
        with engine.connect() as connection:
            if connection.execute(query).first() is None:
                raise
        return "known"


def _ingest(connection: Connection, item: Item) -> Change:
    stored = connection.execute(
        select(RUNS.c.id, RUNS.c.payload_sha256, RUNS.c.signed, RUNS.c.has_evidence).where(
            RUNS.c.manifest_sha256 == item.manifest_sha256
        )
    ).one_or_none()
    if stored is not None:
        had = bool(stored.signed), bool(stored.has_evidence)
        newer = item.payload_sha256 != stored.payload_sha256
        # A card without its evidence never drives out one with it, nor an unsigned one a signed one.
        lacks = any(old and not new for old, new in zip(had, item.worth, strict=True))
        if lacks or (item.worth == had and not newer):
            return "known"
        _remove(connection, stored.id)
    (number,) = connection.execute(insert(RUNS).values(_run(item))).inserted_primary_key or (0,)
    for table, rows in _parts(item):
        _fill(connection, table, number, rows)
    return "added" if stored is None else "replaced"


def _remove(connection: Connection, number: int) -> None:
    # SQLite follows foreign keys only where it is told to.
    for table in (PHASES, METRICS, CHECKS, ENVIRONMENT, REQUESTS, TELEMETRY):
        connection.execute(delete(table).where(table.c.run_id == number))
    connection.execute(delete(RUNS).where(RUNS.c.id == number))


def _fill(connection: Connection, table: Table, number: int, rows: Iterable[Row]) -> None:
    batch: list[Row] = []
    for row in rows:
        batch.append({"run_id": number, **{name: _plain(cell) for name, cell in row.items()}})
        if len(batch) == _BATCH:
            connection.execute(insert(table), batch)
            batch = []
    if batch:
        connection.execute(insert(table), batch)


def _plain(cell: object) -> object:
    """A cell as every database takes it: PostgreSQL's text holds no NUL, which a server may have sent."""
    return cell.replace("\0", "\ufffd") if isinstance(cell, str) else cell


def time(text: str) -> dt.datetime:
    """A card's or log's time in UTC."""
    return dt.datetime.fromisoformat(text)


def series(card: Scorecard) -> str:
    """Digest of what two runs share whose numbers are one history: who, on what, and what was asked.

    Engine version, image, arguments and precision may differ: they are what a history is about.
    """
    return jsonio.digest(
        [
            card.vendor.id,
            card.devices.accelerator,
            card.devices.count,
            card.engine.id,
            card.model.id,
            card.workload.profile_sha256,
            card.workload.taskset.records_sha256,
            card.runtime,
            card.metric_schema,
        ]
    )


def _run(item: Item) -> Row:
    card = item.card
    return {
        "payload_sha256": item.payload_sha256,
        "manifest_sha256": item.manifest_sha256,
        "run": card.run.id,
        "started": time(card.run.started_utc),
        "signer": item.signer,
        "signed": bool(item.signer),
        "has_evidence": item.evidence is not None,
        "conformant": card.verdict.conformant,
        "outcome": card.verdict.outcome,
        "division": card.division.granted,
        "level": card.level.level,
        "vendor": card.vendor.id,
        "devices": card.devices.title,
        "device_count": card.devices.count,
        "engine": card.engine.id,
        "engine_version": card.engine.version,
        "image": card.engine.image_digest or card.engine.image_reference,
        "precision": card.engine.dtype.executed,
        "arguments": json.dumps(card.engine.arguments, ensure_ascii=False),
        "model": card.model.id,
        "model_sha256": card.model.sha256,
        "profile": card.workload.profile,
        "taskset": card.workload.taskset.name,
        "runtime": card.runtime,
        "suite_version": card.suite.version,
        "suite_commit": card.suite.commit,
        "metric_schema": card.metric_schema,
        "series": series(card),
        "card": zstandard.compress(msgspec.json.encode(codec.plain(card))),
    }


def stored_card(data: bytes) -> Scorecard:
    """The card of a row."""
    text = zstandard.ZstdDecompressor().decompress(data, max_output_size=_MOST_CARD)
    return codec.convert(jsonio.loads(text), Scorecard, file="the store's card")


def _parts(item: Item) -> Iterator[tuple[Table, Iterator[Row]]]:
    card, evidence = item.card, item.evidence
    yield PHASES, _phases(card)
    yield METRICS, _metrics(card)
    yield (
        CHECKS,
        ({"rule": check.rule, "outcome": check.outcome, "why": check.why} for check in card.checks),
    )
    yield (
        ENVIRONMENT,
        (
            {"name": name, "value": given(fact.value), "unknown": given(fact.unknown)}
            for name, fact in card.environment.items()
        ),
    )
    if evidence is not None:
        yield REQUESTS, _requests(evidence)
        yield TELEMETRY, _telemetry(evidence)


def _phases(card: Scorecard) -> Iterator[Row]:
    for position, phase in enumerate(card.phases):
        yield {
            "phase": phase.name,
            "position": position,
            "scenario": phase.scenario,
            "tasks": phase.tasks,
            "repeats": phase.repeats,
            "concurrency": phase.load.concurrency,
            "rate": phase.load.rate,
        }


def _metrics(card: Scorecard) -> Iterator[Row]:
    leading = {(item.phase, item.metric) for item in card.headline}
    for phase, metric, value in values(card):
        row = dict.fromkeys(("value", "unit", "n", "low", "high", "not_measured"))
        row |= msgspec.to_builtins(value)
        row.pop("interval", None)
        yield {
            "phase": phase,
            "metric": metric,
            "headline": (phase, metric) in leading,
            "direction": card.metrics[metric].direction,
            **row,
        }


def _moment(evidence: Evidence, at_ns: int) -> dt.datetime:
    return time(evidence.header.started_utc) + dt.timedelta(microseconds=at_ns / 1000)


def _requests(evidence: Evidence) -> Iterator[Row]:
    for request in evidence.requests:
        yield {
            "phase": request.phase,
            "repeat": request.repeat,
            "measured": request.measured,
            "index": request.index,
            "task": request.task,
            "outcome": request.outcome,
            "status": request.status,
            "finish_reason": request.finish_reason,
            "sent": _moment(evidence, request.t_send),
            "scheduled_ns": request.t_sched,
            "sent_ns": request.t_send,
            "first_ns": request.chunk_t0,
            "end_ns": request.t_end,
            "chunks": 0 if request.chunk_t0 is None else 1 + len(request.chunk_dt),
            "prompt_tokens": _prompt(request),
            "generated_tokens": _generated(request),
        }


def _prompt(request: Request) -> int | None:
    return given(request.usage.engine_prompt) or given(request.usage.own_prompt)


def _generated(request: Request) -> int | None:
    if request.token_ids is not None:
        return len(request.token_ids)
    engine = given(request.usage.engine_completion)
    return given(request.usage.own_completion) if engine is None else engine


def _telemetry(evidence: Evidence) -> Iterator[Row]:
    for place, sample in enumerate(evidence.telemetry):
        yield {
            "place": place,
            "at": _moment(evidence, sample.t),
            "at_ns": sample.t,
            "tool": sample.tool,
            "device": sample.device,
            "power_w": given(sample.power_w),
            "energy_j": given(sample.energy_j),
            "utilisation": given(sample.utilisation),
            "memory_used_bytes": given(sample.memory_used_bytes),
            "memory_total_bytes": given(sample.memory_total_bytes),
            "temperature_c": given(sample.temperature_c),
            "clock_mhz": given(sample.clock_mhz),
        }
