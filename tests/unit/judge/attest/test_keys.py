from __future__ import annotations

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from suite.base.errors import TrustError, UsageError
from suite.judge.attest import keys
from tests.cases.bundle_verify.cases import VENDOR_A, VENDOR_A_ED, VENDOR_B, compressed_pem

PRIVATE = (
    serialization.Encoding.PEM,
    serialization.PrivateFormat.PKCS8,
    serialization.NoEncryption(),
)


def test_the_id_is_the_digest_of_the_key() -> None:
    der = serialization.load_pem_public_key(VENDOR_A.public.pem).public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    assert VENDOR_A.public.id == base64.b64encode(hashlib.sha256(der).digest()).decode()


@pytest.mark.parametrize("key", [VENDOR_A, VENDOR_A_ED])
def test_signatures_are_deterministic_and_bound_to_key_and_data(key: keys.PrivateKey) -> None:
    one = key.sign(b"data")
    assert one == key.sign(b"data")
    assert key.public.holds(one, b"data")
    assert not key.public.holds(one, b"other")
    assert not VENDOR_B.public.holds(one, b"data")
    assert not key.public.holds(b"", b"data")


def test_the_deterministic_signature_is_that_of_rfc_6979() -> None:
    # RFC 6979, A.2.5, P-256, SHA-256, message "sample".
    number = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721
    key = keys.private_key(ec.derive_private_key(number, ec.SECP256R1()))
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    assert decode_dss_signature(key.sign(b"sample")) == (
        0xEFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716,
        0xF7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8,
    )


def test_a_private_key_does_not_show_itself() -> None:
    shown = repr(VENDOR_A)
    assert shown == f"PrivateKey({VENDOR_A.public.id})"


P384 = ec.derive_private_key(5, ec.SECP384R1())
PUBLIC = VENDOR_A.public.pem


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "key-wrong"),
        (b"ssh-ed25519 AAAA", "key-wrong"),
        (PUBLIC + PUBLIC, "key-wrong"),
        (b"text before\n" + PUBLIC, "key-wrong"),
        (PUBLIC.replace(b"PUBLIC", b"PRIVATE"), "key-wrong"),
        (PUBLIC[:60] + b"AAAA" + PUBLIC[64:], "key-wrong"),
        (VENDOR_A.to_pem(), "key-wrong"),
        (compressed_pem(VENDOR_A).encode(), "key-encoding"),
        (
            P384.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            ),
            "key-algorithm",
        ),
    ],
)
def test_what_is_no_public_key(data: bytes, code: str) -> None:
    with pytest.raises(TrustError) as caught:
        keys.parse_public(data)
    assert caught.value.code == code


def test_line_endings_and_final_blanks_do_not_matter() -> None:
    assert keys.parse_public(PUBLIC.replace(b"\n", b"\r\n") + b"\n\n") == VENDOR_A.public


def _pem(key: object, password: bytes | None = None) -> bytes:
    shut = serialization.BestAvailableEncryption(password) if password else PRIVATE[2]
    return key.private_bytes(PRIVATE[0], PRIVATE[1], shut)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"nonsense", "key-wrong"),
        (PUBLIC, "key-wrong"),
        (_pem(P384), "key-algorithm"),
        (_pem(rsa.generate_private_key(65537, 2048)), "key-algorithm"),
        (_pem(ec.derive_private_key(7, ec.SECP256R1()), b"secret"), "key-encrypted"),
    ],
    # The keys are drawn at collection: bytes as names would differ from one xdist worker to the next.
    ids=["nonsense", "public", "P-384", "RSA", "encrypted"],
)
def test_what_is_no_private_key(data: bytes, code: str) -> None:
    with pytest.raises(UsageError) as caught:
        keys.parse_private(data)
    assert caught.value.code == code
    assert caught.value.hint
