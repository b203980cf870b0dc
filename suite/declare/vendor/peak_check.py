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


def peak_problems(doc: Vendor) -> list[tuple[str, str, str]]:
    """(pointer, message, hint) for every peak that cannot be right, and every figure in a unit of another kind."""
    problems: list[tuple[str, str, str]] = []
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
                problems.append((at, f"{name} has two entries", "put both figures under claims"))
    return problems


def _units(device: Accelerator) -> list[tuple[str, str, str]]:
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


def _peak(peak: DeclaredPeak, device: Accelerator, vendor: str) -> list[tuple[str, str, str]]:
    problems = []
    used = [index for index, claim in enumerate(peak.claims) if claim.used]
    if len(used) > 1:
        message = f"{len(used)} claims of {peak.precision} are used"
        problems.append((f"/claims/{used[1]}/used", message, "MFU divides by exactly one"))
    known = [claim for claim in peak.claims if claim.value != "unknown"]
    usable = [claim for claim in known if claim.basis == "dense" and claim.kind != "measured"]
    if usable and not used:
        hint = "set used: true on the one that MFU divides by"
        problems.append(("/claims", f"no claim of {peak.precision} is used", hint))
    for index in used:
        claim = peak.claims[index]
        at = f"/claims/{index}"
        problems += [(at + p, m, h) for p, m, h in _used(claim, peak, device, vendor)]
    for index, formula in enumerate(given(peak.formulas, ())):
        product = formula.fma_pipes * formula.lanes * 2
        if abs(product / formula.flop_per_cycle - 1) > _SAME:
            message = f"{formula.fma_pipes} pipes x {formula.lanes} lanes x 2 are {product}"
            at = f"/formulas/{index}/flop_per_cycle"
            problems.append((at, message, f"{formula.flop_per_cycle:g} cannot be right too"))
    return problems


def _used(
    claim: Claim, peak: DeclaredPeak, device: Accelerator, vendor: str
) -> list[tuple[str, str, str]]:
    if claim.value == "unknown":
        return [("/used", "an unknown figure cannot be used", "set used: false")]
    value = float(claim.value)
    problems = []
    if claim.basis != "dense":
        message = f"a {claim.basis} figure cannot be the divisor of MFU"
        problems.append(("/basis", message, "use the dense figure; sparse ones are twice as large"))
    if claim.scope == "instance":
        hint = "declare one device's figure; an instance holds several"
        problems.append(("/scope", "the sum of a whole instance is not a device's peak", hint))
    unit = device.topology.device
    if claim.scope == "die" and unit not in ("die", "gcd", "chip"):
        hint = "declare the device's figure: the sum over its dies, if one program can use them"
        problems.append(("/scope", f"a figure for one die, and a device is a {unit}", hint))
    if claim.kind == "measured":
        hint = "a measured figure makes MFU a comparison with itself"
        problems.append(("/kind", "a measured figure cannot be the divisor of MFU", hint))
    problems += _against_others(value, claim, peak, device)
    problems += _against_clock(claim, device)
    problems += _against_traps(value, peak.precision, f"{vendor} {device.name}")
    return problems


def _against_others(
    value: float, used: Claim, peak: DeclaredPeak, device: Accelerator
) -> list[tuple[str, str, str]]:
    problems = []
    for other in peak.claims:
        if other is used or other.value == "unknown":
            continue
        figure = float(other.value)
        if other.kind == "measured" and figure > value * _MEASURED_MARGIN:
            message = f"{figure:g} was measured, more than the declared peak {value:g}"
            problems.append(
                ("/value", message, "a peak that can be beaten is none; find the right one")
            )
        elif other.basis == "sparse" and value >= figure * (1 - _SAME):
            message = (
                f"{value:g} is declared dense, and sparse elsewhere ({given(other.source, '')})"
            )
            problems.append(("/value", message, f"the dense figure is about {figure / 2:g}"))
        elif other.basis == "dense" and abs(value / figure / 2 - 1) <= _SAME:
            message = f"{value:g} is exactly twice the dense claim {figure:g}"
            problems.append(("/value", message, "one of the two counts structured sparsity"))
        elif _is_sum(value, figure, other, device):
            message = (
                f"{value:g} is the sum over {given(device.topology.devices_per_instance)} devices"
            )
            problems.append(("/value", message, f"one device has {figure:g}"))
    return problems


def _is_sum(value: float, figure: float, other: Claim, device: Accelerator) -> bool:
    count = given(device.topology.devices_per_instance, 1)
    same_scope = other.scope != "instance"
    # A factor of two is told as sparsity.
    return same_scope and count > 2 and abs(value / figure / count - 1) <= _SAME


def _against_clock(claim: Claim, device: Accelerator) -> list[tuple[str, str, str]]:
    assumed = given(claim.clock_mhz)
    shipped = "unknown" if device.clock is UNSET else device.clock.value
    if assumed is None or shipped == "unknown" or assumed <= float(shipped) * _CLOCK_MARGIN:
        return []
    message = f"the figure assumes {assumed:g} MHz, shipped parts reach {float(shipped):g} MHz"
    right = float(claim.value) * float(shipped) / assumed
    return [("/clock_mhz", message, f"at that clock it is about {right:.4g}")]


def _against_traps(value: float, precision: str, name: str) -> list[tuple[str, str, str]]:
    return [
        ("/value", f"{value:g} is {trap.why}", f"{trap.right} ({trap.source})")
        for trap in traps()
        if precision in trap.precision
        and re.search(trap.match, name, re.IGNORECASE)
        and abs(value / trap.value - 1) <= _SAME
    ]
