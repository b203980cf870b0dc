"""``suite agent``: what runs on each node of an engine that lies over several."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.bilingual import Sentence
from suite.cli.command import command
from suite.cli.nodeoptions import attend, waiting

if TYPE_CHECKING:
    from pathlib import Path


@command("suite agent --listen 10.0.0.7:9470 --node-token token.txt")
@waiting(9470, "--node-token", "address on the nodes' own network; port 0 takes a free one")
def agent(*, listen: str, token: Path, once: bool) -> int:
    """Start, watch and end this node's container for a run.

    Listens until Ctrl-C for a `suite run --nodes N --node HOST:PORT`. A container that it started ends with the run, with
    the connection to it, and with the agent itself.
    """
    from suite.base.addresses import split_address
    from suite.cli.machine import node_token, settings
    from suite.measure.nodes.agent import Agent

    return attend(
        lambda line: Agent(*split_address(listen), node_token(token), settings(), on_line=line),
        Sentence("agent", "代理"),
        once=once,
    )
