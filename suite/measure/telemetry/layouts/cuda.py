"""The labels that ``nvidia-smi`` uses, and the tools that were made in its likeness."""

from __future__ import annotations

from typing import Final

from suite.measure.telemetry.layouts.labels import DEVICE, Label, Labels

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
}
"""Sections and members of ``-q``."""
