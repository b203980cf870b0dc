"""Which declared peak MFU divides by: that of the executed precision, dense, for one device."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.base.bilingual import Sentence, chinese, joined, placed
from suite.base.errors import UsageError, choices
from suite.documents.document import given
from suite.documents.peaks import CPUBasis, Peak, Peaks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from suite.declare.vendor.load import Vendor
    from suite.documents.accelerator import Accelerator, Claim, DeclaredPeak, Figure
    from suite.documents.basis import CPUPeak, PrivatePeak

TERA = 1e12
GIGA = 1e9
MEGA = 1e6


def select_peaks(
    vendor: Vendor,
    device: Accelerator,
    precision: str,
    *,
    private: Mapping[str, PrivatePeak],
    cpu: CPUPeak | None,
) -> Peaks:
    """The peaks of one device at the precision that is executed.

    Args:
        vendor: the declaration, for its sources.
        device: the accelerator.
        precision: ``bf16``, ``fp16``, ``fp32``, ...
        private: peaks brought along, by precision.
        cpu: what a CPU's peak follows from, if declared.

    Raises:
        UsageError: ``peak-not-private``, ``peak-wrong``, ``cpu-peak-wrong``.
    """
    peaks: dict[str, DeclaredPeak] = {peak.precision: peak for peak in device.peaks}
    for brought in private:
        if brought not in peaks:
            raise UsageError(
                "peak-wrong",
                Sentence(
                    f"{device.name} has no precision {brought!r}",
                    f"{device.name} 没有精度 {brought!r}",
                ),
                hint=choices(brought, peaks),
            )
    peak = peaks.get(precision)
    compute, unknown = _compute(vendor, device, precision, peak=peak, private=private, cpu=cpu)
    bandwidth = device.memory.bandwidth
    tdp = device.power.tdp.value
    return Peaks(
        compute=compute,
        compute_unknown=unknown,
        bandwidth_bytes_per_s=_number(bandwidth, GIGA),
        bandwidth_source=given(bandwidth.why, "") or _source(vendor, given(bandwidth.source, "")),
        tdp_w=None if tdp == "unknown" else float(tdp),
    )


def _number(figure: Figure, factor: float) -> float | None:
    return None if figure.value == "unknown" else float(figure.value) * factor


def _source(vendor: Vendor, key: str) -> str:
    return vendor.doc.sources[key].ref if key else ""


def _compute(
    vendor: Vendor,
    device: Accelerator,
    precision: str,
    *,
    peak: DeclaredPeak | None,
    private: Mapping[str, PrivatePeak],
    cpu: CPUPeak | None,
) -> tuple[Peak | None, str]:
    if precision in private:
        return _private(device, precision, peak, private[precision]), ""
    if peak is None:
        return None, Sentence(
            f"peak not declared for {precision} on {device.name}",
            f"未声明 {device.name} 的 {precision} 峰值",
        )
    if cpu is not None:
        return _from_formula(vendor, device, peak, cpu), ""
    for claim in peak.claims:
        if claim.used and claim.value != "unknown":
            return _from_claim(vendor, device, peak, claim), ""
    reasons = [
        Sentence(claim.why, given(claim.why_zh, claim.why))
        for claim in peak.claims
        if claim.why is not UNSET
    ]
    why = joined(reasons, "; ", "；") or Sentence("no claim is used", "没有采用任何主张")
    return None, placed(
        Sentence(f"peak not declared for {precision}", f"未声明 {precision} 的峰值"), why
    )


def _private(
    device: Accelerator, precision: str, peak: DeclaredPeak | None, brought: PrivatePeak
) -> Peak:
    if peak is None or peak.private is UNSET:
        raise UsageError(
            "peak-not-private",
            Sentence(
                f"the declaration of {device.name} takes no other {precision} peak than its own",
                f"{device.name} 的声明不接受其所载以外的 {precision} 峰值",
            ),
            hint=Sentence(
                "correct the declaration, with a source, if its figure is wrong",
                "若其数值有误，请附来源更正声明",
            ),
        )
    if brought.flops <= 0 or not brought.source:
        raise UsageError(
            "peak-not-private",
            Sentence(
                "a private peak needs a positive figure and a source", "私有峰值需要正数与来源"
            ),
        )
    return Peak(
        precision=precision,
        flops=brought.flops,
        basis="dense",
        scope="device",
        source=brought.source,
        note=Sentence(
            f"brought along for this run: {peak.private.why}",
            f"本次运行自带：{chinese(peak.private.why)}",
        ),
    )


def _from_claim(vendor: Vendor, device: Accelerator, peak: DeclaredPeak, claim: Claim) -> Peak:
    parts = device.topology.devices_per_card if claim.scope == "card" else 1
    note = given(claim.note, "")
    if parts > 1:
        note = Sentence(
            f"the card's {claim.value} over {parts} devices",
            f"单卡 {claim.value}，由 {parts} 个设备分摊",
        ) + (Sentence(f"; {note}", f"；{note}") if note else "")
    return Peak(
        precision=peak.precision,
        flops=float(claim.value) * TERA / parts,
        basis="dense",
        scope=claim.scope,
        source=_source(vendor, given(claim.source, "")),
        note=note,
    )


def _from_formula(vendor: Vendor, device: Accelerator, peak: DeclaredPeak, cpu: CPUPeak) -> Peak:
    formulas = {formula.isa: formula for formula in given(peak.formulas, [])}
    if cpu.isa not in formulas or cpu.cores < 1 or cpu.clock_mhz <= 0:
        known = ", ".join(formulas) or Sentence("none", "无")
        raise UsageError(
            "cpu-peak-wrong",
            Sentence(
                f"no {peak.precision} peak of {device.name} follows from {cpu.cores} cores at "
                f"{cpu.clock_mhz:g} MHz with {cpu.isa}",
                f"由 {cpu.cores} 个 {cpu.clock_mhz:g} MHz 的 {cpu.isa} 核得不出 {device.name} 的 {peak.precision} 峰值",
            ),
            hint=Sentence(
                f"instruction sets with a formula for {peak.precision}: {known}",
                f"有 {peak.precision} 公式的指令集：{chinese(known)}",
            ),
        )
    formula = formulas[cpu.isa]
    return Peak(
        precision=peak.precision,
        flops=cpu.cores * cpu.clock_mhz * MEGA * formula.flop_per_cycle,
        basis="dense",
        scope="device",
        source=Sentence(
            f"declared for this run; {_source(vendor, formula.source)}",
            f"为本次运行声明；{_source(vendor, formula.source)}",
        ),
        note=Sentence(
            f"{cpu.cores} cores x {cpu.clock_mhz:g} MHz x {formula.flop_per_cycle:g} FLOP per "
            f"cycle and core ({cpu.isa}, {formula.fma_pipes} FMA units x {formula.lanes} lanes x 2)",
            f"{cpu.cores} 核 x {cpu.clock_mhz:g} MHz x 每周期每核 {formula.flop_per_cycle:g} FLOP（{cpu.isa}，{formula.fma_pipes} 个 FMA 单元 x {formula.lanes} 通道 x 2）",
        ),
        cpu=CPUBasis(
            isa=cpu.isa,
            flag=given(formula.flag, cpu.isa),
            cores=cpu.cores,
            clock_mhz=cpu.clock_mhz,
        ),
    )
