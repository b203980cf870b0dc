"""The site's data for other programs: the index that the page reads, JSON, CSV, Parquet."""

from __future__ import annotations

import csv
import functools
import json
import math
from typing import TYPE_CHECKING, Final

import msgspec

from suite import __version__
from suite.base.bilingual import english
from suite.base.visible import CsvLines, inert
from suite.declare.scenarios import SCENARIOS
from suite.judge.metrics.registry import REGISTRY
from suite.judge.report.formats.parquet import packed
from suite.judge.site.cards import COLUMNS, WORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from suite.documents.site import Site, SiteCard

HEADLINE: Final = "headline"


def _decision(card: SiteCard) -> str:
    """What the reviewers said last: a rejected card is refused and never gets here."""
    return "accepted" if any(item.decision == "accept" for item in card.reviews) else "none"


_TEXTS: Final[dict[str, Callable[[SiteCard], str]]] = {
    "model": lambda card: card.model,
    "devices": lambda card: card.devices,
    "engine": lambda card: card.engine,
    "precision": lambda card: card.precision,
    "vendor": lambda card: card.vendor_name,
    "owner": lambda card: card.owner,
    "taskset": lambda card: card.taskset,
    "profile": lambda card: card.profile,
    "division": lambda card: card.division,
    "trust": lambda card: card.trust,
    "status": lambda card: card.status,
    "review": _decision,
    "date": lambda card: card.started_utc[:10],
    "waived": lambda card: "waived" if card.waivers else "",
    "asserted": lambda card: " ".join(card.asserted),
}
"""Columns of few different texts: each text once, and its place for each card."""


def columnar(cards: Sequence[SiteCard]) -> dict[str, object]:
    """The leaderboard by columns, for the page; numbers keep four digits."""
    texts: dict[str, object] = {}
    for name, read in _TEXTS.items():
        words = [read(card) for card in cards]
        known = {word: place for place, word in enumerate(sorted(set(words)))}
        texts[name] = {"words": list(known), "at": [known[word] for word in words]}
    kinds = [HEADLINE, *SCENARIOS]
    by_kind = [{result.scenario: result for result in card.results} for card in cards]
    results = {}
    for kind in kinds:
        if any(kind in item for item in by_kind):
            results[kind] = {
                column.id: [
                    _short(item[kind].metrics[column.id].value)
                    if kind in item and column.id in item[kind].metrics
                    else None
                    for item in by_kind
                ]
                for column in COLUMNS
            }
    return {
        "id": [card.id for card in cards],
        "run": [card.run for card in cards],
        "parity": [_short(card.rouge1_ratio) for card in cards],
        "texts": texts,
        "chinese": {name: words.zh for name, words in WORDS.items()},
        "results": results,
        "metrics": [
            [item.id, item.title.en, item.title.zh, item.unit, item.direction, item.percent]
            for item in COLUMNS
        ],
        "scenarios": [[name, kind.title.en, kind.title.zh] for name, kind in SCENARIOS.items()],
    }


def _short(value: float | None) -> float | None:
    if value is None or not math.isfinite(value):
        return None
    short = float(f"{value:.4g}")
    return int(short) if short == int(short) and abs(short) < 1e15 else short


def script(name: str, value: object) -> bytes:
    """A value as a script that gives it to the page, which works where nothing may be fetched (``file://``).

    The value is a text for the script and JSON for its parser: no member or text of it is ever read as code.
    """
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    quoted = json.dumps(text).replace("<", "\\u003c")
    return f"window.suiteSite.{name}(JSON.parse({quoted}));\n".encode("ascii")


_TRENDS: Final = ("output_throughput", "tpot_p50", "joules_per_output_token")
"""The numbers whose history is drawn."""


def history(cards: Sequence[SiteCard]) -> dict[str, object]:
    """The current cards of one kind, the oldest first, and each number that two of them have, with its interval."""
    current = [card for card in cards if card.status == "current"]
    metrics = []
    for name in _TRENDS:
        values = [card.results[0].metrics.get(name) for card in current]
        if len(values) - values.count(None) > 1:
            about = REGISTRY[name]
            short = [
                value and [_short(number) for number in (value.value, value.low, value.high)]
                for value in values
            ]
            metrics.append([name, about.title.en, about.title.zh, about.unit, short])
    runs = [
        {"id": card.id, "run": card.run, "date": card.started_utc[:10], "engine": card.engine}
        for card in current
    ]
    return {"runs": runs, "metrics": metrics}


_FACTS: Final = (
    *("id", "payload_sha256", "path", "run", "started_utc", "vendor", "vendor_name", "owner"),
    *(
        "devices",
        "engine_id",
        "engine",
        "runtime",
        "precision",
        "model",
        "model_sha256",
        "profile",
        "taskset",
    ),
    *("division", "conformant", "trust", "status"),
)
_CELLS: Final = ("value", "low", "high", "unit", "n")


def rows(site: Site) -> list[dict[str, str | float | bool | None]]:
    """One row for each number of each card: facts of the card, scenario, phase, metric, value and interval."""
    return [
        {
            **{name: getattr(card, name) for name in _FACTS},
            "scenario": result.scenario,
            "phase": result.phase,
            "metric": metric,
            **{name: getattr(value, name) for name in _CELLS},
        }
        for card in site.cards
        for result in card.results
        for metric, value in result.metrics.items()
    ]


_NAMES: Final = (*_FACTS, "scenario", "phase", "metric", *_CELLS)


def as_csv(site: Site) -> bytes:
    """The rows for a spreadsheet; a text that it would read as a formula begins with an apostrophe."""
    lines = [",".join(_NAMES)]
    # A text is quoted once, though it stands in the rows of every number: the table of many cards is made anew for each added one.
    cell = functools.cache(_cell)
    for card in site.cards:
        facts = ",".join([cell(getattr(card, name)) for name in _FACTS])
        for result in card.results:
            place = f"{facts},{cell(result.scenario)},{cell(result.phase)}"
            lines += [
                f"{place},{cell(metric)},{_number(value.value)},{_number(value.low)},"
                f"{_number(value.high)},{cell(value.unit)},{value.n}"
                for metric, value in result.metrics.items()
            ]
    return ("\n".join(lines) + "\n").encode()


def _cell(value: object) -> str:
    lines = CsvLines()
    # With a cell beside it: an empty one alone in its row would be quoted.
    csv.writer(lines, lineterminator=CsvLines.END).writerow([inert(value), ""])
    return lines.text.removesuffix(",\n")


def _number(value: float | None) -> str:
    return "" if value is None else repr(value)


def as_json(site: Site) -> bytes:
    """The document of the schema ``site``, indented."""
    return msgspec.json.format(msgspec.json.encode(site, enc_hook=english), indent=2) + b"\n"


def as_parquet(site: Site) -> bytes:
    """The rows as Parquet.

    Raises:
        SetupError: ``parquet-missing`` without pyarrow.
    """
    kinds = {"conformant": "bool_", "n": "int64"} | dict.fromkeys(_CELLS[:3], "float64")
    return packed(rows(site), _NAMES, kinds)


def program() -> str:
    """Who wrote the files."""
    return f"llm-inference-conformance {__version__}"
