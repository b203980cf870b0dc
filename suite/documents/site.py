"""What the site shows of each card: `cards.json`, and what its index, feed and pages are made of."""

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, UnsetType

from suite.documents.check import AuditMade, ReviewMade, StatusMade
from suite.documents.document import Document, about
from suite.documents.phase import ScenarioKind
from suite.documents.plan import RuntimeKind
from suite.documents.scalars import Count, Label, Line, Name, Sha256, Word
from suite.documents.standing import Level
from suite.documents.text import Text
from suite.documents.value import Measured
from suite.documents.workload import Division

SITE_SCHEMA: Final = 1

Standing = Literal["current", "withdrawn", "superseded"]


class SiteResult(Document):
    """The numbers of one load that stands for its kind of scenario on a card, or those that lead the card."""

    scenario: Annotated[
        ScenarioKind | Literal["headline"],
        about("Kind of load; headline: each number from the phase where it leads the card."),
    ]
    phase: Annotated[Label, about("Phase; empty for headline.")]
    load: Annotated[Text, about("How requests were offered; empty for headline.")]
    metrics: Annotated[
        dict[str, Measured], about("By metric name; what was not measured is absent.")
    ]


class SiteCard(Document):
    """One verified card."""

    id: Annotated[
        str,
        about("First 32 digits of the digest; names the card's folder.", pattern="^[0-9a-f]{32}$"),
    ]
    payload_sha256: Annotated[Sha256, about("SHA-256 of the signed bytes: the card's identity.")]
    path: Annotated[str, about("Folder below the tree: vendor/round/run.")]
    run: Annotated[Name, about("Run.")]
    started_utc: Annotated[Label, about("Start of the run, UTC with Z.")]
    vendor: Annotated[Name, about("Declaration's id.")]
    vendor_name: Annotated[Name, about("Name of the vendor.")]
    owner: Annotated[Label, about("Who signed, by the trust list; empty when that is not known.")]
    devices: Annotated[Label, about("Number and name of the devices.")]
    engine_id: Annotated[Name, about("Id of the engine.")]
    engine: Annotated[Line, about("Engine and version.")]
    runtime: Annotated[RuntimeKind, about("How the engine ran.")]
    precision: Annotated[Word, about("Executed precision.")]
    model: Annotated[Name, about("Model.")]
    model_sha256: Annotated[Sha256, about("Digest over the model's files.")]
    profile: Annotated[Name, about("Profile.")]
    taskset: Annotated[Name, about("Task set.")]
    division: Annotated[Division, about("Division granted.")]
    conformant: Annotated[bool, about("No rule failed; else the failed ones are waived.")]
    waivers: Annotated[tuple[Label, ...], about("Ids of the waivers that were used.")]
    sentence: Annotated[Text, about("The verdict in a sentence.")]
    trust: Annotated[Level, about("How far the card as a whole can be trusted.")]
    status: Annotated[Standing, about("Whether it counts.")]
    reviews: Annotated[tuple[ReviewMade, ...], about("Reviewers' statements, oldest first.")]
    results: Annotated[
        tuple[SiteResult, ...],
        about("The numbers that lead the card, then a load for each scenario."),
    ]
    rouge1_ratio: Annotated[
        float | None, about("ROUGE-1 over that of the reference run; null without both.")
    ]
    asserted: Annotated[
        tuple[Name, ...],
        about(
            "What rests on a word alone: devices, engine, model, or the name of a metric of `results`."
        ),
    ]
    audits: Annotated[
        tuple[AuditMade, ...] | UnsetType, about("Reviewers' audits; absent without one.")
    ] = UNSET
    ended: Annotated[StatusMade | UnsetType, about("Withdrawal or supersession.")] = UNSET


class SiteRefused(Document):
    """What lies in the tree and is not shown as a card."""

    path: Annotated[str, about("Folder below the tree, or what lies astray in it.")]
    codes: Annotated[tuple[Label, ...], about("Codes of the refusals, in order.")]
    why: Annotated[str, about("The first refusal in a sentence.")]
    why_zh: Annotated[str | UnsetType, about("The same in Chinese.")] = UNSET


class Site(Document):
    """Everything that the site shows."""

    SCHEMA: ClassVar[str] = "site"

    site_schema: Annotated[Literal[1], about("Version of this schema.")]
    suite: Annotated[Label, about("Version of the suite that verified and wrote it.")]
    checked: Annotated[Count, about("Submissions that were checked.")]
    cards: Annotated[tuple[SiteCard, ...], about("The newest first.")]
    refused: Annotated[tuple[SiteRefused, ...], about("By path.")]
