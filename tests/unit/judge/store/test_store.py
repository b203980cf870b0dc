from __future__ import annotations

import dataclasses
import json
from urllib.parse import quote

import pytest

pytest.importorskip("sqlalchemy", reason="the extra store is not installed")

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import func, select, text

from suite.base.errors import EvidenceError, SetupError, UsageError
from suite.cli.main import main
from suite.judge.score import score
from suite.judge.store import database, regress, tables
from suite.judge.store.history import SeriesQuery, series
from suite.judge.store.ingest import ingest, stored_card
from tests.factories import evidence as factory
from tests.factories import history, loads, submissions


@pytest.fixture(scope="module")
def evidence():
    return factory.evidence(loads.saturated())


@pytest.fixture(scope="module")
def card(evidence):
    return score(evidence)


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{quote(str(tmp_path / 'per%cent' / 'store.sqlite'))}"


@pytest.fixture
def engine(url):
    with database.opened(url, make=True) as engine:
        yield engine


def count(engine, table) -> int:
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def judged(engine, factors, since=None, **wanted):
    for item in history.items(factors, since):
        ingest(engine, item)
    return regress.regressions(series(engine, SeriesQuery(**wanted)))


def test_the_versions_make_the_tables(engine):
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.METADATA) == []


def test_a_run_stands_in_it_once_with_all_its_parts(engine, card, evidence):
    item = history.item(card, evidence=evidence)
    assert [ingest(engine, item), ingest(engine, item)] == ["added", "known"]
    assert count(engine, tables.RUNS) == 1
    assert count(engine, tables.PHASES) == len(card.phases)
    assert count(engine, tables.REQUESTS) == len(evidence.requests)
    assert count(engine, tables.TELEMETRY) == len(evidence.telemetry)
    assert count(engine, tables.ENVIRONMENT) == len(card.environment)
    assert count(engine, tables.CHECKS) == len(card.checks)
    values = sum(len(phase.metrics) for phase in card.phases) + len(card.startup)
    assert count(engine, tables.METRICS) == values
    with engine.connect() as connection:
        assert stored_card(connection.execute(select(tables.RUNS.c.card)).scalar_one()) == card
        wrong = select(func.count()).where(
            tables.METRICS.c.value.is_(None) == tables.METRICS.c.not_measured.is_(None)
        )
        assert connection.execute(wrong).scalar_one() == 0


def test_a_signature_or_evidence_replaces_what_lacks_it_and_nothing_else(engine, card, evidence):
    bare = history.item(card)
    full = dataclasses.replace(bare, evidence=evidence)
    signed = dataclasses.replace(full, signer="signed by acme")
    signed_bare = dataclasses.replace(signed, evidence=None)
    again = dataclasses.replace(signed, payload_sha256="1" * 64)
    steps = [bare, full, bare, signed_bare, signed, full, signed_bare, again, again]
    expected = [
        "added",
        "replaced",
        "known",
        "known",
        "replaced",
        "known",
        "known",
        "replaced",
        "known",
    ]
    assert [ingest(engine, item) for item in steps] == expected
    assert count(engine, tables.RUNS) == 1
    assert count(engine, tables.REQUESTS) == len(evidence.requests)


@pytest.mark.parametrize("runs", [5, 12])
def test_a_planted_regression_is_found_with_what_changed(engine, runs):
    factors = history.noise(runs, 0.01, seed=runs)
    since = runs - 1 if runs < regress.DETECT_FROM else runs - 3
    planted = [factor * (0.7 if day >= since else 1) for day, factor in enumerate(factors)]
    result = judged(engine, planted, since)
    (item,) = result.series
    assert result.worse
    worse = {trend.metric: trend for trend in item.metrics if trend.trend == "worse"}
    assert {"output_throughput", "ttft_p50"} <= worse.keys()
    for trend in worse.values():
        assert trend.since == f"run-{since:03d}"
        assert (trend.now > trend.before) == (trend.direction == "lower")
    changed = item.changed[f"run-{since:03d}"]
    assert any(subject.what == "image" for subject in changed)


def test_an_improvement_is_none(engine):
    factors = history.noise(10, 0.01, seed=1)
    result = judged(engine, [f * (1.4 if day > 6 else 1) for day, f in enumerate(factors)])
    assert not result.worse
    assert {trend.trend for trend in result.series[0].metrics} == {"better"}


def test_noise_alone_is_no_regression():
    """Of 400 histories of nothing but noise few alarm, Gaussian or with heavy tails, long or short."""
    import random

    source = random.Random(7)

    def gauss() -> float:
        return source.gauss(0, 0.03)

    def heavy() -> float:
        return source.gauss(0, 0.03) / max(0.2, source.gammavariate(1.5, 1 / 1.5)) ** 0.5

    for draw in (gauss, heavy):
        for length in (5, 20):
            alarms = 0
            for _ in range(100):
                levels = [draw() for _ in range(length)]
                step = regress.step(levels)
                alarms += step is not None and step.p <= regress.LEVEL
            assert alarms <= 9, (draw.__name__, length, alarms)


def test_no_alarm_in_a_history_of_noise(engine):
    assert not judged(engine, history.noise(15, 0.02, seed=3)).worse


def test_a_bound_that_says_nothing_is_not_said(engine):
    (series_,) = judged(engine, [1.0] * 6).series
    assert {trend.trend for trend in series_.metrics} == {"steady"}
    for trend in series_.metrics:
        assert "probability" not in trend.why
        assert "概率" not in trend.why.zh


def test_no_chance_is_called_0(engine):
    """Where all runs before were the same."""
    (series_,) = judged(engine, [1.0] * 5 + [0.5]).series
    whys = [trend.why for trend in series_.metrics if trend.trend == "worse"]
    assert whys
    assert all("probability 0.0001 at most" in why for why in whys)


