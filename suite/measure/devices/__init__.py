"""The machine's accelerators as their own tools name them: a file for each tool, asked once before the run."""

from __future__ import annotations

import hashlib
import importlib
import pkgutil
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import UNSET
from msgspec.structs import replace

from suite.documents.devices import ToolOutput
from suite.documents.document import given
from suite.measure.devices.tool import TOOLS
from suite.measure.engine.served import Unknown
from suite.measure.preflight import output_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from suite.documents.devices import ObservedDevice
    from suite.documents.plan import Plan
    from suite.measure.engine.served import Facts

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")


def observe(plan: Plan) -> tuple[list[ObservedDevice], list[ToolOutput]]:
    """Ask the tools that the plan samples on this machine for the devices; the first that names any is enough.

    Returns:
        The devices, their identities as the tool prints them, and what the tools printed; see `hidden`. Never raises.
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


def hidden(
    devices: Sequence[ObservedDevice], outputs: Iterable[ToolOutput], salt: str
) -> tuple[list[ObservedDevice], list[ToolOutput]]:
    """The same without the devices' own numbers: a digest with a salt takes their place, in the outputs a part of it.

    Args:
        devices: of `observe`.
        outputs: of any tool of this machine.
        salt: of the round or the run.
    """
    digests = {
        number: hashlib.sha256(f"{salt}\n{number}".encode()).hexdigest()
        for device in devices
        if (number := given(device.identity))
    }
    variables = [
        replace(device, identity=digests.get(given(device.identity, ""), UNSET))
        for device in devices
    ]
    return variables, [_without(output, digests) for output in outputs]


def _without(output: ToolOutput, digests: dict[str, str]) -> ToolOutput:
    text, answer = output.output, output.answer
    for number, digest in digests.items():
        text = text.replace(number, f"sha256:{digest[:16]}")
        answer = answer.replace(number, f"sha256:{digest[:16]}")
    return replace(output, output=text, answer=answer)


def tool_facts(plan: Plan) -> Facts:
    """Where the telemetry tools of this machine lie, and their digests. Never raises."""
    facts: Facts = {}
    for program in dict.fromkeys(
        tool.command[0] for tool in plan.telemetry if tool.where == "host" and tool.command
    ):
        place = shutil.which(program)
        if place is None:
            continue
        path = Path(place).resolve()
        facts[f"telemetry.{program}.path"] = str(path)
        try:
            with path.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError as error:
            facts[f"telemetry.{program}.sha256"] = Unknown(error.strerror or str(error))
        else:
            facts[f"telemetry.{program}.sha256"] = digest
    return facts
