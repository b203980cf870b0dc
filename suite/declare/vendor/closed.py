"""What a declaration that is in order still lacks for a closed submission with every number measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.base.bilingual import Sentence, placed
from suite.documents.document import given

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suite.documents.vendor import DeviceAccess, Vendor
    from suite.documents.vendor_engine import DeclaredEngine, DeclaredImage, Switch


def closed_needs(doc: Vendor, named: str | None = None) -> list[Sentence]:
    """One sentence for each thing: what hinders the closed division, and what stays unmeasured.

    Args:
        doc: the declaration.
        named: how the command line names it; None for its id, by which only one under ``vendors/`` is found.
    """
    called = named or doc.id
    return [
        *(placed(e.id, need) for e in doc.engines for need in _engine(e, doc, called)),
        *_numbers(doc),
    ]


def _engine(engine: DeclaredEngine, doc: Vendor, called: str) -> Iterator[Sentence]:
    for image in engine.images:
        yield from _image(image, called)
    ways = {way.id: way for way in doc.access}
    allowed = [ways[name] for name in given(engine.access, tuple(ways))]
    if not any(_contained(way) for way in allowed):
        yield Sentence(
            "every way to its devices is privileged or on the host's network (R065); declare one that is neither",
            "到达设备的每种方式都是特权的或使用主机网络（R065）；请声明一种两者皆非的方式",
        )
    yield from _switch(Sentence("prefix caching", "前缀缓存"), engine.prefix_caching)
    yield from _switch(Sentence("speculative decoding", "推测解码"), engine.speculative_decoding)


def _contained(way: DeviceAccess) -> bool:
    startable = way.kind != "wrapper"  # the suite starts containers through Docker alone
    return startable and way.privileged is UNSET and way.host_network is UNSET


def _image(image: DeclaredImage, vendor: str) -> Iterator[Sentence]:
    if image.source == "build" or image.digest is not None:
        return
    if image.reference == "unknown":
        yield Sentence(
            f"the image {image.id} is unknown; whoever runs names one by digest with --image",
            f"镜像 {image.id} 未知；运行者须以 --image 按摘要指定",
        )
    elif image.source == "registry":
        yield Sentence(
            f"the image {image.id} has no digest; `suite vendors pin {vendor}` says it",
            f"镜像 {image.id} 没有摘要；`suite vendors pin {vendor}` 可给出",
        )
    else:
        yield Sentence(
            f"the image {image.id} has no digest; write the one that docker images --digests shows",
            f"镜像 {image.id} 没有摘要；请写入 docker images --digests 所示的摘要",
        )


def _switch(what: Sentence, switch: Switch) -> Iterator[Sentence]:
    if switch.default in ("on", "unknown") and not switch.disable:
        yield Sentence(
            f"{what} is {switch.default} by default and no argument is declared to switch it off",
            f"{what.zh}默认为 {switch.default}，且未声明可将其关闭的参数",
        )


def _precisions(doc: Vendor, device: str) -> set[str]:
    """What the device's engines multiply in, without what is refused on it."""
    lacking = set()
    for engine in doc.engines:
        refused = {
            row.requested
            for row in engine.dtypes.refused
            if row.accelerators is not UNSET and device in row.accelerators
        }
        if device in engine.accelerators:
            lacking |= {r.precision for r in engine.dtypes.rows if r.requested not in refused}
    return lacking


def _numbers(doc: Vendor) -> Iterator[Sentence]:
    for device in doc.accelerators:
        served = _precisions(doc, device.id)
        lacking = [
            peak.precision
            for peak in device.peaks
            if peak.precision in served
            and not any(claim.used for claim in peak.claims)
            and not peak.formulas
        ]
        if lacking:
            names = ", ".join(lacking)
            yield Sentence(
                f"{device.id}: no peak for {names}: MFU is not measured there, or takes one from --peak",
                f"{device.id}：{names} 没有峰值：其 MFU 不测量，或以 --peak 给出",
            )
        if device.memory.bandwidth.value == "unknown" and device.cpu is UNSET:
            yield Sentence(
                f"{device.id}: no memory bandwidth: MBU is not measured",
                f"{device.id}：没有显存带宽：MBU 不测量",
            )
    quantities = {
        name
        for tool in doc.telemetry
        for name, quantity in tool.metrics.items()
        if quantity.available in ("always", "sometimes")
    }
    if not quantities & {"power_w", "energy_j"}:
        yield Sentence(
            "no telemetry gives power or energy: energy is not measured",
            "没有遥测给出功率或能耗：能耗不测量",
        )
