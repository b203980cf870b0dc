"""The signed payload: an in-toto Statement v1."""

from typing import Annotated, ClassVar, Literal

from msgspec import field

from suite.documents.document import Document, about
from suite.documents.scalars import Required, Sha256


class Digest(Document):
    """SHA-256 and nothing else."""

    sha256: Annotated[Sha256, about("64 lower-case hexadecimal digits.")]


class StatementSubject(Document):
    """One thing and its digest."""

    name: Annotated[
        Required,
        about(
            "manifest.json, or the image's reference; in a receipt, scorecard.json and signature; in a challenge, challenge; in a commitment, plan-skeleton; in a reference run, manifest.json; in a fleet, fleet.json, journal.jsonl and the folders of the cards. No name twice."
        ),
    ]
    digest: Annotated[Digest, about("SHA-256 and nothing else.")]


class Statement(Document):
    """The signed payload: an in-toto Statement v1. The predicate has a schema of its own."""

    SCHEMA: ClassVar[str] = "statement"

    type_: Annotated[
        Literal["https://in-toto.io/Statement/v1"], about("Version of the format.")
    ] = field(name="_type")
    subject: Annotated[
        tuple[StatementSubject, ...],
        about(
            "What it is about: the evidence's manifest and, when there was one, the image that ran; of a receipt, a scorecard and its signature; of a review, status, audit, witness or reproduction, a scorecard; of a challenge, what it states; of a commitment, the plan's skeleton; of a reference run, the manifest of the run that it was made from; of a fleet, its fleet.json, its journal.jsonl and the cards.",
            min_length=1,
        ),
    ]
    predicateType: Annotated[
        Literal[
            "urn:llm-inference-conformance:scorecard:v1",
            "https://in-toto.io/attestation/test-result/v0.1",
            "https://in-toto.io/attestation/svr/v0.2",
            "urn:llm-inference-conformance:card-status:v1",
            "urn:llm-inference-conformance:challenge:v1",
            "urn:llm-inference-conformance:commitment:v1",
            "urn:llm-inference-conformance:audit:v1",
            "urn:llm-inference-conformance:witness:v1",
            "https://slsa.dev/verification_summary/v1",
            "urn:llm-inference-conformance:reference:v1",
            "urn:llm-inference-conformance:fleet:v1",
        ],
        about("What the predicate is."),
    ]
    predicate: Annotated[
        dict[str, object],
        about(
            "What is stated: schemas/scorecard.schema.json, test-result, receipt, review, card-status, audit, witness, verification-summary, challenge, commitment, reference or fleet-statement."
        ),
    ]
