from __future__ import annotations

import base64
import copy
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from suite.base import jsonio, schema
from suite.base.errors import TrustError
from suite.judge.attest import envelope, sign, statement, trust
from suite.judge.attest.compare import Difference, differences
from suite.judge.attest.predicate import check_predicate, vendors_of
from suite.judge.attest.stated import Expected
from suite.judge.attest.verify import verify_bundle
from tests.cases.bundle_verify import cases
from tests.cases.bundle_verify.cases import GOOD, MANIFEST, PAYLOAD, PREDICATE, VENDOR_A

IMAGE = (PREDICATE["engine"]["image_reference"], PREDICATE["engine"]["image_digest"])
LIST = trust.load(cases.HERE / "trust.json")


def test_the_encoding_is_that_of_the_specification() -> None:
    # The example of DSSE's protocol.md.
    encoded = envelope.pae(b"hello world", "http://example.com/HelloWorld")
    assert encoded == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    assert envelope.pae("é".encode(), "t") == b"DSSEv1 1 t 2 \xc3\xa9"


def test_a_statement_is_canonical_and_names_its_subjects() -> None:
    payload = statement.make_statement(PREDICATE, MANIFEST, IMAGE)
    assert payload == PAYLOAD == jsonio.canonical(json.loads(payload))
    read = statement.parse_statement(payload)
    assert read.subject("manifest.json") == MANIFEST
    assert f"sha256:{read.subject(IMAGE[0])}" == IMAGE[1]
    assert read.subject("other") is None
    assert read.sha256 == jsonio.sha256_hex(payload)


def test_a_statement_without_image_has_one_subject() -> None:
    read = statement.parse_statement(statement.make_statement(PREDICATE, MANIFEST))
    assert [item.name for item in read.subjects] == ["manifest.json"]


@pytest.mark.parametrize(
    ("manifest", "image"),
    [
        ("short", None),
        (MANIFEST.upper(), None),
        (MANIFEST, ("image", "sha256:short")),
        (MANIFEST, ("image", "latest")),
        (MANIFEST, ("", IMAGE[1])),
        (MANIFEST, ("manifest.json", IMAGE[1])),
    ],
)
def test_a_subject_needs_a_name_and_a_digest(manifest: str, image: tuple[str, str] | None) -> None:
    with pytest.raises(TrustError) as caught:
        statement.make_statement(PREDICATE, manifest, image)
    assert caught.value.code == "statement-subject"


@pytest.mark.parametrize("value", [float("inf"), 2**53, {1, 2}, "\ud800"])
def test_what_json_does_not_hold_is_not_stated(value: object) -> None:
    with pytest.raises(TrustError) as caught:
        statement.make_statement({**PREDICATE, "notes": [value]}, MANIFEST)
    assert caught.value.code == "payload-not-json"


def test_signing_is_deterministic_and_verifies() -> None:
    assert sign.sign(PAYLOAD, VENDOR_A) == GOOD
    verified = verify_bundle(GOOD, LIST)
    assert verified.statement.payload == PAYLOAD
    assert verified.signer() == f"signed by vendor-a (vendor), key {VENDOR_A.public.id}"


def _result(outcome: str, *outcomes: tuple[str, str]) -> dict:
    card = copy.deepcopy(PREDICATE)
    card["verdict"]["outcome"] = outcome
    first = card["checks"][0]
    card["checks"] = [first | {"rule": rule, "outcome": text} for rule, text in outcomes]
    payload = statement.make_statement(card, MANIFEST, IMAGE)
    return jsonio.loads(statement.make_test_result(payload))


