"""Other clients: how each is started for a load and where it leaves its times.

Each lives in an environment of its own, made by ``make bench-peers``. What is not installed is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from benchmarks.load import REPOSITORY
from benchmarks.load.peers.aiperf import AIPerf
from benchmarks.load.peers.evalscope import EvalScope
from benchmarks.load.peers.guidellm import GuideLLM
from benchmarks.load.peers.vllmbench import VLLMBench

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.load.peers.peer import Peer

PEERS: Final[dict[str, type[Peer]]] = {
    "vllm": VLLMBench,
    "guidellm": GuideLLM,
    "aiperf": AIPerf,
    "evalscope": EvalScope,
}
"""Every peer by the name of its environment."""


def environments(root: Path = REPOSITORY) -> dict[str, Path]:
    """Where each peer's environment is expected; the engine's own serves ``vllm bench serve``."""
    return {
        name: root / ".venv-vllm" if name == "vllm" else root / ".venv-peers" / name
        for name in PEERS
    }


def installed(root: Path = REPOSITORY) -> tuple[list[Peer], dict[str, str]]:
    """The peers that can run, and for each of the others why not."""
    available: list[Peer] = []
    missing: dict[str, str] = {}
    for name, folder in environments(root).items():
        peer = PEERS[name](folder)
        version = peer.version()
        if version is None:
            missing[name] = "not installed (make bench-peers)"
        else:
            available.append(PEERS[name](folder, version))
    return available, missing


def name_of(peer: Peer) -> str:
    """The name of a peer's environment."""
    return next(name for name, kind in PEERS.items() if isinstance(peer, kind))
