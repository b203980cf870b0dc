"""Rounds of reviewers: their challenges issued, shown and checked."""

from __future__ import annotations

import datetime as dt
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import UNSET, UnsetType

from suite import __version__
from suite.base import jsonio, versions
from suite.base.bilingual import Sentence
from suite.base.errors import TrustError, UsageError
from suite.cli import signingkey, stamping
from suite.cli.optionvalues import require_round
from suite.cli.output import labelled, write_new
from suite.documents.challenge import BasisChallenge, Challenge, Salts
from suite.documents.codec import plain
from suite.documents.document import given
from suite.judge.attest import challenge as challenges
from suite.judge.attest import envelope, trust
from suite.judge.attest.files import read_limited
from suite.judge.attest.sign import sign
from suite.judge.attest.times import format_time

if TYPE_CHECKING:
    from suite.base.jsonio import JSONObject
    from suite.cli.signingoptions import Signing
    from suite.documents.commitment import Commitment
    from suite.judge.attest.statement import Statement

ENDING = ".challenge.sigstore.json"
_SALT_BYTES = 32


def issue(
    round_id: str,
    *,
    days: int,
    commitment: Path | None,
    authority: str | None,
    like: Path | None,
    signing: Signing,
) -> Sentence:
    """Sign a challenge with fresh salts and write it; returns what to say of it.

    Raises:
        UsageError: ``nonce-wrong``, ``url-malformed``, ``challenge-exists``, ``page-unwritable``.
        SuiteError: what the key or the commitment is refused for.
    """
    require_round(round_id)
    if authority is not None:
        stamping.authority(authority)
    now = dt.datetime.now(dt.UTC)
    challenge = Challenge(
        challenge_schema=1,
        round=round_id,
        issued=format_time(now),
        expires=format_time(now + dt.timedelta(days=days)),
        salts=_salts(round_id, like),
        commitment=UNSET if commitment is None else _payload_sha256(commitment),
        authority=UNSET if authority is None else authority,
        suite=__version__,
    )
    target = signing.out or _place(round_id)
    signer, stamp = signingkey.opened(signing)
    bundle = sign(challenges.make_challenge(challenge), signer.key, stamp)
    hint = Sentence(
        "a challenge is never overwritten: salts that were given out stay as they are",
        "质询从不覆盖：已发出的盐值保持不变",
    )
    write_new(target, bundle, exists="challenge-exists", hint=hint)
    return labelled(
        [
            *describe(challenge),
            (signingkey.SIGNED_BY, signer.named()),
            (Sentence("challenge", "质询"), str(target)),
        ]
    )


def _salts(round_id: str, like: Path | None) -> Salts:
    """New salts, or those of another challenge of the round.

    Raises:
        UsageError: ``usage-wrong`` for a challenge of another round.
    """
    if like is None:
        return Salts(tasks=_salt(), load=_salt())
    other = received(like)[0]
    if other.round != round_id:
        message = Sentence(
            f"{like} is of the round {other.round}, not {round_id}",
            f"{like} 属于轮次 {other.round}，而不是 {round_id}",
        )
        raise UsageError(
            "usage-wrong",
            message,
            hint=Sentence("cards of one round share their salts", "同一轮次的评分卡共用盐值"),
        )
    return other.salts


def _payload_sha256(path: Path) -> str:
    return commitment(path)[1].sha256


def commitment(path: Path) -> tuple[Commitment, Statement]:
    """A commitment's file, read; its signature is not checked.

    Raises:
        TrustError: as `suite.judge.attest.challenge.read_commitment`; ``file-unreadable``.
    """
    data = read_limited(path, envelope.MAX_BUNDLE_BYTES)
    return challenges.read_commitment(data, str(path))


def _salt() -> str:
    return secrets.token_hex(_SALT_BYTES)


def _place(round_id: str) -> Path:
    return Path(round_id.replace(":", "-") + ENDING)


