"""``suite diff``: compare two scorecards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from suite.cli.command import command
from suite.cli.options import FILE, json_option, trusted

if TYPE_CHECKING:
    from pathlib import Path

    from suite.cli.options import Trusted


@command("suite diff runs/a runs/b")
@click.argument("a", type=FILE)
@click.argument("b", type=FILE)
@json_option("the comparison")
@trusted
def diff(a: Path, b: Path, trusted: Trusted, *, as_json: bool) -> int:
    """Compare two scorecards; says first whether they may be compared.

    Compares two run directories or bundles metric by metric: better, worse, not distinguishable, or not comparable
    with the reason.
    """
    from suite.cli.judging import verified_card
    from suite.cli.output import write_json
    from suite.judge.compare import difference, text

    _, first = verified_card(a, trusted)
    _, second = verified_card(b, trusted)
    changes = difference.compare(first, second)
    if as_json:
        write_json(changes)
    else:
        print(text.render(changes))
    return 1 if changes.comparable == "no" else 0
