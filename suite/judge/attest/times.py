"""Times that somebody other than the signer vouches for, and their one written form."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from suite.base.bilingual import Sentence
from suite.base.errors import TrustError

_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z\Z")


@dataclass(frozen=True, slots=True)
class VerifiedTime:
    """A time at which the signature is known to have existed.

    Attributes:
        at: aware, UTC.
        source: who vouches for it, for people: ``the receipt of reviewer-a``. A time that the signed document
            states about itself is none.
    """

    at: dt.datetime
    source: str

    def __str__(self) -> str:
        """Time and source."""
        return f"{format_time(self.at)} by {self.source}"


@dataclass(frozen=True, slots=True)
class Window:
    """From when to when something counts, both ends included; None is without end. Aware, UTC."""

    start: dt.datetime | None = None
    end: dt.datetime | None = None

    def __contains__(self, at: dt.datetime) -> bool:
        """Whether a time lies in it."""
        return (self.start is None or at >= self.start) and (self.end is None or at <= self.end)


def format_time(time: dt.datetime) -> str:
    """``2026-01-31T12:00:00Z``."""
    return time.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_time(text: str) -> dt.datetime:
    """Read ``2026-01-31T12:00:00Z``; nothing else is a time here.

    Raises:
        TrustError: ``time-wrong``.
    """
    try:
        if not _TIME.match(text):
            raise ValueError(text)  # noqa: TRY301 - one refusal for both ways to be wrong
        return dt.datetime.fromisoformat(text)
    except ValueError as cause:
        hint = Sentence("UTC, like 2026-01-31T12:00:00Z", "UTC，例如 2026-01-31T12:00:00Z")
        raise TrustError(
            "time-wrong", Sentence(f"{text!r} is not a time", f"{text!r} 不是时刻"), hint=hint
        ) from cause
