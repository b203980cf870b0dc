"""A scorecard of an earlier release beside the one that today's suite makes of the same evidence.

Such a card keeps its words, knows no member and no metric that came later, and was asked the rules of its time
(`suite.judge.rules.registry.rules_for`). Everything else has to follow from the evidence as ever; numbers of another
``metric_schema`` are of an older definition, and are told as such instead of being compared.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from suite.judge.attest.compare import ABSENT, differences

if TYPE_CHECKING:
    from suite.base.jsonio import JSONValue
    from suite.documents.known import Release
    from suite.judge.attest.compare import Difference

_WORDS: Final = re.compile(
    r"/metrics/.*"  # descriptions of metrics; their numbers are below /phases and /startup
    r"|/standing/.*"
    r"|/chinese/.*"
    r"|/verdict/sentence/.*"
    r"|.*/(?:why|title|label|note|sentence)(?:/en|/zh)?"
    r"|/checks/[0-9]+/evidence.*"
)
_NUMBERS: Final = re.compile(
    r"/(?:phases/[0-9]+/(?:metrics|series)|startup|headline|quality|time_breakdown)(?:/.*)?"
)
_NAMED: Final = re.compile(r"/environment/[^/]+|/(?:phases/[0-9]+/metrics|startup)/([^/]+)")
"""Facts and metrics by name: one that is missing is missing, unless the release had no metric of that name."""
_LISTED: Final = re.compile(r".*/[0-9]+")


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a card of an earlier release shares with today's.

    Attributes:
        wrong: what does not follow from the evidence.
        older: how many numbers are of an older definition and were not compared.
        later: how many members and metrics came after it.
    """

    wrong: tuple[Difference, ...]
    older: int
    later: int


def compare(signed: JSONValue, again: JSONValue, release: Release, *, schema: int) -> Comparison:
    """Compare a signed card of a release with the card that was made again.

    Args:
        signed: the card.
        again: today's, of the same evidence.
        release: what the reviewers list of it.
        schema: today's ``metric_schema``.
    """
    wrong: list[Difference] = []
    older = later = 0
    for item in differences(signed, again):
        if _WORDS.fullmatch(item.pointer):
            continue
        if _came_later(item, release):
            later += 1
        elif release.metric_schema != schema and _is_number(item.pointer):
            older += 1
        else:
            wrong.append(item)
    return Comparison(tuple(wrong), older, later)


def _is_number(pointer: str) -> bool:
    return pointer == "/metric_schema" or _NUMBERS.fullmatch(pointer) is not None


def _came_later(item: Difference, release: Release) -> bool:
    if item.left != ABSENT:
        return False
    named = _NAMED.fullmatch(item.pointer)
    if named is not None:
        return named[1] is not None and named[1] not in release.metrics
    return _LISTED.fullmatch(item.pointer) is None
