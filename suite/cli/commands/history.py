"""``suite history``: the runs of a database, oldest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.cli.command import command
from suite.cli.options import json_option
from suite.cli.seriesoptions import series_options

if TYPE_CHECKING:
    from suite.cli.seriesoptions import SeriesChoice


@command("suite history --vendor cpu --metric ttft_p50 --db sqlite:///runs/store.sqlite")
@series_options
@json_option("the history")
def history(chosen: SeriesChoice, *, as_json: bool) -> int:
    """Show the runs of a database with the numbers that lead their cards.

    Runs of one vendor, device, engine, model, profile, tasks and runtime are one history; oldest first.
    """
    from suite.cli import trends
    from suite.cli.output import write_json

    document = trends.history(chosen)
    if as_json:
        write_json(document)
    else:
        trends.write_history(document)
    return 0
