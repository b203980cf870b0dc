"""Indented ``name : value`` lines with a block for each device, as ``nvidia-smi -q`` prints them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from suite.measure.telemetry.layouts.labels import (
    Labels,
    chosen,
    lines,
    named,
    reading,
    says_something,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suite.measure.telemetry.reading import Reading

_MEMBER: Final = re.compile(r"\s*([^:]+?)\s*(?::\s*(.*?))?\s*\Z")
_PROCESSES: Final = re.compile(r"\s*Process(es)?\b[^|]*:?\s*\Z", re.IGNORECASE)
_ATTACHED: Final = re.compile(r"Attached GPUs\s*:\s*(\d{1,4})\s*\Z")
GPU: Final = (
    r"\s*(?:GPU\s*(?P<device>\d{1,3})(?:\s+[0-9a-f:.]+)?|GPU\s+[0-9a-f]{4,8}:[0-9a-f:.]+"
    r"|Index\s*:\s*(?P<index>\d+))\s*:?\s*\Z"
)
"""``GPU0``, ``GPU 00000000:18:00.0`` or ``Index : 0``."""


@dataclass(frozen=True, slots=True)
class Members:
    """Blocks of members.

    Attributes:
        labels: as ``section/member``, or the member's name alone.
        start: pattern of the line with which a device begins; its groups ``device`` and ``index`` hold the id.
    """

    labels: Labels
    start: str = GPU

    def read(self, text: str) -> list[Reading]:
        """A reading for each block."""
        readings = []
        seen: dict[str, int] = {}
        there = lines(text)
        blocks = list(self._blocks(there))
        attached = next((int(match[1]) for line in there if (match := _ATTACHED.match(line))), None)
        # Where not all that are attached are listed, a place says nothing of the number.
        all_listed = attached in (None, len({block[0].strip() for block in blocks}))
        for block in blocks:
            # Where a device has no number its place counts; that of the same bus address is the same.
            position = seen.setdefault(block[0].strip(), len(seen))
            device, members = self._members(block)
            if not device and not all_listed:
                continue
            known = chosen(members, self.labels)
            if not says_something(known):
                continue  # a line that looks like the beginning of a device, and nothing behind it
            texts = [(label, *members[path]) for path, label in known.items()]
            card = reading(texts, device=device or str(position))
            if card is not None:
                readings.append(card)
        return readings

    def _blocks(self, text: list[str]) -> Iterator[list[str]]:
        block: list[str] | None = None
        started_by, margin = "", ""
        for line in text:
            match = re.match(self.start, line, re.IGNORECASE)
            indent = line[: len(line) - len(line.lstrip())]
            if match is not None and block is not None and len(indent) > len(margin):
                match = None  # a member of the device, or a process that is called so
            kind = ""
            if match is not None:
                kind = "index" if match.groupdict().get("index") is not None else "device"
            # An index line inside a block that a device's line began names that device.
            if kind and not (kind == "index" and started_by == "device"):
                if block is not None:
                    yield block
                block, started_by, margin = [], kind, indent
            if block is not None:
                block.append(line)
        if block is not None:
            yield block

    def _members(self, block: list[str]) -> tuple[str, dict[str, tuple[str, str]]]:
        device, section = "", ""
        members: dict[str, tuple[str, str]] = {}
        for line in block:
            if _PROCESSES.match(line):
                break  # their names may look like anything
            start = re.match(self.start, line, re.IGNORECASE)
            if start is not None:
                groups = start.groupdict()
                device = groups.get("index") or groups.get("device") or device
                continue
            match = _MEMBER.match(line)
            if match is None:
                continue
            name, unit = named(match[1])
            if match[2]:
                members.setdefault(f"{section}/{name}", (unit, match[2]))
                members.setdefault(name, (unit, match[2]))
            else:
                section = name
        return device, members
