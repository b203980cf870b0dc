"""A run and the same plan run again: what agrees, what is named, and what several reproductions come to."""

from __future__ import annotations

import copy
import functools
import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from suite.base import jsonio
from suite.base.errors import SuiteError, TrustError
from suite.cli import reproducing
from suite.cli.main import main
from suite.documents.card import LevelResult
from suite.documents.codec import convert, plain
from suite.documents.deviceevidence import DeviceAttestation
from suite.documents.plan import Plan
from suite.documents.reproduction import Reproduced, VerificationSummary
from suite.judge.attest import envelope, levels
from suite.judge.attest.carried import check_statements
from suite.judge.attest.page import NOTHING, Carried, extract_carried
from suite.judge.attest.review import Attested, make_summary, payload_digest, read_statement
from suite.judge.attest.sign import sign
from suite.judge.attest.stated import Stated
from suite.judge.attest.statement import parse_statement
from suite.judge.attest.steps import Steps
from suite.judge.attest.trust import parse
from suite.judge.compare import difference
from suite.judge.compare.reproduced import numbers, plan_differences
from suite.judge.report import html
from suite.judge.score import score
from tests.cases.bundle_verify.cases import entry
from tests.factories import challenged, pages, submissions
from tests.factories import evidence as factory
from tests.unit.judge.rules.test_rules import apply

CHECKS = Path(__file__).parents[3] / "cases" / "checks"
KEYS = submissions.KEYS
SIGNED = DeviceAttestation(tool="nvattest", devices=1, facts=())


@functools.cache
def side(change: str = ""):
    """Card and evidence of the sound run of 32 tasks, or of one that differs in one way."""
    parts = challenged.document()
    CHANGES[change](parts)
    evidence = factory.evidence(parts)
    return score(evidence), evidence


def slower(parts: dict, by: float = 1.5) -> None:
    for request in parts["requests"]:
        late = round((request["chunk_t0"] - request["t_send"]) * (by - 1))
        request["chunk_t0"] += late
        request["chunk_dt"] = [round(gap * by) for gap in request["chunk_dt"]]
        request["t_end"] = request["chunk_t0"] + sum(request["chunk_dt"]) + 50_000


