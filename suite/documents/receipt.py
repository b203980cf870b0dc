"""A reviewer's dated receipt for a signed scorecard: an in-toto simple verification result with one property."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from suite.documents.document import Document, about
from suite.documents.trust import Instant


class Verifier(Document):
    """Who received it."""

    id: Annotated[
        str,
        about(
            "The key that signs the receipt: urn:llm-inference-conformance:key: and the SHA-256 of its SubjectPublicKeyInfo in DER.",
            pattern="^urn:llm-inference-conformance:key:[0-9a-f]{64}$",
            max_length=100,
        ),
    ]


class Receipt(Document):
    """Predicate of a receipt. Its statement's subjects are the scorecard's signed bytes and the signature over them."""

    SCHEMA: ClassVar[str] = "receipt"

    verifier: Annotated[Verifier, about("Who received it.")]
    timeCreated: Annotated[Instant, about("When, by the reviewer's clock, in UTC.")]
    properties: Annotated[
        tuple[Annotated[Literal["SCORECARD_RECEIVED"], Meta()], ...],
        about(
            "What is stated: that it was there, and nothing about its numbers.",
            min_length=1,
            max_length=1,
        ),
    ]
