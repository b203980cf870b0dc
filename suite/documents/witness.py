"""What a witness saw: the predicate of a reviewer's statement about a card that the reviewer's own load client measured."""

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, UnsetType

from suite.documents.document import Document, about
from suite.documents.receipt import Verifier
from suite.documents.scalars import Count, Line, NonNegative, Number, Positive, Sha256
from suite.documents.trust import Instant

TOKENS_SHARE: Final = 0.02
TOKENS_EACH: Final = 2


def tokens_apart(ours: int, theirs: int, requests: int) -> bool:
    """Whether two counts of generated tokens lie further apart than counting does, as of rule R095."""
    return abs(theirs - ours) > TOKENS_SHARE * ours + TOKENS_EACH * requests


class RoundTrips(Document):
    """The network between client and server: the time of a TCP handshake, before, between and after the phases."""

    probes: Annotated[Positive, about("Handshakes.")]
    median_us: Annotated[NonNegative, about("Their median, microseconds.")]
    largest_us: Annotated[NonNegative, about("The longest, microseconds.")]
    share_of_ttft: Annotated[
        NonNegative,
        about("Median over the median time to first token where one request runs at a time."),
    ]


class Counted(Document):
    """What both sides saw of the requests: the server by its own log, or by its page of metrics."""

    source: Annotated[
        Literal["server-log", "engine-metrics", "none"],
        about("What the server's numbers are from."),
    ]
    requests: Annotated[Count, about("Requests that the client sent and that are compared.")]
    theirs: Annotated[Count, about("As many of them as the server saw.")]
    others: Annotated[
        Count, about("Requests that the server saw beside them: of readiness, or of somebody else.")
    ]
    tokens: Annotated[
        Count | UnsetType, about("Generated tokens by the client's count; engine metrics only.")
    ] = UNSET
    their_tokens: Annotated[
        Count | UnsetType, about("Generated tokens by the server's count; engine metrics only.")
    ] = UNSET
    longer_us: Annotated[
        Number | UnsetType,
        about(
            "By how much the client saw a request last longer than the server, median in microseconds; server log only."
        ),
    ] = UNSET


class WitnessReport(Document):
    """Predicate of a witness's statement: `suite witness`. Its only subject is the card."""

    SCHEMA: ClassVar[str] = "witness"

    verifier: Annotated[Verifier, about("Who witnessed: the key that signs.")]
    timeCreated: Annotated[Instant, about("When, by the witness's clock, in UTC.")]
    address: Annotated[Line, about("Where the server answered.")]
    plan_sha256: Annotated[Sha256, about("Digest of the plan.")]
    manifest_sha256: Annotated[Sha256, about("Digest of the evidence that the witness holds.")]
    network: Annotated[RoundTrips, about("The way between.")]
    counted: Annotated[Counted, about("Both sides' numbers.")]
    verdict: Annotated[
        Literal["agrees", "differs", "one-sided"],
        about("Whether both sides counted alike; one-sided where the server shows no numbers."),
    ]
    why: Annotated[Line, about("What decided.")]

    def __post_init__(self) -> None:
        """Refuse a report that contradicts itself."""
        counted = self.counted
        if (self.verdict == "one-sided") != (counted.source == "none"):
            raise ValueError(
                "a report is one-sided where the server shows no numbers, and nowhere else"
            )
        if self.verdict == "agrees" and counted.theirs != counted.requests:
            raise ValueError("the server did not see every request and both sides agree")
        if self.verdict == "agrees" and counted.source == "engine-metrics":
            if counted.tokens is UNSET or counted.their_tokens is UNSET:
                raise ValueError("nobody counted tokens and both sides agree")
            if tokens_apart(counted.tokens, counted.their_tokens, counted.requests):
                raise ValueError("the counts of tokens lie apart and both sides agree")
