"""The saved result of `suite export --format vllm-bench` against vLLM itself: its members, and what vLLM draws of them."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

from suite.judge.report.formats import registry
from suite.judge.report.formats.format import Subject
from suite.judge.score import score
from tests.engine.test_arguments import python
from tests.factories import evidence as factory
from tests.factories import pypackages

pytestmark = [pytest.mark.engine, pytest.mark.slow]

MEMBERS = """
import ast, importlib.util, json, pathlib
package = pathlib.Path(importlib.util.find_spec("vllm").submodule_search_locations[0])
tree = ast.parse((package / "benchmarks/serve.py").read_text())
names = set()
for node in ast.walk(tree):
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
        keys = [key.value for key in node.value.keys if isinstance(key, ast.Constant)]
        if "total_output_tokens" in keys:
            names |= set(keys)
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
        target = node.targets[0]
        if getattr(target.value, "id", "") == "result_json" and isinstance(target.slice, ast.Constant):
            names.add(target.slice.value)
print(json.dumps(sorted(names)))
"""
TIMELINE = """
import json, sys
from vllm.benchmarks.plot import construct_timeline_data
result = json.load(open(sys.argv[1]))
requests = [
    {"start_time": start, "ttft": ttft, "itl": itl, "latency": latency, "prompt_len": prompt, "output_tokens": output}
    for start, ttft, itl, latency, prompt, output in zip(
        *(result[name] for name in ("start_times", "ttfts", "itls", "latencies", "input_lens", "output_lens"))
    )
]
print(len(construct_timeline_data(requests, [0.025, 0.05], ["fast", "medium", "slow"])))
"""
PLOTTING = [
    "pandas<3",
    "python-dateutil",
    "pytz",
    "six",
    "tzdata",
    "matplotlib",
    "contourpy",
    "cycler",
]
PLOTTING += ["fonttools", "kiwisolver", "pyparsing", "pillow", "packaging", "seaborn"]
"""What vLLM draws sweeps with, and leaves to who wants them drawn; NumPy is its own."""
OPTIONAL = {"ramp_up_strategy", "ramp_up_start_rps", "ramp_up_end_rps"}
"""Written only where a ramp was asked for."""


def asked(*words: str) -> object:
    done = subprocess.run(
        [str(python("vllm")), "-c", *words],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_every_member_that_vllm_writes_is_there_and_its_plot_reads_them(tmp_path):
    evidence = factory.evidence()
    subject = Subject(score(evidence), evidence=evidence, phase="offline")
    path = tmp_path / "result.json"
    path.write_bytes(registry.render("vllm-bench", subject))
    made = json.loads(path.read_bytes())
    assert set(asked(MEMBERS)) - OPTIONAL <= made.keys()
    gaps = sum(len(listed) for listed in made["itls"])
    assert asked(TIMELINE, str(path)) == made["num_prompts"] + gaps


SWEEP = """
import sys
from vllm.benchmarks.sweep import plot, plot_pareto
from vllm.utils.argparse_utils import FlexibleArgumentParser
for module, arguments in (
    (plot, plot.SweepPlotArgs), (plot_pareto, plot_pareto.SweepPlotParetoArgs)
):
    words = sys.argv[1:2] + (sys.argv[2:] if module is plot else [])
    read = arguments.add_cli_args(FlexibleArgumentParser()).parse_args(words)
    module.main(read)
"""


def test_vllms_own_sweep_plots_compare_saved_results(tmp_path):
    """`vllm bench sweep plot` and `plot_pareto`, which read lists of saved results."""
    saved = []
    for slower in (1, 2):
        parts = factory.document()
        for request in parts["requests"]:
            request["t_end"] += 10**6 * slower
            request["chunk_dt"] = [gap * slower for gap in request["chunk_dt"]]
        evidence = factory.evidence(parts)
        subject = Subject(score(evidence), evidence=evidence, phase="offline")
        made = json.loads(registry.render("vllm-bench", subject))
        saved.append(made | {"max_concurrency": slower, "tensor_parallel_size": 1})
    (tmp_path / "results").mkdir()
    (tmp_path / "results/summary.json").write_text(json.dumps(saved))
    pypackages.install(tmp_path / "plotting", python("vllm"), PLOTTING, "--no-deps")
    axes = ["--var-x", "max_concurrency", "--var-y", "p99_ttft_ms"]
    done = subprocess.run(
        [str(python("vllm")), "-c", SWEEP, str(tmp_path), *axes],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=os.environ | {"PYTHONPATH": str(tmp_path / "plotting"), "MPLBACKEND": "agg"},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Plotted 2 points" in done.stdout
    pictures = [*tmp_path.glob("*.png"), *tmp_path.glob("pareto/*.png")]
    assert [path.read_bytes()[1:4] for path in pictures] == [b"PNG", b"PNG"]
