"""The trust list: whose keys count, for what, and when.

``keys.json`` is kept by the reviewers. Each entry names an owner, a role, an algorithm and a public key. The
key's id is computed, never read; the algorithm comes from the list, never from the document that is
verified. Entries are ended or revoked, never deleted; two keys of one owner may overlap (rotation).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from suite.base import jsonio
from suite.base.bilingual import Sentence
from suite.base.errors import Place, TrustError
from suite.documents import trust
from suite.documents.codec import decode
from suite.documents.document import given
from suite.judge.attest.keys import UNREADABLE, Algorithm, PublicKey, parse_public
from suite.judge.attest.text import value_problem
from suite.judge.attest.times import Window, parse_time
from suite.judge.attest.timestamps import Authority, read_certificates
from suite.judge.attest.trusted import Maker, Role, TrustedIdentity, TrustedKey

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from msgspec import UnsetType

MAX_LIST_BYTES: Final = 4 << 20
"""Largest trust list that is read: some thousand keys."""


@dataclass(frozen=True, slots=True)
class TrustList:
    """A list that was read and found consistent.

    Attributes:
        sha256: digest of its file.
        identities: who may sign without a key of their own.
        sigstore_root: the trusted root that their certificates are held against, JSON; empty without one.
    """

    keys: tuple[TrustedKey, ...]
    authorities: tuple[Authority, ...]
    makers: tuple[Maker, ...]
    sha256: str
    identities: tuple[TrustedIdentity, ...] = ()
    sigstore_root: bytes = b""

    def find(self, key_id: str) -> TrustedKey:
        """The entry with that id.

        Raises:
            TrustError: ``key-unknown``.
        """
        for entry in self.keys:
            if entry.key.id == key_id:
                return entry
        message = Sentence(
            f"no key with the id {key_id} is in the trust list ({len(self.keys)} keys)",
            f"信任列表（{len(self.keys)} 个密钥）中没有编号为 {key_id} 的密钥",
        )
        raise TrustError("key-unknown", message)


def load(path: Path) -> TrustList:
    """Read a trust list file; see `parse`, and ``file-unreadable``."""
    return parse(jsonio.read_bytes(path, error=TrustError, limit=MAX_LIST_BYTES), name=str(path))


def parse(data: bytes, *, name: str = "<trust list>") -> TrustList:
    """Read a trust list.

    Raises:
        TrustError: ``json-refused``, ``schema-violation``, ``payload-text`` (an owner that looks like
            another one's name), ``key-wrong``, ``key-algorithm``, ``key-encoding``,
            ``trust-algorithm-differs`` (the key is not of the algorithm that its entry declares),
            ``trust-key-twice``, ``time-wrong``, ``trust-window-empty``, ``trust-signs-for``,
            ``trust-certificate-wrong``, ``trust-authority-twice``, ``trust-maker-twice``; each with its pointer. ``trust-wrong`` for
            a key in place of a list.
    """
    if data.lstrip().startswith(b"-----BEGIN "):
        message = Sentence(
            "a key or certificate in PEM, not a trust list", "是 PEM 格式的密钥或证书，不是信任列表"
        )
        hint = Sentence(
            f"a public key that you vouch for is given as --key {name}",
            f"您所担保的公钥以 --key {name} 给出",
        )
        raise TrustError("trust-wrong", message, Place(name), hint)
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
            message = Sentence(
                f"the same key as /keys/{seen[trusted.key.id]}",
                f"与 /keys/{seen[trusted.key.id]} 是同一密钥",
            )
            hint = Sentence(
                "one key belongs to one owner; end an entry, do not repeat it",
                "一个密钥属于一个所有者；请结束旧条目，而不要重复",
            )
            raise TrustError("trust-key-twice", message, place, hint)
        seen[trusted.key.id] = index
        entries.append(trusted)
    root = given(document.sigstoreRoot)
    return TrustList(
        tuple(entries),
        _authorities(given(document.authorities, ()), name),
        _makers(given(document.makers, ()), name),
        jsonio.sha256_hex(data),
        _identities(given(document.identities, ()), name, rooted=root is not None),
        jsonio.canonical(root) if root is not None else b"",
    )


def _identities(
    listed: Sequence[trust.TrustedIdentity], name: str, *, rooted: bool
) -> tuple[TrustedIdentity, ...]:
    read: list[TrustedIdentity] = []
    for index, item in enumerate(listed):
        place = Place(name, None, f"/identities/{index}")
        if not rooted:
            hint = Sentence(
                "put Sigstore's trusted_root.json into it",
                "请将 Sigstore 的 trusted_root.json 放入其中",
            )
            message = Sentence("the list has no sigstoreRoot", "列表没有 sigstoreRoot")
            raise TrustError("trust-root-missing", message, place, hint)
        problem = value_problem(item.owner)
        if problem:
            raise TrustError("payload-text", problem[1], place)
        if any((item.identity, item.issuer) == (other.identity, other.issuer) for other in read):
            hint = Sentence(
                "one identity belongs to one owner; end an entry, do not repeat it",
                "一个身份只属于一个所有者；请终止条目，不要重复",
            )
            message = Sentence("the same identity once more", "同一身份再次出现")
            raise TrustError("trust-key-twice", message, place, hint)
        read.append(TrustedIdentity(item.identity, item.issuer, _terms(item, place)))
    return tuple(read)


def _entry(entry: trust.TrustEntry, place: Place) -> TrustedKey:
    name = f"{place.file} {place.pointer}/key"
    key = parse_public(entry.key.encode("utf-8"), name=name)
    if key.algorithm != Algorithm(entry.algorithm):
        message = Sentence(
            f"declared as {entry.algorithm}, the key is {key.algorithm}",
            f"声明为 {entry.algorithm}，而密钥是 {key.algorithm}",
        )
        raise TrustError("trust-algorithm-differs", message, place)
    return _terms(entry, place)(key)


def _terms(
    entry: trust.TrustEntry | trust.TrustedIdentity, place: Place
) -> Callable[[PublicKey], TrustedKey]:
    """What an entry says of whichever key is its owner's."""
    revoked = given(entry.revoked)
    role, vendors = Role(entry.role), given(entry.signsFor)
    if (vendors is not None) != (role is Role.LAB):
        message = Sentence(
            f"a {role} {'must not have' if vendors else 'needs'} signsFor",
            f"{role} {'不可有' if vendors else '需要'} signsFor",
        )
        hint = Sentence(
            "a vendor signs for itself, a lab for the vendors that it names, a reviewer for nobody",
            "厂商为自己签名，实验室为其所列的厂商签名，评审方不为任何厂商签名",
        )
        raise TrustError("trust-signs-for", message, place, hint)
    return functools.partial(
        TrustedKey,
        owner=entry.owner,
        role=role,
        signs_for=vendors or (entry.owner,),
        window=_window(entry.validFor, place),
        revoked_at=parse_time(revoked.at) if revoked else None,
        revoked_reason=revoked.reason if revoked else "",
    )


def _window(period: trust.Period | UnsetType, place: Place) -> Window | None:
    stated = given(period)
    if stated is None:
        return None
    start, end = parse_time(stated.start), given(stated.end)
    window = Window(start, parse_time(end) if end else None)
    if window.end and window.end <= start:
        raise TrustError(
            "trust-window-empty",
            Sentence("validFor ends before it starts", "validFor 在开始之前结束"),
            place,
        )
    return window


def _makers(listed: Sequence[trust.Maker], name: str) -> tuple[Maker, ...]:
    read: list[Maker] = []
    for index, item in enumerate(listed):
        place = Place(name, None, f"/makers/{index}")
        if item.owner in {maker.owner for maker in read}:
            message = Sentence(
                f"the maker {item.owner} stands there twice", f"制造商 {item.owner} 出现两次"
            )
            raise TrustError("trust-maker-twice", message, place)
        pem = given(item.roots)
        try:
            roots = () if pem is None else read_certificates(pem)
            loaded = [load_pem_public_key(key.encode()) for key in given(item.verifier, ())]
        except UNREADABLE as cause:
            why = str(cause)[:120]
            message = Sentence(
                f"not the certificates and keys of a maker: {why}", f"不是制造商的证书与密钥：{why}"
            )
            raise TrustError("trust-certificate-wrong", message, place) from cause
        keys = tuple(
            key
            for key in loaded
            if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP384R1)
        )
        if len(keys) < len(loaded):
            message = Sentence("a verifier signs with a key of P-384", "验证方以 P-384 密钥签名")
            raise TrustError("trust-certificate-wrong", message, place)
        read.append(Maker(item.owner, roots, keys, _window(item.validFor, place) or Window()))
    return tuple(read)


def _authorities(listed: Sequence[trust.Authority], name: str) -> tuple[Authority, ...]:
    read: list[Authority] = []
    for index, item in enumerate(listed):
        place = Place(name, None, f"/authorities/{index}")
        problem = value_problem(item.owner)
        if problem:
            raise TrustError("payload-text", problem[1], place)
        try:
            certificates = read_certificates(item.certificates)
        except UNREADABLE as cause:
            message = Sentence(
                f"not the certificates of an authority: {str(cause)[:120]}",
                f"不是机构的证书：{str(cause)[:120]}",
            )
            raise TrustError("trust-certificate-wrong", message, place) from cause
        if any(set(certificates) & set(other.certificates) for other in read):
            message = Sentence(
                "a certificate of another authority in this list", "是列表中另一机构的证书"
            )
            raise TrustError("trust-authority-twice", message, place)
        window = _window(item.validFor, place) or Window()
        read.append(Authority(item.owner, certificates, window))
    return tuple(read)
