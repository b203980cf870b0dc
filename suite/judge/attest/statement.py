"""in-toto statements: the signed payload.

A statement binds a predicate (the scorecard) to its subjects by SHA-256: the manifest of the evidence and the
image that ran. `make_statement` builds the only byte form that is signed; `parse_statement` reads bytes
that somebody signed and accepts nothing that two readers could understand differently.
Format: https://github.com/in-toto/attestation, spec/v1/statement.md and spec/predicates/test-result.md.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from suite.base import jsonio
from suite.base.bilingual import Sentence
from suite.base.errors import Place, TrustError
from suite.documents.card import Scorecard
from suite.documents.codec import convert, plain
from suite.documents.fleet import FLEET_TYPE
from suite.documents.reference import REFERENCE_TYPE
from suite.documents.statement import Digest, StatementSubject
from suite.documents.test_result import (
    PlanDigest,
    ScorecardDigest,
    TestResult,
    VendorAnnotation,
    VendorId,
)
from suite.judge.attest.text import value_problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from suite.base.jsonio import JSONObject, JSONValue

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
SCORECARD_TYPE = "urn:llm-inference-conformance:scorecard:v1"
TEST_RESULT_TYPE = "https://in-toto.io/attestation/test-result/v0.1"
REVIEW_TYPE = "https://in-toto.io/attestation/svr/v0.2"
STATUS_TYPE = "urn:llm-inference-conformance:card-status:v1"
"""Of a withdrawal or supersession."""
AUDIT_TYPE = "urn:llm-inference-conformance:audit:v1"
CHALLENGE_TYPE = "urn:llm-inference-conformance:challenge:v1"
COMMITMENT_TYPE = "urn:llm-inference-conformance:commitment:v1"
WITNESS_TYPE = "urn:llm-inference-conformance:witness:v1"
SUMMARY_TYPE = "https://slsa.dev/verification_summary/v1"
"""Of a reproduction: https://slsa.dev/spec/v1.1/verification_summary."""
PREDICATE_TYPES = (
    *(SCORECARD_TYPE, TEST_RESULT_TYPE, REVIEW_TYPE, STATUS_TYPE),
    *(AUDIT_TYPE, CHALLENGE_TYPE, COMMITMENT_TYPE, REFERENCE_TYPE, WITNESS_TYPE, SUMMARY_TYPE),
    FLEET_TYPE,
)

MANIFEST_SUBJECT = "manifest.json"
SCORECARD_SUBJECT = "scorecard.json"
SIGNATURE_SUBJECT = "signature"
"""What a receipt is about: the signed bytes of a scorecard, and the bytes of the signature over them."""
CHALLENGE_SUBJECT = "challenge"
"""What a challenge is about: the digest of what it states itself."""
SKELETON_SUBJECT = "plan-skeleton"
"""What a commitment is about: the plan without what a challenge draws."""

FLEET_SUBJECTS = ("fleet.json", "journal.jsonl")
"""What a fleet statement is about, before the cards."""

