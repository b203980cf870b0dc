"""``suite reference``: what models answer when they run as they should, signed by reviewers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from suite.base.visible import say
from suite.cli.command import Group, command, described
from suite.cli.options import FILE, json_option
from suite.cli.signingoptions import signing
from suite.cli.trustoptions import Trusted

if TYPE_CHECKING:
    from pathlib import Path

    from suite.cli.signingoptions import Signing


def _reference() -> None:
    """Make, list and check reference runs, which answers of the same model are held against.

    A model without one reaches *open* only. The suite ships some; `suite run --references DIR` takes further ones.
    """


reference = Group(
    name="reference", no_args_is_help=False, **described(_reference, "suite reference list")
)


@command(
    "suite reference make runs/20260131-120000-cpu-transformers-xsum --key reviewer.pem",
    within=reference,
)
@click.argument("run", type=FILE)
@click.option("--trust", type=FILE, metavar="FILE", help="trust list for the card's signature")
@click.option("--name", metavar="TEXT", help="what to call the model (default: as the run does)")
@signing("default: MODEL-SET.reference.sigstore.json")
def make(run: Path, *, trust: Path | None, name: str | None, signing: Signing) -> int:
    """Sign what a conformant run answered, task by task: scores, lengths, token ids, no text.

    The run is verified first. It decoded greedily in float32 or bfloat16, as a process or container, without rounding or
    guessing, and answered every task of its set in one phase.
    """
    from suite.cli import references

    say(references.make(run, Trusted(trust=trust), name=name, signing=signing))
    return 0


@command("suite reference list --references our-references --trust keys.json", within=reference)
@click.option("--references", "directory", type=FILE, metavar="DIR", help="further reference runs")
@click.option("--trust", type=FILE, metavar="FILE", help="trust list: whose signatures count")
@json_option("the list")
def list(directory: Path | None, trust: Path | None, *, as_json: bool) -> int:  # noqa: A001 - the command's name
    """List the reference runs that the suite ships, and those of a directory with who signed them."""
    from suite.cli import references
    from suite.cli.output import write_json, write_table
    from suite.judge.attest.trust import load

    listed = load(trust) if trust is not None else None
    every = references.every(directory)
    if as_json:
        write_json([references.summary(known, listed) for known in every])
    else:
        write_table(references.HEADINGS, [references.cells(known, listed) for known in every])
    return 0


@command(
    "suite reference check mini-256.reference.sigstore.json --trust keys.json", within=reference
)
@click.argument("file", type=FILE)
@click.option("--trust", type=FILE, required=True, metavar="FILE", help="trust list (keys.json)")
@click.option("--run", type=FILE, metavar="RUN", help="the run that it was made from")
def check(file: Path, trust: Path, run: Path | None) -> int:
    """Check that a reviewer of the trust list signed a reference run, and that it follows from its run."""
    from suite.cli import references

    say(references.check(file, trust, run, Trusted()))
    return 0
