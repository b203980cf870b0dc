"""Which submissions a change of the trust list or of the waivers touches, though nobody changed the submissions themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from msgspec import UNSET

from suite.base import jsonio
from suite.base.errors import TrustError
from suite.documents.codec import decode
from suite.documents.submission import Waivers
from suite.documents.trust import TrustList
from suite.judge.submissions import changes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from suite.documents.submission import Waiver
    from suite.documents.trust import TrustedIdentity, TrustEntry
    from suite.judge.submissions.folders import Submission

_Item = TypeVar("_Item")
_Vendors = frozenset[str] | None
"""Whose submissions; None for everybody's."""
_NOBODY: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Deciding:
    """The files that decide beside the submissions; None without one."""

    trust: Path | None = None
    waivers: Path | None = None


@dataclass(frozen=True, slots=True)
class Affected:
    """What changed of them since a commit.

    Attributes:
        files: the names of those that did.
        vendors: whose submissions may be judged otherwise; None for everybody's.
    """

    files: tuple[str, ...] = ()
    vendors: _Vendors = _NOBODY

    def touches(self, submission: Submission) -> bool:
        """Whether a submission may be judged otherwise."""
        return self.vendors is None or submission.vendor in self.vendors


def since(tree: Path, commit: str, deciding: Deciding) -> Affected:
    """What changed since a commit, of those files that are kept in the tree's own checkout.

    Raises:
        UsageError: ``commit-unknown``.
        TrustError: ``file-unreadable``.
    """
    files: list[str] = []
    vendors: _Vendors = _NOBODY
    sides = ((deciding.trust, _by_trust), (deciding.waivers, _by_waivers))
    for path, by in sides:
        before = None if path is None else changes.before(tree, commit, path)
        if path is None or before is None:
            continue
        now = jsonio.read_bytes(path, error=TrustError) if path.is_file() else b""
        if before == now:
            continue
        files.append(path.name)
        touched = by(before, now)
        vendors = None if vendors is None or touched is None else vendors | touched
    return Affected(tuple(files), vendors)


def _by_waivers(before: bytes, now: bytes) -> _Vendors:
    def granted(data: bytes) -> Sequence[Waiver]:
        return decode(data, Waivers, name="waivers", error=TrustError).waivers if data else ()

    return _either(before, now, granted, lambda waiver: {waiver.vendor})


def _by_trust(before: bytes, now: bytes) -> _Vendors:
    """A reviewer's word, a time stamp and a maker's evidence can stand in anybody's submission."""

    def read(data: bytes) -> Sequence[TrustEntry | TrustedIdentity | str]:
        if not data:
            return ()
        known = decode(data, TrustList, name="trust list", error=TrustError)
        signers = () if known.identities is UNSET else known.identities
        return (*known.keys, *signers, repr((known.authorities, known.makers, known.sigstoreRoot)))

    def of(entry: TrustEntry | TrustedIdentity | str) -> _Vendors:
        if isinstance(entry, str) or entry.role == "reviewer":
            return None
        return frozenset((entry.owner,) if entry.signsFor is UNSET else entry.signsFor)

    return _either(before, now, read, of)


def _either(
    before: bytes,
    now: bytes,
    read: Callable[[bytes], Sequence[_Item]],
    of: Callable[[_Item], Iterable[str] | None],
) -> _Vendors:
    """Whom the entries are of that stand in one of two versions alone."""
    try:
        old, new = read(before), read(now)
    except TrustError:  # one that cannot be read may have said anything
        return None
    vendors: set[str] = set()
    for entry in (
        *(item for item in old if item not in new),
        *(item for item in new if item not in old),
    ):
        whose = of(entry)
        if whose is None:
            return None
        vendors.update(whose)
    return frozenset(vendors)
