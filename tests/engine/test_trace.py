"""`suite trace` of a real engine: torch's profiler, given to a server that has none of its own."""

import pytest

from suite.cli.main import main
from suite.measure import enginetrace

pytestmark = [pytest.mark.engine, pytest.mark.slow]


def test_the_trace_of_transformers_names_its_operations(tmp_path, capsys):
    out = tmp_path / "trace"
    words = ["--engine", "transformers", "--runtime", "process", "--tokens", "4", "--quiet"]
    assert main(["trace", *words, "--out", str(out)]) == 0
    (summary,) = enginetrace.summaries(out)
    times = dict(summary.operations)
    assert any(name in times for name in ("aten::addmm", "aten::mm"))
    assert all(time >= 0 for time in times.values())
    assert summary.operations[0][0] in capsys.readouterr().out