_HEX = re.compile(r"[0-9a-f]{64}\Z")


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement that was read strictly; who signed it is another question.

    Attributes:
        payload: the bytes that it was read from; nothing is ever serialised again.
        sha256: digest of the payload, the identity of what it states. The bundle's digest is none, because
            an ECDSA signature (r, s) has a second valid form (r, n - s).
    """

    payload: bytes
    sha256: str
    subjects: tuple[StatementSubject, ...]
    predicate_type: str
    predicate: JSONObject

    def subject(self, name: str) -> str | None:
        """SHA-256 of the subject of that name, or None."""
        return next((item.digest.sha256 for item in self.subjects if item.name == name), None)


def make_statement(
    predicate: Mapping[str, object],
    manifest_sha256: str,
    image: tuple[str, str] | None = None,
    predicate_type: str = SCORECARD_TYPE,
) -> bytes:
    """Build the payload of a scorecard.

    Args:
        predicate: the scorecard.
        manifest_sha256: SHA-256 of ``manifest.json``, 64 hexadecimal digits.
        image: reference and digest (``sha256:…``) of the container image that ran, None when none did.
        predicate_type: what the predicate is.

    Raises:
        TrustError: when the result could not be verified, for example because a text holds a control
            character; see `parse_statement`.
    """
    subjects = [subject(MANIFEST_SUBJECT, manifest_sha256)]
    if image is not None:
        subjects.append(subject(image[0], image[1].removeprefix("sha256:")))
    return payload_of(subjects, predicate_type, predicate)


def subject(name: str, sha256: str) -> StatementSubject:
    """One thing that a statement is about, and its SHA-256 in hexadecimal."""
    return StatementSubject(name=name, digest=Digest(sha256=sha256))


def payload_of(
    subjects: Sequence[StatementSubject], predicate_type: str, predicate: Mapping[str, object]
) -> bytes:
    """The bytes of a statement, in the only form that is signed.

    Raises:
        TrustError: as `make_statement`.
    """
    try:
        payload = jsonio.canonical(
            {
                "_type": STATEMENT_TYPE,
                "subject": [plain(item) for item in subjects],
                "predicateType": predicate_type,
                "predicate": predicate,
            }
        )
    except (ValueError, TypeError) as cause:
        raise TrustError(
            "payload-not-json",
            Sentence(f"cannot be written as JSON: {cause}", f"无法写成 JSON：{cause}"),
        ) from cause
    parse_statement(payload)
    return payload


@functools.lru_cache(maxsize=1)  # whoever checks a submission asks for the same one several times
def parse_statement(payload: bytes, *, name: str = "payload") -> Statement:
    """Read a payload strictly.

    Raises:
        TrustError: ``payload-not-json`` (also duplicate members, NaN, 1e999, integers beyond 2^53 - 1, a
            byte order mark, a second document, deep nesting), ``payload-text`` (text that is not NFC or
            holds control, format or invisible characters), ``statement-members``, ``statement-type``,
            ``statement-subject``, ``predicate-type-unknown``.
    """
    try:
        value = jsonio.loads(payload, name=name, error=TrustError)
    except TrustError as cause:
        raise TrustError("payload-not-json", cause.message, cause.place) from cause
    problem = value_problem(value)
    if problem:
        raise TrustError("payload-text", problem[1], Place(name, None, problem[0] or "/"))
    top = _members(value, {"_type", "subject", "predicateType", "predicate"}, name, "")
    if top["_type"] != STATEMENT_TYPE:
        place = Place(name, None, "/_type")
        raise TrustError(
            "statement-type",
            Sentence(f"must be {STATEMENT_TYPE}", f"必须是 {STATEMENT_TYPE}"),
            place,
        )
    kind = top["predicateType"]
    if not isinstance(kind, str) or kind not in PREDICATE_TYPES:
        hint = Sentence("a newer version of this suite may know it", "套件的更新版本或许认识它")
        place = Place(name, None, "/predicateType")
        raise TrustError(
            "predicate-type-unknown",
            Sentence(f"unknown predicate type {kind!r}", f"未知的声明文本类型 {kind!r}"),
            place,
            hint,
        )
    if not isinstance(top["predicate"], dict):
        place = Place(name, None, "/predicate")
        raise TrustError("statement-members", Sentence("must be an object", "必须是对象"), place)
    subjects = _subjects(top["subject"], name)
    return Statement(payload, jsonio.sha256_hex(payload), subjects, kind, top["predicate"])


def _members(value: JSONValue, names: set[str], name: str, pointer: str) -> JSONObject:
    if not isinstance(value, dict) or value.keys() != names:
        message = Sentence(
            f"must be an object with the members {', '.join(sorted(names))} and no others",
            f"必须是对象，且成员恰为 {', '.join(sorted(names))}",
        )
        raise TrustError("statement-members", message, Place(name, None, pointer or "/"))
    return value


def _subjects(value: JSONValue, name: str) -> tuple[StatementSubject, ...]:
    if not isinstance(value, list) or not value:
        place = Place(name, None, "/subject")
        raise TrustError(
            "statement-subject",
            Sentence("must be a list that is not empty", "必须是非空列表"),
            place,
        )
    subjects: dict[str, StatementSubject] = {}
    for index, item in enumerate(value):
        where = f"/subject/{index}"
        entry = _members(item, {"name", "digest"}, name, where)
        digest = _members(entry["digest"], {"sha256"}, name, f"{where}/digest")["sha256"]
        place = Place(name, None, where)
        if not isinstance(digest, str) or not _HEX.match(digest):
            message = Sentence(
                "the digest must be 64 lower-case hexadecimal digits",
                "摘要必须是 64 位小写十六进制数字",
            )
            raise TrustError("statement-subject", message, place)
        label = entry["name"]
        if not isinstance(label, str) or not label or label in subjects:
            message = Sentence(
                "the name must be text that no other subject has",
                "名称必须是文本，且不与其他对象相同",
            )
            raise TrustError("statement-subject", message, place)
        subjects[label] = subject(label, digest)
    return tuple(subjects.values())


_RESULTS: dict[str, Literal["PASSED", "WARNED"]] = {"pass": "PASSED", "warn": "WARNED"}


def make_test_result(scorecard: bytes) -> bytes:
    """Derive the in-toto ``test-result/v0.1`` statement from the payload of a scorecard.

    It says the verdict in the words that generic policy engines understand, and nothing that the scorecard
    does not say: anyone can derive the same bytes again. Subjects are the scorecard's own.

    Raises:
        TrustError: ``schema-violation`` when the predicate is no scorecard.
    """
    stated = parse_statement(scorecard)
    card = convert(stated.predicate, Scorecard, file="predicate", error=TrustError)
    rules: dict[str, set[str]] = {"pass": set(), "warn": set(), "fail": set()}
    for check in card.checks:
        outcome = "fail" if check.outcome == "error" else check.outcome
        if outcome in rules:
            rules[outcome].add(check.rule)
    result = TestResult(
        result=_RESULTS.get(card.verdict.outcome, "FAILED"),
        configuration=(
            PlanDigest(name="plan.json", digest=Digest(sha256=card.run.plan_sha256)),
            ScorecardDigest(name="scorecard.json", digest=Digest(sha256=stated.sha256)),
            VendorAnnotation(name="vendor", annotations=VendorId(id=card.vendor.id)),
        ),
        passedTests=tuple(sorted(rules["pass"] - rules["warn"] - rules["fail"])),
        warnedTests=tuple(sorted(rules["warn"] - rules["fail"])),
        failedTests=tuple(sorted(rules["fail"])),
    )
    return payload_of(stated.subjects, TEST_RESULT_TYPE, plain(result))
