"""DB-GPT's own benchmark, given the requests of a log, writes the table that is exported."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from suite.judge.log.samples import collect
from suite.judge.report.othertools import dbgpt
from tests.factories import pypackages

pytestmark = pytest.mark.slow

# 0.7.0: later releases have members in a request's metrics for which their benchmark has no column.
PACKAGES = [
    "aiohttp",
    "cachetools",
    "chardet",
    "pydantic",
    "python-dotenv",
    "snowflake-id",
    "typeguard",
]
PACKAGES += ["typing-inspect", "cloudpickle", "shortuuid", "fastapi<0.113"]
# The worker manager answers with what the log says of each request; the clock is the log's. All else is DB-GPT's.
PROGRAM = """
import asyncio, json, sys, types
from dbgpt.core import ModelInferenceMetrics, ModelOutput
from dbgpt.util.benchmarks.llm import llm_benchmarks as benchmark
known = json.load(open(sys.argv[1]))
answers = iter([known["requests"][0], *known["requests"]])  # the first is its warm-up
class Manager:
    async def generate(self, params):
        metrics = ModelInferenceMetrics(**next(answers))
        return ModelOutput(error_code=0, text="", metrics=metrics)
times = iter(known["times"])
benchmark.time = types.SimpleNamespace(time_ns=lambda: next(times))
benchmark.model_name = known["model"]
benchmark.read_prompt_from_file = lambda key: ""
number = len(known["requests"])
asyncio.run(benchmark.run_batch(Manager(), known["input"], known["output"], number, sys.argv[2]))
"""
MEMBERS = (
    "start_time_ms",
    "end_time_ms",
    "current_time_ms",
    "first_token_time_ms",
    "first_completion_time_ms",
)
MEMBERS += (
    "first_completion_tokens",
    "prompt_tokens",
    "completion_tokens",
    "total_tokens",
    "speed_per_second",
)


def test_db_gpts_own_program_writes_the_same(trace, tmp_path: Path):
    trace.phase("p", "offline", 2)
    trace.request("p", 0, [100, 200], prompt=10)
    trace.request("p", 50, [250, 450], prompt=30)
    trace.phases[0]["concurrency"] = trace.plan["devices"]["count"] = 2
    trace.power(100, device="0", memory_used_bytes=10 * 2**30)
    trace.power(100, device="1", memory_used_bytes=20 * 2**30)
    evidence = trace.evidence()
    clock = {"clock_zero_ns": 5_000_000_000, "realtime_minus_monotonic_us": 1_700_000_000_000_000}
    evidence = dataclasses.replace(
        evidence, header=msgspec.structs.replace(evidence.header, **clock)
    )
    ours = list(csv.DictReader(io.StringIO(dbgpt.dbgpt_csv(evidence, collect(evidence)))))
    begin = min(int(row["start_time_ms"]) for row in ours)
    gpus = [{"allocated_memory_gb": 10.0}, {"allocated_memory_gb": 20.0}]
    known = {
        "model": ours[0]["model_name"],
        "input": int(ours[0]["input_length"]),
        "output": int(ours[0]["output_length"]),
        "times": [begin * 10**6, max(int(row["end_time_ms"]) for row in ours) * 10**6],
        "requests": [
            {name: json.loads(row[name] or "null") for name in MEMBERS} | {"avg_gpu_infos": gpus}
            for row in ours
        ],
    }
    (tmp_path / "log.json").write_text(json.dumps(known))
    place = tmp_path / "packages"
    pypackages.install(place, Path(sys.executable), PACKAGES)
    pypackages.install(place, Path(sys.executable), ["dbgpt==0.7.0"], "--no-deps")
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "log.json"), str(tmp_path / "r.csv")]
    environment = os.environ | {"PYTHONPATH": str(place)}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    with (tmp_path / "r.csv").open(newline="") as written:
        theirs = list(csv.DictReader(written))
    assert tuple(theirs[0]) == dbgpt.COLUMNS
    assert len(theirs) == len(ours)
    for mine, other in zip(ours, theirs, strict=True):
        different = {name for name in mine if mine[name] != other[name]}
        numbers = {name: (float(mine[name]), float(other[name])) for name in different}
        assert all(a == pytest.approx(b, rel=1e-9) for a, b in numbers.values()), numbers
