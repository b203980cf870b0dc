"""What a telemetry tool is: its record, and the registry that every tool's file fills."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from suite.documents.counters import COUNTERS
from suite.measure.telemetry.layouts.labels import PLACES
from suite.measure.telemetry.reading import whole

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from suite.base.bilingual import Bilingual
    from suite.documents.counters import CounterName
    from suite.measure.telemetry.layouts import Layout
    from suite.measure.telemetry.layouts.labels import Role
    from suite.measure.telemetry.reading import Quantity, Reading

TOOLS: Final[dict[str, TelemetryTool]] = {}
"""Every tool by the name that declarations use as ``parser``; complete once `suite.measure.telemetry` is imported."""


_GIVES: Final[dict[Role | None, tuple[Quantity, ...]]] = {
    None: (),
    **dict.fromkeys(PLACES, ()),
    # The rest of the size, or the size with what is in use.
    "memory_free_bytes": ("memory_used_bytes", "memory_total_bytes"),
}
"""What the roles give that are no quantities themselves."""


class Counters(Protocol):
    """Counters of a machine that are read without a program."""

    def read(self) -> list[Reading]:
        """What they say now."""


C = TypeVar("C", bound="type[Counters]")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TelemetryTool:
    """One way to read devices: a program and the forms in which it prints, a page of an exporter, or files.

    Attributes:
        name: the name that declarations use as ``parser``.
        title: what it reads.
        units: the quantities that it can give, each with the unit in which the tool prints it.
        watched: the counters that it can give, which tell whether a device was held back.
        command: how a declaration runs it, or the address of the page; empty when files are read.
        page: the command is an address that is fetched.
        layouts: forms of its output, the first that gives a reading is used; none when files are read.
        counters: makes the reader of files; None for a program.
    """

    name: str
    title: Bilingual
    units: Mapping[Quantity, str]
    watched: tuple[CounterName, ...] = ()
    command: tuple[str, ...] = ()
    page: bool = False
    layouts: tuple[Layout, ...] = field(default=())
    counters: Callable[[], Counters] | None = None

    def parse(self, text: str) -> list[Reading]:
        """Readings of an output, in its order; nothing where no layout is understood. Never raises."""
        for layout in self.layouts:
            readings = layout.read(text)
            if readings:
                return whole(readings)
        return []


def _register(tool: TelemetryTool) -> None:
    if tool.name in TOOLS:
        message = f"two telemetry tools are called {tool.name}"
        raise ValueError(message)
    TOOLS[tool.name] = tool


def program(
    name: str,
    title: Bilingual,
    *layouts: Layout,
    command: tuple[str, ...],
    page: bool = False,
) -> None:
    """Make a program known, or the page of an exporter; the units are those of its labels. See `TelemetryTool`."""
    units: dict[Quantity, str] = {}
    watched: dict[CounterName, None] = {}
    for layout in layouts:
        for label in layout.labels.values():
            for role in (label.role, label.second):
                if role in COUNTERS:
                    watched.setdefault(role)
                    continue
                for quantity in _GIVES.get(role, (role,)):
                    units.setdefault(quantity, label.unit)  # type: ignore[arg-type]  # roles are mapped
    _register(
        TelemetryTool(
            name=name,
            title=title,
            units=units,
            watched=tuple(watched),
            command=command,
            layouts=layouts,
            page=page,
        )
    )


def files(name: str, title: Bilingual, *, units: Mapping[Quantity, str]) -> Callable[[C], C]:
    """Make a reader of files known; see `TelemetryTool`."""

    def keep(counters: C) -> C:
        _register(TelemetryTool(name=name, title=title, units=units, counters=counters))
        return counters

    return keep


def parse(name: str, text: str) -> list[Reading]:
    """Read a program's output; what no tool of that name parses gives nothing."""
    tool = TOOLS.get(name)
    return [] if tool is None else tool.parse(text)
