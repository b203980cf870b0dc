"""Options of an engine over several nodes: what enters the plan, and where the nodes are, which does not."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from suite.cli.command import Count

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
