"""From the options of several nodes to what a plan is made from, and back for a run that is made again."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING

from msgspec import UNSET, UnsetType

from suite.base.bilingual import Sentence
from suite.base.errors import UsageError
from suite.cli.machine import node_token
from suite.documents.document import given
from suite.documents.topology import PlannedLinks, TopologyChoice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.cli.options import Choices, Sending
    from suite.documents.plan import Plan


def topology_choice(choices: Choices) -> TopologyChoice | UnsetType:
    """What the options say of several nodes; absent for one.

    Raises:
        UsageError: ``node-count-wrong``, ``node-role-wrong``, ``node-link-wrong``.
    """
    if choices.nodes in (None, 1):
        given_for_several = {
            "--layout": choices.layout,
            "--pipeline-parallel": choices.pipeline_parallel,
            "--data-parallel": choices.data_parallel,
            "--expert-parallel": choices.expert_parallel,
            "--role": choices.role,
            "--link": choices.link,
        }
        if stray := next((name for name, value in given_for_several.items() if value), None):
            hint = Sentence("add --nodes N", "请加上 --nodes N")
            raise UsageError(
                "node-count-wrong",
                Sentence(f"{stray} goes with several nodes", f"{stray} 用于多个节点"),
                hint=hint,
            )
        return UNSET
    assert choices.nodes is not None
    return TopologyChoice(
        nodes=choices.nodes,
        layout=choices.layout,
        pipeline=choices.pipeline_parallel,
        data=choices.data_parallel,
        expert=choices.expert_parallel,
        counts=_counts(choices.role) or UNSET,
        links=UNSET if choices.link is None else _links(choices.link),
    )


def _counts(texts: Sequence[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for text in texts:
        match = re.fullmatch(r"([a-z]+)=([1-9][0-9]{0,3})", text, re.ASCII)
        if match is None or match[1] in counts:
            hint = Sentence("for example prefill=2, each role once", "例如 prefill=2，每个角色一次")
            raise UsageError(
                "node-role-wrong",
                Sentence(f"{text!r} is not NAME=NUMBER", f"{text!r} 不是 NAME=NUMBER 的形式"),
                hint=hint,
            )
        counts[match[1]] = int(match[2])
    return counts


def _links(text: str) -> PlannedLinks:
    number = r"([0-9]{1,6}(?:\.[0-9]{1,6})?)"
    match = re.fullmatch(rf"{number}:{number}@(.{{1,200}})", text, re.ASCII)
    if match is None or not (float(match[1]) and float(match[2])):
        hint = Sentence(
            "Gbit/s, microseconds there and back, and where they come from: 100:30@data-sheet",
            "Gbit/s、往返微秒数与出处：100:30@data-sheet",
        )
        raise UsageError(
            "node-link-wrong",
            Sentence(f"{text!r} is not GBIT:US@SOURCE", f"{text!r} 不是 GBIT:US@SOURCE 的形式"),
            hint=hint,
        )
    return PlannedLinks(
        bytes_per_s=float(match[1]) * 1e9 / 8,
        round_trip_s=float(match[2]) / 1e6,
        source=match[3],
    )


def with_topology(choices: Choices, choice: TopologyChoice | UnsetType) -> Choices:
    """Choices that lead to these nodes again."""
    if choice is UNSET:
        return choices
    links = given(choice.links)
    return dataclasses.replace(
        choices,
        nodes=choice.nodes,
        layout=choice.layout,
        pipeline_parallel=choice.pipeline,
        data_parallel=choice.data,
        expert_parallel=choice.expert,
        role=tuple(f"{name}={count}" for name, count in given(choice.counts, {}).items()),
        link=None
        if links is None
        else f"{_written(links.bytes_per_s * 8 / 1e9)}:{_written(links.round_trip_s * 1e6)}@{links.source}",
    )


def _written(value: float) -> str:
    """A figure of a link as `_links` reads it, to the last of its digits."""
    return f"{value:.6f}".rstrip("0").rstrip(".")


def node_places(sending: Sending, plan: Plan) -> tuple[tuple[str, ...], bytes]:
    """Where the agents of a plan's nodes are, and their token; none for containers of this machine.

    Raises:
        UsageError: ``node-count-wrong``, ``usage-wrong``.
        SetupError: ``file-unreadable``, ``agent-token-weak``.
    """
    agents, planned = sending.node, 0 if plan.topology is UNSET else plan.topology.nodes
    if (agents or sending.node_token is not None) and len(agents) != planned:
        message = Sentence(
            f"{len(agents)} agents are named for a plan of {planned or 1} nodes",
            f"计划有 {planned or 1} 个节点，而给出了 {len(agents)} 个代理",
        )
        raise UsageError(
            "node-count-wrong",
            message,
            hint=Sentence("--node once for each of --nodes", "--nodes 的每个节点各给一次 --node"),
        )
    if not agents:
        return (), b""
    if sending.node_token is None:
        raise UsageError(
            "usage-wrong",
            Sentence("--node goes with --node-token", "--node 与 --node-token 一起使用"),
        )
    return agents, node_token(sending.node_token)
