"""Device telemetry beside the measured window: one adapter per tool, text in, samples out."""

from __future__ import annotations

from suite.measure.telemetry.sampler import PARSERS, Sampler, parse

__all__ = ["PARSERS", "Sampler", "parse"]
