"""The dashboards against Grafana's own schema: the types of the package ``@grafana/schema``, read strictly by TypeScript."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from suite.judge.store import grafana
from tests.factories import nodepackages

pytestmark = [pytest.mark.node, pytest.mark.slow]

PACKAGES = ["@grafana/schema@13.2.3", "typescript@5.9.3"]
# A literal may have no member that the type lacks; of a panel, what its kind alone reads is typed where the kind is declared.
WRITTEN = """
import type {{ Dashboard, GraphDrawStyle, GraphFieldConfig, TableFieldOptions }} from "@grafana/schema";
export const board: Dashboard = {board};
type Drawn = Partial<Omit<GraphFieldConfig, "drawStyle">> & {{ drawStyle?: `${{GraphDrawStyle}}` }};
export const drawn: Drawn[] = {drawn};
export const listed: Partial<TableFieldOptions>[] = {listed};
"""
COMPILER = ["--noEmit", "--strict", "--skipLibCheck", "--module", "esnext"]


def written(board: dict) -> str:
    def custom(kind: str) -> list:
        mine = [panel for panel in board["panels"] if panel["type"] == kind]
        return [panel["fieldConfig"]["defaults"]["custom"] for panel in mine]

    parts = {"board": board, "drawn": custom("timeseries"), "listed": custom("table")}
    return WRITTEN.format(**{name: json.dumps(part) for name, part in parts.items()})


@pytest.fixture(scope="module")
def compiler(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("grafana")
    nodepackages.install(folder, PACKAGES)

    def compiled(name: str, board: dict) -> str:
        (folder / f"{name}.ts").write_text(written(board))
        words = [*COMPILER, "--moduleResolution", "bundler", f"{name}.ts"]
        command = [Path("node_modules/.bin/tsc"), *words]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        return done.stdout

    return compiled


@pytest.mark.parametrize("board", grafana.BOARDS, ids=lambda board: board.uid)
def test_grafanas_schema_takes_a_dashboard(compiler, board):
    assert compiler(board.uid, grafana.dashboard(board)) == ""


def test_the_schema_refuses_what_is_none_of_its(compiler):
    board = grafana.dashboard(grafana.BOARDS[0])
    board["panels"][0]["fieldConfig"]["defaults"]["custom"] = {"drawStile": "points"}
    board["templating"]["list"][0]["refresh"] = "often"
    board["time"]["until"] = "now"
    said = compiler("wrong", board)
    assert all(word in said for word in ("drawStile", "VariableRefresh", "until")), said