def describe(stated: Challenge) -> list[tuple[str, str]]:
    """A challenge for people: what, and what it states of it."""
    issued, expires = stated.issued, stated.expires
    rows: list[tuple[str, str]] = [
        (Sentence("round", "轮次"), stated.round),
        (
            Sentence("counts", "有效期"),
            Sentence(f"from {issued} to {expires}", f"自 {issued} 至 {expires}"),
        ),
        ("SHA-256", jsonio.digest(plain(stated))),
    ]
    if stated.commitment is not UNSET:
        of = stated.commitment
        rows.append((Sentence("answers", "对应"), Sentence(f"the commitment {of}", f"承诺 {of}")))
    if stated.authority is not UNSET:
        by = stated.authority
        rows.append((Sentence("stamps", "时间戳"), Sentence(f"by {by}", f"由 {by} 签发")))
    return rows


def received(path: Path) -> tuple[Challenge, bytes]:
    """A challenge's file, read; its signature is not checked.

    Raises:
        TrustError: as `suite.judge.attest.challenge.read_challenge`; ``file-unreadable``.
    """
    data = read_limited(path, envelope.MAX_BUNDLE_BYTES)
    return challenges.read_challenge(data, str(path))[0], data


def under(path: Path | None, nonce: str | None, commitment: Path | None) -> BasisChallenge | None:
    """The challenge that a run is made under, which must count now; None without one.

    Args:
        path: of its file.
        nonce: the round that was named beside it.
        commitment: that it answers; needed where it names one.

    Raises:
        TrustError: as `received`; ``challenge-expired``, ``challenge-newer``.
        UsageError: ``usage-wrong`` for a round of another name.
    """
    if path is None:
        if commitment is not None:
            message = Sentence(
                "--commitment goes with the --challenge that answers it",
                "--commitment 与对应的 --challenge 一起给出",
            )
            raise UsageError("usage-wrong", message)
        return None
    stated, data = received(path)
    challenges.require_valid(stated, dt.datetime.now(dt.UTC), str(path))
    issuer = given(stated.suite)
    if issuer is not None and not versions.at_least(__version__, issuer):
        message = Sentence(
            f"{path} was issued by version {issuer} of the suite, this is {__version__}",
            f"{path} 由套件版本 {issuer} 签发，当前为 {__version__}",
        )
        raise TrustError("challenge-newer", message)
    if nonce not in (None, stated.round):
        message = Sentence(
            f"--nonce names the round {nonce}, the challenge is of {stated.round}",
            f"--nonce 指定轮次 {nonce}，质询属于 {stated.round}",
        )
        raise UsageError(
            "usage-wrong", message, hint=Sentence("leave --nonce out", "请去掉 --nonce")
        )
    return BasisChallenge(
        stated=stated, bundle=data.decode("ascii"), commitment=_answered(stated, commitment)
    )


def _answered(stated: Challenge, path: Path | None) -> str | UnsetType:
    """The commitment that a challenge answers, as it was signed.

    Raises:
        UsageError: ``commitment-differs``.
        TrustError: what its file is refused for.
    """
    if (path is None) != (stated.commitment is UNSET):
        message = (
            Sentence(
                f"the challenge {stated.round} answers a commitment: give it with --commitment",
                f"质询 {stated.round} 对应一份承诺：请以 --commitment 给出",
            )
            if path is None
            else Sentence(
                f"the challenge {stated.round} answers no commitment",
                f"质询 {stated.round} 不对应任何承诺",
            )
        )
        raise UsageError("commitment-differs", message)
    if path is None:
        return UNSET
    data = read_limited(path, envelope.MAX_BUNDLE_BYTES)
    _, statement = challenges.read_commitment(data, str(path))
    if statement.sha256 != stated.commitment:
        message = Sentence(
            f"the challenge {stated.round} answers another commitment than {path}",
            f"质询 {stated.round} 对应的承诺不是 {path}",
        )
        raise UsageError("commitment-differs", message)
    return data.decode("ascii")


def check(path: Path, trust_list: Path) -> JSONObject:
    """Verify a challenge against a trust list, and that it counts now.

    Raises:
        TrustError: what the list, the signature or the time is refused for.
    """
    stated, data = received(path)
    verified = challenges.verify_challenge(data, trust.load(trust_list), str(path))
    challenges.require_valid(stated, dt.datetime.now(dt.UTC), str(path))
    if verified.owner is None:
        raise TrustError(
            "key-unknown",
            Sentence(f"nobody on the list signed {path}", f"{path} 并非由列表中的任何人签名"),
        )
    return {"round": stated.round, "issued_by": verified.owner, "expires": stated.expires}
