"""Where the nodes of a group are: at agents that somebody started, or at agents of this process, all on this machine."""

from __future__ import annotations

import contextlib
import secrets
import threading
from typing import TYPE_CHECKING

from suite.base.bilingual import Sentence
from suite.base.errors import SetupError
from suite.measure.nodes.agent import Agent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suite.measure.engine.served import Settings


@contextlib.contextmanager
def places(count: int, settings: Settings) -> Iterator[tuple[tuple[str, ...], bytes]]:
    """HOST:PORT of as many agents, in the order of the nodes, and their token.

    Args:
        count: of the nodes.
        settings: of this machine; names the agents, or none.

    Raises:
        SetupError: ``node-absent``: another number of agents was named.
    """
    if settings.nodes:
        if len(settings.nodes) != count:
            message = Sentence(
                f"{len(settings.nodes)} agents for {count} nodes",
                f"{count} 个节点，而有 {len(settings.nodes)} 个代理",
            )
            hint = Sentence(
                "--node HOST:PORT once for each node", "每个节点各给一次 --node HOST:PORT"
            )
            raise SetupError("node-absent", message, hint=hint)
        yield settings.nodes, settings.node_token
        return
    token = secrets.token_hex(32).encode()
    with contextlib.ExitStack() as stack:
        agents = [Agent("127.0.0.1", 0, token, settings) for _ in range(count)]
        for agent in agents:
            stack.callback(agent.close)
            threading.Thread(target=agent.serve, name="agent", daemon=True).start()
        yield tuple(f"127.0.0.1:{agent.address[1]}" for agent in agents), token
