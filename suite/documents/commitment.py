"""A vendor's commitment: what will run, signed before the challenge of a round is received."""

from typing import Annotated, ClassVar, Literal

from suite.documents.document import Document, about
from suite.documents.scalars import Line, Name, Sha256, Sha256OrEmpty
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
