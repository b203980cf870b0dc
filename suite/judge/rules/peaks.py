"""Rules about the peak: held against the processor and against what was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.bilingual import Bilingual, Sentence, chinese, joined
from suite.declare.vendor.host_cpu import contradiction, host_cpu
from suite.documents.document import given
from suite.documents.value import NotMeasured
from suite.judge.log import measured
from suite.judge.metrics import utilisation
from suite.judge.rules.quality import of_phases
from suite.judge.rules.rule import failed, not_applicable, passed, rule, warned

if TYPE_CHECKING:
    from suite.evidence import Evidence
    from suite.judge.metrics.compute import Results
    from suite.judge.rules.rule import Finding

MARGIN = 1.02
"""What a measured rate may exceed the declared peak by: a clock that rises above the nominal one."""


@rule(
    "R060",
    title=Bilingual("A processor's peak fits the processor", "处理器峰值与处理器相符"),
    asks=Bilingual(
        "Cores, clock and instruction set of a calculated peak are possible on the machine that ran.",
        "计算峰值所用的核数、时钟与指令集在实际运行的机器上可能成立。",
    ),
    reason=Bilingual(
        "Two cores declared as one double MFU; sixty-four on a machine with two make it vanish.",
        "把两核声明为一核会使 MFU 翻倍；在两核机器上声明六十四核则使其消失。",
    ),
    phases="run",
    broken=Bilingual("fail", "fail"),
)
def possible_processor(evidence: Evidence, _: Results) -> Finding:
    """Cores, clock and instruction set of a calculated peak are possible on the machine that ran."""
    compute = evidence.plan.peaks.compute
    basis = None if compute is None else given(compute.cpu)
    if basis is None:
        return not_applicable(
            Sentence("no peak was calculated from cores and clock", "没有以核数与时钟计算的峰值")
        )
    if evidence.plan.runtime not in ("container", "process"):
        return not_applicable(
            Sentence("the engine may have run on another machine", "引擎可能运行在另一台机器上")
        )
    facts = {name: given(fact.value) for name, fact in evidence.environment.facts.items()}
    why = contradiction(basis, host_cpu(facts))
    if why:
        return failed(
            Sentence(f"the peak was calculated from {why}", f"峰值的计算依据有误：{chinese(why)}")
        )
    return passed(
        Sentence(
            f"{basis.cores} cores at {float(basis.clock_mhz):g} MHz with {basis.isa}",
            f"{basis.cores} 核，{float(basis.clock_mhz):g} MHz，{basis.isa}",
        )
    )


@rule(
    "R061",
    title=Bilingual("The declared peak is not beaten", "实测未超过声明峰值"),
    asks=Bilingual(
        "The best rate of matrix products measured in the engine's environment is not above the declared peak, "
        "nor that of copies above the declared bandwidth.",
        "在引擎环境中实测的最佳矩阵乘速率不高于声明峰值，最佳拷贝速率不高于声明带宽。",
    ),
    reason=Bilingual(
        "A peak that can be beaten is none: another device, another precision, or a figure that is too low.",
        "能被超过的峰值不是峰值：设备不同、精度不同，或数值过低。",
    ),
    phases="run",
    limits="open",
)
def unbeaten_peak(evidence: Evidence, _: Results) -> Finding:
    """What was measured before the engine started is not above what is declared."""
    peaks = evidence.plan.peaks
    declared = {
        measured.FLOPS: None if peaks.compute is None else float(peaks.compute.flops),
        measured.BANDWIDTH: peaks.bandwidth_bytes_per_s,
    }
    beaten: list[str] = []
    held: list[str] = []
    why: str = Sentence("no peak is declared", "没有声明峰值")
    for name, figure in declared.items():
        least, most = measured.reached(evidence, name), measured.rate(evidence, name)
        if isinstance(least, NotMeasured):
            why = least.why
        elif figure:
            unit = "TFLOP/s" if name == measured.FLOPS else "TB/s"
            words = Sentence(
                f"{least / 1e12:.4g} {unit} measured, {figure / 1e12:.4g} declared",
                f"实测 {least / 1e12:.4g} {unit}，声明 {figure / 1e12:.4g}",
            )
            # Who else ran makes the figure lower, never higher: beaten is beaten.
            if least > figure * MARGIN:
                beaten.append(words)
            elif isinstance(most, NotMeasured):
                why = most.why
            else:
                held.append(words)
    if beaten:
        return warned(joined(beaten, "; ", "；"), ["environment.json: peak.measured_flops"])
    if not held:
        return not_applicable(why)
    return passed(joined(held, "; ", "；"))


@rule(
    "R025",
    title=Bilingual("Nothing runs above its peak", "未超过峰值"),
    asks=Bilingual(
        "No utilisation exceeds 1; a peak measured while others used over 10 % of the processors is no bound.",
        "任何利用率均不超过 1；其他程序占用超过 10 % 处理器时间时测得的峰值不作为上限。",
    ),
    reason=Bilingual(
        "A peak declared too low, or FLOPs that were not computed.",
        "峰值声明过低，或 FLOPs 并未真正计算。",
    ),
    phases="measured",
    broken=Bilingual("fail", "fail"),
)
def below_peak(evidence: Evidence, results: Results) -> Finding:
    """No utilisation exceeds 1: no device computes or reads faster than its declared or measured peak."""
    wrong, judged = [], 0
    for metric in (*utilisation.NAMES, *utilisation.MEASURED_NAMES):
        for name, value in of_phases(results, metric):
            judged += 1
            if value.value > 1:
                wrong.append(
                    Sentence(
                        f"{name}: {metric} is {value.value:.3f}",
                        f"{name}：{metric} 为 {value.value:.3f}",
                    )
                )
    if wrong:
        return failed(
            Sentence(f"above the peak: {wrong[0]}", f"超过峰值：{chinese(wrong[0])}"), wrong
        )
    if not judged:
        unknown = evidence.plan.peaks.compute_unknown
        return not_applicable(
            unknown or Sentence("no utilisation was measured", "没有测得任何利用率")
        )
    return passed(
        Sentence(f"{judged} utilisations, all at most 1", f"{judged} 个利用率，均不超过 1")
    )
