"""Attacks inside the signed bytes. See `cases.Case`."""

from __future__ import annotations

from suite.base import jsonio
from tests.cases.bundle_verify.cases import (
    PAYLOAD,
    PREDICATE,
    Case,
    raw,
    signed,
    stated,
    statement,
)

_NAME = PREDICATE["vendor"]["name"]

PAYLOADS = {
    "payload_duplicate_member": Case(
        "The signed payload itself has a member twice.",
        raw(b'"conformant":true', b'"conformant":true,"conformant":false'),
        "payload-not-json",
        openssl=False,
    ),
    "payload_nan": Case(
        "A signed NaN: not JSON, and no bound holds against it.",
        raw(b'"metric_schema":2', b'"metric_schema":NaN'),
        "payload-not-json",
        openssl=None,
    ),
    "payload_infinite": Case(
        "A signed 1e999, which readers turn into infinity.",
        raw(b'"metric_schema":2', b'"metric_schema":1e999'),
        "payload-not-json",
    ),
    "payload_large_integer": Case(
        "A signed 2^53 + 1, which readers round differently.",
        raw(b'"metric_schema":2', b'"metric_schema":9007199254740993'),
        "payload-not-json",
    ),
    "payload_not_composed": Case(
        "Text in decomposed form (NFD): looks the same, compares differently.",
        stated("vendor.name", "Vendor Ä".replace("Ä", "A\u0308")),
        "payload-text",
    ),
    "payload_bidi": Case(
        "A bidirectional override makes the reader see another text than the bytes say.",
        stated("vendor.name", "Vendor \u202eB rodneV"),
        "payload-text",
    ),
    "payload_zero_width": Case(
        "A zero-width space inside a name.", stated("vendor.name", "Vendor\u200b A"), "payload-text"
    ),
    "payload_invisible_letter": Case(
        "A letter that is drawn as nothing (Hangul filler).",
        stated("vendor.name", "Vendor A\u3164"),
        "payload-text",
    ),
    "payload_line_break": Case(
        "A line break inside a name, to fake a line of a report.",
        stated("vendor.name", "Vendor A\nAll tests passed"),
        "payload-text",
    ),
    "payload_terminal_escape": Case(
        "An escape sequence for terminals inside a name.",
        stated("vendor.name", "\u001b[2JVendor A"),
        "payload-text",
    ),
    "payload_lone_surrogate": Case(
        "A lone surrogate, which is no text.",
        raw(f'"name":"{_NAME}"'.encode(), b'"name":"Vendor \\ud800"'),
        "payload-not-json",
        openssl=None,
    ),
    "payload_byte_order_mark": Case(
        "A byte order mark before the payload.",
        signed(b"\xef\xbb\xbf" + PAYLOAD),
        "payload-not-json",
        openssl=False,
    ),
    "payload_trailing_document": Case(
        "A second JSON document after the payload.",
        signed(PAYLOAD + b"{}"),
        "payload-not-json",
        openssl=False,
    ),
    "payload_nesting": Case(
        "A signed payload nested 5,000 deep.",
        signed(b"[" * 5000 + b"]" * 5000),
        "payload-not-json",
        openssl=False,
    ),
    "payload_not_utf8": Case(
        "Bytes that are not UTF-8.",
        raw(f'"name":"{_NAME}"'.encode(), b'"name":"Vendor \xff"'),
        "payload-not-json",
    ),
    "statement_old_type": Case(
        "The previous version of in-toto's statement.",
        signed(jsonio.canonical(statement(_type="https://in-toto.io/Statement/v0.1"))),
        "statement-type",
        openssl=False,
    ),
    "statement_unknown_member": Case(
        "A statement with a member of its own.",
        signed(jsonio.canonical(statement(approved=True))),
        "statement-members",
    ),
    "statement_no_evidence": Case(
        "A scorecard about the image alone: it is bound to no evidence.",
        signed(jsonio.canonical(statement(subject=statement()["subject"][1:]))),
        "statement-subject",
    ),
    "statement_subject_twice": Case(
        "Two subjects of the same name.",
        signed(jsonio.canonical(statement(subject=statement()["subject"][:1] * 2))),
        "statement-subject",
    ),
    "statement_weak_digest": Case(
        "A subject by SHA-1.",
        signed(
            jsonio.canonical(
                statement(subject=[{"name": "manifest.json", "digest": {"sha1": "0" * 40}}])
            )
        ),
        "statement-members",
    ),
    "image_differs": Case(
        "The card names another image than the subjects.",
        stated("engine.image_digest", f"sha256:{'0' * 64}"),
        "statement-subject",
    ),
    "predicate_version_unknown": Case(
        "A scorecard of a version that this verifier does not know.",
        signed(
            jsonio.canonical(statement(predicateType="urn:llm-inference-conformance:scorecard:v2"))
        ),
        "predicate-type-unknown",
    ),
    "predicate_unknown_member": Case(
        "A scorecard with a member that its schema does not know.",
        stated("approved", True),
        "predicate-schema",
    ),
    "predicate_wrong_type": Case(
        "A scorecard whose verdict is a word instead of true or false.",
        stated("verdict.conformant", "true"),
        "predicate-schema",
    ),
}
