"""Whom a trust list names: owners of keys, those who sign without one, makers of devices."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from suite.base.bilingual import Sentence
from suite.base.errors import Problem, TrustError
from suite.documents.fleet import FLEET_TYPE
from suite.documents.reference import REFERENCE_TYPE
from suite.judge.attest.statement import (
    AUDIT_TYPE,
    CHALLENGE_TYPE,
    COMMITMENT_TYPE,
    REVIEW_TYPE,
    SCORECARD_TYPE,
    STATUS_TYPE,
    SUMMARY_TYPE,
    TEST_RESULT_TYPE,
    WITNESS_TYPE,
)
from suite.judge.attest.times import Window, format_time

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Sequence

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

    from suite.judge.attest.keys import PublicKey
    from suite.judge.attest.times import VerifiedTime


class Role(enum.StrEnum):
    """What an owner is to the suite; a role limits what its keys may sign."""

    VENDOR = "vendor"
    LAB = "lab"
    REVIEWER = "reviewer"

    def may_sign(self, predicate_type: str) -> bool:
        """Whether this role may sign that type of predicate."""
        if self is Role.REVIEWER:
            return predicate_type in (
                *(REVIEW_TYPE, AUDIT_TYPE, CHALLENGE_TYPE, REFERENCE_TYPE),
                *(WITNESS_TYPE, SUMMARY_TYPE),
            )
        return predicate_type in (
            *(SCORECARD_TYPE, TEST_RESULT_TYPE, STATUS_TYPE, COMMITMENT_TYPE),
            FLEET_TYPE,
        )


UNTIMELY: Final = ("time-unproven", "key-revoked", "key-not-yet-valid", "key-expired")
"""The codes of `TrustedKey.check_time`."""


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """One entry of the list, read.

    Attributes:
        signs_for: the vendors whose scorecards the key may sign: itself, or those that a lab signs for.
        window: when the key counts; None without limit.
        revoked_at: aware, UTC.
    """

    key: PublicKey
    owner: str
    role: Role
    signs_for: tuple[str, ...]
    window: Window | None
    revoked_at: dt.datetime | None
    revoked_reason: str

    def check_time(self, time: VerifiedTime | None, unused: Sequence[str] = ()) -> str:
        """Say why the key counted at that time.

        An entry with a window or a revocation needs a verified time: without one, an expired key would
        sign for ever.

        Args:
            time: the earliest that is known.
            unused: what might have given one and did not count, with the reasons.

        Raises:
            TrustError: ``time-unproven``, ``key-not-yet-valid``, ``key-expired`` or ``key-revoked``.
        """
        window = self.window or Window()
        if self.window is None and self.revoked_at is None:
            return "the list sets no limit in time" + (f"; known time {time}" if time else "")
        if time is None:
            hint = Sentence(
                "a time that somebody other than the signer vouches for: sign with --tsa URL, or give --timestamp or a reviewer's --receipt",
                "需要由签名者以外者担保的时刻：以 --tsa URL 签名，或给出 --timestamp，或评审方的 --receipt",
            )
            message = Sentence(
                f"the key of {self.owner} counts for a limited time and no verified time is known",
                f"{self.owner} 的密钥只在有限时间内有效，而没有经证实的时刻",
            )
            problems = [Problem(reason) for reason in unused]
            raise TrustError("time-unproven", message, hint=hint, problems=problems)
        known = Sentence(f"; known time {time}", f"；已知时刻 {time}")
        if self.revoked_at is not None and time.at >= self.revoked_at:
            at, why = format_time(self.revoked_at), self.revoked_reason
            message = Sentence(f" was revoked at {at}: {why}", f"于 {at} 被吊销：{why}")
            raise self._refusal("key-revoked", message + known)
        if window.start is not None and time.at < window.start:
            start = format_time(window.start)
            message = Sentence(f" counts from {start}", f"自 {start} 起有效")
            raise self._refusal("key-not-yet-valid", message + known)
        if window.end is not None and time.at > window.end:
            end = format_time(window.end)
            message = Sentence(f" ended at {end}", f"于 {end} 结束")
            raise self._refusal("key-expired", message + known)
        return f"valid at {time}"

    def _refusal(self, code: str, message: Sentence) -> TrustError:
        return TrustError(
            code, Sentence(f"the key of {self.owner}", f"{self.owner} 的密钥") + message
        )


@dataclass(frozen=True, slots=True)
class TrustedIdentity:
    """Somebody who signs without a key of their own, and how their certificates' keys count.

    Attributes:
        issuer: who vouched for the identity.
        entry: of any key of a certificate, but for the key itself.
    """

    identity: str
    issuer: str
    entry: Callable[[PublicKey], TrustedKey]


@dataclass(frozen=True, slots=True)
class Maker:
    """A maker of devices, read.

    Attributes:
        owner: id of its declaration.
        roots: certificates that its devices' certificates end in.
        keys: of the service that signs tokens about its devices.
        window: when its evidence counts.
    """

    owner: str
    roots: tuple[x509.Certificate, ...]
    keys: tuple[ec.EllipticCurvePublicKey, ...]
    window: Window
