"""``suite diff``: compare two scorecards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from suite.base.visible import say
from suite.cli.command import command
from suite.cli.options import FILE, json_option
from suite.cli.trustoptions import trusted

if TYPE_CHECKING:
    from pathlib import Path

    from suite.cli.trustoptions import Trusted


@command("suite diff runs/a runs/b")
@click.argument("a", type=FILE)
@click.argument("b", type=FILE)
@click.option("--all", "every", is_flag=True, help="list every metric with its reason")
@json_option("the comparison")
@trusted
def diff(a: Path, b: Path, trusted: Trusted, *, every: bool, as_json: bool) -> int:
    """Compare two scorecards; says first whether they may be compared: the two-card form of `suite compare`.

    Compares two run directories or bundles: verdict, division, runtime and who signed first, then what may explain a
    difference, then metric by metric: better, worse, not distinguishable, or not comparable with the reason. A side
    that is not conformant, or did not reach its end, is compared with nothing.
    """
    from suite.base.language import language
    from suite.cli import comparing
    from suite.cli.output import write_json
    from suite.judge.compare import many, text

    result = many.compare(comparing.entries([a, b], trusted))
    changes = result.pairs[0].comparison
    if as_json:
        write_json(changes)
    else:
        say(text.render(changes, language(), every=every))
    return 1 if changes.comparable == "no" else 0
