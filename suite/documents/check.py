"""What a check of submissions came to."""

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, UnsetType

from suite.documents.audit import AuditVerdict
from suite.documents.card import OutcomeText
from suite.documents.document import Document, about
from suite.documents.review import Decision
from suite.documents.scalars import Count, Label, Line, Sha256, Sha256OrEmpty
from suite.documents.standing import Level
from suite.documents.trust import Instant
from suite.documents.workload import Division

CHECK_SCHEMA: Final = 1

Verdict = Literal["accepted", "refused", "withdrawn", "superseded"]


class CheckStep(Document):
    """One thing that was checked."""

    number: Annotated[Count, about("Position, from 1.")]
    what: Annotated[Line, about("What was checked, in a few words.")]
    outcome: Annotated[OutcomeText, about("How it ended.")]
    code: Annotated[Label, about("Stable code of the refusal or note; empty without one.")]
    detail: Annotated[str, about("What came of it.")]
    findings: Annotated[tuple[str, ...], about("Further lines: each file, number or rule.")]
    hint: Annotated[str, about("What to do about a refusal; empty where nothing is to be said.")]


class ReviewMade(Document):
    """A reviewer's statement about a submission whose signature held."""

    reviewer: Annotated[Label, about("Owner of the key, by the trust list.")]
    decision: Annotated[Decision, about("What was decided.")]
    time: Annotated[Instant, about("When, by the reviewer's clock.")]
    comment: Annotated[Line, about("Why; empty without a comment.")]


class AuditMade(Document):
    """A reviewer's audit of the answers whose signature held."""

    reviewer: Annotated[Label, about("Owner of the key, by the trust list.")]
    verdict: Annotated[AuditVerdict, about("Whether the same model answered.")]
    time: Annotated[Instant, about("When, by the reviewer's clock.")]
    why: Annotated[Line, about("The sentence that explains it.")]


class StatusMade(Document):
    """A withdrawal or supersession whose signature held."""

    owner: Annotated[Label, about("Owner of the key, by the trust list.")]
    status: Annotated[Literal["withdrawn", "superseded"], about("What became of the card.")]
    time: Annotated[Instant, about("When, by the signer's clock.")]
    reason: Annotated[Line, about("Why.")]
    successor: Annotated[
        Sha256OrEmpty, about("SHA-256 of the signed bytes of the card in its place; empty without.")
    ]


class CheckedCard(Document):
    """What the signed card says of itself."""

    payload_sha256: Annotated[Sha256, about("SHA-256 of the signed bytes: the card's identity.")]
    run: Annotated[Label, about("Run.")]
    vendor: Annotated[Label, about("Vendor.")]
    owner: Annotated[Label, about("Who signed, by the trust list; empty when that is not known.")]
    division: Annotated[Division, about("Division granted.")]
    level: Annotated[Level, about("How far the whole can be trusted.")]
    conformant: Annotated[bool, about("Whether no rule failed.")]
    sentence: Annotated[Line, about("The verdict in a sentence.")]


class CheckedSubmission(Document):
    """One submission and everything that was checked of it."""

    path: Annotated[str, about("Folder below the tree: vendor/round/run.")]
    verdict: Annotated[Verdict, about("Whether it is accepted, or why it does not count.")]
    exit_status: Annotated[
        Count, about("0 accepted, 1 not conformant, 4 evidence, 5 signature or trust.")
    ]
    codes: Annotated[tuple[Label, ...], about("Codes of the refusals, in order.")]
    waivers: Annotated[tuple[Label, ...], about("Ids of the waivers that were used.")]
    reviews: Annotated[tuple[ReviewMade, ...], about("Reviewers' statements, oldest first.")]
    steps: Annotated[tuple[CheckStep, ...], about("In order.")]
    audits: Annotated[
        tuple[AuditMade, ...] | UnsetType, about("Reviewers' audits; absent without one.")
    ] = UNSET
    ended: Annotated[
        StatusMade | UnsetType, about("The last withdrawal or supersession; absent without one.")
    ] = UNSET
    card: Annotated[CheckedCard | UnsetType, about("Absent where there is no sound card.")] = UNSET


class CheckReport(Document):
    """The whole check."""

    SCHEMA: ClassVar[str] = "check"

    check_schema: Annotated[Literal[1], about("Version of this schema.")]
    since: Annotated[Label, about("Only what changed since this commit; empty for all.")]
    deciding: Annotated[
        tuple[Label, ...],
        about(
            "Of trust list and waivers those that changed since: whom they touch is checked too."
        ),
    ]
    compared: Annotated[
        Count, about("Submissions of the tree against which duplicates were sought.")
    ]
    stray: Annotated[
        tuple[CheckStep, ...], about("What lies in the tree and belongs to no submission.")
    ]
    submissions: Annotated[tuple[CheckedSubmission, ...], about("By path.")]
