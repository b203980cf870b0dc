"""What a telemetry tool is: its record, and the registry that every tool's file fills."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from suite.base.bilingual import Bilingual
    from suite.measure.telemetry.reading import Quantity, Reading

    Parser = Callable[[str], list[Reading]]

TOOLS: Final[dict[str, TelemetryTool]] = {}
"""Every tool by the name that declarations use as ``parser``; complete once `suite.measure.telemetry` is imported."""


class Counters(Protocol):
    """Counters of a machine that are read without a program."""

    def read(self) -> list[Reading]:
        """What they say now."""


C = TypeVar("C", bound="type[Counters]")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TelemetryTool:
    """One way to read devices: a program and the form in which it prints, or files.

    Attributes:
        name: the name that declarations use as ``parser``.
        title: what it reads.
        units: the quantities that it can give, each with the unit in which the tool prints it.
        command: how a declaration runs it; empty when files are read.
        sample: a captured output under ``tests/cases/telemetry/``; "" when files are read.
        parse: output in, readings out; None when files are read.
        counters: makes the reader of files; None for a program.
    """

    name: str
    title: Bilingual
    units: Mapping[Quantity, str]
    command: tuple[str, ...] = ()
    sample: str = ""
    parse: Parser | None = None
    counters: Callable[[], Counters] | None = None


def _register(tool: TelemetryTool) -> None:
    if tool.name in TOOLS:
        message = f"two telemetry tools are called {tool.name}"
        raise ValueError(message)
    TOOLS[tool.name] = tool


def program(
    name: str,
    title: Bilingual,
    *,
    command: tuple[str, ...],
    units: Mapping[Quantity, str],
    sample: str,
) -> Callable[[Parser], Parser]:
    """Make a parser of a program's output known; see `TelemetryTool`."""

    def keep(parse: Parser) -> Parser:
        _register(
            TelemetryTool(
                name=name, title=title, units=units, command=command, sample=sample, parse=parse
            )
        )
        return parse

    return keep


def files(name: str, title: Bilingual, *, units: Mapping[Quantity, str]) -> Callable[[C], C]:
    """Make a reader of files known; see `TelemetryTool`."""

    def keep(counters: C) -> C:
        _register(TelemetryTool(name=name, title=title, units=units, counters=counters))
        return counters

    return keep


def parse(name: str, text: str) -> list[Reading]:
    """Read a program's output; what no tool of that name parses gives nothing."""
    tool = TOOLS.get(name)
    return [] if tool is None or tool.parse is None else tool.parse(text)
