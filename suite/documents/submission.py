"""What lies in a tree of submissions beside signed cards: where large evidence is, and what reviewers waive."""

from typing import Annotated, ClassVar, Final, Literal

from msgspec import Meta

from suite.documents.document import Document, about
from suite.documents.scalars import Day, Identifier, Line, Positive, Required, RuleId

EVIDENCE_TYPE: Final = "application/vnd.llm-inference-conformance.evidence.v1.tar+zstd"
"""Media type of a run's packed evidence."""


class EvidenceReference(Document):
    """`evidence.json`: the pack of a run's evidence lies elsewhere, and this is what it must be: a content descriptor of OCI."""

    SCHEMA: ClassVar[str] = "evidence-reference"

    reference_schema: Annotated[Literal[1], about("Version of this schema.")]
    mediaType: Annotated[
        Literal["application/vnd.llm-inference-conformance.evidence.v1.tar+zstd"],
        about("What it is."),
    ]
    digest: Annotated[
        str, about("SHA-256 of the pack.", pattern="^sha256:[0-9a-f]{64}$", max_length=71)
    ]
    size: Annotated[Positive, about("Bytes of the pack.")]
    urls: Annotated[
        tuple[Annotated[str, Meta(pattern="^(https|oci)://[!-~]+$", max_length=1000)], ...],
        about(
            "Where it can be had: https://… or oci://HOST/REPOSITORY@sha256:…; none where only the digest names it, in a store.",
            max_length=8,
        ),
    ]

    @property
    def sha256(self) -> str:
        """The digest in hexadecimal digits alone."""
        return self.digest.removeprefix("sha256:")


class Waiver(Document):
    """Rules that a vendor's devices need not keep until a day."""

    id: Annotated[Identifier, about("Name of the waiver, the same for ever.")]
    vendor: Annotated[Identifier, about("Whose submissions, by the id of the declaration.")]
    rules: Annotated[tuple[RuleId, ...], about("Which rules may fail.", min_length=1)]
    devices: Annotated[
        tuple[Identifier, ...],
        about("On which accelerators, by their ids in the declaration.", min_length=1),
    ]
    reason: Annotated[Line, about("Why, for people.", min_length=1)]
    link: Annotated[
        str, about("Where it was discussed.", pattern="^https://[!-~]+$", max_length=500)
    ]
    approver: Annotated[Required, about("Which reviewer granted it: an owner in the trust list.")]
    expires: Annotated[Day, about("The last day on which it counts, UTC.")]


class Waivers(Document):
    """`waivers.json` at the top of the tree: kept by the reviewers, never by who submits."""

    SCHEMA: ClassVar[str] = "waivers"

    waivers_schema: Annotated[Literal[1], about("Version of this schema.")]
    waivers: Annotated[tuple[Waiver, ...], about("No id twice; expired ones stay.")]
