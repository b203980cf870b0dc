"""The store in a real PostgreSQL: filled by the command line, judged, and asked every query of the Grafana dashboard."""

from __future__ import annotations

import getpass
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

pytest.importorskip("psycopg", reason="the extra store is not installed")

from sqlalchemy import text

from suite.cli.main import main
from suite.evidence import Evidence
from suite.judge.report.formats import registry
from suite.judge.report.formats.format import Subject
from suite.judge.score import score
from suite.judge.store import database, regress
from suite.judge.store.history import SeriesQuery, series
from suite.judge.store.ingest import ingest
from tests.factories import evidence as factory
from tests.factories import history, loads

GOLDEN = Path(__file__).resolve().parents[1] / "cases/releases/0.2.0"
PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(not PROGRAMS, reason="PostgreSQL is not installed (apt install postgresql)"),
]


def _as_owner(*words: object) -> list[str]:
    """PostgreSQL refuses to run as root; its package brings a user of its own."""
    root = getpass.getuser() == "root"
    return ["runuser", "-u", "postgres", "--", *map(str, words)] if root else [*map(str, words)]


@pytest.fixture(scope="module")
def url():
    """A cluster of its own, with an empty database."""
    place = Path(tempfile.mkdtemp(prefix="suite-postgres-"))
    if os.geteuid() == 0:
        shutil.chown(place, "postgres")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data, log = place / "data", place / "log"
    control = _as_owner(PROGRAMS[-1] / "pg_ctl", "-D", data, "-l", log, "-w")
    options = (
        f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={place} -c fsync=off"
    )
    make = ["-D", data, "-U", "suite", "-A", "trust", "-E", "UTF8", "--no-sync"]
    subprocess.run(
        _as_owner(PROGRAMS[-1] / "initdb", *make), check=True, capture_output=True, cwd="/"
    )
    subprocess.run(
        [*control, "-o", options, "start"], check=True, stdout=subprocess.DEVNULL, cwd="/"
    )
    try:
        yield f"postgresql://suite@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run(
            [*control, "-m", "immediate", "stop"], check=False, stdout=subprocess.DEVNULL, cwd="/"
        )
        shutil.rmtree(place, ignore_errors=True)


def _as_grafana_sends_it(query: str, chosen: dict[str, list[str]]) -> str:
    """The query with Grafana's macro and variables put in, as its PostgreSQL data source documents them."""
    query = re.sub(
        r"\$__timeFilter\(([^)]*)\)",
        r"\1 BETWEEN '2020-01-01T00:00:00Z' AND '2040-01-01T00:00:00Z'",
        query,
    )
    for name, values in chosen.items():
        listed = ",".join("'" + value.replace("'", "''") + "'" for value in values)
        query = query.replace(f"${{{name}:sqlstring}}", listed)
    assert "$" not in query
    return query


def test_two_that_open_a_new_store_at_once_make_it_once(url, monkeypatch):
    history.opened_by_two(url, monkeypatch)


def test_a_planted_regression_is_found_and_none_in_noise(url, capsys):
    with database.opened(url, make=True) as engine:
        for item in history.items(history.noise(12, 0.015, seed=5)):
            assert ingest(engine, item) == "added"
            assert ingest(engine, item) == "known"
        assert not regress.regressions(series(engine, SeriesQuery())).worse
    assert main(["regress", "--db", url]) == 0
    with database.opened(url) as engine:
        for day in (12, 13):
            ingest(engine, history.item(history.card_at(day, 0.75, f"sha256:{'e' * 64}")))
    capsys.readouterr()
    assert main(["regress", "--db", url, "--json"]) == 1
    (item,) = json.loads(capsys.readouterr().out)["series"]
    assert {trend["since"] for trend in item["metrics"] if trend["trend"] == "worse"} == {"run-012"}
    assert "image" in {subject["what"] for subject in item["changed"]["run-012"]}


def test_every_query_of_the_dashboard_has_rows(url, tmp_path, capsys):
    run = GOLDEN / "submissions/cpu/no-round/vllm-cpu"
    trust = ["--trust", str(GOLDEN / "keys.json"), "--db", url]
    assert main(["db", "ingest", str(run), *trust]) == 0
    assert "added" in capsys.readouterr().out
    assert main(["db", "ingest", str(run), *trust]) == 0
    assert "known" in capsys.readouterr().out
    parts = loads.saturated()
    parts["requests"][0]["finish_reason"] = "st\0op"
    # The golden run has no power: one of the factory's stands in for a device that tells all of it.
    first = min(request["t_send"] for request in parts["requests"] if request["measured"])
    parts["telemetry"] += [
        {
            "t": first + at,
            "tool": "t",
            "device": device,
            "power_w": 99.5,
            "utilisation": 0.5,
            "memory_used_bytes": 2**40,
        }
        for at in (1, 1000)
        for device in ("0", "host")
    ]
    evidence = factory.evidence(parts)
    other = history.item(score(evidence), evidence=evidence)
    with database.opened(url) as engine:
        assert ingest(engine, other) == "added"
    _fill_recorder(url, evidence, tmp_path)
    assert main(["db", "dashboard", "--out", str(tmp_path)]) == 0
    boards = sorted((tmp_path / "dashboards/llm-conformance").glob("*.json"))
    assert len(boards) == 2
    for board in boards:
        _ask(url, json.loads(board.read_text()))


def _fill_recorder(url: str, evidence: Evidence, place: Path) -> None:
    """transformers' tables, filled twice by psql as anybody would, and read as its own recorder reads them."""
    script = place / "records.sql"
    subject = Subject(score(evidence), evidence=evidence)
    script.write_bytes(registry.render("transformers-sql", subject))
    words = [PROGRAMS[-1] / "psql", url, "-q", "-v", "ON_ERROR_STOP=1", "-f", script]
    for _ in range(2):
        subprocess.run(words, check=True)
    with database.opened(url) as engine, engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT b.metadata->>'phase', CAST(m.measurements->'time_to_first_token_secs' AS double precision) "
                "FROM benchmarks AS b JOIN model_measurements AS m ON b.benchmark_id = m.benchmark_id"
            )
        ).all()
    views = json.loads(registry.render("other-tools", subject))
    first = {
        name: view["transformers"]["fields"]["time_to_first_token_secs"]["value"]
        for name, view in views.items()
        if "transformers" in view
    }
    assert len(rows) == 2 * len(first)
    assert dict(rows) == pytest.approx(first)


def _ask(url: str, board: dict) -> None:
    """Every query of a dashboard, as Grafana sends it."""
    chosen: dict[str, list[str]] = {}
    with database.opened(url) as engine, engine.connect() as connection:
        for variable in board["templating"]["list"]:
            query = text(_as_grafana_sends_it(variable["query"], chosen))
            chosen[variable["name"]] = [row[0] for row in connection.execute(query)]
            assert chosen[variable["name"]], variable
        for panel in board["panels"]:
            (target,) = panel["targets"]
            rows = connection.execute(text(_as_grafana_sends_it(target["rawSql"], chosen)))
            names = list(rows.keys())
            if target["format"] == "time_series":
                assert names == ["time", "metric", "value"], panel["title"]
            assert rows.first() is not None, panel["title"]
