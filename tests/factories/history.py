"""Runs of one series whose numbers are known: the factory's card at another time, with other values and another image."""

from __future__ import annotations

import datetime as dt
import random
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec

from suite.base import jsonio
from suite.documents.card import Scorecard
from suite.documents.codec import plain
from suite.documents.value import Measured, stored
from suite.judge.store import database
from suite.judge.store.item import Item
from tests.factories import scorecard

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def card_at(day: int, factor: float, image: str = "") -> Scorecard:
    """The card of a run on a day, every throughput multiplied and every latency divided by a factor."""
    card = scorecard.document(scorecard.card())

    def changed(name: str, value: object) -> object:
        if not isinstance(value, Measured) or value.value == 0:
            return value
        direction = card.metrics[name].direction
        by = {"higher": factor, "lower": 1 / factor, "none": 1.0}[direction]
        ends = {
            end: None if limit is None else stored(limit * by)
            for end, limit in (("low", value.low), ("high", value.high))
        }
        return msgspec.structs.replace(value, value=stored(value.value * by), **ends)

    phases = tuple(
        msgspec.structs.replace(
            phase, metrics={name: changed(name, value) for name, value in phase.metrics.items()}
        )
        for phase in card.phases
    )
    started = START + dt.timedelta(days=day)
    run = msgspec.structs.replace(
        card.run, id=f"run-{day:03d}", started_utc=started.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    )
    engine = msgspec.structs.replace(card.engine, image_digest=image or card.engine.image_digest)
    return msgspec.structs.replace(card, run=run, phases=phases, engine=engine)


def item(card: Scorecard, *, signer: str = "", evidence: object = None) -> Item:
    """A run as it goes into a store; the digests are of its card and its name."""
    manifest = jsonio.digest(card.run.id)
    return Item(card, jsonio.digest(plain(card)), manifest, signer, evidence)


def noise(count: int, spread: float, seed: int) -> list[float]:
    """Factors of runs that do nothing but differ."""
    source = random.Random(seed)
    return [source.lognormvariate(0, spread) for _ in range(count)]


def items(factors: Sequence[float], since: int | None = None) -> Iterator[Item]:
    """A run a day; those from a place on with another image."""
    for day, factor in enumerate(factors):
        image = f"sha256:{'e' * 64}" if since is not None and day >= since else ""
        yield item(card_at(day, factor, image))


def opened_by_two(url: str, monkeypatch) -> None:
    """Two open a new store; the first has made its tables and takes its time to say so, in which the other would make them too."""
    made = threading.Event()
    migrate = database.migrate

    def slowly(connection, shown):
        migrate(connection, shown)
        if not made.is_set():
            made.set()
            time.sleep(2)

    def opening(first: bool) -> None:
        assert first or made.wait(60)
        with database.opened(url, make=True):
            pass

    monkeypatch.setattr(database, "migrate", slowly)
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(opening, first) for first in (True, False)]:
            done.result()
