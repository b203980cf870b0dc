"""What devices say of being held back: the records of states, counts and levels, kept in telemetry as the tools print them.

A state holds at the moment of its sample (1) or does not (0); a count grows since the driver was loaded; a level is what is
in force. A value that a tool did not give is absent, and never taken as 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from suite.base.bilingual import Bilingual

CounterName: TypeAlias = Literal[
    "throttle_mask",
    "throttle_power",
    "throttle_heat",
    "throttle_brake",
    "throttle_other",
    "power_limit_w",
    "pcie_lanes",
    "pcie_generation",
    "pcie_replays",
    "ecc_corrected",
    "ecc_uncorrected",
]


@dataclass(frozen=True, slots=True)
class Counter:
    """One of them.

    Attributes:
        title: for people.
        kind: a state, a count or a level; a mask of states.
    """

    title: Bilingual
    kind: Literal["state", "count", "level", "mask"]


COUNTERS: Final[dict[CounterName, Counter]] = {
    "throttle_mask": Counter(Bilingual("reasons of a lower clock", "降频原因"), "mask"),
    "throttle_power": Counter(Bilingual("held back by the power limit", "受功率上限限制"), "state"),
    "throttle_heat": Counter(Bilingual("held back by heat", "因过热受限"), "state"),
    "throttle_brake": Counter(
        Bilingual("held back by the power supply", "因供电受限（power brake）"), "state"
    ),
    "throttle_other": Counter(Bilingual("held back by its hardware", "受硬件限制"), "state"),
    "power_limit_w": Counter(
        Bilingual("power limit while measured, W", "测量期间的功率上限（W）"), "level"
    ),
    "pcie_lanes": Counter(
        Bilingual("PCIe lanes while measured", "测量期间的 PCIe 通道数"), "level"
    ),
    "pcie_generation": Counter(
        Bilingual("PCIe generation while measured", "测量期间的 PCIe 代次"), "level"
    ),
    "pcie_replays": Counter(Bilingual("PCIe replays", "PCIe 重传"), "count"),
    "ecc_corrected": Counter(
        Bilingual("memory errors, corrected", "已纠正的显存错误（ECC）"), "count"
    ),
    "ecc_uncorrected": Counter(
        Bilingual("memory errors, not corrected", "未纠正的显存错误（ECC）"), "count"
    ),
}
"""By name. The reasons of a mask are those of NVML (nvmlClocksEventReasons), which DCGM repeats."""
MASK: Final[dict[int, CounterName]] = {
    0x04: "throttle_power",
    0x08: "throttle_other",
    0x20: "throttle_heat",
    0x40: "throttle_heat",
    0x80: "throttle_brake",
}
"""Bits of the mask that are a state; the others are idleness, clocks that somebody set, and displays."""
