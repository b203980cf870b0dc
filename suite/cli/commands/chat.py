"""``suite chat``: talk to a served engine, to see that it answers as it should before it is measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from suite.cli.command import Count, Number, command
from suite.cli.options import choices, sending

if TYPE_CHECKING:
    from suite.cli.options import Choices, Sending

MOST_TOKENS = 1024


@command('suite chat --url http://127.0.0.1:8000 "What is a token?"')
@click.argument("message", required=False)
@choices
@sending
@click.option("--system", metavar="TEXT", help="what the system is told first")
@click.option(
    "--max-tokens",
    type=Count(9_999_999),
    default=MOST_TOKENS,
    show_default=True,
    help="longest answer",
)
@click.option("--temperature", type=Number(0, 2), default=0.0, show_default=True, help="0: greedy")
def chat(
    message: str | None,
    *,
    choices: Choices,
    sending: Sending,
    system: str | None,
    max_tokens: int,
    temperature: float,
) -> int:
    """Talk to a server given by --url, or to the engine that a plan starts.

    Answers stream as they come, and what was said before goes with each turn. With MESSAGE one answer is printed; from a pipe
    each line is a turn. /new begins anew, /exit or Ctrl-D ends; Ctrl-C breaks an answer off. Nothing is measured or kept.
    """
    from suite.cli.chatting import converse

    body: dict[str, object] = {"max_tokens": max_tokens, "temperature": temperature}
    return converse(choices, sending, message=message, system=system, body=body)
