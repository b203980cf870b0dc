"""Rules about an engine over several nodes: were they the planned ones, alike, left alone, and linked as declared?"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Final

from msgspec import UNSET

from suite.base.bilingual import Bilingual, Sentence, chinese, joined
from suite.base.quantities import significant
from suite.base.status import Outcome
from suite.declare.plan.topology import node_engine, role_of
from suite.documents.document import given
from suite.evidence.manifest import NODES
from suite.judge.rules.container import untouched
from suite.judge.rules.rule import Finding, failed, not_applicable, of, passed, rule, warned

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from suite.documents.nodes import LinkRecord, NodeRecord, Nodes
    from suite.documents.plan import Plan
    from suite.documents.topology import PlannedLinks
    from suite.evidence import Evidence

ONE_NODE: Final = Sentence("the engine runs on one node", "引擎运行于单个节点")
_INTERFACE: Final = "{node_interface}"
SLACK: Final = 2.0
"""By which factor a link may fall short of what was declared, and one measurement of another."""
ROUND_TRIP_NS: Final = 1_000_000
"""Round trips that differ by less are alike: what a busy host adds."""
SHOWN: Final = 4
"""Links whose fault is named."""


def _nodes(evidence: Evidence) -> Nodes | Finding:
    """What the run kept of its nodes; a finding where it has one alone, or kept nothing."""
    if evidence.plan.topology is UNSET:
        return not_applicable(ONE_NODE)
    if evidence.nodes is None:
        why = Sentence(
            "the run did not keep what its nodes were (nodes.json)",
            "运行未保留其各节点的情况（nodes.json）",
        )
        return failed(why, [NODES])
    return evidence.nodes


def _named(node: NodeRecord) -> Sentence:
    return Sentence(f"node {node.number} ({node.role})", f"节点 {node.number}（{node.role}）")


@rule(
    "R130",
    title=Bilingual("The nodes are the planned ones", "节点与计划一致"),
    asks=Bilingual(
        "Every planned node is there once, in its role, and its container got the planned command with the nodes' own "
        "addresses in it; every node is a machine of its own.",
        "每个计划中的节点恰好出现一次且角色相符，其容器得到的是填入各节点地址后的计划命令；每个节点为独立的一台机器。",
    ),
    reason=Bilingual(
        "A plan over sixteen nodes that two computed, or two nodes that are one machine twice.",
        "计划为十六个节点而只有两个在计算；或两个节点其实是同一台机器。",
    ),
    phases="run",
    broken=Bilingual(
        "fail; warn, *open* at best, where nodes share a machine",
        "fail；多个节点共用一台机器时为 warn，至多 *open*",
    ),
    limits="open",
)
@of(_nodes)
def as_planned(evidence: Evidence, nodes: Nodes) -> Finding:
    """Number, roles, commands and machines of the nodes."""
    if wrong := list(_otherwise(evidence.plan, nodes)):
        why = Sentence(
            f"not the planned nodes: {wrong[0]}", f"不是计划中的节点：{chinese(wrong[0])}"
        )
        return failed(why, wrong)
    # The machine's digest is another for an agent that may not read all of its numbers; the boot's never is.
    machines = min(
        len({node.machine for node in nodes.nodes}), len({node.boot for node in nodes.nodes})
    )
    if machines < len(nodes.nodes):
        return warned(
            Sentence(
                f"{len(nodes.nodes)} nodes on {machines} machine(s): no measure of a cluster",
                f"{len(nodes.nodes)} 个节点位于 {machines} 台机器：不能代表集群",
            )
        )
    return passed(
        Sentence(f"{machines} machines, each in its role", f"{machines} 台机器，角色均相符")
    )


def _otherwise(plan: Plan, nodes: Nodes) -> Iterator[str]:
    """What differs from the plan, node by node."""
    topology = given(plan.topology)
    assert topology is not None
    if [node.number for node in nodes.nodes] != list(range(topology.nodes)):
        yield Sentence(
            f"{len(nodes.nodes)} nodes were kept, planned are {topology.nodes}",
            f"保留了 {len(nodes.nodes)} 个节点，计划为 {topology.nodes} 个",
        )
        return
    addresses = [node.address for node in nodes.nodes]
    for node in nodes.nodes:
        role = role_of(topology, node.number)
        if node.role != role.role:
            yield Sentence(
                f"node {node.number} was {node.role}, planned is {role.role}",
                f"节点 {node.number} 为 {node.role}，计划为 {role.role}",
            )
        elif (container := given(node.container)) is not None:
            wanted = node_engine(plan, node.number, addresses, _INTERFACE)
            if not wanted.pre_commands and not _alike(wanted.command, container.command):
                yield _named(node) + Sentence(
                    " got another command than the planned one", " 得到的命令与计划不同"
                )


def _alike(wanted: tuple[str, ...], ran: tuple[str, ...]) -> bool:
    """Whether a command is the wanted one; the name of an interface is the node's own."""
    return len(wanted) == len(ran) and all(
        word == own or _INTERFACE in word for word, own in zip(wanted, ran, strict=True)
    )


