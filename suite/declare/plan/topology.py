"""An engine over several nodes: which layout a plan takes, how it splits, what each role runs, and a node's own words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from suite.base.addresses import join_address
from suite.base.bilingual import Sentence
from suite.base.errors import UsageError
from suite.declare.vendor import template
from suite.documents.document import given
from suite.documents.topology import Role, Topology

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from suite.documents.engine import Engine
    from suite.documents.plan import Plan
    from suite.documents.topology import (
        DeclaredLayout,
        DeclaredRole,
        RoleName,
        Split,
        TopologyChoice,
    )
    from suite.documents.vendor_engine import DeclaredEngine


@dataclass(frozen=True, slots=True)
class Layout:
    """A declared layout with what was chosen.

    Attributes:
        counts: nodes by role, in the order of their numbers.
        pipeline: stages.
        data: replicas that share the requests.
    """

    declared: DeclaredLayout
    chosen: TopologyChoice
    counts: Mapping[RoleName, int]
    pipeline: int
    data: int

    @property
    def computing(self) -> int:
        """Nodes that take accelerators."""
        return sum(
            self.counts[role.role]
            for role in self.declared.roles
            if not given(role.without_devices, False)
        )

    def ranks(self, devices: int) -> int:
        """Devices over which the tensor ranks of one stage of one replica may lie.

        Args:
            devices: of each node.

        Raises:
            UsageError: ``node-count-wrong``.
        """
        splits = self.declared.splits
        if not splits:
            return devices
        total, parts = devices * self.computing, self.pipeline * self.data
        if total % parts or ("tensor" not in splits and total // parts > devices):
            raise UsageError(
                "node-count-wrong",
                Sentence(
                    f"{total} devices on {self.computing} nodes cannot be split into {self.pipeline} stages x {self.data} replicas",
                    f"{self.computing} 个节点上的 {total} 台设备不能分成 {self.pipeline} 级 x {self.data} 个副本",
                ),
                hint=Sentence(
                    f"the layout {self.declared.id} spreads {', '.join(splits)} over the nodes",
                    f"布局 {self.declared.id} 将 {', '.join(splits)} 分布到各节点",
                ),
            )
        return total // parts

    def values(self) -> dict[str, str]:
        """The placeholders that only several nodes have; those of each node stand for themselves."""
        return {
            "nodes": str(self.chosen.nodes),
            "pipeline_parallel": str(self.pipeline),
            "data_parallel": str(self.data),
            "data_parallel_local": str(max(self.data // self.computing, 1)),
            **{name: f"{{{name}}}" for name in template.PER_NODE},
        }


def choose_layout(engine: DeclaredEngine, chosen: TopologyChoice | UnsetType) -> Layout | None:
    """The layout that was named, or the first that spreads what was asked; None for one node.

    Raises:
        UsageError: ``node-layout-missing``, ``node-count-wrong``.
    """
    if chosen is UNSET:
        return None
    declared = _declared(engine, chosen)
    data = chosen.data or (chosen.nodes if _spreads_replicas(declared) else 1)
    layout = Layout(declared, chosen, _counts(declared, chosen), chosen.pipeline or 1, data)
    if "data" in declared.splits and data % layout.computing:
        raise UsageError(
            "node-count-wrong",
            Sentence(
                f"{data} replicas on {layout.computing} nodes: each node has as many as the others",
                f"{layout.computing} 个节点上的 {data} 个副本：各节点的数目必须相同",
            ),
        )
    return layout


def _spreads_replicas(declared: DeclaredLayout) -> bool:
    return "data" in declared.splits and "tensor" not in declared.splits


def _declared(engine: DeclaredEngine, chosen: TopologyChoice) -> DeclaredLayout:
    layouts = given(engine.layouts, ())
    splits: set[Split] = set()
    if (chosen.pipeline or 1) > 1:
        splits.add("pipeline")
    if (chosen.data or 1) > 1:
        splits.add("data")
    if chosen.expert:
        splits.add("expert")
    for layout in layouts:
        roles = {role.role for role in layout.roles}
        named = chosen.layout in (None, layout.id)
        if named and splits <= set(layout.splits) and set(given(chosen.counts, {})) <= roles:
            return layout
    layouts_known = (
        "; ".join(f"{layout.id} ({', '.join(layout.splits)})" for layout in layouts) or "none"
    )
    raise UsageError(
        "node-layout-missing",
        Sentence(
            f"{engine.id} is not declared to run so over several nodes",
            f"{engine.id} 未声明可如此跨节点运行",
        ),
        hint=Sentence(f"declared layouts: {layouts_known}", f"已声明的布局：{layouts_known}"),
    )


def _counts(declared: DeclaredLayout, chosen: TopologyChoice) -> dict[RoleName, int]:
    named = given(chosen.counts, {})
    counts = {role.role: named.get(role.role, 1) for role in declared.roles}
    first, last = declared.roles[0].role, declared.roles[-1].role
    if last not in named:
        counts[last] = chosen.nodes - sum(counts.values()) + 1
    if sum(counts.values()) != chosen.nodes or counts[last] < 1 or counts[first] != 1:
        parts = ", ".join(f"{count} {role}" for role, count in counts.items())
        raise UsageError(
            "node-count-wrong",
            Sentence(
                f"{chosen.nodes} nodes are not {parts}", f"{chosen.nodes} 个节点不等于 {parts}"
            ),
            hint=Sentence(
                f"one {first}; name the others with --role NAME=NUMBER",
                f"一个 {first}；其余以 --role NAME=NUMBER 指定",
            ),
        )
    return counts


def role_command(
    engine: DeclaredEngine, layout: Layout, role: DeclaredRole, words: Sequence[str]
) -> list[str]:
    """The command of a role as a template.

    Args:
        engine: the declaration.
        layout: the layout.
        role: one of its roles.
        words: the engine's arguments, resolved.
    """
    more = given(role.arguments, ())
    if role.command is not UNSET:
        return [*role.command, *more]
    command = engine.command if layout.declared.command is UNSET else layout.declared.command
    return [*command, *words, *more]


def topology_doc(
    engine: DeclaredEngine,
    layout: Layout,
    values: Mapping[str, str],
    words: Sequence[str],
    devices: int,
) -> Topology:
    """The form that a plan holds.

    Args:
        engine: the declaration.
        layout: the layout.
        values: placeholders.
        words: the engine's arguments, resolved.
        devices: of each node.
    """
    roles = [
        Role(
            role=role.role,
            nodes=layout.counts[role.role],
            devices=0 if given(role.without_devices, False) else devices,
            command=UNSET
            if number == 0
            else tuple(template.fill_all(role_command(engine, layout, role, words), values)),
            env={name: template.fill(text, values) for name, text in given(role.env, {}).items()},
        )
        for number, role in enumerate(layout.declared.roles)
    ]
    return Topology(
        layout=layout.declared.id,
        nodes=layout.chosen.nodes,
        pipeline=layout.pipeline,
        data=layout.data,
        expert=layout.chosen.expert,
        roles=tuple(roles),
        links=layout.chosen.links,
    )


def role_of(topology: Topology, number: int) -> Role:
    """The role of a node by its number."""
    for role in topology.roles:
        if number < role.nodes:
            return role
        number -= role.nodes
    raise IndexError(number)


def node_engine(
    plan: Plan, number: int, addresses: Sequence[str], interface: str = "eth0"
) -> Engine:
    """The engine as one node starts it.

    Args:
        plan: over several nodes.
        number: of the node.
        addresses: of all nodes, by number.
        interface: of the node's own network.
    """
    topology, engine = plan.topology, plan.engine
    assert topology is not UNSET
    role = role_of(topology, number)
    local = topology.data // sum(role.nodes for role in topology.roles if role.devices) or 1
    numbers = {name: _numbers(topology, name) for name in ("prefill", "decode")}
    values = {
        "node_rank": str(number),
        "node_address": addresses[number],
        "node_interface": interface,
        "head_address": addresses[0],
        "data_parallel_start": str(number * local),
        **{
            f"{name}_addresses": ",".join(join_address(addresses[at], engine.port) for at in each)
            for name, each in numbers.items()
        },
    }
    command = engine.command if role.command is UNSET else role.command
    return replace(
        engine,
        command=tuple(_own(word, values) for word in command),
        env={name: _own(text, values) for name, text in {**engine.env, **role.env}.items()},
    )


def _own(text: str, values: Mapping[str, str]) -> str:
    """A text with a node's own values; other braces in it are no placeholders."""
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def _numbers(topology: Topology, name: RoleName) -> list[int]:
    return [at for at in range(topology.nodes) if role_of(topology, at).role == name]
