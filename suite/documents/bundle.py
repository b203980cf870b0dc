"""A Sigstore bundle v0.3 with a DSSE envelope and a key's hint: the part of that format that the suite writes and reads."""

from typing import Annotated, ClassVar, Literal

from msgspec import UNSET, Meta, UnsetType

from suite.documents.document import Document, about

KeyId = Annotated[str, Meta(max_length=44, pattern="^[A-Za-z0-9+/]{43}=$")]
Base64 = Annotated[
    str,
    Meta(min_length=4, pattern="^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"),
]


class PublicKey(Document):
    """A key known to the verifier."""

    hint: Annotated[KeyId, about("The key's id.")]


class SignedTimestamp(Document):
    """One time stamp."""

    signedTimestamp: Annotated[
        Base64, about("A TimeStampResp of RFC 3161 in DER, over the bytes of the signature.")
    ]


class TimestampVerificationData(Document):
    """When the signature is known to have existed."""

    rfc3161Timestamps: Annotated[
        tuple[SignedTimestamp, ...],
        about(
            "Time stamps of the signature, by different authorities.", min_length=1, max_length=4
        ),
    ]


class VerificationMaterial(Document):
    """Which key, never the key itself, and when it signed."""

    publicKey: Annotated[PublicKey, about("A key known to the verifier.")]
    timestampVerificationData: Annotated[
        TimestampVerificationData | UnsetType,
        about("When the signature is known to have existed; absent without time stamps."),
    ] = UNSET


class Signature(Document):
    """The signature over DSSE's pre-authentication encoding."""

    sig: Annotated[Base64, about("DER for ECDSA P-256 with SHA-256, 64 bytes for Ed25519.")]
    keyid: Annotated[KeyId, about("The same id as the hint.")]


class Envelope(Document):
    """What was signed, and the signature."""

    payload: Annotated[Base64, about("An in-toto statement.")]
    payloadType: Annotated[
        Literal["application/vnd.in-toto+json"],
        about("What the payload is; part of what is signed."),
    ]
    signatures: Annotated[tuple[Signature, ...], about("Exactly one.", min_length=1, max_length=1)]


class Bundle(Document):
    """A Sigstore bundle v0.3 with a DSSE envelope and a key's hint: the part of that format that this suite writes and reads."""

    SCHEMA: ClassVar[str] = "bundle"

    mediaType: Annotated[
        Literal["application/vnd.dev.sigstore.bundle.v0.3+json"], about("Version of the format.")
    ]
    verificationMaterial: Annotated[
        VerificationMaterial, about("Which key, never the key itself, and when it signed.")
    ]
    dsseEnvelope: Annotated[Envelope, about("What was signed, and the signature.")]