@rule(
    "R131",
    title=Bilingual("The nodes are alike", "各节点相同"),
    asks=Bilingual(
        "All nodes ran one image, with the planned model files and one suite, on the same driver and the same kind of accelerator.",
        "所有节点运行同一镜像，使用计划中的模型文件与同一套件，驱动与加速器种类相同。",
    ),
    reason=Bilingual(
        "A follower with another build of the engine, or with other weights.",
        "某个 follower 使用了另一版本的引擎或其他权重。",
    ),
    phases="run",
    broken=Bilingual(
        "fail for image, model or suite; warn, *open* at best, for driver or accelerator",
        "镜像、模型或套件不同为 fail；驱动或加速器不同为 warn，至多 *open*",
    ),
    limits="open",
)
@of(_nodes)
def alike(evidence: Evidence, nodes: Nodes) -> Finding:
    """Image, model, suite, driver and accelerators of the nodes."""
    plan = evidence.plan
    files = given(plan.suite.files_sha256, nodes.nodes[0].suite.files_sha256)
    for node in nodes.nodes:
        container = given(node.container)
        image = given(nodes.nodes[0].container)
        what = ""
        if container is not None and image is not None and container.running_id != image.running_id:
            what = Sentence("another image than node 0", "镜像与节点 0 不同")
        elif node.model_sha256 != plan.model.sha256:
            what = Sentence("other model files than the planned ones", "模型文件与计划不同")
        elif (node.suite.version, node.suite.files_sha256) != (plan.suite.version, files):
            what = Sentence("another suite", "套件不同")
        if what:
            why = _named(node) + Sentence(f" had {what}", f"：{chinese(what)}")
            return failed(why, [NODES])
    for node in nodes.nodes[1:]:
        if _kind(node) != _kind(nodes.nodes[0]):
            why = _named(node) + Sentence(
                " had another driver or accelerator than node 0", "：驱动或加速器与节点 0 不同"
            )
            return warned(why, [NODES])
    return passed(
        Sentence("one image, one model, one suite, one driver", "镜像、模型、套件与驱动均相同")
    )


def _kind(node: NodeRecord) -> tuple[object, ...]:
    """Drivers and accelerators, without what is each machine's own."""
    drivers = {
        name: given(fact.value)
        for name, fact in node.facts.items()
        if name.startswith("host.driver.")
    }
    return drivers, sorted(
        (device.name, given(device.driver, ""), given(device.firmware, ""))
        for device in node.devices
    )


@rule(
    "R132",
    title=Bilingual("No node was lost or touched", "没有节点丢失或被触碰"),
    asks=Bilingual(
        "No node's container ended, was paused or cut off before the run stopped it, none of the machines restarted, and "
        "each container was started once and left alone, by its Docker engine's own events.",
        "在运行停止之前，没有节点的容器结束、被暂停或断开，没有机器重启；依各自 Docker 引擎的事件，每个容器只启动一次且未被触碰。",
    ),
    reason=Bilingual(
        "A replica that died leaves its requests to the others; the head's health says nothing of it.",
        "某个副本死亡后其请求由其他副本承担，而 head 的健康检查对此毫无反映。",
    ),
    phases="run",
    broken=Bilingual(
        "fail for a node that was lost; warn, *open* at best, for one that was touched",
        "节点丢失为 fail；被触碰为 warn，至多 *open*",
    ),
    limits="open",
)
@of(_nodes)
def whole(evidence: Evidence, nodes: Nodes) -> Finding:
    """Every node took part to the end, and nobody touched its container."""
    for node in nodes.nodes:
        if node.ended:
            return failed(
                Sentence(f"a node was lost: {node.ended}", f"节点丢失：{node.ended}"), [NODES]
            )
        if node.boot_after != node.boot or node.container is UNSET:
            why = _named(node) + Sentence(" restarted, or left no record", " 重启过，或未留下记录")
            return failed(why, [NODES])
    for node in nodes.nodes:
        container = given(node.container)
        assert container is not None
        finding = untouched(evidence, container)
        if finding.outcome is not Outcome.PASS:
            why = _named(node) + Sentence(f": {finding.why}", f"：{chinese(finding.why)}")
            return Finding(finding.outcome, why, finding.evidence)
    return passed(
        Sentence(
            f"{len(nodes.nodes)} containers, to the end", f"{len(nodes.nodes)} 个容器均运行至结束"
        )
    )


