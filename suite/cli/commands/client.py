"""``suite client``: a load client, which sends a run's requests from this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.bilingual import Sentence
from suite.cli.command import command
from suite.cli.nodeoptions import attend, waiting

if TYPE_CHECKING:
    from pathlib import Path


@command("suite client --listen 10.0.0.9:9471 --client-token token.txt")
@waiting(9471, "--client-token", "address on a network of yours; port 0 takes a free one")
def client(*, listen: str, token: Path, once: bool) -> int:
    """Send a run's requests from this machine.

    Listens until Ctrl-C for a `suite run --client HOST:PORT`, which deals its requests among its load clients. Each client
    is one process on one core: start as many as there are cores for it. A load ends with the connection to the run.
    """
    from suite.base.addresses import split_address
    from suite.cli.machine import node_token
    from suite.measure.farm.client import LoadClient

    return attend(
        lambda line: LoadClient(*split_address(listen), node_token(token), on_line=line),
        Sentence("load client", "负载客户端"),
        once=once,
    )
