"""A vendor's commitment: what will run, signed before the challenge of a round is received."""

from typing import Annotated, ClassVar, Literal

from msgspec import UNSET, UnsetType

from suite.documents.document import Document, about
from suite.documents.scalars import Line, Name, Positive, Sha256, Sha256OrEmpty
from suite.documents.trust import Instant


class Commitment(Document):
    """Predicate of a commitment: `suite commit`. Its only subject is the plan's skeleton."""

    SCHEMA: ClassVar[str] = "commitment"

    commitment_schema: Annotated[Literal[1], about("Version of this schema.")]
    vendor: Annotated[Name, about("Whose machine, by the id of the declaration.")]
    made: Annotated[Instant, about("When, by the signer's clock, in UTC.")]
    skeleton_sha256: Annotated[
        Sha256, about("Digest of the plan without what a challenge draws: tasks, loads and round.")
    ]
    suite: Annotated[Sha256OrEmpty, about("Digest of the suite's own files.")]
    declaration_sha256: Annotated[Sha256, about("Digest of the vendor's declaration.")]
    model: Annotated[Name, about("The model.")]
    model_sha256: Annotated[Sha256, about("Digest over the model's files.")]
    engine: Annotated[Line, about("The engine, with what it is started by.")]
    image: Annotated[
        Line, about("The image, with its digest where it is pinned; empty without one.")
    ]
    profile: Annotated[Name, about("The profile.")]
    profile_sha256: Annotated[Sha256, about("Digest of the profile.")]
    sequence: Annotated[
        Positive | UnsetType,
        about("Which of the vendor's commitments to its tries; absent for the first."),
    ] = UNSET
    after: Annotated[
        Sha256 | UnsetType,
        about("SHA-256 of the signed bytes of the one before; absent for the first."),
    ] = UNSET

    def __post_init__(self) -> None:
        """Refuse a number without a predecessor, and a predecessor without a number."""
        if (self.sequence is UNSET) != (self.after is UNSET) or self.sequence == 1:
            raise ValueError("a commitment after another has its number, from 2, and names it")
