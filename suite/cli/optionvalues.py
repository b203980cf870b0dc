"""The values of options that are more than a word, read and refused: pairs, indices, peaks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from suite.base.bilingual import Sentence, chinese
from suite.base.errors import UsageError
from suite.declare.vendor.host_cpu import HostCPU, contradiction, host_cpu
from suite.documents.basis import CPUPeak, PrivatePeak
from suite.documents.challenge import RoundId
from suite.documents.document import given
from suite.documents.peaks import CPUBasis
from suite.documents.scalars import RESOURCE_PATTERN
from suite.measure.host import processor

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from suite.cli.options import Choices
    from suite.documents.accelerator import Accelerator


def overrides(choices: Choices) -> dict[str, str]:
    """``--engine-arg name=value`` as a mapping; a flag of the engine is its name alone, and has an empty value.

    Raises:
        UsageError: ``engine-arg-wrong``.
    """
    arguments = pairs(choices.engine_arg, "engine-arg-wrong", flags=True)
    return {name.removeprefix("--"): value for name, value in arguments.items()}


def refuse_empty(choices: Choices) -> None:
    """Refuse options without a value, and identifiers with characters that none may have."""
    for name in (
        "model",
        "image",
        "nonce",
        "engine",
        "accelerator",
        "url",
        "division",
        "telemetry_url",
    ):
        if getattr(choices, name) == "":
            option = f"--{name.replace('_', '-')}"
            raise UsageError(
                "option-empty",
                Sentence(f"{option} is empty", f"{option} 为空"),
                hint=Sentence("leave it out, or name one", "请去掉它，或给出取值"),
            )
    page = choices.telemetry_url
    if page is not None and not re.match(r"https?://[^/\s]", page):
        hint = Sentence("like http://127.0.0.1:9400/metrics", "例如 http://127.0.0.1:9400/metrics")
        raise UsageError(
            "url-wrong",
            Sentence(f"{page!r} is not the address of a page", f"{page!r} 不是页面地址"),
            hint=hint,
        )
    if choices.nonce is not None:
        require_round(choices.nonce)


def require_round(text: str) -> None:
    """Refuse what cannot be the identifier of a round.

    Raises:
        UsageError: ``nonce-wrong``.
    """
    try:
        msgspec.convert(text, RoundId)
    except msgspec.ValidationError as cause:
        hint = Sentence(
            "letters, digits and . _ : - only, at most 128",
            "只能含字母、数字与 . _ : -，最多 128 个",
        )
        raise UsageError(
            "nonce-wrong",
            Sentence(f"{text!r} is no round identifier", f"{text!r} 不是轮次标识"),
            hint=hint,
        ) from cause


def pairs(texts: Iterable[str], code: str, *, flags: bool = False) -> dict[str, str]:
    """``NAME=VALUE`` by name; a flag alone has no value."""
    result: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name.strip("- ") or not (equals or flags):
            raise UsageError(
                code, Sentence(f"{text!r} is not NAME=VALUE", f"{text!r} 不是 NAME=VALUE 的形式")
            )
        result[name] = value
    return result


def resource_names(texts: Iterable[str], vendors: Collection[str]) -> dict[str, str]:
    """Names of devices in Kubernetes, ``VENDOR=DOMAIN/NAME``, by vendor.

    Raises:
        UsageError: ``fleet-resource-wrong``.
    """
    named = pairs(texts, "fleet-resource-wrong")
    for vendor, name in named.items():
        if not re.match(RESOURCE_PATTERN, name):
            message = Sentence(
                f"{name!r} is no name of an extended resource", f"{name!r} 不是扩展资源的名称"
            )
            hint = Sentence("for example nvidia.com/gpu", "例如 nvidia.com/gpu")
            raise UsageError("fleet-resource-wrong", message, hint=hint)
        if vendor not in vendors:
            message = Sentence(
                f"no machine of the fleet is of {vendor}", f"机群中没有属于 {vendor} 的机器"
            )
            raise UsageError("fleet-resource-wrong", message)
    return named


def engine_python(choices: Choices) -> str | None:
    """The interpreter as it was named, made absolute; of a directory its ``bin/python``."""
    interpreter = choices.engine_python
    if interpreter is None:
        return None
    path = interpreter.absolute()  # a link is kept: it is what makes a virtual environment one
    return str(path / "bin" / "python" if path.is_dir() else path)


def every(choices: Choices) -> bool:
    """Whether all devices were asked for, by the word."""
    return choices.visible is not None and choices.visible.lower() == "all"


def indices(text: str | None) -> tuple[int, ...]:
    """Device indices as ``--visible`` names them."""
    if text is None:
        return ()
    if not re.fullmatch(r"[0-9]{1,4}(,[0-9]{1,4})*", text):
        raise UsageError(
            "devices-wrong",
            Sentence(f"{text!r} is not a list of indices", f"{text!r} 不是编号列表"),
            hint=Sentence("for example 0,1, or all", "例如 0,1，或 all"),
        )
    return tuple(int(part) for part in text.split(","))


def private_peaks(texts: Iterable[str]) -> dict[str, PrivatePeak]:
    """Peaks of a measured accelerator that its declaration keeps private, by precision."""
    peaks: dict[str, PrivatePeak] = {}
    for text in texts:
        match = re.fullmatch(r"([a-z0-9_]+)=([0-9]+(?:\.[0-9]+)?)@(.+)", text)
        if match is None or not float(match[2]):
            hint = Sentence("for example fp16=98@data-sheet-rev2", "例如 fp16=98@data-sheet-rev2")
            raise UsageError(
                "peak-wrong",
                Sentence(
                    f"{text!r} is not PRECISION=TFLOPS@SOURCE",
                    f"{text!r} 不是 PRECISION=TFLOPS@SOURCE 的形式",
                ),
                hint=hint,
            )
        peaks[match[1]] = PrivatePeak(flops=float(match[2]) * 1e12, source=match[3])
    return peaks


def cpu_peak(text: str | None) -> CPUPeak | None:
    """What a processor's peak follows from, as ``--cpu-peak`` gives it."""
    if text is None:
        return None
    match = re.fullmatch(r"([a-z0-9_]+):([0-9]{1,4}):([0-9]+(?:\.[0-9]+)?)", text)
    if match is None:
        hint = Sentence("for example avx512f:2:2600", "例如 avx512f:2:2600")
        raise UsageError(
            "peak-wrong",
            Sentence(f"{text!r} is not ISA:CORES:MHZ", f"{text!r} 不是 ISA:CORES:MHZ 的形式"),
            hint=hint,
        )
    return CPUPeak(isa=match[1], cores=int(match[2]), clock_mhz=float(match[3]))


def refuse_impossible(cpu: CPUPeak | None, device: Accelerator, choices: Choices) -> None:
    """Hold a processor's peak against this machine, where the engine runs on it."""
    if cpu is None:
        return
    formulas = [formula for peak in device.peaks for formula in given(peak.formulas, ())]
    flags = {formula.isa: given(formula.flag, formula.isa) for formula in formulas}
    if cpu.isa not in flags:
        return  # the plan names those that have a formula
    elsewhere = choices.url is not None or choices.runtime in ("endpoint", "sim")
    host = HostCPU() if elsewhere else host_cpu(processor())
    basis = CPUBasis(isa=cpu.isa, flag=flags[cpu.isa], cores=cpu.cores, clock_mhz=cpu.clock_mhz)
    if why := contradiction(basis, host):
        hint = Sentence(
            "physical cores, and the clock in MHz that all of them sustain, as of this machine",
            "请给出本机的物理核数，以及全核可持续的频率（MHz）",
        )
        raise UsageError(
            "cpu-peak-impossible",
            Sentence(f"--cpu-peak: {why}", f"--cpu-peak：{chinese(why)}"),
            hint=hint,
        )
