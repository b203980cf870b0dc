"""A run made again elsewhere: a SLSA Verification Summary about a card, with the numbers of both."""

from typing import Annotated, ClassVar, Final, Literal

from msgspec import Meta

from suite.documents.comparison import Family, ValueRatio
from suite.documents.document import Document, about
from suite.documents.scalars import Count, Label, Line, Name, NonNegative, Number, Sha256
from suite.documents.statement import Digest
from suite.documents.trust import Instant

POLICY: Final = "urn:llm-inference-conformance:reproduction:v1"
LEVEL: Final = "LLM_INFERENCE_CONFORMANCE_REPRODUCED"


class SummaryVerifier(Document):
    """Who ran it again."""

    id: Annotated[
        str,
        about(
            "The key that signs: urn:llm-inference-conformance:key: and the SHA-256 of its SubjectPublicKeyInfo in DER.",
            pattern="^urn:llm-inference-conformance:key:[0-9a-f]{64}$",
            max_length=100,
        ),
    ]
    version: Annotated[dict[str, Label], about("Of the suite that ran and judged, by name.")]


class Resource(Document):
    """Something with a digest."""

    uri: Annotated[Line, about("What it is.")]
    digest: Annotated[Digest, about("Of its signed bytes, or of its canonical JSON.")]


def reaches(ratio: ValueRatio, share: float) -> bool:
    """Whether the interval of a ratio reaches into the share that is allowed on either side."""
    return ratio.low <= 1 + share and ratio.high >= 1 / (1 + share)


class Reproduced(Document):
    """One metric of one phase, in both runs."""

    phase: Annotated[Label, about("Phase; empty for the whole run.")]
    metric: Annotated[Name, about("Metric.")]
    first: Annotated[Number, about("Value of the card.")]
    again: Annotated[Number, about("Value of the run that was made again.")]
    ratio: Annotated[ValueRatio, about("Again over first, with its interval.")]
    share: Annotated[NonNegative, about("Run-to-run share that is allowed beside the interval.")]
    agrees: Annotated[bool, about("The interval reaches into what is allowed.")]


class Numbers(Document):
    """What was held against what."""

    machine: Annotated[Line, about("Devices and engine that ran it again.")]
    shares: Annotated[
        dict[Family, NonNegative], about("Allowed run-to-run share of each family of metrics.")
    ]
    answers: Annotated[Count, about("Tasks that both were asked, over all phases.")]
    equal: Annotated[Count, about("Of them, answered with the same text.")]
    metrics: Annotated[tuple[Reproduced, ...], about("Every metric that both have.")]


class VerificationSummary(Document):
    """Predicate of https://slsa.dev/verification_summary/v1 as this suite writes it; `reproduction` is its own extension."""

    SCHEMA: ClassVar[str] = "verification-summary"

    verifier: Annotated[SummaryVerifier, about("Who ran it again.")]
    timeVerified: Annotated[Instant, about("When, by the verifier's clock, in UTC.")]
    resourceUri: Annotated[
        str,
        about(
            "The card: urn:llm-inference-conformance:scorecard:sha256: and the digest of its signed bytes.",
            pattern="^urn:llm-inference-conformance:scorecard:sha256:[0-9a-f]{64}$",
            max_length=120,
        ),
    ]
    policy: Annotated[Resource, about("What decided: the allowed shares, by their digest.")]
    inputAttestations: Annotated[
        tuple[Resource, ...],
        about("The card, and the card of the run that was made again.", min_length=2, max_length=2),
    ]
    verificationResult: Annotated[Literal["PASSED", "FAILED"], about("Whether both agree.")]
    verifiedLevels: Annotated[
        tuple[Annotated[Literal["LLM_INFERENCE_CONFORMANCE_REPRODUCED"], Meta()], ...],
        about("The level that this shows; none where they do not agree.", max_length=1),
    ]
    why: Annotated[Line, about("What decided, in a sentence.")]
    reproduction: Annotated[Numbers, about("The numbers of both.")]

    def __post_init__(self) -> None:
        """Refuse a summary that contradicts itself."""
        passed = self.verificationResult == "PASSED"
        if passed != bool(self.verifiedLevels):
            raise ValueError("a level is verified where the result is PASSED, and nowhere else")
        if passed and not all(item.agrees for item in self.reproduction.metrics):
            raise ValueError("a metric does not agree and the result is PASSED")
        if passed and not self.reproduction.metrics:
            raise ValueError("nothing was compared and the result is PASSED")
        if any(
            item.agrees != reaches(item.ratio, item.share) for item in self.reproduction.metrics
        ):
            raise ValueError("a metric agrees where its interval does not, or the other way round")
        card, again = (item.uri for item in self.inputAttestations)
        if card != self.resourceUri or again == card:
            raise ValueError("the card and the run that was made again are not two, or not these")


class ConsensusEntry(Document):
    """One reproduction of several."""

    owner: Annotated[Name, about("Owner of the key, by the trust list.")]
    time: Annotated[Instant, about("When.")]
    result: Annotated[Literal["PASSED", "FAILED"], about("Whether the numbers came out.")]
    machine: Annotated[Line, about("Devices and engine that ran it again.")]
    why: Annotated[Line, about("What decided.")]


class ConsensusMetric(Document):
    """One metric over all reproductions."""

    phase: Annotated[Label, about("Phase.")]
    metric: Annotated[Name, about("Metric.")]
    first: Annotated[Number, about("Value of the card.")]
    lowest: Annotated[Number, about("Lowest value of a reproduction.")]
    highest: Annotated[Number, about("Highest value of a reproduction.")]
    agree: Annotated[Count, about("Reproductions that agree with the card.")]
    measured: Annotated[Count, about("Reproductions that have the metric.")]


class Consensus(Document):
    """What several independent reproductions of one card came to."""

    SCHEMA: ClassVar[str] = "consensus"

    consensus_schema: Annotated[Literal[1], about("Version of this schema.")]
    payload_sha256: Annotated[Sha256, about("SHA-256 of the card's signed bytes.")]
    run: Annotated[Label, about("The card's run.")]
    passed: Annotated[Count, about("Owners whose last reproduction passed.")]
    failed: Annotated[Count, about("Owners whose last reproduction failed.")]
    reproductions: Annotated[tuple[ConsensusEntry, ...], about("By owner.")]
    metrics: Annotated[tuple[ConsensusMetric, ...], about("In the order of the card.")]
