"""Outcomes form a lattice; rolling up nothing is an error, never a pass."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Outcome(enum.StrEnum):
    """How a check ended. `FAIL` is the subject's fault, `ERROR` the suite's or the evidence's."""

    NOT_APPLICABLE = "not-applicable"
    SKIPPED = "skipped"
    PASS = "pass"  # noqa: S105 - an outcome, not a password
    WARN = "warn"
    FAIL = "fail"
    ERROR = "error"


_ORDER = {outcome: rank for rank, outcome in enumerate(Outcome)}


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """Roll outcomes up to the worst one.

    A skipped check leaves the whole undecided: it ranks below pass only because a parent with one
    pass and one skip has judged something. When nothing passed, warned or failed, nothing was judged
    and the result is `Outcome.ERROR`.
    """
    seen = set(outcomes)
    if not seen & {Outcome.PASS, Outcome.WARN, Outcome.FAIL, Outcome.ERROR}:
        return Outcome.ERROR
    return max(seen, key=_ORDER.__getitem__)
