"""An audit as a signed statement: who may sign it, what it is about, and what verification makes of it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from suite.base import jsonio
from suite.base.errors import TrustError
from suite.judge.attest import trust
from suite.judge.attest.review import Audited, make_audit, read_statement, require_sameness
from suite.judge.attest.sign import sign
from tests.cases.bundle_verify.cases import REVIEWER, VENDOR_A, entry
from tests.factories.audits import PREDICATE

CARD = "c" * 64


@pytest.fixture
def known():
    listed = {
        "trust_schema": 1,
        "keys": [entry(VENDOR_A, "acme"), entry(REVIEWER, "rev", "reviewer")],
    }
    return trust.parse(jsonio.pretty(listed))


def read(bundle: bytes, known, card: str = CARD):
    return read_statement(bundle, known, card, "acme", "audit.sigstore.json")


def test_a_reviewer_s_audit_of_this_card_counts(known):
    made = read(sign(make_audit(CARD, PREDICATE), REVIEWER), known)
    assert isinstance(made, Audited)
    assert (made.reviewer, made.audit) == ("rev", PREDICATE)
    assert "audited by rev" in require_sameness(made)


@pytest.mark.parametrize(
    ("key", "card", "code"),
    [(VENDOR_A, CARD, "role-forbids"), (REVIEWER, "e" * 64, "review-differs")],
    ids=["by the vendor", "of another card"],
)
def test_others_do_not(known, key, card, code):
    with pytest.raises(TrustError) as refused:
        read(sign(make_audit(card, PREDICATE), key), known)
    assert refused.value.code == code


def test_an_audit_that_was_edited_does_not(known):
    bundle = sign(make_audit(CARD, replace(PREDICATE, verdict="different")), REVIEWER)
    honest = sign(make_audit(CARD, PREDICATE), REVIEWER)
    document, other = jsonio.loads(bundle, name="a"), jsonio.loads(honest, name="b")
    document["dsseEnvelope"]["payload"] = other["dsseEnvelope"]["payload"]
    with pytest.raises(TrustError) as refused:
        read(jsonio.canonical(document), known)
    assert refused.value.code == "signature-invalid"


def test_an_audit_that_found_another_model_refuses(known):
    made = read(sign(make_audit(CARD, replace(PREDICATE, verdict="different")), REVIEWER), known)
    with pytest.raises(TrustError) as refused:
        require_sameness(made)
    assert refused.value.code == "audit-different"
