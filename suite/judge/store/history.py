"""The runs of a store as series: runs of one vendor, device, engine, model and workload, oldest first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from suite.base.bilingual import Sentence
from suite.base.errors import EvidenceError
from suite.documents.history import HISTORY_SCHEMA, History, HistoryRun, HistorySeries
from suite.judge.compare.chosen import chosen
from suite.judge.report.view import values
from suite.judge.store.ingest import stored_card
from suite.judge.store.tables import RUNS

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import Engine

    from suite.documents.card import Scorecard
    from suite.documents.value import Value

Key = tuple[str, str]
"""Phase and metric; the phase is empty for a number of the whole run."""


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run of a store with its card."""

    card: Scorecard
    payload_sha256: str
    signer: str

    def value(self, key: Key) -> Value | None:
        """One of its values; None where the card knows no such phase or metric."""
        return self.values.get(key)

    @property
    def values(self) -> dict[Key, Value]:
        """All of them."""
        return {(phase, metric): value for phase, metric, value in values(self.card)}


@dataclass(frozen=True, slots=True)
class Series:
    """Runs whose numbers are one history, oldest first."""

    id: str
    runs: tuple[StoredRun, ...]

    @property
    def title(self) -> str:
        """Who, on what, with what, as the newest run says."""
        card = self.runs[-1].card
        parts = card.vendor.name, card.devices.title, card.engine.title, card.model.id
        return " · ".join((*parts, card.workload.profile, card.runtime))


@dataclass(frozen=True, slots=True)
class SeriesQuery:
    """Which runs, and which of their numbers.

    Attributes:
        vendor: of the runs; None for every one.
        model: the same.
        run: the series that this run is in; None for all.
        last: the newest so many runs of a series.
        metrics: their names, or PHASE/METRIC; those that lead a card where none is named.
        signed: signed runs alone.
    """

    vendor: str | None = None
    model: str | None = None
    run: str | None = None
    last: int = 30
    metrics: tuple[str, ...] = ()
    signed: bool = False


def series(engine: Engine, wanted: SeriesQuery) -> list[Series]:
    """The series of a store by their titles.

    Raises:
        EvidenceError: ``history-empty`` where no run is what was wanted.
    """
    query = select(RUNS.c.series, RUNS.c.payload_sha256, RUNS.c.signer, RUNS.c.card)
    if wanted.vendor is not None:
        query = query.where(RUNS.c.vendor == wanted.vendor)
    if wanted.model is not None:
        query = query.where(RUNS.c.model == wanted.model)
    if wanted.run is not None:
        query = query.where(
            RUNS.c.series.in_(select(RUNS.c.series).where(RUNS.c.run == wanted.run))
        )
    if wanted.signed:
        query = query.where(RUNS.c.signed)
    rows: dict[str, list[StoredRun]] = {}
    with engine.connect() as connection:
        for row in connection.execute(query.order_by(RUNS.c.started, RUNS.c.id)):
            stored = StoredRun(stored_card(row.card), row.payload_sha256, row.signer)
            rows.setdefault(row.series, []).append(stored)
    if not rows:
        hint = Sentence("suite db ingest RUN puts one in", "suite db ingest RUN 可将其存入")
        raise EvidenceError(
            "history-empty",
            Sentence("the store holds no such run", "运行数据库中没有这个运行"),
            hint=hint,
        )
    listed = [Series(name, tuple(runs[-wanted.last :])) for name, runs in rows.items()]
    return sorted(listed, key=lambda item: (item.title, item.id))


def keys(runs: Sequence[StoredRun], metrics: Collection[str]) -> list[Key]:
    """The numbers that are looked at: those named, else what leads any of the cards.

    Raises:
        UsageError: ``metric-unknown`` for a name that none of the cards has.
    """
    return chosen([run.card for run in runs], metrics)


def history(listed: Sequence[Series], metrics: Collection[str]) -> History:
    """The runs with those numbers, as a document."""
    return History(
        history_schema=HISTORY_SCHEMA,
        series=tuple(
            HistorySeries(
                series=item.id,
                title=item.title,
                runs=tuple(_run(run, keys(item.runs, metrics)) for run in item.runs),
            )
            for item in listed
        ),
    )


def _run(run: StoredRun, chosen: Sequence[Key]) -> HistoryRun:
    card = run.card
    values: dict[str, dict[str, Value]] = {}
    for key in chosen:
        value = run.value(key)
        if value is not None:
            values.setdefault(key[0], {})[key[1]] = value
    return HistoryRun(
        run=card.run.id,
        payload_sha256=run.payload_sha256,
        started_utc=card.run.started_utc,
        signer=run.signer,
        conformant=card.verdict.conformant,
        division=card.division.granted,
        engine=f"{card.engine.title} {card.engine.version}".strip(),
        image=card.engine.image_digest or card.engine.image_reference,
        suite=f"{card.suite.version}, {card.suite.commit}",
        values=values,
    )
