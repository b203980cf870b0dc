"""The machine's accelerators as their own tools name them: a file for each tool, asked once before the run."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING

from suite.documents.devices import ToolOutput
from suite.measure.devices.tool import TOOLS
from suite.measure.preflight import output_of

if TYPE_CHECKING:
    from suite.documents.devices import ObservedDevice
    from suite.documents.plan import Plan

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")


def observe(plan: Plan) -> tuple[list[ObservedDevice], list[ToolOutput]]:
    """Ask the tools that the plan samples on this machine for the devices; the first that names any is enough.

    Returns:
        The devices, and what the tools printed. Never raises.
    """
    outputs: list[ToolOutput] = []
    for name in dict.fromkeys(tool.tool for tool in plan.telemetry if tool.where == "host"):
        tool = TOOLS.get(name)
        if tool is None:
            continue
        printed = []
        for command in tool.commands:
            ok, text = output_of(command)
            printed.append(text if ok else "")
            answer = text.strip().partition("\n")[0][:160]
            outputs.append(
                ToolOutput(what=tool.title, command=command, ok=ok, answer=answer, output=text)
            )
        devices = tool.parse(printed)
        if devices:
            return devices, outputs
    return [], outputs
