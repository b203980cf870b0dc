"""What a witness reports: both sides held against each other, and what a card reaches by it."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from msgspec.structs import replace

from suite.base.errors import EvidenceError, SuiteError, TrustError
from suite.documents.codec import convert, plain
from suite.documents.witness import WitnessReport
from suite.judge.attest import levels
from suite.judge.attest.review import Attested, make_witness, read_statement
from suite.judge.attest.sign import sign
from suite.judge.attest.trust import parse
from suite.judge.attest.witnessed import read_log, report
from suite.judge.score import score
from tests.factories import elsewhere
from tests.factories import evidence as factory
from tests.factories.submissions import KEYS, TRUST

NOW = dt.datetime(2026, 2, 1, 12, tzinfo=dt.UTC)
KEY = KEYS["alice"]
CARD = "5" * 64


def server_log(parts: dict, longer_ns: int = 400_000) -> list[dict]:
    """What the server saw: each request a little shorter, by a clock of its own."""
    return [
        {
            "prompt_sha256": request["prompt_sha256"],
            "arrived": 7_000 + request["t_send"],
            "writes": [7_000 + request["t_end"] - longer_ns],
        }
        for request in parts["requests"]
    ]


def made(parts: dict, log: list[dict] | None = None):
    lines = None if log is None else read_log("\n".join(map(json.dumps, log)).encode(), "log")
    return report(factory.evidence(parts), KEY.public, NOW, lines)


def test_both_sides_agree():
    parts = elsewhere.document()
    seen = made(parts, server_log(parts))
    assert (seen.verdict, seen.counted.requests) == ("agrees", len(parts["requests"]))
    assert seen.counted.longer_us == 400
    assert (seen.network.median_us, seen.network.probes) == (200, 15)
    assert 0.01 < seen.network.share_of_ttft < 0.012


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda log: log[:-1], "1 of 26 requests are not in the server's log"),
        (lambda log: [{**log[0], "writes": [log[0]["writes"][0] * 2]}, *log[1:]], "lasted longer"),
        (
            lambda log: [{**line, "writes": [line["writes"][0] - 60_000_000]} for line in log],
            "a round trip takes 0.2 ms",
        ),
        (lambda log: [{**line, "prompt_sha256": "0" * 64} for line in log], "26 of 26"),
    ],
)
def test_what_one_side_did_not_see_is_named(change, why):
    parts = elsewhere.document()
    seen = made(parts, change(server_log(parts)))
    assert seen.verdict == "differs"
    assert why in seen.why


def test_a_clock_that_runs_slow_at_the_client_is_seen():
    parts = elsewhere.document()
    log = server_log(parts)
    for request in parts["requests"]:  # every request said to be half as long
        request["t_end"] -= (request["t_end"] - request["t_send"]) // 2
        request["chunk_dt"] = [gap // 2 for gap in request["chunk_dt"]]
    assert made(parts, log).verdict == "differs"


@pytest.mark.parametrize(
    ("finished", "tokens", "verdict"), [(8, 0, "agrees"), (7, 0, "differs"), (8, 40, "differs")]
)
def test_the_engines_own_counters_are_the_other_side(finished, tokens, verdict):
    parts = elsewhere.document()
    samples = []
    for name in ("single-stream", "offline", "server"):
        mine = [r for r in parts["requests"] if r["phase"] == name and r["measured"]]
        count = sum(request["usage"]["ids_completion"] for request in mine) + tokens
        for at, share in ((1, 0), (2, 1)):
            samples.append(
                {
                    "t": at,
                    "phase": f"{name}/0",
                    "finished": 10 + share * finished,
                    "generated_tokens": 100 + share * count,
                }
            )
    seen = made(parts | {"engine_metrics": samples})
    assert (seen.verdict, seen.counted.source) == (verdict, "engine-metrics")


@pytest.mark.parametrize(
    "lie",
    [
        {"verdict": "agrees", "counted": {"requests": 8, "theirs": 7}},
        {"verdict": "agrees", "counted": {"tokens": 100, "their_tokens": 40}},
        {"verdict": "one-sided", "counted": {}},
        {"verdict": "agrees", "counted": {"source": "none"}},
    ],
)
def test_a_report_that_contradicts_its_own_counts_is_refused(lie):
    counted = {
        "source": "engine-metrics",
        "requests": 8,
        "theirs": 8,
        "others": 0,
        "tokens": 72,
        "their_tokens": 72,
    }
    sound = plain(made(elsewhere.document())) | {"verdict": "agrees", "counted": counted}
    convert(sound, WitnessReport)
    with pytest.raises(SuiteError):
        convert(sound | lie | {"counted": counted | lie["counted"]}, WitnessReport)


def test_without_a_server_side_it_is_one_sided():
    assert made(elsewhere.document()).verdict == "one-sided"


@pytest.mark.parametrize("name", ["plain", "unmeasured"])
def test_what_cannot_be_witnessed(name):
    parts = factory.document() if name == "plain" else elsewhere.document()
    parts["marks"] = [mark for mark in parts["marks"] if mark["name"] != "network.probe"]
    with pytest.raises(EvidenceError) as refused:
        made(parts)
    assert refused.value.code == "witness-impossible"


def test_a_log_that_is_none():
    with pytest.raises(EvidenceError, match="not a line of a server's log"):
        read_log(b'{"arrived": 1}', "log")


def test_the_level_follows_from_the_signature_and_the_list():
    parts = elsewhere.document()
    seen = made(parts, server_log(parts))
    card, trust = score(factory.evidence(parts)), parse(TRUST)
    assert card.level.level == "self-reported"
    signed = sign(make_witness(CARD, seen), KEY)
    held = read_statement(signed, trust, CARD, "cpu", "it")
    assert isinstance(held, Attested)
    assert levels.reached(card, [held])[0] == "witnessed"
    for address, said in (("http://127.0.0.1:8000", True), ("http://10.0.0.7:8000", False)):
        near = Attested("alice", replace(seen, address=address))
        assert ("own machine" in levels.reached(card, [near])[1]) is said
    differs = Attested(
        "alice", replace(seen, verdict="differs", timeCreated="2026-02-02T12:00:00Z")
    )
    unseen = replace(seen.counted, source="none")
    one_sided = Attested("alice", replace(seen, verdict="one-sided", counted=unseen))
    for item in (differs, one_sided):
        assert levels.reached(card, [item])[0] == "self-reported"
    # The last word of each witness counts.
    assert levels.reached(card, [differs, held])[0] == "self-reported"
    assert levels.reached(card, [])[0] == "self-reported"
    assert levels.reached(score(factory.evidence()), [held])[0] == "self-reported"
    for key, code in (("cpu", "role-forbids"), ("stranger", "key-unknown")):
        with pytest.raises(TrustError) as refused:
            read_statement(sign(make_witness(CARD, seen), KEYS[key]), trust, CARD, "cpu", "it")
        assert refused.value.code == code
    with pytest.raises(TrustError) as refused:
        read_statement(signed, trust, "6" * 64, "cpu", "it")
    assert refused.value.code == "review-differs"
    with pytest.raises(TrustError, match="its own"):
        read_statement(signed, trust, CARD, "alice", "it")
