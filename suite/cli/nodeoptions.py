"""Options of an engine over several nodes: what enters the plan, and where the nodes are, which does not."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from suite.base.bilingual import Sentence
from suite.base.visible import say
from suite.cli.command import Count

if TYPE_CHECKING:
    from collections.abc import Callable

    from suite.measure.listener import Listener

TOPOLOGY_OPTIONS: Final = (
    click.option(
        "--nodes", type=Count(9999), help="run the engine over so many nodes (default: 1)"
    ),
    click.option(
        "--layout", metavar="ID", help="how it lies over them, by its id in the declaration"
    ),
    click.option("--pipeline-parallel", type=Count(9999), help="pipeline stages over the nodes"),
    click.option("--data-parallel", type=Count(9999), help="replicas that share the requests"),
    click.option("--expert-parallel", is_flag=True, help="spread experts over all ranks"),
    click.option(
        "--role",
        multiple=True,
        metavar="NAME=NUMBER",
        help="nodes of a role, such as prefill=2 (default: one, the last role has the rest)",
    ),
    click.option(
        "--link",
        metavar="GBIT:US@SOURCE",
        help="declared network between nodes: Gbit/s one way, microseconds there and back, e.g. 100:30@switch-data-sheet",
    ),
)
PLACE_OPTIONS: Final = (
    click.option(
        "--node",
        multiple=True,
        metavar="HOST:PORT",
        help="an agent (suite agent), one for each node in their order (default: containers on this machine)",
    ),
    click.option(
        "--node-token",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="file with the secret that the agents share",
    ),
    click.option(
        "--client",
        multiple=True,
        metavar="HOST:PORT",
        help="a load client (suite client) that sends in this machine's place; once for each",
    ),
    click.option(
        "--client-token",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="file with the secret that the load clients share",
    ),
)


def waiting(port: int, token: str, help: str) -> Callable[[Any], Any]:  # noqa: A002 - as click calls it
    """Give a command that waits for runs its options: where it listens, the file of its token, and whether one run is all.

    Args:
        port: it listens on without ``--listen``.
        token: name of the option of the token's file.
        help: what the address is.
    """
    options = (
        click.option(
            "--listen",
            default=f"127.0.0.1:{port}",
            show_default=True,
            metavar="HOST:PORT",
            help=help,
        ),
        click.option(
            token,
            "token",
            type=click.Path(path_type=Path),
            required=True,
            metavar="FILE",
            help="file with the secret that the run shares",
        ),
        click.option("--once", is_flag=True, help="end after the first run"),
    )

    return lambda function: functools.reduce(lambda made, add: add(made), options[::-1], function)


def attend(
    listener: Callable[[Callable[[str], None]], Listener], what: Sentence, *, once: bool
) -> int:
    """Listen until Ctrl-C, or to the end of the first run.

    Args:
        listener: opens it, given what is told each thing that happens.
        what: who listens, for people.
        once: end after the first run.
    """
    from suite.base.addresses import join_address
    from suite.cli.output import until_stopped

    def line(text: str) -> None:
        say(text, flush=True)

    with until_stopped():
        listening = listener(line)
        where = join_address(*listening.address)
        line(what + Sentence(f" at {where}, until Ctrl-C", f"位于 {where}，直至 Ctrl-C"))
        listening.serve(once=once)
    return 0
