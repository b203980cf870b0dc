"""The trust list: whose keys count, for what, and when.

``keys.json`` is kept by the reviewers. Each entry names an owner, a role, an algorithm and a public key. The
key's id is computed, never read; the algorithm comes from the list, never from the document that is
verified. Entries are ended or revoked, never deleted; two keys of one owner may overlap (rotation).
"""

from __future__ import annotations

import datetime as dt
import enum
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.base import jsonio
from suite.base.errors import Place, TrustError
from suite.documents import trust
from suite.documents.codec import decode
from suite.documents.document import given
from suite.judge.attest.keys import Algorithm, PublicKey, parse_public
from suite.judge.attest.statement import REVIEW_TYPE, SCORECARD_TYPE, TEST_RESULT_TYPE
from suite.judge.attest.text import value_problem

if TYPE_CHECKING:
    from pathlib import Path


_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z\Z")


class Role(enum.StrEnum):
    """What an owner is to the suite; a role limits what its keys may sign."""

    VENDOR = "vendor"
    REVIEWER = "reviewer"

    def may_sign(self, predicate_type: str) -> bool:
        """Whether this role may sign that type of predicate."""
        if self is Role.VENDOR:
            return predicate_type in (SCORECARD_TYPE, TEST_RESULT_TYPE)
        return predicate_type == REVIEW_TYPE


@dataclass(frozen=True, slots=True)
class VerifiedTime:
    """A time at which the signed bytes are known to have existed.

    Attributes:
        at: aware, UTC.
        source: who vouches for it, for people: ``the verifier's own clock``, ``reviewer's receipt``. A time
            that the signed document states about itself is none.
    """

    at: dt.datetime
    source: str

    def __str__(self) -> str:
        """Time and source."""
        return f"{format_time(self.at)} by {self.source}"


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """One entry of the list, read. `start`, `end` and `revoked_at` are aware UTC times."""

    key: PublicKey
    owner: str
    role: Role
    start: dt.datetime | None
    end: dt.datetime | None
    revoked_at: dt.datetime | None
    revoked_reason: str

    def check_time(self, time: VerifiedTime | None) -> str:
        """Say why the key counted at that time.

        An entry with a window or a revocation needs a verified time: without one, an expired key would
        sign for ever.

        Raises:
            TrustError: ``time-unproven``, ``key-not-yet-valid``, ``key-expired`` or ``key-revoked``.
        """
        if self.start is None and self.revoked_at is None:
            return "the list sets no limit in time"
        if time is None:
            hint = "give a time that somebody other than the signer vouches for"
            message = (
                f"the key of {self.owner} counts for a limited time and no verified time is known"
            )
            raise TrustError("time-unproven", message, hint=hint)
        if self.revoked_at is not None and time.at >= self.revoked_at:
            message = f"revoked at {format_time(self.revoked_at)}: {self.revoked_reason}"
            raise TrustError(
                "key-revoked", f"the key of {self.owner} was {message}; known time {time}"
            )
        if self.start is not None and time.at < self.start:
            message = f"counts from {format_time(self.start)}; known time {time}"
            raise TrustError("key-not-yet-valid", f"the key of {self.owner} {message}")
        if self.end is not None and time.at > self.end:
            message = f"ended at {format_time(self.end)}; known time {time}"
            raise TrustError("key-expired", f"the key of {self.owner} {message}")
        return f"valid at {time}"


@dataclass(frozen=True, slots=True)
class TrustList:
    """A list that was read and found consistent. `sha256` is the digest of its file."""

    keys: tuple[TrustedKey, ...]
    sha256: str

    def find(self, key_id: str) -> TrustedKey:
        """The entry with that id.

        Raises:
            TrustError: ``key-unknown``.
        """
        for entry in self.keys:
            if entry.key.id == key_id:
                return entry
        message = f"no key with the id {key_id} is in the trust list ({len(self.keys)} keys)"
        raise TrustError("key-unknown", message)


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
        hint = "UTC, like 2026-01-31T12:00:00Z"
        raise TrustError("time-wrong", f"{text!r} is not a time", hint=hint) from cause


def load(path: Path) -> TrustList:
    """Read a trust list file; see `parse`, and ``file-unreadable``."""
    return parse(jsonio.read_bytes(path, error=TrustError), name=str(path))


def parse(data: bytes, *, name: str = "<trust list>") -> TrustList:
    """Read a trust list.

    Raises:
        TrustError: ``json-refused``, ``schema-violation``, ``payload-text`` (an owner that looks like
            another one's name), ``key-wrong``, ``key-algorithm``, ``key-encoding``,
            ``trust-algorithm-differs`` (the key is not of the algorithm that its entry declares),
            ``trust-key-twice``, ``time-wrong``, ``trust-window-empty``; each with its pointer.
    """
    document = decode(data, trust.TrustList, name=name, error=TrustError)
    entries: list[TrustedKey] = []
    seen: dict[str, int] = {}
    for index, entry in enumerate(document.keys):
        place = Place(name, None, f"/keys/{index}")
        problem = value_problem(entry.owner)
        if problem:
            raise TrustError("payload-text", problem[1], place)
        trusted = _entry(entry, place)
        if trusted.key.id in seen:
            message = f"the same key as /keys/{seen[trusted.key.id]}"
            hint = "one key belongs to one owner; end an entry, do not repeat it"
            raise TrustError("trust-key-twice", message, place, hint)
        seen[trusted.key.id] = index
        entries.append(trusted)
    return TrustList(tuple(entries), jsonio.sha256_hex(data))


def _entry(entry: trust.TrustEntry, place: Place) -> TrustedKey:
    name = f"{place.file} {place.pointer}/key"
    key = parse_public(entry.key.encode("utf-8"), name=name)
    if key.algorithm != Algorithm(entry.algorithm):
        message = f"declared as {entry.algorithm}, the key is {key.algorithm}"
        raise TrustError("trust-algorithm-differs", message, place)
    window = given(entry.validFor)
    start = parse_time(window.start) if window else None
    end = parse_time(window.end) if window and window.end is not UNSET else None
    if start and end and end <= start:
        raise TrustError("trust-window-empty", "validFor ends before it starts", place)
    revoked = given(entry.revoked)
    return TrustedKey(
        key=key,
        owner=entry.owner,
        role=Role(entry.role),
        start=start,
        end=end,
        revoked_at=parse_time(revoked.at) if revoked else None,
        revoked_reason=revoked.reason if revoked else "",
    )
