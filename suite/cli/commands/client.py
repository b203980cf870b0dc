"""``suite client``: a load client, which sends a run's requests from this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from suite.base.bilingual import Sentence
from suite.base.visible import say
from suite.cli.command import command
from suite.cli.options import FILE

if TYPE_CHECKING:
    from pathlib import Path


@command("suite client --listen 10.0.0.9:9471 --client-token token.txt")
@click.option(
    "--listen",
    default="127.0.0.1:9471",
    show_default=True,
    metavar="HOST:PORT",
    help="address on a network of yours; port 0 takes a free one",
)
@click.option(
    "--client-token",
    "token",
    type=FILE,
    required=True,
    metavar="FILE",
    help="file with the secret that the run shares",
)
@click.option("--once", is_flag=True, help="end after the first run")
def client(*, listen: str, token: Path, once: bool) -> int:
    """Send a run's requests from this machine.

    Listens until Ctrl-C for a `suite run --client HOST:PORT`, which deals its requests among its load clients. Each client
    is one process on one core: start as many as there are cores for it. A load ends with the connection to the run.
    """
    from suite.base.addresses import join_address, split_address
    from suite.cli.machine import node_token
    from suite.measure.farm.client import LoadClient
    from suite.measure.signals import Stop

    def line(text: str) -> None:
        say(text, flush=True)

    with Stop(lambda _: None).installed():
        listening = LoadClient(*split_address(listen), node_token(token), on_line=line)
        where = join_address(*listening.address)
        line(
            Sentence(
                f"load client at {where}, until Ctrl-C",
                f"负载客户端位于 {where}，直至 Ctrl-C",
            )
        )
        listening.serve(once=once)
    return 0
