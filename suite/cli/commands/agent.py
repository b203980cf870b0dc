"""``suite agent``: what runs on each node of an engine that lies over several."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from suite.base.bilingual import Sentence
from suite.base.visible import say
from suite.cli.command import command
from suite.cli.options import FILE

if TYPE_CHECKING:
    from pathlib import Path


@command("suite agent --listen 10.0.0.7:9470 --node-token token.txt")
@click.option(
    "--listen",
    default="127.0.0.1:9470",
    show_default=True,
    metavar="HOST:PORT",
    help="address on the nodes' own network; port 0 takes a free one",
)
@click.option(
    "--node-token",
    "token",
    type=FILE,
    required=True,
    metavar="FILE",
    help="file with the secret that the run shares",
)
@click.option("--once", is_flag=True, help="end after the first run")
def agent(*, listen: str, token: Path, once: bool) -> int:
    """Start, watch and end this node's container for a run.

    Listens until Ctrl-C for a `suite run --nodes N --node HOST:PORT`. A container that it started ends with the run, with
    the connection to it, and with the agent itself.
    """
    from suite.base.addresses import join_address, split_address
    from suite.cli.machine import node_token, settings
    from suite.measure.nodes.agent import Agent
    from suite.measure.signals import Stop

    def line(text: str) -> None:
        say(text, flush=True)

    with Stop(lambda _: None).installed():
        listening = Agent(*split_address(listen), node_token(token), settings(), on_line=line)
        where = join_address(*listening.address)
        line(Sentence(f"agent at {where}, until Ctrl-C", f"代理位于 {where}，直至 Ctrl-C"))
        listening.serve(once=once)
    return 0
