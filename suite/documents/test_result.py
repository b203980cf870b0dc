"""The test result that the suite derives from a signed scorecard."""

from typing import Annotated, ClassVar, Literal

from suite.documents.document import Document, about
from suite.documents.scalars import Name, RuleId
from suite.documents.statement import Digest


class PlanDigest(Document):
    """The plan."""

    name: Annotated[Literal["plan.json"], about("Its file.")]
    digest: Annotated[Digest, about("Of its canonical form.")]


class ScorecardDigest(Document):
    """The scorecard's signed statement."""

    name: Annotated[Literal["scorecard.json"], about("Its file.")]
    digest: Annotated[Digest, about("Of the signed bytes.")]


class VendorId(Document):
    """Which vendor."""

    id: Annotated[Name, about("Id of its declaration.")]


class VendorAnnotation(Document):
    """The vendor."""

    name: Annotated[Literal["vendor"], about("What this entry is.")]
    annotations: Annotated[VendorId, about("Which vendor.")]


class TestResult(Document):
    """Predicate of https://in-toto.io/attestation/test-result/v0.1 as this suite derives it from a signed scorecard."""

    SCHEMA: ClassVar[str] = "test-result"

    result: Annotated[Literal["PASSED", "WARNED", "FAILED"], about("The scorecard's verdict.")]
    configuration: Annotated[
        tuple[PlanDigest, ScorecardDigest, VendorAnnotation],
        about("What was asked, of whom, and where the details stand: plan, scorecard, vendor."),
    ]
    passedTests: Annotated[
        tuple[RuleId, ...], about("Rules that passed.", extra_json_schema={"uniqueItems": True})
    ]
    warnedTests: Annotated[
        tuple[RuleId, ...], about("Rules that warned.", extra_json_schema={"uniqueItems": True})
    ]
    failedTests: Annotated[
        tuple[RuleId, ...],
        about("Rules that failed or could not be judged.", extra_json_schema={"uniqueItems": True}),
    ]

    def __post_init__(self) -> None:
        """Refuse a rule that is listed twice."""
        for rules in (self.passedTests, self.warnedTests, self.failedTests):
            if len(set(rules)) != len(rules):
                raise ValueError("a rule is listed twice")
