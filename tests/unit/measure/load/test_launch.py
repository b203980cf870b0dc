"""What the client loads before its first request: nothing that takes long and that it does not need."""

from __future__ import annotations

import subprocess
import sys

HEAVY = (
    "docker",
    "jsonschema",
    "numpy",
    "tokenizers",
    "cryptography",
    "jinja2",
    "yaml",
    "rouge_score",
    "asyncio",
)


def test_the_client_loads_nothing_heavy():
    code = "import sys, suite.measure.load.send as c; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "suite" in loaded
    assert loaded.isdisjoint(HEAVY)
    assert "suite.measure.load.processes.coordinator" not in done.stdout.split()
