"""Challenges at the command line: issued, shown, checked, and what a run and a verification refuse."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import subprocess
from pathlib import Path

import pytest

from suite import __version__
from suite.base import jsonio
from suite.documents.codec import plain
from suite.judge.attest.challenge import read_challenge, read_commitment
from suite.judge.attest.times import format_time
from tests.cases.bundle_verify.cases import REVIEWER, STRANGER, VENDOR_A, entry
from tests.factories import challenged, keyfile, runs, stamped
from tests.factories import evidence as factory
from tests.factories.authority import Server


def listed(path: Path, *entries: dict) -> Path:
    path.write_bytes(jsonio.pretty({"trust_schema": 1, "keys": list(entries)}))
    return path


def trusted(path: Path) -> Path:
    return listed(
        path,
        entry(REVIEWER, "reviewers", role="reviewer"),
        entry(VENDOR_A, "cpu", role="vendor"),
    )


def test_a_challenge_is_issued_shown_and_checked(suite, tmp_path):
    key, trust = (
        keyfile.written(tmp_path / "reviewer.pem", REVIEWER),
        trusted(tmp_path / "keys.json"),
    )
    status, out, _ = suite("round", "new", "2026-spring", "--key", key, "--days", 3)
    assert status == 0
    assert "round      2026-spring" in out
    file = Path("2026-spring.challenge.sigstore.json")
    status, out, _ = suite("round", "show", file, "--json")
    shown = json.loads(out)
    assert shown == plain(read_challenge(file.read_bytes(), "it")[0])
    assert shown["salts"]["tasks"] != shown["salts"]["load"]
    status, out, _ = suite("round", "check", file, "--trust", trust)
    assert (status, "issued by reviewers" in out) == (0, True)
    before = file.read_bytes()
    status, _, err = suite("round", "new", "2026-spring", "--key", key)
    assert (status, file.read_bytes()) == (2, before)
    assert "challenge-exists" in err


def test_no_two_challenges_share_a_salt(suite, tmp_path):
    key = keyfile.written(tmp_path / "reviewer.pem", REVIEWER)
    for name in ("a", "b"):
        assert suite("round", "new", name, "--key", key)[0] == 0
    first, second = (
        read_challenge(Path(f"{name}.challenge.sigstore.json").read_bytes(), name)[0].salts
        for name in ("a", "b")
    )
    assert {first.tasks, first.load}.isdisjoint({second.tasks, second.load})
    like = ("--like", "a.challenge.sigstore.json", "--key", key)
    assert suite("round", "new", "a", *like, "--out", "again.json")[0] == 0
    assert read_challenge(Path("again.json").read_bytes(), "it")[0].salts == first
    status, _, err = suite("round", "new", "c", *like)
    assert (status, "is of the round a" in err) == (2, True)


def test_data_in_which_nothing_can_be_replaced_make_no_challenge(suite, tmp_path):
    key = keyfile.written(tmp_path / "reviewer.pem", REVIEWER)
    suite("round", "new", "r", "--key", key)
    rows = [{"id": f"t{n}", "document": f"同一篇文章{n}。", "summary": "摘要。"} for n in range(8)]
    (tmp_path / "data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    words = ("--data", "data.jsonl", "--challenge", "r.challenge.sigstore.json")
    status, _, err = suite("plan", "--runtime", "sim", *words)
    assert (status, "challenge-unfit" in err) == (2, True)


@pytest.mark.parametrize(
    ("signer", "code"), [(STRANGER, "key-unknown"), (VENDOR_A, "role-forbids")]
)
def test_a_challenge_that_no_reviewer_signed_is_refused(suite, tmp_path, signer, code):
    key, trust = keyfile.written(tmp_path / "key.pem", signer), trusted(tmp_path / "keys.json")
    assert suite("round", "new", "r", "--key", key)[0] == 0
    status, _, err = suite("round", "check", "r.challenge.sigstore.json", "--trust", trust)
    assert status == 5
    assert code in err


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("a b",), "nonce-wrong"),
        (("r", "--days", "0"), "usage-wrong"),
        (("r", "--authority", "nowhere"), "url-malformed"),
    ],
)
def test_a_challenge_that_makes_no_sense_is_not_issued(suite, tmp_path, words, code):
    key = keyfile.written(tmp_path / "reviewer.pem", REVIEWER)
    status, _, err = suite("round", "new", *words, "--key", key)
    assert status == 2
    assert code in err
    assert not list(tmp_path.glob("*.challenge.*"))


def test_a_run_refuses_a_challenge_that_does_not_count(suite, tmp_path):
    old = tmp_path / "old.json"
    old.write_text(challenged.bundle(challenged.challenge()))  # of another year
    words = ("plan", "--runtime", "sim", "--challenge")
    status, _, err = suite(*words, old)
    assert (status, "challenge-expired" in err) == (5, True)
    key = keyfile.written(tmp_path / "reviewer.pem", REVIEWER)
    suite("round", "new", "r", "--key", key)
    file = "r.challenge.sigstore.json"
    status, _, err = suite(*words, file, "--nonce", "another")
    assert (status, "usage-wrong" in err) == (2, True)
    document = json.loads(Path(file).read_bytes())
    document["dsseEnvelope"]["payload"] = document["dsseEnvelope"]["payload"][:-8]
    (tmp_path / "cut.json").write_text(json.dumps(document))
    assert suite(*words, tmp_path / "cut.json")[0] == 5


def test_a_challenge_of_a_later_suite_needs_that_suite(suite, tmp_path):
    """An earlier one does not know the rules that such a run is asked."""
    now = dt.datetime.now(dt.UTC)
    times = {
        "issued": format_time(now - dt.timedelta(hours=1)),
        "expires": format_time(now + dt.timedelta(hours=1)),
    }
    words = ("plan", "--runtime", "sim", "--challenge")
    for version, status in ((__version__, 0), ("99.1", 5)):
        file = tmp_path / f"{version}.json"
        file.write_text(challenged.bundle(challenged.challenge(**times, suite=version)))
        ended, _, err = suite(*words, file)
        assert (ended, "challenge-newer" in err) == (status, status == 5)


def test_a_plan_under_a_challenge_is_drawn_from_it(suite, tmp_path):
    key = keyfile.written(tmp_path / "reviewer.pem", REVIEWER)
    plans = []
    for name in ("a", "b"):
        suite("round", "new", name, "--key", key)
        file = f"{name}.challenge.sigstore.json"
        twice = [
            json.loads(suite("plan", "--runtime", "sim", "--challenge", file, "--json")[1])
            for _ in range(1 + (name == "a"))
        ]
        assert twice[0] == twice[-1]
        plans.append(twice[0])
    first, second = (plan["workload"] for plan in plans)
    assert [plan["nonce"] for plan in plans] == ["a", "b"]
    assert first["taskset"]["new"] == second["taskset"]["new"] == 128
    assert first["taskset"]["records_sha256"] != second["taskset"]["records_sha256"]
    for a, b in zip(first["phases"], second["phases"], strict=True):
        assert a["tasks"] == b["tasks"]
        assert (a.get("controls") is None) or a["controls"] != b["controls"]
        assert (a["arrivals_ns"] is None) or a["arrivals_ns"] != b["arrivals_ns"]


def test_a_challenge_may_answer_a_commitment_which_the_run_then_needs(suite, tmp_path):
    vendor, key = (
        keyfile.written(tmp_path / f"{name}.pem", of)
        for name, of in (("vendor", VENDOR_A), ("reviewer", REVIEWER))
    )
    words = ("--runtime", "sim", "--cheat", "honest")
    for name in ("first", "second"):
        status, _, err = suite("commit", *words, "--key", vendor, "--out", f"{name}.json")
        assert status == 0, err
    status, _, err = suite(
        "round", "new", "r", "--key", key, "--commitment", "first.json", "--out", "r.json"
    )
    assert status == 0, err
    under = ("plan", *words, "--challenge", "r.json")
    assert suite(*under, "--commitment", "first.json")[0] == 0
    for more, code, wanted in (
        ((), "commitment-differs", 2),
        (("--commitment", "r.json"), "predicate-type-differs", 5),
    ):
        status, _, err = suite(*under, *more)
        assert (status, code in err) == (wanted, True)
    other = json.loads(Path("second.json").read_bytes())
    first = json.loads(Path("first.json").read_bytes())
    if other["dsseEnvelope"]["payload"] != first["dsseEnvelope"]["payload"]:
        assert "commitment-differs" in suite(*under, "--commitment", "second.json")[2]
    status, _, err = suite("commit", *words, "--challenge", "r.json", "--key", vendor)
    assert (status, "before the challenge" in err) == (2, True)


@pytest.fixture
def signed(suite, tmp_path):
    """Makes a signed run under a challenge that somebody signed."""
    key = keyfile.written(tmp_path / "vendor.pem", VENDOR_A)

    def make(issuer) -> Path:
        parts = challenged.document()
        stated = challenged.challenge()
        parts["basis"]["challenge"]["bundle"] = challenged.bundle(stated, issuer)
        parts["stamps"] = [
            {"stated": stamp["stated"], "why": "no authority"} for stamp in parts["stamps"]
        ]
        run = factory.write(tmp_path / "run", parts)
        status, _, err = suite("sign", run, "--key", key)
        assert status == 0, err
        return run

    return make


@pytest.mark.parametrize(
    ("issuer", "outcome"), [(REVIEWER, "pass"), (STRANGER, "fail"), (VENDOR_A, "fail")]
)
def test_a_verifier_with_a_list_asks_who_issued_the_challenge(
    suite, tmp_path, signed, issuer, outcome
):
    run, trust = signed(issuer), trusted(tmp_path / "keys.json")
    status, out, _ = suite("verify", run, "--trust", trust, "--json")
    steps = {step["what"]: step for step in json.loads(out)["steps"]}
    assert steps["A reviewer issued the challenge"]["outcome"] == outcome
    assert (status == 5) == (outcome == "fail")
    _, out, _ = suite("verify", run, "--json")
    steps = {step["what"]: step for step in json.loads(out)["steps"]}
    assert steps["A reviewer issued the challenge"]["outcome"] == "warn"


def stamped_run(suite, tmp_path, url: str) -> Path:
    """A run of the scripted server under a challenge that names an authority at this address."""
    key, vendor = (
        keyfile.written(tmp_path / "r.pem", REVIEWER),
        keyfile.written(tmp_path / "v.pem", VENDOR_A),
    )
    assert suite("round", "new", "r", "--authority", url, "--key", key)[0] == 0
    tiny = runs.profile(tmp_path, size=32, tasks=32, rate=100)
    status, _, err = suite(
        *("run", "--runtime", "sim", "--profile", tiny, "--challenge", "r.challenge.sigstore.json"),
        *("--sim-script", '{"ttft_ms": 1, "itl_ms": 0.1, "tokens": 4}'),
        *("--out", tmp_path / "run", "--key", vendor, "--quiet"),
    )
    assert status == 1, err  # it summarises nothing
    return tmp_path / "run"


def steps_of(suite, run: Path, trust: Path) -> dict:
    _, out, _ = suite("verify", run, "--trust", trust, "--json")
    return {step["what"]: step for step in json.loads(out)["steps"]}


def checks_of(run: Path) -> dict:
    card = json.loads((run / "scorecard.json").read_bytes())["predicate"]
    return {check["rule"]: check for check in card["checks"]}


STAMPED = "A listed authority stamped the log"


def test_the_log_is_stamped_while_it_grows(suite, tmp_path, authority):
    with Server(lambda query: (200, authority.reply(query))) as server:
        run = stamped_run(suite, tmp_path, server.url)
        assert len(server.types) == 5  # start, a warm-up, two phases, end
    checks = checks_of(run)
    assert {checks[name]["outcome"] for name in ("R103", "R104")} == {"pass"}
    lines = [json.loads(line) for line in (run / "stamps.jsonl").read_bytes().splitlines()]
    log = (run / "events.jsonl").read_bytes()
    for line in lines:
        stated = line["stated"]
        assert stated["sha256"] == hashlib.sha256(log[: stated["bytes"]]).hexdigest()
    assert lines[-1]["stated"]["bytes"] == len(log)
    # By hand: openssl itself says the same.
    (tmp_path / "token.tsr").write_bytes(base64.b64decode(lines[-1]["token"]))
    (tmp_path / "stated.json").write_bytes(jsonio.canonical(lines[-1]["stated"]))
    by_hand = ("-data", "stated.json", "-in", "token.tsr", "-CAfile", authority.folder / "ca.pem")
    subprocess.run(["openssl", "ts", "-verify", *by_hand], check=True, cwd=tmp_path)
    entries = (entry(REVIEWER, "reviewers", role="reviewer"), entry(VENDOR_A, "cpu", role="vendor"))
    known, other = tmp_path / "known.json", trusted(tmp_path / "other.json")
    known.write_bytes(
        jsonio.pretty(
            {"trust_schema": 1, "keys": list(entries), "authorities": [authority.entry()]}
        )
    )
    step = steps_of(suite, run, known)[STAMPED]
    assert step["outcome"] == "pass"
    assert "5 stamps" in step["detail"]
    assert "lab-time" in step["detail"]
    step = steps_of(suite, run, other)[STAMPED]
    assert (step["outcome"], step["code"]) == ("fail", "timestamp-untrusted")
    # A token that states another time is nobody's.
    forged = stamped.restamped(lines[2], dt.datetime.now(dt.UTC))
    lines[2] = forged
    (run / "stamps.jsonl").write_bytes(b"".join(jsonio.canonical(line) + b"\n" for line in lines))
    step = steps_of(suite, run, known)[STAMPED]
    assert (step["outcome"], step["code"]) == ("fail", "timestamp-untrusted")


def test_a_lab_without_network_keeps_the_digests_and_the_card_says_so(suite, tmp_path):
    run = stamped_run(suite, tmp_path, "http://127.0.0.1:9/tsa")
    checks = checks_of(run)
    assert (checks["R103"]["outcome"], checks["R104"]["outcome"]) == ("pass", "warn")
    assert "no time stamp from http://127.0.0.1:9/tsa" in checks["R104"]["why"]
    step = steps_of(suite, run, trusted(tmp_path / "keys.json"))[STAMPED]
    assert (step["outcome"], step["code"]) == ("warn", "log-unstamped")


def test_commitments_are_numbered(suite, tmp_path):
    vendor = keyfile.written(tmp_path / "v.pem", VENDOR_A)
    words = ("commit", "--runtime", "sim", "--key", vendor)
    assert suite(*words, "--out", "1.json")[0] == 0
    assert "number      2" in suite(*words, "--after", "1.json", "--out", "2.json")[1]
    status, out, _ = suite(*words, "--after", "2.json", "--out", "3.json")
    assert (status, "number      3" in out) == (0, True)
    first, second, third = (
        read_commitment(Path(f"{n}.json").read_bytes(), "it") for n in (1, 2, 3)
    )
    assert [second[0].after, third[0].after] == [first[1].sha256, second[1].sha256]