@rule(
    "R133",
    title=Bilingual("The links are as declared", "链路与声明相符"),
    asks=Bilingual(
        "The way from node 0 to every other one and back was measured before and after, by one TCP connection; no two "
        "measurements of a link differ by more than a factor of 2 (round trips: or 1 ms), and none falls short of the "
        "declared bandwidth or round trip by more than that.",
        "节点 0 与其他各节点之间的往返链路均在运行前后以一条 TCP 连接测量；同一链路两次测量相差不超过 2 倍（往返时间：或 1 毫秒），"
        "且与所声明的带宽或往返时间相差不超过此限。",
    ),
    reason=Bilingual(
        "A group on a link that has fallen back to a tenth of its speed, beside a card that names the fabric.",
        "评分卡写着高速互连，而链路实际已降至十分之一。",
    ),
    phases="run",
    limits="open",
)
@of(_nodes)
def linked(evidence: Evidence, nodes: Nodes) -> Finding:
    """The links, before and after, against what was declared."""
    by_link: dict[tuple[int, int], dict[str, LinkRecord]] = {}
    for link in nodes.links:
        by_link.setdefault((link.source, link.target), {})[link.when] = link
    others = range(1, len(nodes.nodes))
    wanted = [(0, other) for other in others] + [(other, 0) for other in others]
    topology = given(evidence.plan.topology)
    declared = None if topology is None else given(topology.links)
    wrong = [
        Sentence(f"link {a} to {b}: ", f"链路 {a} 至 {b}：") + why
        for a, b in wanted
        if (why := _link_problem(by_link.get((a, b), {}), declared))
    ]
    if wrong:
        listed = joined(wrong[:SHOWN], "; ", "；")
        if (more := len(wrong) - SHOWN) > 0:
            listed += Sentence(f"; and {more} more", f"；另有 {more} 条")
        return warned(listed, [NODES])
    least = min(link.bytes_per_s for link in nodes.links)
    longest = max(_trip_ns(link) for link in nodes.links)
    standing = Sentence("nothing is declared", "未作声明")
    if declared is not None:
        figures = f"{_gbit(declared.bytes_per_s)} Gbit/s, {_us(declared.round_trip_s * 1e9)} µs"
        standing = Sentence(
            f"declared: {figures} ({declared.source})", f"声明：{figures}（{declared.source}）"
        )
    return passed(
        Sentence(
            f"at least {_gbit(least)} Gbit/s, at most {_us(longest)} µs there and back; {standing}",
            f"至少 {_gbit(least)} Gbit/s，往返至多 {_us(longest)} µs；{chinese(standing)}",
        )
    )


def _gbit(bytes_per_s: float) -> str:
    return significant(bytes_per_s * 8 / 1e9)


def _us(nanoseconds: float) -> str:
    return significant(nanoseconds / 1e3)


def _trip_ns(link: LinkRecord) -> float:
    return statistics.median(link.round_trip_ns)


def _link_problem(measured: dict[str, LinkRecord], declared: PlannedLinks | None) -> str:
    """What is wrong with a link; "" where nothing is."""
    both = [measured.get("before"), measured.get("after")]
    links = [link for link in both if link is not None and link.round_trip_ns and link.bytes_per_s]
    if len(links) < len(both):
        return Sentence("not measured before and after", "未在运行前后均作测量")
    return _changed(links) or ("" if declared is None else _short(links, declared))


def _changed(links: Sequence[LinkRecord]) -> str:
    """What differs between two measurements of a link; "" where nothing does."""
    rates, trips = [link.bytes_per_s for link in links], [_trip_ns(link) for link in links]
    if max(rates) > SLACK * min(rates):
        figures = f"{_gbit(rates[0])}, {_gbit(rates[1])} Gbit/s"
        return Sentence(f"its bandwidth changed: {figures}", f"带宽有变：{figures}")
    if max(trips) > SLACK * min(trips) and max(trips) - min(trips) > ROUND_TRIP_NS:
        figures = f"{_us(trips[0])}, {_us(trips[1])} µs"
        return Sentence(f"its round trip changed: {figures}", f"往返时间有变：{figures}")
    return ""


def _short(links: Sequence[LinkRecord], declared: PlannedLinks) -> str:
    """By what a link falls short of the declaration; "" where it does not."""
    rate, trip = min(link.bytes_per_s for link in links), max(map(_trip_ns, links))
    wanted_ns = declared.round_trip_s * 1e9
    if rate * SLACK < declared.bytes_per_s:
        figures = f"{_gbit(rate)} of {_gbit(declared.bytes_per_s)} Gbit/s"
        return Sentence(f"slower than declared: {figures}", f"慢于声明：{figures}")
    if trip > max(wanted_ns * SLACK, wanted_ns + ROUND_TRIP_NS):
        figures = f"{_us(trip)} µs, {_us(wanted_ns)} µs"
        return Sentence(
            f"a longer round trip than declared: {figures}", f"往返时间长于声明：{figures}"
        )
    return ""
