"""The labels that ``nvidia-smi`` uses, and the tools that were made in its likeness."""

from __future__ import annotations

from typing import Final

from suite.measure.telemetry.layouts.labels import DEVICE, Label, Labels

_REASONS: Final[Labels] = {
    f"{field}.{cause}": Label(role)
    for field in ("clocks_event_reasons", "clocks_throttle_reasons")
    for cause, role in {
        "sw_power_cap": "throttle_power",
        "sw_thermal_slowdown": "throttle_heat",
        "hw_thermal_slowdown": "throttle_heat",
        "hw_power_brake_slowdown": "throttle_brake",
        "hw_slowdown": "throttle_other",
    }.items()
}
"""Newer drivers speak of events, older ones of throttling."""

QUERY: Final[Labels] = {
    "index": DEVICE,
    "power.draw": Label("power_w", "W"),
    "power.draw.average": Label("power_w", "W"),
    "power.draw.instant": Label("power_w", "W"),
    "temperature.gpu": Label("temperature_c", "C"),
    "utilization.gpu": Label("utilisation", "%"),
    "memory.used": Label("memory_used_bytes", "MiB"),
    "memory.total": Label("memory_total_bytes", "MiB"),
    "memory.free": Label("memory_free_bytes", "MiB"),
    "clocks.current.sm": Label("clock_mhz", "MHz"),
    "clocks.sm": Label("clock_mhz", "MHz"),
    "clocks_event_reasons.active": Label("throttle_mask"),
    "clocks_throttle_reasons.active": Label("throttle_mask"),
    **_REASONS,
    "enforced.power.limit": Label("power_limit_w", "W"),
    "power.limit": Label("power_limit_w", "W"),
    "pcie.link.width.current": Label("pcie_lanes"),
    "pcie.link.gen.current": Label("pcie_generation"),
    "pcie.link.gen.gpucurrent": Label("pcie_generation"),
    "ecc.errors.corrected.volatile.total": Label("ecc_corrected"),
    "ecc.errors.uncorrected.volatile.total": Label("ecc_uncorrected"),
}
"""Fields of ``--query-gpu``, as its header repeats them."""

TABLE: Final[Labels] = {
    "gpu": DEVICE,
    "temp": Label("temperature_c", "C"),
    "pwr:usage/cap": Label("power_w", "W"),
    "memory-usage": Label("memory_used_bytes", "MiB", "memory_total_bytes"),
    "gpu-util": Label("utilisation", "%"),
}
"""Labels of the table that is printed without options."""

MEMBERS: Final[Labels] = {
    "power readings/power draw": Label("power_w", "W"),
    "gpu power readings/power draw": Label("power_w", "W"),
    "gpu power readings/average power draw": Label("power_w", "W"),
    "gpu power readings/instantaneous power draw": Label("power_w", "W"),
    "utilization/gpu": Label("utilisation", "%"),
    "temperature/gpu current temp": Label("temperature_c", "C"),
    "fb memory usage/used": Label("memory_used_bytes", "MiB"),
    "fb memory usage/total": Label("memory_total_bytes", "MiB"),
    "clocks/sm": Label("clock_mhz", "MHz"),
    "clocks/graphics": Label("clock_mhz", "MHz"),
    "power readings/current power limit": Label("power_limit_w", "W"),
    "gpu power readings/current power limit": Label("power_limit_w", "W"),
    "sw power cap": Label("throttle_power"),
    "hw thermal slowdown": Label("throttle_heat"),
    "sw thermal slowdown": Label("throttle_heat"),
    "hw power brake slowdown": Label("throttle_brake"),
    "hw slowdown": Label("throttle_other"),
    "replays since reset": Label("pcie_replays"),
}
"""Sections and members of ``-q``."""
