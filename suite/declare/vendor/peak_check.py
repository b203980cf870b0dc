"""Figures that cannot be right: sparse as dense, an instance's sum as a device's, a clock no part reaches, power in GB."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Final

from msgspec import UNSET

from suite.base import yamlio
from suite.base.bilingual import Sentence
from suite.base.resources import resource
from suite.documents.codec import convert_written
from suite.documents.document import given
from suite.documents.traps import Traps

if TYPE_CHECKING:
    from collections.abc import Mapping

    from suite.declare.vendor.engine_check import Found
    from suite.documents.accelerator import Accelerator, Claim, DeclaredPeak
    from suite.documents.traps import Trap
    from suite.documents.vendor import Vendor

TRAPS_FILE = resource("vendors/traps.yaml")
_SAME = 0.005
"""Two figures nearer than this are one figure, rounded differently."""
_UNITS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "memory": {"capacity": ("GB", "GiB"), "bandwidth": ("GB/s",)},
    "power": dict.fromkeys(("tdp", "board", "device_limit"), ("W",)),
    "cpu": {
        **dict.fromkeys(("cores", "fma_pipes"), ("count",)),
        "sustained_clock": ("MHz",),
        "kv_space": ("GB", "GiB"),
    },
}
"""Of each figure, the units in which it can be stated; what divides by it reads the number alone."""
_CLOCK_MARGIN = 1.01
_MEASURED_MARGIN = 1.0


@functools.cache
def traps() -> tuple[Trap, ...]:
    """The known wrong figures, shipped as data.

    Raises:
        DeclarationError: when the file is not in order.
    """
    return convert_written(yamlio.load(TRAPS_FILE), Traps, file=str(TRAPS_FILE)).traps


def peak_problems(doc: Vendor) -> list[Found]:
    """(pointer, message, hint) for every peak that cannot be right, and every figure in a unit of another kind."""
    problems: list[Found] = []
    for number, device in enumerate(doc.accelerators):
        at = f"/accelerators/{number}"
        problems += [(at + p, m, h) for p, m, h in _units(device)]
        for index, peak in enumerate(device.peaks):
            at = f"/accelerators/{number}/peaks/{index}"
            problems += [(at + p, m, h) for p, m, h in _peak(peak, device, doc.id)]
        names = [peak.precision for peak in device.peaks]
        for index, name in enumerate(names):
            if name in names[:index]:
                at = f"/accelerators/{number}/peaks/{index}/precision"
                message = Sentence(f"{name} has two entries", f"{name} 有两项")
                hint = Sentence("put both figures under claims", "请将两个数值都写入 claims")
                problems.append((at, message, hint))
    return problems


def _units(device: Accelerator) -> list[Found]:
    figures = [
        (f"/{part}/{name}/unit", getattr(getattr(device, part), name), units)
        for part, members in _UNITS.items()
        if getattr(device, part) is not UNSET
        for name, units in members.items()
    ]
    figures.append(("/clock/unit", device.clock, ("MHz",)))
    return [
        (
            at,
            Sentence(
                f"{at.split('/')[-2]} in {figure.unit}",
                f"{at.split('/')[-2]} 以 {figure.unit} 为单位",
            ),
            Sentence(f"it is stated in {' or '.join(units)}", f"应以 {' 或 '.join(units)} 给出"),
        )
        for at, figure, units in figures
        if figure is not UNSET and figure.unit not in units
    ]


def _peak(peak: DeclaredPeak, device: Accelerator, vendor: str) -> list[Found]:
    problems: list[Found] = []
    used = [index for index, claim in enumerate(peak.claims) if claim.used]
    if len(used) > 1:
        message = Sentence(
            f"{len(used)} claims of {peak.precision} are used",
            f"{peak.precision} 采用了 {len(used)} 项主张",
        )
        hint = Sentence("MFU divides by exactly one", "MFU 只除以其中一项")
        problems.append((f"/claims/{used[1]}/used", message, hint))
    known = [claim for claim in peak.claims if claim.value != "unknown"]
    usable = [claim for claim in known if claim.basis == "dense" and claim.kind != "measured"]
    if usable and not used:
        hint = Sentence(
            "set used: true on the one that MFU divides by", "请在 MFU 所除的那一项上写 used: true"
        )
        message = Sentence(
            f"no claim of {peak.precision} is used", f"{peak.precision} 没有采用任何主张"
        )
        problems.append(("/claims", message, hint))
    for index in used:
        claim = peak.claims[index]
        at = f"/claims/{index}"
        problems += [(at + p, m, h) for p, m, h in _used(claim, peak, device, vendor)]
    for index, formula in enumerate(given(peak.formulas, ())):
        product = formula.fma_pipes * formula.lanes * 2
        if abs(product / formula.flop_per_cycle - 1) > _SAME:
            message = Sentence(
                f"{formula.fma_pipes} pipes x {formula.lanes} lanes x 2 are {product}",
                f"{formula.fma_pipes} 个 FMA 单元 x {formula.lanes} 通道 x 2 得 {product}",
            )
            at = f"/formulas/{index}/flop_per_cycle"
            hint = Sentence(
                f"{formula.flop_per_cycle:g} cannot be right too",
                f"{formula.flop_per_cycle:g} 不可能同时成立",
            )
            problems.append((at, message, hint))
    return problems


def _used(claim: Claim, peak: DeclaredPeak, device: Accelerator, vendor: str) -> list[Found]:
    if claim.value == "unknown":
        message = Sentence("an unknown figure cannot be used", "未知的数值不可采用")
        hint = Sentence("set used: false", "请写 used: false")
        return [("/used", message, hint)]
    value = float(claim.value)
    problems: list[Found] = []
    if claim.basis != "dense":
        message = Sentence(
            f"a {claim.basis} figure cannot be the divisor of MFU",
            f"basis 为 {claim.basis} 的数值不可作 MFU 的除数",
        )
        hint = Sentence(
            "use the dense figure; sparse ones are twice as large",
            "请用稠密值；稀疏值是其两倍",
        )
        problems.append(("/basis", message, hint))
    if claim.scope == "instance":
        hint = Sentence(
            "declare one device's figure; an instance holds several",
            "请声明单个设备的数值；整机含有多个设备",
        )
        message = Sentence(
            "the sum of a whole instance is not a device's peak",
            "整机之和不是单个设备的峰值",
        )
        problems.append(("/scope", message, hint))
    unit = device.topology.device
    if claim.scope == "die" and unit not in ("die", "gcd", "chip"):
        hint = Sentence(
            "declare the device's figure: the sum over its dies, if one program can use them",
            "请声明单个设备的数值：若一个程序能同时使用其各 die，则为各 die 之和",
        )
        message = Sentence(
            f"a figure for one die, and a device is a {unit}",
            f"这是单个 die 的数值，而一个设备是一个 {unit}",
        )
        problems.append(("/scope", message, hint))
    if claim.kind == "measured":
        hint = Sentence(
            "a measured figure makes MFU a comparison with itself",
            "以实测值为除数，MFU 便成了与自身相比",
        )
        message = Sentence(
            "a measured figure cannot be the divisor of MFU", "实测值不可作 MFU 的除数"
        )
        problems.append(("/kind", message, hint))
    problems += _against_others(value, claim, peak, device)
    problems += _against_clock(claim, device)
    problems += _against_traps(value, peak.precision, f"{vendor} {device.name}")
    return problems


def _against_others(
    value: float, used: Claim, peak: DeclaredPeak, device: Accelerator
) -> list[Found]:
    problems: list[Found] = []
    for other in peak.claims:
        if other is used or other.value == "unknown":
            continue
        figure = float(other.value)
        if other.kind == "measured" and figure > value * _MEASURED_MARGIN:
            message = Sentence(
                f"{figure:g} was measured, more than the declared peak {value:g}",
                f"实测达到 {figure:g}，高于声明的峰值 {value:g}",
            )
            hint = Sentence(
                "a peak that can be beaten is none; find the right one",
                "能被超过的不是峰值；请找出正确的数值",
            )
            problems.append(("/value", message, hint))
        elif other.basis == "sparse" and value >= figure * (1 - _SAME):
            elsewhere = given(other.source, "")
            message = Sentence(
                f"{value:g} is declared dense, and sparse elsewhere ({elsewhere})",
                f"{value:g} 在此声明为稠密值，别处却是稀疏值（{elsewhere}）",
            )
            hint = Sentence(
                f"the dense figure is about {figure / 2:g}", f"稠密值约为 {figure / 2:g}"
            )
            problems.append(("/value", message, hint))
        elif other.basis == "dense" and abs(value / figure / 2 - 1) <= _SAME:
            message = Sentence(
                f"{value:g} is exactly twice the dense claim {figure:g}",
                f"{value:g} 恰为稠密主张 {figure:g} 的两倍",
            )
            hint = Sentence("one of the two counts structured sparsity", "两者之一计入了结构化稀疏")
            problems.append(("/value", message, hint))
        elif _is_sum(value, figure, other, device):
            count = given(device.topology.devices_per_instance)
            message = Sentence(
                f"{value:g} is the sum over {count} devices", f"{value:g} 是 {count} 个设备之和"
            )
            hint = Sentence(f"one device has {figure:g}", f"单个设备为 {figure:g}")
            problems.append(("/value", message, hint))
    return problems


def _is_sum(value: float, figure: float, other: Claim, device: Accelerator) -> bool:
    count = given(device.topology.devices_per_instance, 1)
    same_scope = other.scope != "instance"
    # A factor of two is told as sparsity.
    return same_scope and count > 2 and abs(value / figure / count - 1) <= _SAME


def _against_clock(claim: Claim, device: Accelerator) -> list[Found]:
    assumed = given(claim.clock_mhz)
    shipped = "unknown" if device.clock is UNSET else device.clock.value
    if assumed is None or shipped == "unknown" or assumed <= float(shipped) * _CLOCK_MARGIN:
        return []
    message = Sentence(
        f"the figure assumes {assumed:g} MHz, shipped parts reach {float(shipped):g} MHz",
        f"该数值以 {assumed:g} MHz 计算，量产产品只达到 {float(shipped):g} MHz",
    )
    right = float(claim.value) * float(shipped) / assumed
    hint = Sentence(f"at that clock it is about {right:.4g}", f"按该时钟约为 {right:.4g}")
    return [("/clock_mhz", message, hint)]


def _against_traps(value: float, precision: str, name: str) -> list[Found]:
    return [
        (
            "/value",
            Sentence(f"{value:g} is {trap.why}", f"{value:g} 是{trap.why_zh}"),
            Sentence(
                f"{trap.right} ({trap.source})",
                f"应为 {given(trap.right_zh, trap.right)}（{trap.source}）",
            ),
        )
        for trap in traps()
        if precision in trap.precision
        and re.search(trap.match, name, re.IGNORECASE)
        and abs(value / trap.value - 1) <= _SAME
    ]
