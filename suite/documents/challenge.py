"""A round's challenge: what reviewers sign so that nothing of a run can be computed before it was issued."""

from typing import Annotated, ClassVar, Literal

from msgspec import UNSET, Meta, UnsetType

from suite.documents.document import Document, about
from suite.documents.scalars import Name, Sha256
from suite.documents.trust import Instant

RoundId = Annotated[str, Meta(min_length=1, max_length=128, pattern="^[A-Za-z0-9._:-]+(?!\\n)$")]
Address = Annotated[str, Meta(max_length=300, pattern="^https?://[!-~]+(?!\\n)$")]
Salt = Annotated[str, Meta(min_length=64, max_length=64, pattern="^[0-9a-f]{64}$")]


class Salts(Document):
    """What is drawn from, apart for each purpose: 256 bits each, as hexadecimal digits."""

    tasks: Annotated[
        Salt, about("Which tasks are asked as they are, which are new, in which order.")
    ]
    load: Annotated[
        Salt, about("Seeds of arrivals, lengths and searches, and where control requests stand.")
    ]


class Challenge(Document):
    """Predicate of a challenge, signed by a reviewer: `suite round new`. Its only subject is its own digest."""

    SCHEMA: ClassVar[str] = "challenge"

    challenge_schema: Annotated[Literal[1], about("Version of this schema.")]
    round: Annotated[RoundId, about("The round; a run's nonce.")]
    issued: Annotated[Instant, about("When, by the reviewer's clock, in UTC; no run began before.")]
    expires: Annotated[Instant, about("A run under it ends by then.")]
    salts: Annotated[Salts, about("What tasks and loads are drawn from.")]
    commitment: Annotated[
        Sha256 | UnsetType,
        about(
            "SHA-256 of the signed bytes of the vendor's commitment that it answers: those were signed before it."
        ),
    ] = UNSET
    authority: Annotated[
        Address | UnsetType,
        about(
            "Address of the time-stamping authority (RFC 3161) that a run asks for stamps of its log."
        ),
    ] = UNSET
    suite: Annotated[
        Name | UnsetType,
        about(
            "Version of the suite that issued it: no earlier one reads it, so that a run under it is asked every rule of its time."
        ),
    ] = UNSET

    def __post_init__(self) -> None:
        """Refuse a challenge that ends before it begins."""
        if self.expires <= self.issued:
            raise ValueError("a challenge expires after it was issued")


class BasisChallenge(Document):
    """The challenge that a run was made under."""

    stated: Annotated[Challenge, about("What it states.")]
    bundle: Annotated[
        str,
        about("The signed challenge as it was received: a Sigstore bundle.", max_length=1 << 20),
    ]
    commitment: Annotated[
        str | UnsetType, about("The signed commitment that it answers: a Sigstore bundle.")
    ] = UNSET
