"""What a telemetry tool said about one device, before it has a time."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from suite.documents.counters import COUNTERS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from suite.documents.counters import CounterName

Quantity: TypeAlias = Literal[
    "power_w",
    "energy_j",
    "utilisation",
    "memory_used_bytes",
    "memory_total_bytes",
    "temperature_c",
    "clock_mhz",
]

_UNKNOWN: Final = frozenset(
    (
        "",
        "-",
        "--",
        "n/a",
        "na",
        "[n/a]",
        "[not supported]",
        "not supported",
        "unknown",
        "unknown error",
        "err!",
        "[unknown error]",
        "none",
        "nan",
    )
)
_VALUE: Final = re.compile(
    r"([-+]?[0-9]+(?:\.[0-9]+|,[0-9]{1,2})?)\s*(%|[A-Za-zµ°][A-Za-zµ° ]*)?\Z"
)
"""A comma with one or two digits behind it is a decimal comma; with three it could be either, and is not read."""
_GROUPED: Final = re.compile(r"[-+]?[1-9][0-9]{0,2}\.[0-9]{3}\Z")
"""So it is with a point: ``1.127`` is more than a thousand where points part the digits."""

_KINDS: Final[tuple[dict[str, float], ...]] = (
    {"w": 1, "mw": 1e-3, "kw": 1e3, "watt": 1, "watts": 1},
    {"j": 1, "mj": 1e-3, "uj": 1e-6, "µj": 1e-6, "μj": 1e-6},
    {"%": 1e-2},
    {"1": 1},
    {"c": 1, "°c": 1, "degree c": 1, "celsius degree": 1},
    {"hz": 1e-6, "khz": 1e-3, "mhz": 1, "ghz": 1e3},
    {"b": 1, "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}
    | {"kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12},
)
"""The units of each kind of quantity, to its own unit. `mib` and `mb` differ: tools print both and mean both."""
_FACTORS: Final = {unit: factor for units in _KINDS for unit, factor in units.items()}
_KIND: Final = {unit: kind for kind, units in enumerate(_KINDS) for unit in units}


@dataclass(frozen=True, slots=True)
class Reading:
    """One device at one moment.

    Attributes:
        device: its id by the tool.
        values: what the tool gave; a quantity that it did not give is absent, never 0.
        card: the card that it sits on, where the tool tells them apart; power is then the card's, for all its chips.
        counters: what tells whether it was held back; the same holds for what is absent.
        part: of the device, a tile or partition, where the tool lists them; "" for the whole.
    """

    device: str
    values: dict[Quantity, float] = field(default_factory=dict)
    card: str = ""
    counters: dict[CounterName, float] = field(default_factory=dict)
    part: str = ""


def whole(readings: Iterable[Reading]) -> list[Reading]:
    """Readings of devices; one listed by several parts is left out, for what its parts state is not the device's."""
    known = list(readings)
    parts: dict[str, set[str]] = {}
    for reading in known:
        parts.setdefault(reading.device, set()).add(reading.part)
    return [reading for reading in known if len(parts[reading.device]) == 1]


def is_unit(text: str) -> bool:
    """Whether a text is a unit that `number` knows."""
    return text.strip().lower() in _FACTORS


def same_kind(unit: str, usual: str) -> bool:
    """Whether two units that `number` knows measure the same kind of quantity."""
    kind = _KIND.get(unit.strip().lower())
    return kind is not None and kind == _KIND.get(usual.strip().lower())


def is_unknown(text: str) -> bool:
    """Whether a tool's text means that it does not know."""
    return text.strip().lower() in _UNKNOWN


def number(text: str, unit: str) -> float | None:
    """A tool's number in the base unit of its quantity; None when it is unknown or makes no sense.

    Args:
        text: ``512.33 W``, ``0%``, ``81920MiB``, ``[N/A]``.
        unit: unit of a number without one.
    """
    if is_unknown(text):
        return None
    match = _VALUE.match(text.strip())
    if match is None or _GROUPED.match(match[1]):
        return None
    stated = (match[2] or unit).strip()
    if not same_kind(stated, unit):  # the number stands for something else
        return None
    value = float(match[1].replace(",", ".")) * _FACTORS[stated.lower()]
    return value if math.isfinite(value) else None


_STATES: Final = {
    "active": 1.0,
    "not active": 0.0,
    "throttled": 1.0,
    "unthrottled": 0.0,
    "1": 1.0,
    "0": 0.0,
}
_COUNT: Final = re.compile(
    r"(?:x?(?P<lanes>[1-9][0-9]?)x?|(?P<count>[0-9]{1,15})(?:\.0+)?|(?P<mask>0x[0-9a-f]{1,16}))(?:\s*\(.*\))?\Z"
)
"""Of ``16``, ``16x(16x)``, ``x16``, ``17.000000``, ``0x0000000000000004``."""


def counter(text: str, name: CounterName) -> float | None:
    """A tool's text for a counter; None when it is unknown or makes no sense.

    Args:
        text: ``Not Active``, ``0x0000000000000004``, ``16x(16x)``, ``700.00 W``.
        name: of the counter.
    """
    if name == "power_limit_w":
        limit = number(text, "W")
        return limit if limit is not None and limit > 0 else None
    plain = text.strip().lower()
    if COUNTERS[name].kind == "state":
        return _STATES.get(plain)
    match = _COUNT.match(plain)
    if match is None:
        return None
    mask = match["mask"]
    return float(int(mask, 16) if mask else int(match["lanes"] or match["count"]))


def put(values: dict[Quantity, float], quantity: Quantity, value: float | None) -> None:
    """Keep a value that is possible: nothing negative but a temperature, no share above one."""
    if value is None:
        return
    if quantity == "utilisation" and not 0 <= value <= 1:
        return
    if quantity != "temperature_c" and value < 0:
        return
    values[quantity] = value
