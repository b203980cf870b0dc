"""Signing without a key of one's own, and verifying it: Sigstore's certificates, logs and time stamps.

An OpenID Connect provider says who somebody is; a certificate authority writes that into a certificate of ten minutes over
a key made for one signature; a transparency log (Rekor, v1 or v2) keeps the signature. The package ``sigstore`` does all of
that (extra ``sigstore``): it checks the certificate's chain and its own log, the entry's inclusion, the times, the signature, and
that the entry is about it. The root of trust is what the reviewers' list holds: nothing is fetched to verify.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from suite.base.bilingual import Sentence
from suite.base.errors import SetupError, TrustError, UsageError, extra
from suite.judge.attest.keys import UNREADABLE, parse_public
from suite.judge.attest.times import VerifiedTime

if TYPE_CHECKING:
    from sigstore.models import ClientTrustConfig
    from sigstore.sign import Signer

    from suite.judge.attest.envelope import Bundle
    from suite.judge.attest.keys import PublicKey
    from suite.judge.attest.trust import TrustList
    from suite.judge.attest.trusted import TrustedKey


def _lacking(cause: ImportError) -> SetupError:
    return SetupError(
        "sigstore-missing",
        Sentence(
            f"{cause.name or 'sigstore'} is not installed", f"未安装 {cause.name or 'sigstore'}"
        ),
        hint=extra("sigstore"),
    )


class _Anybody:
    """Admits every certificate that holds; which of them counts is asked afterwards, of the list."""

    def verify(self, cert: x509.Certificate) -> None:
        """Refuse nobody."""


def certified(bundle: bytes, parsed: Bundle, trust: TrustList) -> TrustedKey:
    """The certificate's key, as the entry of the identity that the certificate names.

    Raises:
        TrustError: ``bundle-keyless``: the list names no identities; ``keyless-refused``: certificate, log, times or
            signature do not hold by the list's root; ``identity-unknown``: the certificate names somebody else.
        SetupError: ``sigstore-missing``.
    """
    if not trust.identities:
        hint = Sentence(
            "a trust list with identities and Sigstore's trusted root says whose certificates count",
            "含身份与 Sigstore 信任根的信任列表才能说明谁的证书有效",
        )
        message = Sentence("signed with a certificate, not a key", "以证书而非密钥签名")
        raise TrustError("bundle-keyless", message, hint=hint)
    try:
        from sigstore.errors import Error
        from sigstore.models import Bundle as Signed
        from sigstore.models import TrustedRoot
        from sigstore.verify import Verifier, policy
        from sigstore_models.trustroot import v1
    except ImportError as cause:
        raise _lacking(cause) from cause
    try:
        signed = Signed.from_json(bundle)
        root = TrustedRoot(v1.TrustedRoot.from_json(trust.sigstore_root))
        verifier = Verifier(trusted_root=root)
        _, payload = verifier.verify_dsse(signed, _Anybody())
    except (Error, ValueError) as cause:
        reason = str(cause)[:300]
        message = Sentence(f"sigstore refuses it: {reason}", f"sigstore 拒绝：{reason}")
        raise TrustError("keyless-refused", message) from cause
    if payload != parsed.payload:
        message = Sentence("sigstore reads another payload in it", "sigstore 从中读出另一内容")
        raise TrustError("keyless-refused", message)
    for item in trust.identities:
        try:
            policy.Identity(identity=item.identity, issuer=item.issuer).verify(
                signed.signing_certificate
            )
        except Error:
            continue
        return item.entry(public_key(parsed))
    count, who = len(trust.identities), named(parsed)
    message = Sentence(
        f"the certificate names none of the {count} identities of the list: {who}",
        f"证书所指不在列表的 {count} 个身份之中：{who}",
    )
    raise TrustError("identity-unknown", message)


def named(parsed: Bundle) -> str:
    """Whom a certificate names, for people; nothing of it is verified."""
    certificate = x509.load_der_x509_certificate(parsed.certificate)
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except UNREADABLE:
        return "nobody"
    return ", ".join(str(name.value) for name in names) or "nobody"


def public_key(parsed: Bundle) -> PublicKey:
    """The key that a certificate is about.

    Raises:
        TrustError: ``key-algorithm``.
    """
    key = x509.load_der_x509_certificate(parsed.certificate).public_key()
    pem = key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return parse_public(pem, name="certificate")


def latest_time(parsed: Bundle) -> VerifiedTime:
    """When the signature existed at the latest: `certified` has found a verified time within the certificate's minutes."""
    certificate = x509.load_der_x509_certificate(parsed.certificate)
    return VerifiedTime(
        certificate.not_valid_after_utc, "the certificate's end, by the transparency log"
    )


