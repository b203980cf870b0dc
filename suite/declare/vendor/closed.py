"""What a declaration that is in order still lacks for a closed submission with every number measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.documents.document import given

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suite.documents.vendor import DeviceAccess, Vendor
    from suite.documents.vendor_engine import DeclaredEngine, DeclaredImage, Switch


def closed_needs(doc: Vendor) -> list[str]:
    """One sentence for each thing: what hinders the closed division, and what stays unmeasured."""
    return [
        *(f"{engine.id}: {need}" for engine in doc.engines for need in _engine(engine, doc)),
        *_numbers(doc),
    ]


def _engine(engine: DeclaredEngine, doc: Vendor) -> Iterator[str]:
    for image in engine.images:
        yield from _image(image, doc.id)
    ways = {way.id: way for way in doc.access}
    allowed = [ways[name] for name in given(engine.access, tuple(ways))]
    if not any(_contained(way) for way in allowed):
        yield "every way to its devices is privileged or on the host's network (R065); declare one that is neither"
    yield from _switch("prefix caching", engine.prefix_caching)
    yield from _switch("speculative decoding", engine.speculative_decoding)


def _contained(way: DeviceAccess) -> bool:
    startable = way.kind != "wrapper"  # the suite starts containers through Docker alone
    return startable and way.privileged is UNSET and way.host_network is UNSET


def _image(image: DeclaredImage, vendor: str) -> Iterator[str]:
    if image.source == "build" or image.digest is not None:
        return
    if image.reference == "unknown":
        yield f"the image {image.id} is unknown; whoever runs names one by digest with --image"
    elif image.source == "registry":
        yield f"the image {image.id} has no digest; `suite vendors pin {vendor}` says it"
    else:
        yield f"the image {image.id} has no digest; write the one that docker images --digests shows"


def _switch(what: str, switch: Switch) -> Iterator[str]:
    if switch.default in ("on", "unknown") and not switch.disable:
        yield f"{what} is {switch.default} by default and no argument is declared to switch it off"


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


def _numbers(doc: Vendor) -> Iterator[str]:
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
            yield f"{device.id}: no peak for {', '.join(lacking)}: MFU is not measured there, or takes one from --peak"
        if device.memory.bandwidth.value == "unknown" and device.cpu is UNSET:
            yield f"{device.id}: no memory bandwidth: MBU is not measured"
    quantities = {
        name
        for tool in doc.telemetry
        for name, quantity in tool.metrics.items()
        if quantity.available in ("always", "sometimes")
    }
    if not quantities & {"power_w", "energy_j"}:
        yield "no telemetry gives power or energy: energy is not measured"
