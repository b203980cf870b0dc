"""The tables of ``vendors/<id>/README.md`` and of ``docs/vendors*.md``; `suite.cli.pages` writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import UNSET

from suite.base import markdown
from suite.declare.vendor.emulated import TOOLS, takes_port
from suite.declare.vendor.load import list_vendors, load_vendor
from suite.documents.document import given

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suite.documents.accelerator import Accelerator, DeclaredPeak, Figure
    from suite.documents.vendor import Vendor
    from suite.documents.vendor_engine import DeclaredEngine, DeclaredImage

_DEVICES: Final = (
    "`--accelerator`",
    "device",
    "memory",
    "bandwidth",
    "TDP",
    "dense peaks, TFLOP/s",
)
_DEVICES_ZH: Final = ("`--accelerator`", "设备", "显存", "带宽", "TDP", "稠密峰值，TFLOP/s")
_ENGINES: Final = ("`--engine`", "engine", "image, the first by default", "can be pulled by")
_ENGINES_ZH: Final = ("`--engine`", "引擎", "镜像，首个为默认", "获取方式")
_RUN_HERE: Final = ("cpu", "sim")
_VENDORS: Final = ("`--vendor`", "company", "stack", "engines", "devices with a dense 16-bit peak")
_VENDORS_ZH: Final = ("`--vendor`", "公司", "软件栈", "引擎", "有稠密 16 位峰值的设备")
_EXECUTED: Final = (
    "`--vendor`",
    "plans",
    "doctor's checks, those of versions",
    "conversion",
    "telemetry",
    "emulated run",
    "figures that only the card shows",
)
_EXECUTED_ZH: Final = (
    "`--vendor`", "计划", "doctor 的检查，其中比较版本的", "转换", "监测", "模拟运行", "只有真卡能给出的数值",
)  # fmt: skip
_WHO: Final = {"public": "anyone", "login": "login", "intranet": "intranet", "local": "made here"}
_WHO_ZH: Final = {"public": "公开", "login": "需登录", "intranet": "内网", "local": "本机制作"}


def parts(doc: Vendor) -> dict[str, str]:
    """The generated parts of a vendor's README, by the names of their lines."""
    return {
        "devices": markdown.table(_DEVICES, _devices(doc, chinese=False)),
        "engines": markdown.table(_ENGINES, _engines(doc, chinese=False)),
        "devices zh": markdown.table(_DEVICES_ZH, _devices(doc, chinese=True)),
        "engines zh": markdown.table(_ENGINES_ZH, _engines(doc, chinese=True)),
    }


def vendors_table(*, chinese: bool = False) -> str:
    """A row for each vendor that the suite ships."""
    rows = []
    for name in list_vendors():
        doc = load_vendor(name).doc
        peaked = sum(any(map(_has_16_bits, device.peaks)) for device in doc.accelerators)
        engines = ", ".join(f"`{engine.id}`" for engine in doc.engines)
        title = doc.title.chinese if chinese else doc.title.en
        count = f"{peaked} / {len(doc.accelerators)}"
        rows.append((f"`{name}`", title, doc.stack, engines, count))
    return markdown.table(_VENDORS_ZH if chinese else _VENDORS, rows)


def executed_table(*, chinese: bool = False) -> str:
    """What of each vendor runs without its devices, and how many figures wait for them."""
    rows = [_executed(load_vendor(name).doc, chinese=chinese) for name in list_vendors()]
    return markdown.table(_EXECUTED_ZH if chinese else _EXECUTED, rows)


def _executed(doc: Vendor, *, chinese: bool) -> tuple[str, ...]:
    compared = sum(check.compare is not UNSET for check in doc.prerequisites)
    converted = [f"`{engine.id}`" for engine in doc.engines if engine.conversion is not UNSET]
    parsers = dict.fromkeys(f"`{tool.parser}`" for tool in doc.telemetry)
    unknown = sum(
        figure.value == "unknown"
        for device in doc.accelerators
        for figure in (device.memory.capacity, device.memory.bandwidth, device.power.tdp)
    ) + sum(not any(map(_has_16_bits, device.peaks)) for device in doc.accelerators)
    return (
        f"`{doc.id}`",
        str(len(doc.engines)),
        f"{len(doc.prerequisites)} / {compared}",
        ", ".join(converted) or "–",
        ", ".join(parsers) or "–",
        _emulated(doc, chinese=chinese),
        f"{unknown} / {4 * len(doc.accelerators)}",
    )


def _emulated(doc: Vendor, *, chinese: bool) -> str:
    if doc.id in _RUN_HERE:
        return "本身即在此运行" if chinese else "runs here itself"
    if not any(takes_port(engine) for engine in doc.engines):
        return "否：端口不是参数" if chinese else "no: its port is no argument"
    if any(tool.tool in TOOLS for tool in doc.telemetry):
        return "是，含监测" if chinese else "yes, with telemetry"
    return "是" if chinese else "yes"


def _has_16_bits(peak: DeclaredPeak) -> bool:
    return peak.precision in ("bf16", "fp16") and any(claim.used for claim in peak.claims)


def _devices(doc: Vendor, *, chinese: bool) -> Iterator[tuple[str, ...]]:
    for device in doc.accelerators:
        memory = device.memory
        yield (
            f"`{device.id}`",
            device.name,
            _figure(memory.capacity, chinese=chinese),
            _figure(memory.bandwidth, chinese=chinese),
            _figure(device.power.tdp, chinese=chinese),
            _peaks(device, chinese=chinese),
        )


def _unknown(*, chinese: bool) -> str:
    return "未知" if chinese else "unknown"


def _figure(figure: Figure, *, chinese: bool) -> str:
    if figure.value == "unknown":
        return _unknown(chinese=chinese)
    return f"{figure.value:g} {figure.unit}"


def _peaks(device: Accelerator, *, chinese: bool) -> str:
    cells = []
    for peak in device.peaks:
        claim = next((claim for claim in peak.claims if claim.used), None)
        if claim is not None:
            card = "／卡" if chinese else " per card"
            cells.append(f"{peak.precision} {claim.value:g}{card if claim.scope == 'card' else ''}")
        elif given(peak.formulas, ()):
            cells.append(f"{peak.precision} `--cpu-peak`")
    return ", ".join(cells) or _unknown(chinese=chinese)


def _engines(doc: Vendor, *, chinese: bool) -> Iterator[tuple[str, ...]]:
    for engine in doc.engines:
        yield from _engine(engine, chinese=chinese)


def _engine(engine: DeclaredEngine, *, chinese: bool) -> Iterator[tuple[str, ...]]:
    who = _WHO_ZH if chinese else _WHO
    for number, image in enumerate(engine.images):
        title = engine.title if number == 0 else ""
        name = f"`{engine.id}`" if number == 0 else ""
        yield name, title, _image(image, chinese=chinese), who[image.visibility]


def _image(image: DeclaredImage, *, chinese: bool) -> str:
    if image.reference == "unknown":
        return "用 `--image` 指定" if chinese else "named with `--image`"
    pinned = "" if image.digest is None else ("，已按摘要固定" if chinese else ", pinned by digest")
    return f"`{image.reference}`{pinned}"