def test_too_few_runs_are_judged_nothing(engine):
    result = judged(engine, [1.0, 1.0, 0.5])
    assert {trend.trend for trend in result.series[0].metrics} == {"too-few"}
    assert not regress.judged(result)


def test_a_number_or_the_verdict_that_is_lost_is_worse(engine):
    import msgspec

    from suite.documents.value import NotMeasured

    for item in history.items([1.0] * 4):
        ingest(engine, item)
    card = history.card_at(4, 1.0)
    lost = NotMeasured("all requests failed")
    phases = tuple(
        msgspec.structs.replace(phase, metrics=dict.fromkeys(phase.metrics, lost))
        for phase in card.phases
    )
    verdict = msgspec.structs.replace(card.verdict, conformant=False, outcome="fail")
    ingest(engine, history.item(msgspec.structs.replace(card, phases=phases, verdict=verdict)))
    result = regress.regressions(series(engine, SeriesQuery()))
    assert result.worse
    assert "lost" in {trend.trend for trend in result.series[0].metrics}
    assert result.series[0].broken


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("mysql://h/n", "store-url-wrong"),
        ("no address", "store-url-wrong"),
        ("sqlite:////nowhere/at/all.sqlite", "store-unreachable"),
        ("postgresql://u:secret@127.0.0.1:1/n", "store-unreachable"),
    ],
)
def test_what_is_no_store_is_refused(address, code):
    with pytest.raises((SetupError, UsageError)) as caught, database.opened(address):
        pass
    assert caught.value.code == code
    assert "secret" not in str(caught.value)


def test_two_that_open_a_new_store_at_once_make_it_once(url, monkeypatch):
    history.opened_by_two(url, monkeypatch)


def test_a_file_that_is_no_database_is_refused(tmp_path):
    (tmp_path / "x").write_bytes(b"no database at all" * 100)
    with pytest.raises(SetupError) as caught, database.opened(f"sqlite:///{tmp_path / 'x'}"):
        pass
    assert caught.value.code == "store-unreachable"


def test_a_later_versions_store_is_refused(engine, url):
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SetupError) as caught, database.opened(url):
        pass
    assert caught.value.code == "store-newer"


def test_an_empty_store_and_an_unknown_metric_are_refused(engine):
    with pytest.raises(EvidenceError) as caught:
        series(engine, SeriesQuery())
    assert caught.value.code == "history-empty"


def test_without_the_packages_the_extra_is_named(monkeypatch, capsys):
    import sys

    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    assert main(["history", "--db", "sqlite:///x"]) == 3
    shown = capsys.readouterr().err
    assert "store-missing" in shown
    assert "llm-inference-conformance[store]" in shown


def test_the_commands(engine, url, capsys, tmp_path):
    for item in history.items([1.0, 1.01, 0.99, 1.0, 0.6], since=4):
        ingest(engine, item)
    assert main(["history", "--db", url, "--metric", "ttft_p50", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert [run["run"] for run in made["series"][0]["runs"]] == [f"run-{n:03d}" for n in range(5)]
    assert main(["history", "--db", url]) == 0
    assert "run-004" in capsys.readouterr().out
    assert main(["regress", "--db", url]) == 1
    shown = capsys.readouterr().out
    assert "worse" in shown
    assert "changed with run-004" in shown
    assert main(["regress", "--db", url, "--last", "4", "--json"]) == 1
    capsys.readouterr()
    assert main(["regress", "--db", url, "--last", "3"]) == 4
    assert main(["regress", "--db", url, "--metric", "no_such"]) == 2
    assert "metric-unknown" in capsys.readouterr().err
    assert main(["db", "ingest", str(tmp_path / "nothing"), "--db", url]) == 4
    empty = tmp_path / "empty"
    empty.mkdir()
    assert main(["db", "ingest", str(empty), "--db", f"sqlite:///{tmp_path / 'new.sqlite'}"]) == 4
    assert not (tmp_path / "new.sqlite").exists()
    assert main(["db", "dashboard", "--out", str(tmp_path / "grafana")]) == 0
    board = tmp_path / "grafana/dashboards/llm-conformance/llm-conformance.json"
    assert json.loads(board.read_text())["panels"]


def test_what_is_known_is_not_read_again(url, capfd, tmp_path):
    made = submissions.Tree(tmp_path)
    made.add()
    keys = tmp_path / "keys.json"
    keys.write_bytes(submissions.TRUST)
    words = ["db", "ingest", str(made.tree), "--db", url, "--trust", str(keys)]
    assert main(words) == 0
    packed = made.folder / "evidence.tar.zst"
    whole = packed.read_bytes()
    packed.write_bytes(b"")
    assert main(words) == 0
    out = capfd.readouterr().out
    assert "1 added" in out
    assert "1 known" in out
    assert main([*words, "--fresh"]) == 4
    packed.write_bytes(whole)
    assert main([*words, "--fresh"]) == 0


def test_a_submission_without_its_evidence_does_not_go_in_as_if_it_were_judged(
    url, capfd, tmp_path
):
    made = submissions.Tree(tmp_path)
    made.add()
    made.op_elsewhere(store=True)
    keys = tmp_path / "keys.json"
    keys.write_bytes(submissions.TRUST)
    words = ["db", "ingest", str(made.tree), "--db", url, "--trust", str(keys)]
    assert main(words) == 4
    assert "evidence-elsewhere" in capfd.readouterr().err
    assert main([*words, "--store", str(tmp_path / "store")]) == 0
    assert "1 added" in capfd.readouterr().out