@pytest.mark.parametrize(
    ("outcome", "word"),
    [
        ("pass", "PASSED"),
        ("warn", "WARNED"),
        ("fail", "FAILED"),
        ("error", "FAILED"),
        ("skipped", "FAILED"),
        ("not-applicable", "FAILED"),
    ],
)
def test_the_verdict_in_the_words_of_policy_engines(outcome: str, word: str) -> None:
    result = _result(outcome)
    assert result["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"
    assert result["predicate"]["result"] == word
    assert schema.problems(result, "statement") == []
    assert schema.problems(result["predicate"], "test-result") == []


def test_a_rule_counts_once_by_its_worst_outcome() -> None:
    rows = [("R003", "pass"), ("R001", "pass"), ("R001", "warn"), ("R002", "warn")]
    rows += [("R002", "error"), ("R004", "fail"), ("R005", "skipped"), ("R006", "not-applicable")]
    made = _result("fail", *rows)["predicate"]
    assert made["passedTests"] == ["R003"]
    assert made["warnedTests"] == ["R001"]
    assert made["failedTests"] == ["R002", "R004"]


def test_a_test_result_is_bound_to_card_plan_and_vendor() -> None:
    payload = statement.make_test_result(PAYLOAD)
    made = jsonio.loads(payload)
    assert made["subject"] == json.loads(PAYLOAD)["subject"]
    configuration = {item["name"]: item for item in made["predicate"]["configuration"]}
    assert configuration["scorecard.json"]["digest"]["sha256"] == jsonio.sha256_hex(PAYLOAD)
    assert configuration["plan.json"]["digest"]["sha256"] == PREDICATE["run"]["plan_sha256"]
    assert vendors_of(check_predicate(statement.parse_statement(payload))) == ("vendor-a",)


def test_a_test_result_is_no_scorecard() -> None:
    bundle = sign.sign(statement.make_test_result(PAYLOAD), VENDOR_A)
    with pytest.raises(TrustError) as caught:
        verify_bundle(bundle, LIST)
    assert caught.value.code == "predicate-type-differs"
    want = Expected(predicate_type=statement.TEST_RESULT_TYPE)
    assert verify_bundle(bundle, LIST, expected=want).owner == "vendor-a"


def test_a_test_result_about_another_vendor_is_refused() -> None:
    bundle = sign.sign(statement.make_test_result(PAYLOAD), cases.VENDOR_B)
    want = Expected(predicate_type=statement.TEST_RESULT_TYPE)
    with pytest.raises(TrustError) as caught:
        verify_bundle(bundle, LIST, expected=want)
    assert caught.value.code == "vendor-differs"


def test_a_review_that_is_no_receipt_is_not_signed() -> None:
    payload = jsonio.canonical(cases.statement(predicateType=statement.REVIEW_TYPE, predicate={}))
    with pytest.raises(TrustError) as caught:
        sign.sign(payload, cases.REVIEWER)
    assert caught.value.code == "predicate-schema"


def test_a_bundle_that_no_verifier_would_read_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign, "MAX_BUNDLE_BYTES", len(GOOD) - 1)
    with pytest.raises(TrustError) as caught:
        sign.sign(PAYLOAD, VENDOR_A)
    assert caught.value.code == "bundle-too-large"


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_no_edit_of_a_bundle_changes_what_is_verified(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(GOOD) - 1))
    length = data.draw(st.integers(0, 4))
    piece = data.draw(st.binary(max_size=4))
    edited = GOOD[:start] + piece + GOOD[start + length :]
    try:
        verified = verify_bundle(edited, LIST)
    except TrustError:
        return
    assert verified.statement.payload == PAYLOAD


@settings(max_examples=200)
@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_any_bytes_are_refused_and_never_crash(data: bytes) -> None:
    for payload in (data, cases.signed(data)):
        with pytest.raises(TrustError):
            verify_bundle(payload, LIST)


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(_JSON, _JSON)
def test_documents_differ_exactly_when_their_bytes_do(left: object, right: object) -> None:
    found = list(differences(left, right))
    assert bool(found) == (jsonio.canonical(left) != jsonio.canonical(right))
    assert list(differences(left, copy.deepcopy(left))) == []


@pytest.mark.parametrize(
    ("left", "right", "found"),
    [
        ({"a": 1}, {"a": 1.0}, Difference("/a", "1", "1.0")),
        ({"a": 1}, {"a": True}, Difference("/a", "1", "true")),
        ({"a": 0.0}, {"a": -0.0}, Difference("/a", "0.0", "-0.0")),
        ({"a": None}, {}, Difference("/a", "null", "absent")),
        ({}, {"a/b": [1]}, Difference("/a~1b", "absent", "[1]")),
        ([1, 2], [1], Difference("/1", "2", "absent")),
        ([1], [1, 2], Difference("/1", "absent", "2")),
        ({}, [], Difference("/", "{}", "[]")),
        ("x" * 300, "y", Difference("/", '"' + "x" * 118 + "…", '"y"')),
    ],
)
def test_what_differs_is_named(left: object, right: object, found: Difference) -> None:
    assert list(differences(left, right)) == [found]


def test_the_payload_is_taken_from_the_envelope_byte_for_byte() -> None:
    pretty = json.dumps(json.loads(PAYLOAD), indent=1).encode()
    bundle = cases.signed(pretty)
    assert verify_bundle(bundle, LIST).statement.payload == pretty
    assert base64.b64encode(pretty) in bundle
