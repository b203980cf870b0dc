from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from suite.base import jsonio
from suite.base.errors import TrustError
from suite.judge.attest import times, trust
from tests.cases.bundle_verify import cases
from tests.cases.bundle_verify.cases import VENDOR_A, entry


def parse(*entries: dict) -> trust.TrustList:
    return trust.parse(jsonio.pretty({"trust_schema": 1, "keys": list(entries)}))


def refusal(*entries: dict) -> TrustError:
    with pytest.raises(TrustError) as caught:
        parse(*entries)
    return caught.value


def test_the_shared_list_is_read() -> None:
    path = cases.HERE / "trust.json"
    read = trust.load(path)
    assert [item.owner for item in read.keys].count("vendor-a") == 5
    assert read.sha256 == jsonio.sha256_hex(path.read_bytes())
    assert read.find(VENDOR_A.public.id).role is trust.Role.VENDOR


def test_an_empty_list_trusts_nobody() -> None:
    with pytest.raises(TrustError) as caught:
        parse().find(VENDOR_A.public.id)
    assert caught.value.code == "key-unknown"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"owner": "Vendor A"}, "schema-violation"),
        ({"owner": "vendor-\u0430"}, "schema-violation"),
        ({"owner": "vendor-a\n"}, "payload-text"),
        ({"role": "admin"}, "schema-violation"),
        ({"algorithm": "rsa"}, "schema-violation"),
        ({"algorithm": "ed25519"}, "trust-algorithm-differs"),
        ({"key": "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"}, "key-wrong"),
        ({"validFor": {"end": "2026-01-01T00:00:00Z"}}, "schema-violation"),
        ({"validFor": {"start": "2026-01-01"}}, "schema-violation"),
        ({"validFor": {"start": "2026-02-30T00:00:00Z"}}, "time-wrong"),
        ({"validFor": {"start": "2026-01-01T00:00:00Z\n"}}, "schema-violation"),
        (
            {"validFor": {"start": "2026-01-01T00:00:00Z", "end": "2026-01-01T00:00:00Z"}},
            "trust-window-empty",
        ),
        ({"revoked": {"at": "2026-01-01T00:00:00Z"}}, "schema-violation"),
        ({"keyid": "abc"}, "schema-violation"),
    ],
)
def test_a_wrong_entry_is_refused(change: dict, code: str) -> None:
    assert refusal(entry(VENDOR_A, "vendor-a") | change).code == code


def test_a_misspelt_member_names_the_right_one() -> None:
    error = refusal(entry(VENDOR_A, "vendor-a") | {"valid_for": {}})
    assert "did you mean 'validFor'?" in error.render()


def test_the_same_key_twice_names_both_places() -> None:
    error = refusal(entry(VENDOR_A, "vendor-a"), entry(VENDOR_A, "vendor-b"))
    assert error.code == "trust-key-twice"
    assert "/keys/0" in error.message
    assert error.place.pointer == "/keys/1"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TrustError) as caught:
        trust.load(tmp_path / "keys.json")
    assert caught.value.code == "file-unreadable"


def test_a_list_with_a_member_twice_is_refused() -> None:
    with pytest.raises(TrustError) as caught:
        trust.parse(b'{"trust_schema":1,"keys":[],"keys":[]}')
    assert caught.value.code == "json-refused"


def at(text: str) -> times.VerifiedTime:
    return times.VerifiedTime(times.parse_time(text), "a witness")


def test_a_window_holds_its_ends() -> None:
    key = parse(entry(VENDOR_A, "vendor-a", validFor=cases.WINDOW)).keys[0]
    for text in (cases.WINDOW["start"], cases.WINDOW["end"]):
        assert key.check_time(at(text)) == f"valid at {text} by a witness"
    with pytest.raises(TrustError) as caught:
        key.check_time(at("2026-01-01T00:00:00Z"))
    assert caught.value.code == "key-expired"
    assert "2025-12-31T23:59:59Z" in caught.value.message


def test_a_window_without_end_is_open() -> None:
    key = parse(entry(VENDOR_A, "vendor-a", validFor={"start": "2026-01-01T00:00:00Z"})).keys[0]
    assert key.check_time(at("2036-01-01T00:00:00Z"))
    with pytest.raises(TrustError) as caught:
        key.check_time(None)
    assert caught.value.code == "time-unproven"


def test_times_are_utc() -> None:
    assert times.parse_time("2026-01-31T12:00:00Z") == dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)
    for text in (
        "2026-01-31T12:00:00",
        "2026-01-31T12:00:00+00:00",
        "2026-01-31 12:00:00Z",
        "٢٠٢٦-01-31T12:00:00Z",
    ):
        with pytest.raises(TrustError):
            times.parse_time(text)
