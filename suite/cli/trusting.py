"""Changes of a trust list: the file is read strictly before and after, and left as it was where either refuses."""

from __future__ import annotations

import datetime as dt
import os
from typing import TYPE_CHECKING, TypeAlias

from msgspec.structs import replace

from suite.base import jsonio
from suite.base.bilingual import Sentence, joined, placed
from suite.base.errors import TrustError, UsageError
from suite.cli.output import write_report
from suite.documents import trust as documents
from suite.documents.codec import decode, plain, pretty
from suite.documents.document import given
from suite.judge.attest import keyfiles
from suite.judge.attest.times import format_time
from suite.judge.attest.trust import load, parse
from suite.judge.attest.trusted import Role

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    Entry: TypeAlias = documents.TrustEntry | documents.TrustedIdentity

_ROLES = {Role.VENDOR: "厂商", Role.LAB: "实验室", Role.REVIEWER: "评审方"}


def add(
    file: Path,
    owner: str,
    role: str,
    key: Path,
    *,
    signs_for: Sequence[str],
    window: tuple[str | None, str | None],
    note: str | None,
) -> str:
    """Add a key; returns what to say of it.

    Raises:
        TrustError: the list, the key or the entry is refused.
        UsageError: ``trust-entry``: an end without a start.
    """
    public = keyfiles.load_public(key)
    start, end = window
    if end and not start:
        raise UsageError("trust-entry", Sentence("--until needs --from", "--until 需要 --from"))
    entry: dict[str, object] = {
        "owner": owner,
        "role": role,
        "algorithm": str(public.algorithm),
        "key": public.pem.decode("ascii"),
    }
    if signs_for:
        entry["signsFor"] = list(signs_for)
    if start:
        entry["validFor"] = {"start": start, **({"end": end} if end else {})}
    if note:
        entry["note"] = note
    before = plain(_read(file)) if os.path.lexists(file) else {"trust_schema": 1, "keys": []}
    entries = before["keys"]
    assert isinstance(entries, list)
    _write(file, jsonio.pretty({**before, "keys": [*entries, entry]}))
    return f"{owner} ({role}) {public.id}"


def revoke(file: Path, key_id: str, reason: str, at: str | None) -> str:
    """Revoke a key; returns what to say of it.

    Raises:
        TrustError: the list is refused, or the time.
        UsageError: ``trust-entry``: no such key, several, or it is revoked already.
    """
    listed = load(file)
    matches = [index for index, key in enumerate(listed.keys) if key.key.id.startswith(key_id)]
    if len(matches) != 1:
        count = "no key" if not matches else f"{len(matches)} keys"
        message = Sentence(
            f"{count} of {file} begin with {key_id!r}",
            f"{file} 中有 {len(matches)} 个密钥以 {key_id!r} 开头",
        )
        raise UsageError("trust-entry", message)
    (index,) = matches
    if listed.keys[index].revoked_at is not None:
        message = Sentence(
            "it is revoked already; a revocation is never changed", "该密钥已被吊销；吊销从不更改"
        )
        raise UsageError("trust-entry", message)
    document = _read(file)
    now = at or format_time(dt.datetime.now(dt.UTC))
    entries = [*document.keys]
    revocation = documents.Revocation(at=now, reason=reason)
    entries[index] = replace(entries[index], revoked=revocation)
    _write(file, pretty(replace(document, keys=tuple(entries))))
    key = f"{listed.keys[index].owner} {listed.keys[index].key.id}"
    return Sentence(f"revoked {key} at {now}", f"已吊销 {key}，自 {now} 起")


def rows(file: Path) -> list[dict[str, str]]:
    """The keys for people, in the order of the list, and behind them those who sign without one.

    Raises:
        TrustError: the list is refused.
    """
    known, document = load(file), _read(file)
    named: list[tuple[Entry, str]] = [
        *zip(document.keys, (key.key.id for key in known.keys), strict=True),
        *((item, f"{item.identity} ({item.issuer})") for item in given(document.identities, ())),
    ]
    return [
        {
            "owner": entry.owner,
            "role": Sentence(entry.role, _ROLES[Role(entry.role)]),
            "signs_for": _signs_for(entry),
            "counts": _counts(entry),
            "key_id": name,
        }
        for entry, name in named
    ]


def counted(file: Path) -> tuple[int, str, str]:
    """Of a list how many entries may sign, what is in it for people, and its digest.

    Raises:
        TrustError: the list is refused.
    """
    known = load(file)
    parts = [
        (len(known.keys), "keys", "个密钥"),
        (len(known.identities), "identities", "个身份"),
        (len(known.authorities), "time-stamping authorities", "个时间戳机构"),
        (len(known.makers), "makers of devices", "个设备制造商"),
    ]
    shown = [
        Sentence(f"{number} {what}", f"{number} {chinese}")
        for number, what, chinese in parts
        if number or what == "keys"
    ]
    return len(known.keys) + len(known.identities), joined(shown, ", ", "，"), known.sha256


def _signs_for(entry: Entry) -> str:
    return "" if entry.role == "reviewer" else ", ".join(given(entry.signsFor, (entry.owner,)))


def _counts(entry: Entry) -> str:
    revoked, period = given(entry.revoked), given(entry.validFor)
    if revoked:
        since = Sentence(f"revoked {revoked.at}", f"自 {revoked.at} 起吊销")
        return placed(since, revoked.reason)
    if period is None:
        return Sentence("always", "始终")
    parts = [Sentence(f"from {period.start}", f"自 {period.start} 起")]
    if end := given(period.end):
        parts.append(Sentence(f"until {end}", f"至 {end} 止"))
    return joined(parts, " ", "，")


def _read(file: Path) -> documents.TrustList:
    data = jsonio.read_bytes(file, error=TrustError)
    return decode(data, documents.TrustList, name=str(file), error=TrustError)


def _write(file: Path, data: bytes) -> None:
    parse(data, name=str(file))
    write_report(file, data)
