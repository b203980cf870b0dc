"""Device telemetry beside the measured window: one file a tool, text in, samples out.

Each tool's module registers its own record when it is imported; nobody keeps a list of them.
"""

from __future__ import annotations

import importlib
import pkgutil

from suite.measure.telemetry.sampler import Sampler
from suite.measure.telemetry.tool import TOOLS, TelemetryTool, parse

__all__ = ["TOOLS", "Sampler", "TelemetryTool", "parse"]

for _module in sorted(module.name for module in pkgutil.iter_modules(__path__)):
    importlib.import_module(f"{__name__}.{_module}")
