"""What reviewers and signers state about a scorecard later: a decision, a withdrawal, a successor."""

from typing import Annotated, ClassVar, Literal

from msgspec import UNSET, Meta, UnsetType

from suite.documents.document import Document, about
from suite.documents.receipt import Verifier
from suite.documents.scalars import Line, Name, Sha256
from suite.documents.trust import Instant

Decision = Literal["accept", "reject", "comment"]


class Review(Document):
    """Predicate of a review: an in-toto simple verification result. The statement's only subject is the scorecard's signed bytes."""

    SCHEMA: ClassVar[str] = "review"

    verifier: Annotated[Verifier, about("Who reviewed it.")]
    timeCreated: Annotated[Instant, about("When, by the reviewer's clock, in UTC.")]
    properties: Annotated[
        tuple[
            Annotated[
                Literal["SCORECARD_ACCEPTED", "SCORECARD_REJECTED", "SCORECARD_COMMENTED"], Meta()
            ],
            ...,
        ],
        about("The decision.", min_length=1, max_length=1),
    ]
    comment: Annotated[Line | UnsetType, about("Why, for people.")] = UNSET


class CardStatus(Document):
    """Predicate of a withdrawal or supersession. The statement's only subject is the signed bytes of the scorecard that counts no more."""

    SCHEMA: ClassVar[str] = "card-status"

    status: Annotated[
        Literal["withdrawn", "superseded"], about("Taken back, or replaced by another card.")
    ]
    vendor: Annotated[Name, about("Whose scorecard it is, by the id of the declaration.")]
    timeCreated: Annotated[Instant, about("When, by the signer's clock, in UTC.")]
    reason: Annotated[Line, about("Why, for people.", min_length=1)]
    supersededBy: Annotated[
        Sha256 | UnsetType,
        about("SHA-256 of the signed bytes of the scorecard that takes its place."),
    ] = UNSET

    def __post_init__(self) -> None:
        """Refuse a superseded card without its successor, and the other way round."""
        if (self.status == "superseded") == (self.supersededBy is UNSET):
            raise ValueError("supersededBy stands with the status superseded, and only there")
