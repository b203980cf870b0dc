"""How exact and how cheap the load generator is: `python benchmarks/load/bench.py` prints a table.

Each load runs in a fresh process on one core, the scripted server on another. Beside it runs `floor.c`, a
client without JSON and without a schedule, built with `cc`: the least that such a load costs here.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT))

from suite.measure.engine import sim  # noqa: E402

CLOSED = (8, 32, 128, 512, 1024)
OPEN = (200.0, 500.0)


def cores() -> tuple[int, int]:
    """Server's and client's core: two different ones where there are two."""
    free = sorted(os.sched_getaffinity(0))
    return free[0], free[-1]


def one(case: dict[str, float]) -> dict[str, object]:
    """Measure a case in a process of its own."""
    code = "import json, sys; sys.path.insert(0, sys.argv[2])\n"
    code += "from suite.measure.load.bench import Case, measure\n"
    code += "print(json.dumps(measure(Case(**json.loads(sys.argv[1]))).to_json()))\n"
    command = [sys.executable, "-c", code, json.dumps(case), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout)


def build_floor(folder: Path) -> Path | None:
    """The C client; None without a compiler."""
    program = folder / "floor"
    try:
        subprocess.run(["cc", "-O2", "-o", program, HERE / "floor.c"], check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return program


def floor(program: Path, case: dict[str, float]) -> float:
    """Processor seconds of the C client for a thousand chunks under the same load."""
    script = {name: case[name] for name in ("ttft_ms", "itl_ms", "tokens")}
    server_core, client_core = cores()
    with sim.start(json.dumps(script)) as server:
        os.sched_setaffinity(server.process.pid, {server_core})
        port = server.base_url.rsplit(":", 1)[1]
        arguments = [port, case["concurrency"], case["requests"], case["tokens"]]
        command = ["taskset", "-c", str(client_core), program, *map(str, arguments)]
        answer = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return answer["cpu_s"] / answer["chunks"] * 1000


def row(name: str, found: dict[str, object], least: float | None) -> str:
    def pair(key: str) -> str:
        spread = found[key]
        return f"{spread['median_ms']:.3f} / {spread['p99_ms']:.3f}"

    cells = [
        name,
        f"{found['tokens_per_s']:,}",
        pair("ttft_bias"),
        pair("itl_bias"),
        pair("e2e_bias"),
        pair("lateness"),
        f"{found['cpu_s_per_1000_tokens']:.4f}",
        "" if least is None else f"{least:.4f}",
        f"{found['peak_mb']:.0f}",
        str(found["phase"]["merged_reads"]),
        found["phase"]["clock"]["receive_stamps"],
    ]
    return "| " + " | ".join(cells) + " |"


HEAD = (
    "| load | tokens/s | TTFT bias ms (median / p99) | ITL bias ms | E2E bias ms | lateness ms "
    "| CPU s per 1,000 tokens | C floor | peak MB | merged | stamps |"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=4, help="requests per stream")
    parser.add_argument("--closed", type=int, nargs="*", default=list(CLOSED))
    parser.add_argument("--open", type=float, nargs="*", default=list(OPEN))
    chosen = parser.parse_args()
    server_core, client_core = cores()
    common = {"ttft_ms": 200.0, "itl_ms": 20.0, "tokens": 128}
    pinned = {"server_core": server_core, "client_core": client_core}
    print(f"load average before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)
    print(HEAD)
    print("|---" * 11 + "|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        program = build_floor(Path(folder))
        for concurrency in chosen.closed:
            requests = max(64, concurrency * chosen.rounds)
            case = {"concurrency": concurrency, "requests": requests, **common}
            least = None if program is None else floor(program, case)
            print(row(f"{concurrency} streams", one({**case, **pinned}), least), flush=True)
        for rate in chosen.open:
            case = {"concurrency": 0, "requests": int(rate * 10), "rate": rate}
            case |= {"ttft_ms": 20.0, "itl_ms": 2.0, "tokens": 8, **pinned}
            print(row(f"Poisson {rate:g}/s", one(case), None), flush=True)


if __name__ == "__main__":
    main()
