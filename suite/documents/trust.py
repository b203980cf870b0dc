"""The reviewers' trust list: whose keys count, for what, and when."""

from typing import Annotated, ClassVar, Literal

from msgspec import UNSET, Meta, UnsetType

from suite.documents.document import Document, about

Instant = Annotated[
    str,
    Meta(
        max_length=20,
        min_length=20,
        pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$",
    ),
]


OwnerId = Annotated[str, Meta(pattern="^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]


class Period(Document):
    """When the key may sign, both ends included. An entry with a window needs a verified time; without validFor the list sets no limit."""

    start: Annotated[Instant, about("From.")]
    end: Annotated[Instant | UnsetType, about("To; absent while the key is in use.")] = UNSET


class Revocation(Document):
    """The key counts no more. What is proven to be older still counts."""

    at: Annotated[Instant, about("Since when.")]
    reason: Annotated[str, about("Why, for people.", min_length=1, max_length=500)]


class TrustEntry(Document):
    """One key."""

    owner: Annotated[
        OwnerId,
        about(
            "Whose key. For a vendor, the id of its declaration (vendors/<id>/): a scorecard must name the same vendor."
        ),
    ]
    role: Annotated[
        Literal["vendor", "lab", "reviewer"],
        about(
            "vendor signs scorecards of its own devices and their test results, a lab those of the vendors in signsFor; reviewer signs reviews, receipts, audits, witness reports, reproductions, challenges and reference runs."
        ),
    ]
    signsFor: Annotated[
        Annotated[tuple[OwnerId, ...], Meta(min_length=1, max_length=100)] | UnsetType,
        about(
            "The vendors, by the ids of their declarations, whose devices a lab may measure and sign for. A lab needs it; nobody else has it."
        ),
    ] = UNSET
    algorithm: Annotated[
        Literal["ecdsa-p256-sha256", "ed25519"],
        about("The only algorithm that the key may be used with."),
    ]
    key: Annotated[
        str,
        about(
            "The public key: SubjectPublicKeyInfo in PEM, as openssl pkey -pubout writes it.",
            pattern="^-----BEGIN PUBLIC KEY-----",
            max_length=1000,
        ),
    ]
    validFor: Annotated[
        Period | UnsetType,
        about(
            "When the key may sign, both ends included. An entry with a window needs a verified time; without validFor the list sets no limit."
        ),
    ] = UNSET
    revoked: Annotated[
        Revocation | UnsetType,
        about("The key counts no more. What is proven to be older still counts."),
    ] = UNSET
    note: Annotated[Annotated[str, Meta(max_length=500)] | UnsetType, about("For people.")] = UNSET


class TrustedIdentity(Document):
    """Somebody who signs without a key of their own: a certificate of Sigstore's names them, for minutes."""

    owner: Annotated[OwnerId, about("As of a key.")]
    role: Annotated[Literal["vendor", "lab", "reviewer"], about("As of a key.")]
    signsFor: Annotated[
        Annotated[tuple[OwnerId, ...], Meta(min_length=1, max_length=100)] | UnsetType,
        about("As of a key."),
    ] = UNSET
    identity: Annotated[
        str,
        about(
            "Who, as the certificate says it, whole: a mail address, or the address of a workflow.",
            min_length=1,
            max_length=1000,
        ),
    ]
    issuer: Annotated[
        str,
        about(
            "Who vouched for the identity: the address of the OpenID Connect provider.",
            min_length=1,
            max_length=1000,
        ),
    ]
    validFor: Annotated[Period | UnsetType, about("As of a key.")] = UNSET
    revoked: Annotated[Revocation | UnsetType, about("As of a key.")] = UNSET
    note: Annotated[Annotated[str, Meta(max_length=500)] | UnsetType, about("For people.")] = UNSET


class Authority(Document):
    """One time-stamping authority (RFC 3161)."""

    owner: Annotated[OwnerId, about("Whose authority.")]
    certificates: Annotated[
        str,
        about(
            "The certificates that its stamps are checked against, in PEM: the self-signed root, and intermediates that its tokens do not carry.",
            pattern="^-----BEGIN CERTIFICATE-----",
            max_length=100_000,
        ),
    ]
    validFor: Annotated[
        Period | UnsetType,
        about("When its stamps count, both ends included; absent without limit."),
    ] = UNSET
    note: Annotated[Annotated[str, Meta(max_length=500)] | UnsetType, about("For people.")] = UNSET


class Maker(Document):
    """A maker of devices whose evidence counts: what its devices and its verifier sign with."""

    owner: Annotated[
        OwnerId, about("Id of the declaration (vendors/<id>/) of which it makes the devices.")
    ]
    roots: Annotated[
        Annotated[str, Meta(pattern="^-----BEGIN CERTIFICATE-----", max_length=100_000)]
        | UnsetType,
        about("The self-signed certificates that its devices' certificates end in, in PEM."),
    ] = UNSET
    verifier: Annotated[
        Annotated[
            tuple[
                Annotated[str, Meta(pattern="^-----BEGIN PUBLIC KEY-----", max_length=1000)], ...
            ],
            Meta(min_length=1, max_length=100),
        ]
        | UnsetType,
        about(
            "Public keys (P-384, PEM) of the service of the maker that signs tokens about devices."
        ),
    ] = UNSET
    validFor: Annotated[
        Period | UnsetType,
        about("When its evidence counts, both ends included; absent without limit."),
    ] = UNSET
    note: Annotated[Annotated[str, Meta(max_length=500)] | UnsetType, about("For people.")] = UNSET


class TrustList(Document):
    """Whose keys count, for what, and when. Kept by the reviewers; entries are ended or revoked, never deleted."""

    SCHEMA: ClassVar[str] = "trust"

    trust_schema: Annotated[Literal[1], about("Version of this schema.")]
    keys: Annotated[
        tuple[TrustEntry, ...],
        about("One entry per key. The id of a key is computed from it and stands nowhere."),
    ]
    authorities: Annotated[
        tuple[Authority, ...] | UnsetType,
        about("Whose time stamps count; none without it."),
    ] = UNSET
    makers: Annotated[
        tuple[Maker, ...] | UnsetType,
        about("Whose devices' evidence counts; none without it."),
    ] = UNSET
    identities: Annotated[
        tuple[TrustedIdentity, ...] | UnsetType,
        about("Who may sign without a key of their own; needs sigstoreRoot."),
    ] = UNSET
    sigstoreRoot: Annotated[
        dict[str, object] | UnsetType,
        about(
            "Whose certificates, logs and time stamps count for identities: a trusted root as Sigstore publishes it (trusted_root.json)."
        ),
    ] = UNSET
