"""Sites of made-up cards: rows, and whole folders of them, without the checks that `suite site` makes first."""

from __future__ import annotations

import copy
import datetime as dt
from pathlib import Path

from msgspec import UNSET
from msgspec.structs import replace

from suite.base import jsonio
from suite.documents.card import Scorecard
from suite.documents.check import CheckedCard, CheckedSubmission
from suite.documents.site import Site, SiteCard, SiteRefused
from suite.judge.site import build, cards, downloads, histories, pages
from suite.judge.site.comparable import comparable
from tests.factories import scorecard
from tests.factories.scorecard import document

START = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)


def card(number: int = 0, make=scorecard.card, **members: object) -> Scorecard:
    """A scorecard of its own: another run, day and speed; members replace those of the document."""
    made = copy.deepcopy(make())
    made["run"] |= {
        "id": f"run-{number:05}",
        "started_utc": f"{START + dt.timedelta(hours=7 * number):%Y-%m-%dT%H:%M:%S.%fZ}",
    }
    for phase in made["phases"]:
        for value in phase["metrics"].values():
            for name in ("value", "low", "high"):
                if value.get("unit") == "tokens/s" and value.get(name) is not None:
                    value[name] *= 1 + number % 97 / 10
    for name, value in members.items():
        made[name] = made[name] | value if isinstance(value, dict) else value
    return document(made)


def row(stated: Scorecard, **members: object) -> SiteCard:
    """The row of a scorecard whose check found nothing."""
    digest = jsonio.sha256_hex(repr(stated).encode())
    checked = CheckedSubmission(
        path=f"{stated.vendor.id}/no-round/{stated.run.id}",
        verdict="accepted",
        exit_status=0,
        codes=(),
        waivers=(),
        reviews=(),
        steps=(),
        ended=UNSET,
        card=CheckedCard(
            payload_sha256=digest,
            run=stated.run.id,
            vendor=stated.vendor.id,
            owner=stated.vendor.id,
            division=stated.division.granted,
            conformant=True,
            sentence=stated.verdict.sentence.en,
            level=stated.level.level,
        ),
    )
    return replace(cards.site_card(stated, checked), **members)


def site(rows: list[SiteCard], refused: tuple[SiteRefused, ...] = ()) -> Site:
    ordered = sorted(rows, key=lambda item: item.started_utc, reverse=True)
    return Site(site_schema=1, suite="0", checked=len(rows), cards=tuple(ordered), refused=refused)


def write(out: Path, made: Site, stated: dict[str, Scorecard] | None = None) -> None:
    """The site's own files, and the folders of the cards that are given by id."""
    build._write(made, build.Order(out=out, state=out), build._Writer(out, {}))
    kinds = histories.kinds(reversed(made.cards)) if stated else {}
    put = lambda name, data: build.write(out / name, data)  # noqa: E731 - a name and the folder
    histories.write(kinds, lambda *_: True, put, {item.id: item.id for item in made.cards})
    of = {item.id: name for name, alike in kinds.items() for item in alike}
    for item in made.cards:
        if stated and item.id in stated:
            folder = out / "cards" / item.id
            build.write(folder / "index.html", pages.card_page(item, of.get(item.id, ""), "", ""))
            numbers = comparable(stated[item.id], item)
            build.write(folder / "card.js", downloads.script("card", numbers))