def other_answers(parts: dict) -> None:
    for request in parts["requests"]:
        words = request["text"].split()
        request["text"] = " ".join(["Nobody", *words[: len(words) // 3], *["said"] * 4])


def other_words(parts: dict) -> None:
    """As good by ROUGE, and never the same text."""
    for request in parts["requests"]:
        request["text"] += "!"


def some_fail(parts: dict, number: int = 16) -> None:
    for request in parts["requests"][:number]:
        request["outcome"] = "http-error"


CHANGES = {
    "": lambda parts: None,
    "slower": slower,
    "five per cent slower": lambda parts: slower(parts, 1.05),
    "other answers": other_answers,
    "other words": other_words,
    "half fail": some_fail,
    "three fail": lambda parts: some_fail(parts, 3),
}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("", None),
        ("five per cent slower", None),
        ("slower", "ttft_mean of single-stream"),
        ("other answers", "rouge1 of single-stream"),
        ("other words", "answers: 0 of 32 are the same"),
    ],
)
def test_what_does_not_come_out_is_named(change, named):
    both, wrong = numbers(side(), side(change))
    assert both.metrics
    assert both.answers == 32
    if named is None:
        assert wrong == ()
        assert all(item.agrees for item in both.metrics)
    else:
        assert any(line.startswith(named) for line in wrong), wrong
    families = {item.metric.partition("_")[0] for item in both.metrics}
    assert {"ttft", "tpot", "rouge1"} <= families
    assert not any(item.metric.endswith(("p99", "p999")) for item in both.metrics)


@pytest.mark.parametrize(
    ("first", "again", "named"),
    [
        ("", "half fail", "failed requests of single-stream: 0 of 32 and 16 of 32"),
        ("half fail", "", "failed requests of single-stream: 16 of 32 and 0 of 32"),
        ("half fail", "half fail", None),
        ("", "three fail", None),
    ],
)
def test_requests_that_fail_in_one_run_alone_are_named(first, again, named):
    wrong = numbers(side(first), side(again))[1]
    assert [line for line in wrong if line.startswith("failed")] == ([named] if named else [])


@pytest.mark.parametrize(
    ("path", "value", "name"),
    [
        ("model/sha256", "0" * 64, "the model"),
        ("vendor/sha256", "0" * 64, "the declaration"),
        ("workload/profile_sha256", "0" * 64, "the profile"),
        ("workload/taskset/records_sha256", "0" * 64, "the tasks"),
        ("devices/count", 2, "the number of devices"),
        ("devices/accelerator", "another", "the accelerator"),
        ("engine/quantisation", "fp8", "quantisation"),
        ("engine/prefix_caching", True, "prefix caching"),
    ],
)
def test_another_plan_is_refused_by_name(path, value, name):
    first = factory.plan()
    again = copy.deepcopy(first)
    *parents, last = path.split("/")
    functools.reduce(dict.__getitem__, parents, again)[last] = value
    plans = [convert(plan, Plan) for plan in (first, again)]
    assert plan_differences(*plans) == [name]
    assert plan_differences(plans[0], plans[0]) == []


def summary(change: str = "", key: str = "alice", **more) -> VerificationSummary:
    """As the command makes it."""
    sides = side(), side(change)
    held = [_Held(card, digit) for (card, _), digit in zip(sides, "56", strict=True)]
    made, _ = reproducing._summary(held[0], sides[0][1], held[1], sides[1][1], KEYS[key].public)
    return replace(made, **more) if more else made


class _Held:
    """A verified card."""

    def __init__(self, card, digit: str) -> None:
        self.card = card
        self.verified = self
        self.statement = self
        self.sha256 = digit * 64


def test_a_run_on_other_devices_is_no_reproduction(tmp_path: Path, capsys):
    """Its own telemetry shows other devices than it declares: what it came to says nothing for or against the card."""
    parts = factory.document()
    case = json.loads((CHECKS / "R062_other_device_fail" / "case.json").read_text())
    for step in case["patch"]:
        apply(parts, step)
    parts["header"]["plan_sha256"] = jsonio.digest(parts["plan"])
    folder, key = factory.write(tmp_path / "run", parts), tmp_path / "key.pem"
    assert main(["keygen", "--out", str(key)]) == 0
    main(["sign", str(folder), "--key", str(key)])
    again = ["reproduce", str(folder), "--again", str(folder), "--key", str(key)]
    assert main(again) == 2
    assert "[reproduction-differs]" in capsys.readouterr().err
    assert not list(tmp_path.glob("*.reproduction.*"))


def test_a_run_is_no_reproduction_of_itself(tmp_path: Path, capsys):
    parts = factory.document()
    folder, key = factory.write(tmp_path / "run", parts), tmp_path / "key.pem"
    assert main(["keygen", "--out", str(key)]) == 0
    main(["sign", str(folder), "--key", str(key)])
    assert main(["reproduce", str(folder), "--again", str(folder), "--key", str(key)]) == 2
    assert "the very run" in capsys.readouterr().err


def test_a_summary_says_what_its_numbers_say():
    passed, failed = summary(), summary("slower")
    assert (passed.verificationResult, failed.verificationResult) == ("PASSED", "FAILED")
    assert passed.verifiedLevels
    assert not failed.verifiedLevels
    for lie in (
        {"verificationResult": "PASSED"},
        {"verificationResult": "PASSED", "verifiedLevels": [*passed.verifiedLevels]},
        {"reproduction": plain(replace(failed.reproduction, metrics=all_called_agreeing(failed)))},
        {"inputAttestations": [plain(failed.inputAttestations[0])] * 2},
        {"inputAttestations": [plain(item) for item in reversed(failed.inputAttestations)]},
    ):
        with pytest.raises(SuiteError):
            convert(plain(failed) | lie, VerificationSummary)


def all_called_agreeing(made: VerificationSummary) -> tuple[Reproduced, ...]:
    """The metrics of a summary, their intervals as they were."""
    return tuple(replace(item, agrees=True) for item in made.reproduction.metrics)


def test_the_level_follows_from_reproductions_by_others():
    trust = parse(submissions.TRUST)
    card, evidence = side()
    assert evidence is not None

    def held(change: str, owner: str) -> Attested:
        data = sign(make_summary("5" * 64, summary(change, owner)), KEYS[owner])
        made = read_statement(data, trust, "5" * 64, "cpu", "it")
        assert isinstance(made, Attested)
        return made

    yes, no = held("", "alice"), held("slower", "bob")
    assert levels.reached(card, [yes])[0] == "reproduced"
    assert levels.reached(card, [no])[0] == card.level.level
    assert levels.reached(card, [yes, no])[0] == card.level.level
    # Devices that a listed maker attests add to that, under a challenge.
    alone, under = (
        replace(card, level=LevelResult(level=level, reasons=()))
        for level in ("self-reported", "challenged")
    )
    assert levels.reached(under, [yes], "cpu")[0] == "reproduced"  # its rules do not say so
    alone, under = (replace(each, attestation=SIGNED) for each in (alone, under))
    assert levels.reached(alone, [yes], "cpu")[0] == "reproduced"
    assert levels.reached(under, [], "cpu")[0] == "challenged"
    assert levels.reached(under, [yes])[0] == "reproduced"
    level, why = levels.reached(under, [yes], "cpu")
    assert (level, why) == ("attested", "reproduced by alice; its devices are attested by cpu")
    with pytest.raises(TrustError) as refused:
        read_statement(
            sign(make_summary("5" * 64, summary("", "cpu")), KEYS["cpu"]),
            trust,
            "5" * 64,
            "cpu",
            "it",
        )
    assert refused.value.code == "role-forbids"


def test_page_and_comparison_show_the_level_that_statements_reach():
    card = replace(side()[0], attestation=SIGNED)
    data = pages.bundle(card)
    again = sign(make_summary(payload_digest(data, "card"), summary()), KEYS["alice"])
    for carried, level in (
        (NOTHING, "challenged"),
        (Carried((again,)), "reproduced"),
        (Carried((again,), "cpu"), "attested hardware"),
    ):
        page = html.render(data, card, carried=carried)
        assert extract_carried(page) == carried
        assert f'<span class="en" lang="en">{level}</span>'.encode() in page
        if carried.statements:
            assert b"By its own evidence alone" in page
    with pytest.raises(TrustError, match="no statement about this scorecard"):
        html.render(pages.bundle(slower_card()), slower_card(), carried=Carried((again,)))
    compared = difference.compare(card, card, levels=("reproduced", None))
    assert (compared.a.level, compared.b.level) == ("reproduced", "challenged")


def test_two_keys_of_one_reproducer_are_no_two_reproducers():
    card, _ = side()
    data = pages.bundle(card)
    statement = parse_statement(envelope.parse(data).payload)
    again = {
        key: sign(make_summary(statement.sha256, summary(change, key)), KEYS[key])
        for key, change in (("alice", ""), ("stranger", ""), ("bob", "slower"))
    }
    listed = jsonio.loads(submissions.TRUST)
    listed["keys"].append(entry(KEYS["stranger"], "alice", "reviewer"))

    def refused(*keys: str) -> list[str]:
        page, steps = html.render(data, card, carried=Carried(tuple(map(again.get, keys)))), Steps()
        stated = Stated(statement=statement, document=card)
        check_statements(page, parse(jsonio.pretty(listed)), stated, steps)
        return [error.code for error in steps.errors]

    assert refused("alice", "stranger") == []
    assert refused("alice", "bob") == []
    assert refused("alice", "stranger", "bob") == ["page-differs"]


def slower_card():
    """Another card of the same plan."""
    return side("slower")[0]


def test_several_reproductions_show_a_consensus(tmp_path: Path, capsys):
    run, trust = tmp_path / "run", tmp_path / "keys.json"
    trust.write_bytes(submissions.TRUST)
    submissions.run(run)
    payload = json.loads((run / "scorecard.json").read_bytes())
    assert payload
    sha256 = jsonio.sha256_hex((run / "scorecard.json").read_bytes())
    files = []
    for owner, change in (("alice", ""), ("bob", "slower")):
        files.append(tmp_path / f"{owner}.json")
        files[-1].write_bytes(sign(make_summary(sha256, summary(change, owner)), KEYS[owner]))
    words = ["reproduce", str(run), "--trust", str(trust)]
    words += [word for file in files for word in ("--consensus", str(file))]
    assert main([*words, "--json"]) == 1
    view = json.loads(capsys.readouterr().out)
    assert (view["passed"], view["failed"]) == (1, 1)
    ttft = next(item for item in view["metrics"] if item["metric"] == "ttft_mean")
    assert (ttft["agree"], ttft["measured"]) == (1, 2)
    assert ttft["lowest"] == ttft["first"] < ttft["highest"]
    assert main(words) == 1
    text = capsys.readouterr().out
    assert "reproduced by 1 of 2" in text
    assert "FAILED  bob" in text
    assert main([*words[:4], "--consensus", str(files[0])]) == 0
    assert main(["reproduce", str(run), "--consensus", str(files[0])]) == 2