class KeylessSigner:
    """Signs with keys made for the purpose, under the identity of a token.

    Attributes:
        identity: who, as the token says.
    """

    def __init__(self, config: ClientTrustConfig, token: str) -> None:
        """Get a certificate.

        Raises:
            UsageError: ``identity-token-wrong``: it is no token, or its time is over.
            TrustError: ``keyless-unavailable``: the authority refuses, or cannot be reached.
        """
        from sigstore.oidc import IdentityError, IdentityToken
        from sigstore.sign import SigningContext

        try:
            held = IdentityToken(token)
        except IdentityError as cause:
            hint = Sentence(
                "a token for the audience sigstore, not older than its minutes",
                "需要受众为 sigstore 且未过期的令牌",
            )
            raise UsageError("identity-token-wrong", str(cause)[:300], hint=hint) from cause
        self.identity = held.identity
        self._root = config.trusted_root
        self._context = SigningContext.from_trust_config(config)
        self._token = held
        self._signer: Signer | None = None

    def bundle(self, payload: bytes) -> bytes:
        """Sign a statement: the bytes of a bundle, which the instance's own root of trust accepts.

        Raises:
            TrustError: ``keyless-unavailable``.
        """
        import requests  # noqa: PLC0415 - with the optional package
        from sigstore import dsse, errors
        from sigstore._internal.fulcio.client import FulcioClientError
        from sigstore._internal.rekor import RekorClientError
        from sigstore.verify import Verifier

        try:
            if self._signer is None:
                self._signer = self._enter()
            made = self._signer.sign_dsse(dsse.Statement(payload))
            Verifier(trusted_root=self._root).verify_dsse(made, _Anybody())
        except (
            errors.Error,
            FulcioClientError,
            RekorClientError,
            requests.RequestException,
        ) as cause:
            reason = str(cause)[:300] or type(cause).__name__
            hint = Sentence(
                "sign with a key (--key), or when the service answers again",
                "请以密钥（--key）签名，或待服务恢复后再签",
            )
            message = Sentence(f"the signature was not made: {reason}", f"未作签名：{reason}")
            raise TrustError("keyless-unavailable", message, hint=hint) from cause
        return made.to_json().encode() + b"\n"

    def _enter(self) -> Signer:
        from sigstore.sign import Signer

        return Signer(self._token, self._context)


def ambient_token() -> str | None:
    """The identity token that a CI service gives its jobs; None elsewhere."""
    from sigstore.oidc import IdentityError, detect_credential

    try:
        return detect_credential()
    except IdentityError:
        return None


def trust_config(text: str | None) -> ClientTrustConfig:
    """Which Sigstore: that of a client trust configuration (JSON), else the public one, asked for its newest root.

    Raises:
        SetupError: ``sigstore-missing``.
        UsageError: ``trust-config-wrong``.
        TrustError: ``keyless-unavailable``.
    """
    try:
        from sigstore.errors import Error
        from sigstore.models import ClientTrustConfig
    except ImportError as cause:
        raise _lacking(cause) from cause
    if text is None:
        try:
            return ClientTrustConfig.production()
        except Error as cause:
            reason = str(cause)[:300]
            message = Sentence(
                f"Sigstore's root of trust cannot be had: {reason}",
                f"无法取得 Sigstore 的信任根：{reason}",
            )
            raise TrustError("keyless-unavailable", message) from cause
    try:
        return ClientTrustConfig.from_json(text)
    except (Error, ValueError) as cause:
        reason = str(cause)[:300]
        message = Sentence(
            f"no client trust configuration of Sigstore: {reason}",
            f"不是 Sigstore 的客户端信任配置：{reason}",
        )
        raise UsageError("trust-config-wrong", message) from cause
