"""``suite review``: what reviewers and signers state about a scorecard later."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from suite.base.bilingual import Sentence
from suite.base.errors import UsageError
from suite.base.visible import say
from suite.cli.command import Group, Names, command, described
from suite.cli.options import FILE, json_option
from suite.cli.signingoptions import signing

if TYPE_CHECKING:
    from pathlib import Path

    from suite.cli.signingoptions import Signing
    from suite.documents.review import Decision

DECISIONS = ("accept", "reject", "comment")
_signing = signing("default: statements/ beside the bundle")


def _review() -> None:
    """State that a scorecard is accepted, rejected, commented on, withdrawn or superseded.

    Each is a signed statement of its own about the card's signed bytes.
    """


review = Group(
    name="review",
    no_args_is_help=False,
    **described(_review, "suite review sign submissions/acme/2026-1/run --decision accept"),
)


@command("suite review sign submissions/acme/2026-1/run --decision accept", within=review)
@click.argument("subject", type=FILE)
@click.option("--decision", type=Names(DECISIONS), required=True)
@click.option("--comment", default="", metavar="TEXT", help="for people; becomes public")
@_signing
def sign(
    subject: Path,
    *,
    decision: Decision,
    comment: str,
    signing: Signing,
) -> int:
    """Sign a reviewer's decision on a scorecard.

    SUBJECT is a submission, a run directory, a .sigstore.json or an .html file. The statement names the card by its
    signed bytes and says nothing that the reviewer did not check: `suite check` does that.
    """
    from suite.cli.reviewing import Statement, write

    if decision == "comment" and not comment:
        message = Sentence("a comment needs --comment TEXT", "评论需要 --comment TEXT")
        raise UsageError("usage-wrong", message)
    statement = Statement(subject, decision=decision, text=comment)
    say(write(statement, signing))
    return 0


@command("suite review withdraw submissions/acme/2026-1/run --reason TEXT", within=review)
@click.argument("subject", type=FILE)
@click.option("--reason", required=True, metavar="TEXT", help="for people; becomes public")
@_signing
def withdraw(subject: Path, reason: str, signing: Signing) -> int:
    """Take a scorecard back; its vendor's or lab's key signs that."""
    from suite.cli.reviewing import Statement, write

    say(write(Statement(subject, text=reason), signing))
    return 0


@command("suite review supersede OLD --by NEW --reason 'driver repaired'", within=review)
@click.argument("subject", type=FILE)
@click.option("--by", "successor", type=FILE, required=True, metavar="CARD", help="the newer card")
@click.option("--reason", required=True, metavar="TEXT", help="for people; becomes public")
@_signing
def supersede(
    subject: Path,
    *,
    successor: Path,
    reason: str,
    signing: Signing,
) -> int:
    """Put another scorecard in a card's place; its vendor's or lab's key signs that."""
    from suite.cli.reviewing import Statement, write

    say(write(Statement(subject, text=reason, successor=successor), signing))
    return 0


@command("suite review list submissions/acme/2026-1/run --trust keys.json", within=review)
@click.argument("subject", type=FILE)
@click.option("--trust", type=FILE, required=True, metavar="FILE", help="trust list (keys.json)")
@json_option("the statements")
def list(subject: Path, trust: Path, *, as_json: bool) -> int:  # noqa: A001 - the command's name
    """List what was stated about a submission, each statement verified."""
    from suite.cli.output import write_json, write_table
    from suite.cli.reviewing import statements

    rows = statements(subject, trust)
    if as_json:
        write_json(rows)
    elif not rows:
        say(Sentence("nothing was stated about it", "尚无关于它的声明"))
    else:
        heading = (
            Sentence("by", "声明者"),
            Sentence("what", "内容"),
            Sentence("time", "时间"),
            Sentence("why", "原因"),
        )
        write_table(heading, [tuple(row.values()) for row in rows])
    return 0
