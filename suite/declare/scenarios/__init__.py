"""Scenario kinds: a file for each, with everything that is to be known of it; see docs/adding.md.

Each module of this room registers its own record when it is imported; nobody keeps a list of them.
"""

from __future__ import annotations

import importlib
import pkgutil

from suite.declare.scenarios.scenario import SCENARIOS, Scenario

__all__ = ["SCENARIOS", "Scenario"]

for _module in sorted(module.name for module in pkgutil.iter_modules(__path__)):
    importlib.import_module(f"{__name__}.{_module}")
