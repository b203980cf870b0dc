"""A processor's declared peak, held against the processor itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from suite.base.bilingual import Sentence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from suite.documents.peaks import CPUBasis

SLOWEST_MHZ: Final = 300.0
FASTEST_MHZ: Final = 7000.0
"""No processor that is sold sustains less or more."""
_TURBO: Final = 2.5
"""A clock beyond this multiple of the one that is read now is none that turbo explains."""
_THROTTLED: Final = 0.25
"""Wide instructions slow a clock down, not to a quarter."""
_MARGIN: Final = 1.02

CORES: Final = "host.cpu.cores"
THREADS: Final = "host.cores"
CLOCK: Final = "host.cpu.clock_mhz"
CLOCK_MAX: Final = "host.cpu.clock_max_mhz"
FLAGS: Final = "host.cpu.flags"


@dataclass(frozen=True, slots=True)
class HostCPU:
    """What a machine says of its processor; None where it does not say.

    Attributes:
        cores: physical cores that may be used.
        clock_mhz: as read at some moment.
        clock_max_mhz: the highest that the kernel allows.
        flags: instruction sets that decide how fast matrices are multiplied.
    """

    cores: int | None = None
    clock_mhz: float | None = None
    clock_max_mhz: float | None = None
    flags: frozenset[str] | None = None


def host_cpu(facts: Mapping[str, object]) -> HostCPU:
    """Read it from a run's facts by dotted name; values of another form are not known."""
    numbers = {
        name: value
        for name, value in facts.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and value > 0
    }
    cores = [int(numbers[name]) for name in (CORES, THREADS) if name in numbers]
    flags = facts.get(FLAGS)
    return HostCPU(
        cores=min(cores) if cores else None,
        clock_mhz=numbers.get(CLOCK),
        clock_max_mhz=numbers.get(CLOCK_MAX),
        flags=frozenset(flags.split()) if isinstance(flags, str) else None,
    )


def contradiction(declared: CPUBasis, host: HostCPU) -> str:
    """Why the declared peak cannot be this processor's; "" when nothing speaks against it."""
    clock = float(declared.clock_mhz)
    highest, now = host.clock_max_mhz, host.clock_mhz
    runs = (
        Sentence(
            f"{clock:g} MHz, and the processor runs at {now:g} MHz",
            f"{clock:g} MHz，而处理器实际运行于 {now:g} MHz",
        )
        if now is not None
        else ""
    )
    reasons = {
        Sentence(
            f"{clock:g} MHz is no processor's clock ({SLOWEST_MHZ:g} to {FASTEST_MHZ:g})",
            f"{clock:g} MHz 不是处理器可能的时钟（{SLOWEST_MHZ:g} 至 {FASTEST_MHZ:g}）",
        ): (not SLOWEST_MHZ <= clock <= FASTEST_MHZ),
        Sentence(
            f"{declared.cores} cores, and this machine has {host.cores} to compute with",
            f"{declared.cores} 核，而本机可用于计算的有 {host.cores} 核",
        ): (host.cores is not None and declared.cores > host.cores),
        Sentence(
            f"{declared.isa}, which this processor does not have",
            f"{declared.isa}，而该处理器不支持",
        ): (host.flags is not None and declared.flag not in host.flags),
        Sentence(
            f"{clock:g} MHz, and the processor reaches {highest} MHz at most",
            f"{clock:g} MHz，而处理器最高为 {highest} MHz",
        ): (highest is not None and clock > highest * _MARGIN),
        runs: now is not None
        and (clock < now * _THROTTLED or (highest is None and clock > now * _TURBO)),
    }
    return next((why for why, is_so in reasons.items() if is_so), "")
