"""Options of the commands that look at a store of runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from suite.cli.command import Count
from suite.cli.options import bound

if TYPE_CHECKING:
    from suite.cli.command import Body


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesChoice:
    """Which runs of a store, and which of their numbers."""

    url: str | None = None
    vendor: str | None = None
    model: str | None = None
    run: str | None = None
    metric: tuple[str, ...] = ()
    last: int = 30
    signed: bool = False


store_option = click.option(
    "--db",
    "url",
    metavar="URL",
    help="sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME; default $SUITE_DB, else runs/store.sqlite",
)
_SERIES = (
    store_option,
    click.option("--vendor", metavar="NAME", help="runs of this vendor alone"),
    click.option("--model", metavar="ID", help="runs of this model alone"),
    click.option("--run", metavar="ID", help="the history that this run is part of"),
    click.option(
        "--metric",
        multiple=True,
        metavar="NAME",
        help="METRIC or PHASE/METRIC; may be repeated (default: what leads the card)",
    ),
    click.option(
        "--last",
        type=Count(10_000),
        default=30,
        show_default=True,
        help="newest runs of each history that are looked at",
    ),
    click.option("--signed", is_flag=True, help="signed runs alone"),
)


def series_options(function: Body) -> Body:
    """Give a command the options of `SeriesChoice`, as its argument ``chosen``."""
    return bound(function, "chosen", SeriesChoice, _SERIES)
