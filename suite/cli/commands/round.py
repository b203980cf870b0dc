"""``suite round``: a reviewer's challenges, which make answers that were prepared beforehand useless."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from suite.base.bilingual import Sentence
from suite.base.visible import say
from suite.cli.command import Count, Group, command, described
from suite.cli.options import FILE, json_option
from suite.cli.signingoptions import signing

if TYPE_CHECKING:
    from pathlib import Path

    from suite.cli.signingoptions import Signing

MOST_DAYS = 366


def _round() -> None:
    """Issue the challenge of a round, show it, check who signed it.

    A run under a challenge (`suite run --challenge FILE`) asks tasks, in an order and at times, that nobody could know
    before it was issued.
    """


round = Group(  # noqa: A001 - the command's name
    name="round", no_args_is_help=False, **described(_round, "suite round new 2026-spring")
)


@command("suite round new 2026-spring --days 14 --key reviewer.pem", within=round)
@click.argument("round_id", metavar="ROUND")
@click.option(
    "--days", type=Count(MOST_DAYS), default=14, show_default=True, help="how long it counts"
)
@click.option(
    "--commitment", type=FILE, metavar="FILE", help="the vendor's commitment that it answers"
)
@click.option(
    "--authority",
    metavar="URL",
    help="time-stamping authority that runs ask for stamps of their log",
)
@click.option(
    "--like", type=FILE, metavar="FILE", help="take the salts of this challenge of the same round"
)
@signing("default: ROUND.challenge.sigstore.json")
def new(
    round_id: str,
    *,
    days: int,
    commitment: Path | None,
    authority: str | None,
    like: Path | None,
    signing: Signing,
) -> int:
    """Sign a challenge with new salts.

    ROUND is its name: letters, digits and . _ : -. Whoever has the file can compute the tasks: it is given to a vendor
    when that vendor is ready to run, not before. Cards compare where their salts are the same: with --like several vendors get a
    challenge each, all of one draw.
    """
    from suite.cli import rounds

    say(
        rounds.issue(
            round_id,
            days=days,
            commitment=commitment,
            authority=authority,
            like=like,
            signing=signing,
        )
    )
    return 0


@command("suite round show 2026-spring.challenge.sigstore.json", within=round)
@click.argument("file", type=FILE)
@json_option("what it states")
def show(file: Path, *, as_json: bool) -> int:
    """Show what a challenge states; who signed it is not checked."""
    from suite.cli import rounds
    from suite.cli.output import labelled, write_json
    from suite.documents.codec import plain

    stated, _ = rounds.received(file)
    if as_json:
        write_json(plain(stated))
    else:
        say(labelled(rounds.describe(stated)))
    return 0


@command("suite round check 2026-spring.challenge.sigstore.json --trust keys.json", within=round)
@click.argument("file", type=FILE)
@click.option("--trust", type=FILE, required=True, metavar="FILE", help="trust list (keys.json)")
@json_option("the answer")
def check(file: Path, trust: Path, *, as_json: bool) -> int:
    """Check that a reviewer of the trust list issued a challenge, and that it counts now."""
    from suite.cli import rounds
    from suite.cli.output import write_json

    answer = rounds.check(file, trust)
    if as_json:
        write_json(answer)
    else:
        name, owner, end = answer["round"], answer["issued_by"], answer["expires"]
        say(
            Sentence(
                f"{file}: round {name}, issued by {owner}, until {end}",
                f"{file}：轮次 {name}，由 {owner} 发布，有效至 {end}",
            )
        )
    return 0
