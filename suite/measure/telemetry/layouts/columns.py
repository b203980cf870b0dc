"""Text columns under a line of labels, as in ``amd-smi monitor``; the same spans are used inside boxes.

A value belongs to the label that it stands under, wherever the columns are and however they are aligned; a value that
stands under none, or under two, is nobody's.
"""

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
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from suite.measure.telemetry.layouts.labels import Label
    from suite.measure.telemetry.reading import Reading

_UNITS: Final = (
    r"(?:%|°?[CcF]\b|[mk]?W|[KMGT](?:iB|ib|B)|[KMGT](?=\s|/|\)|$)|[KMGk]?[Hh][Zz]|[mu]?J)"
)
_NUMBER: Final = rf"[-+]?\d+(?:[.,]\d+)?(?:\s?{_UNITS})?(?![\w.,:%°-])"
_VALUE: Final = rf"(?:{_NUMBER}|(?:\[?N/?A\]?|--?(?=\s|/|$))(?:\s{{0,6}}{_UNITS}(?=\s|$))?)"
_TOKEN: Final = re.compile(
    rf"(?P<first>{_VALUE})\s*[/(]\s*(?P<second>{_VALUE})\)?(?=\s|$)"
    rf"|(?P<single>{_NUMBER}|\[[^\[\]]{{1,24}}\]|\S+)"
)
_GROUP: Final = re.compile(r"\d{3}(?!\d)")
_WORDS: Final = re.compile(r"\S+(?: \S+)*")


@dataclass(frozen=True, slots=True)
class Place:
    """A label of a header: where it stands, its name and its unit."""

    start: int
    end: int
    name: str
    unit: str


def places(line: str, known: Collection[str]) -> list[Place]:
    """The labels of a header line: what two spaces part, or one between labels that are known."""
    result: list[Place] = []
    for match in _WORDS.finditer(line):
        name, unit = named(match[0])
        words = list(re.finditer(r"\S+", match[0]))
        if name not in known and any(named(word[0])[0] in known for word in words):
            result += [
                Place(match.start() + word.start(), match.start() + word.end(), *named(word[0]))
                for word in words
            ]
        else:
            result.append(Place(match.start(), match.end(), name, unit))
    return result


def values(
    line: str, header: Sequence[Place], read: Mapping[str, Label]
) -> Iterator[tuple[Label, str, str]]:
    """Label, unit and text of the labels that are read; the two texts of a pair are parted by a line end."""
    under: dict[Place, list[str]] = {}
    stray = -2
    for match in _TOKEN.finditer(line):
        over = [
            place for place in header if place.start < match.end() and match.start() < place.end
        ]
        if len(over) == 1:
            text = _text(match)
            # Behind digits under no label these three may end a number whose groups a space parts.
            cut = stray + 1 == match.start() and _GROUP.match(text)
            under.setdefault(over[0], []).append("" if cut else text)
        stray = match.end() if not over and match[0].isdigit() else -2
        if len(over) > 1:  # not clear whose it is, nor that of what it pushed to the right
            for place in (place for place in header if place.end > match.start()):
                under[place] = ["", ""]
            break
    for place, texts in under.items():
        label = read.get(place.name)
        if label is not None and len(texts) == 1:
            yield label, place.unit, texts[0]


def read_row(fields: Iterable[tuple[Label, str, str]], read: Mapping[str, Label]) -> Reading | None:
    """A reading of a row; None where there is a column of devices and this row's is empty: a card's number is another's."""
    row = list(fields)
    numbered = any(label.role == "device" for label in read.values())
    if numbered and all(label.role != "device" for label, _, _ in row):
        return None
    return reading(row)


def _moved(line: str, header: Sequence[Place]) -> bool:
    """Whether a word too long for its column moved a row's values: where they begin with the labels, one stands otherwise."""
    words = list(re.finditer(r"\S+", line))
    if not words or words[0].start() != header[0].start or words[0].end() >= header[0].end:
        return False  # not a table whose values begin where the labels do
    last: tuple[int, Place | None] = (0, None)
    for word in words:
        over = [place for place in header if place.start < word.end() and word.start() < place.end]
        goes_on = over and word.start() == last[0] + 1 and over[0] is last[1]
        if over and not goes_on and not any(_meets(word, place) for place in over):
            return True
        last = word.end(), over[-1] if over else None
    return False


def _meets(word: re.Match[str], place: Place) -> bool:
    return word.start() == place.start or (word.start() > place.start and word.end() <= place.end)


def _text(match: re.Match[str]) -> str:
    if match["single"] is not None:
        return match["single"]
    first, second = match["first"], match["second"]
    unit = re.search(rf"({_UNITS})\Z", second)  # also of the first: 666/65536 MiB
    return f"{first}{unit[1]}\n{second}" if unit and first[-1:].isdigit() else f"{first}\n{second}"


@dataclass(frozen=True, slots=True)
class Columns:
    """Rows of values under one line of labels."""

    labels: Labels

    def read(self, text: str) -> list[Reading]:
        """A reading for each row that begins with a device and stands under the labels; a later header replaces an earlier one."""
        header: list[Place] = []
        read: dict[str, Label] = {}
        readings = []
        for line in lines(text):
            there = places(line, self.labels)
            known = chosen([place.name for place in there], self.labels)
            if any(label.role == "device" for label in known.values()):
                # Of processes, where it says nothing of the devices themselves.
                header, read = (there, known) if says_something(known) else ([], {})
            elif header and not _moved(line, header):
                row = read_row(values(line, header, read), read)
                if row is not None:
                    readings.append(row)
        return readings
