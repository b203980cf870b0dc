"""What a device tool is: its record, and the registry that every tool's file fills."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from suite.documents.devices import ObservedDevice

    Parser = Callable[[Sequence[str]], list[ObservedDevice]]

TOOLS: Final[dict[str, DeviceTool]] = {}
"""Every tool by the name of its program; complete once `suite.measure.devices` is imported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceTool:
    """A program that lists devices.

    Attributes:
        program: its name, as declarations write it in ``telemetry``.
        title: what it is asked for.
        commands: what is run, in order.
        parse: their outputs, "" for one that failed, to devices.
    """

    program: str
    title: str
    commands: tuple[tuple[str, ...], ...]
    parse: Parser


def device_tool(program: str, title: str, *commands: tuple[str, ...]) -> Callable[[Parser], Parser]:
    """Make a parser known; see `DeviceTool`.

    Raises:
        ValueError: when the program is known already.
    """

    def keep(parse: Parser) -> Parser:
        if program in TOOLS:
            raise ValueError(f"two device tools are called {program}")
        TOOLS[program] = DeviceTool(program=program, title=title, commands=commands, parse=parse)
        return parse

    return keep
