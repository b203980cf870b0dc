"""``mthreads-gmi``: the JSON query for devices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET, UnsetType

from suite.base import jsonio
from suite.base.errors import SuiteError
from suite.documents.devices import ObservedDevice
from suite.measure.devices.tool import device_tool
from suite.measure.telemetry.reading import is_unknown, number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@device_tool("mthreads-gmi", "devices of mthreads-gmi", ("mthreads-gmi", "--query", "--json"))
def parse(outputs: Sequence[str]) -> list[ObservedDevice]:
    """Read the JSON query; text around the document is ignored, a device without a name is left out."""
    text = outputs[0]
    start, end = text.find("{"), text.rfind("}")
    try:
        document = jsonio.loads(text[start : end + 1].encode()) if 0 <= start < end else None
    except SuiteError:
        return []
    if not isinstance(document, dict):
        return []
    cards = _member(document, "gpu")
    driver = _text(_member(document, "driver version"))
    rows = cards if isinstance(cards, list) else [cards]
    return [
        ObservedDevice(
            index=_text(_member(card, "index")) or str(position),
            name=name,
            identity=_identity(card) or UNSET,
            driver=driver or UNSET,
            firmware=_text(_member(card, "mtbios")) or _text(_member(card, "firmware")) or UNSET,
            memory_bytes=_bytes(_inner(card, "fb memory usage", "total")),
            memory_used_bytes=_bytes(_inner(card, "fb memory usage", "used")),
            power_limit_w=_number(_inner(card, "power readings", "current power limit"), "W"),
            power_default_w=_number(_inner(card, "power readings", "default power limit"), "W"),
            clock_max_mhz=_number(_inner(card, "max clocks", "graphics"), "MHz"),
            ecc=_text(_inner(card, "ecc mode", "current")) or UNSET,
        )
        for position, card in enumerate(rows)
        if isinstance(card, dict) and (name := _text(_member(card, "product name")))
    ]


def _identity(card: Mapping[str, object]) -> str:
    names = ("gpu uuid", "uuid", "serial number", "serial")
    return next((text for name in names if (text := _text(_member(card, name)))), "")


def _member(document: Mapping[str, object], name: str) -> object:
    # Some versions end a member's name with a space.
    return next((value for key, value in document.items() if key.strip().lower() == name), None)


def _inner(card: Mapping[str, object], section: str, member: str) -> object:
    inner = _member(card, section)
    return _member(inner, member) if isinstance(inner, dict) else None


def _text(value: object) -> str:
    known = isinstance(value, str | int) and not isinstance(value, bool)
    return str(value).strip() if known and not is_unknown(str(value)) else ""


def _number(value: object, unit: str) -> float | UnsetType:
    result = number(_text(value), unit)
    return UNSET if result is None else result


def _bytes(value: object) -> int | UnsetType:
    result = number(_text(value), "MiB")
    return UNSET if result is None else round(result)
