"""``suite compare``: any number of scorecards against one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from suite.base.bilingual import Sentence
from suite.base.errors import UsageError
from suite.base.visible import say
from suite.cli.command import Names, command
from suite.cli.options import FILE, format_option
from suite.cli.trustoptions import trusted

if TYPE_CHECKING:
    from pathlib import Path

    from suite.cli.trustoptions import Trusted

_FORMATS = "suite.judge.compare.formats"


@command("suite compare runs/a runs/b runs/c --format html --out comparison.html")
@click.argument("paths", metavar="CARD...", nargs=-1, required=True, type=FILE)
@click.option("--baseline", default="A", show_default=True, metavar="LETTER", help="base of ratios")
@click.option(
    "--apart",
    is_flag=True,
    help="each card is a side of its own, runs of one plan on one machine too",
)
@click.option(
    "--price",
    multiple=True,
    metavar="LETTER=PRICE",
    help="of one device for an hour, for the cost of a million tokens; may be repeated",
)
@click.option(
    "--fail-on",
    type=Names(("worse",)),
    help="exit with 1 when a card is worse than the baseline, lacks what it has, or cannot be compared",
)
@click.option(
    "--foreign",
    multiple=True,
    type=FILE,
    metavar="FILE",
    help="result of another tool, shown in a section of its own; may be repeated",
)
@format_option("text", _FORMATS)
@click.option("--out", type=FILE, metavar="FILE", help="file to write (default: print)")
@trusted
def compare(
    paths: tuple[Path, ...],
    trusted: Trusted,
    *,
    baseline: str,
    apart: bool,
    price: tuple[str, ...],
    fail_on: str | None,
    foreign: tuple[Path, ...],
    name: str,
    out: Path | None,
) -> int:
    """Compare any number of scorecards with one of them.

    CARD is a run directory, a submission, a bundle, a page, or a directory with such below it; they are called A, B, C …
    in that order. Runs of one plan on the same hardware are one side, so long as another is left to compare it with: how far
    they lie apart is part of every ratio's interval. Says first what may be compared and why; then verdict, division and
    signer of each, and each metric with its interval and its ratio to the baseline: better, worse, not distinguishable. Where
    the evidence of both is there, means are compared task by task. What is missing or failed is never an improvement.
    """
    from suite.base.language import language
    from suite.base.visible import visible
    from suite.cli import comparing
    from suite.cli.output import write_bytes, write_note, write_report
    from suite.judge.compare import formats, many
    from suite.judge.compare.repeats import gathered
    from suite.judge.foreign.read import read
    from suite.judge.report.formats import registry

    chosen = registry.record(formats, name)
    cards = comparing.subjects(paths)
    entries = comparing.entries(cards, trusted)
    sides = comparing.priced(entries if apart else gathered(entries), comparing.prices(price))
    letters = [many.letter(index) for index in range(len(sides))]
    if baseline not in letters:
        message = Sentence(
            f"--baseline names {baseline!r}; the cards are {', '.join(letters)}",
            f"--baseline 给出 {baseline!r}；评分卡为 {', '.join(letters)}",
        )
        raise UsageError("usage-wrong", message)
    others = tuple(map(read, foreign))
    result = many.compare(sides, baseline=letters.index(baseline), foreign=others)
    data = chosen.render(result, language())
    if out is None:
        readable = name in ("text", "markdown")
        write_bytes(visible(data.decode()).encode() if readable else data)
    else:
        write_report(out, data)
        say(out)
    if fail_on:
        reasons = many.is_worse(result)
        for reason in reasons:
            write_note(reason)
        return int(bool(reasons))
    return int(all(pair.comparison.comparable == "no" for pair in result.pairs))
