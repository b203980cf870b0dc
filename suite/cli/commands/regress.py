"""``suite regress``: whether the newest run is worse than those before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from suite.base.bilingual import Sentence
from suite.base.errors import UsageError
from suite.cli.command import command
from suite.cli.options import json_option
from suite.cli.seriesoptions import series_options

if TYPE_CHECKING:
    from suite.cli.seriesoptions import SeriesChoice


@command("suite regress --vendor cpu --db sqlite:///runs/store.sqlite")
@series_options
@click.option(
    "--margin",
    type=float,
    default=0.02,
    show_default=True,
    metavar="SHARE",
    help="smallest relative change that counts",
)
@json_option("the result")
def regress(chosen: SeriesChoice, *, margin: float, as_json: bool) -> int:
    """Tell whether the newest run of each history is worse than those before it.

    Looks at the numbers that lead the card, or those of --metric, each in the direction that its record names: by
    change-point detection where there are eight runs or more, else the newest against all others. What a change stands
    beside (image, arguments, engine, driver, suite) is listed. The exit status is 1 where a run is worse, lost a number or
    is no longer conformant, 4 where there are too few runs to tell anything, else 0.
    """
    from suite.cli import trends
    from suite.cli.judging import JUDGED_NOTHING
    from suite.cli.output import write_json

    if not 0 <= margin < 1:
        raise UsageError(
            "usage-wrong",
            Sentence(
                f"--margin is a share from 0 to below 1, not {margin:g}",
                f"--margin 是从 0 到小于 1 的比例，而不是 {margin:g}",
            ),
        )
    result, any_judged = trends.regressions(chosen, margin)
    if as_json:
        write_json(result)
    else:
        trends.write_regressions(result)
    if not any_judged:
        return JUDGED_NOTHING
    return int(result.worse)
