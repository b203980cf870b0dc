"""The simulated vendor's engine: the suite's scripted server behind the words of an engine. No model runs.

It gives the recorded answers of the suite's mini model at scripted times, as an honest vendor's server would, or as one that
cheats in the ways that ``--cheat`` names.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

HERE = Path(__file__).resolve()
# The package lies beside this file in the image, two levels up in a checkout, around it in a wheel.
TOP = next(place for place in HERE.parents if (place / "suite" / "measure").is_dir())
sys.path.insert(0, str(TOP))

from suite.base import jsonio  # noqa: E402
from suite.base.errors import SuiteError  # noqa: E402
from suite.declare.tasks.reference import MINI_MODEL  # noqa: E402
from suite.measure.engine.sim_script import NO_CHEAT, cheating, read_script  # noqa: E402
from suite.measure.engine.sim_serve import serve  # noqa: E402

ANSWERS = "golden.jsonl"


def parser() -> argparse.ArgumentParser:
    """The options, spelt as engines spell theirs."""
    options = argparse.ArgumentParser(prog="serve.py", description=__doc__, allow_abbrev=False)
    options.add_argument("--model", type=Path, required=True, help="the mini model's directory")
    options.add_argument("--served-model-name", required=True, help="name of the model in answers")
    options.add_argument("--host", default="127.0.0.1", help="address to listen on")
    options.add_argument("--port", type=int, default=8000, help="port to listen on")
    options.add_argument(
        "--cheat",
        default=NO_CHEAT,
        help="ways to cheat, divided by commas; suite sim --list-cheats",
    )
    return options


def main() -> int:
    """Serve until a signal comes; returns the exit status."""
    chosen = parser().parse_args()
    recorded = chosen.model / ANSWERS
    if not recorded.is_file() or recorded.read_bytes() != (MINI_MODEL / ANSWERS).read_bytes():
        return _refuse(
            f"{chosen.model} is not the mini model, and no other model's answers are recorded"
        )
    try:
        script = cheating({"models": [chosen.served_model_name]}, chosen.cheat.split(","))
        serve(
            read_script(jsonio.canonical(script).decode()),
            host=chosen.host,
            port=chosen.port,
            on_ready=lambda address: print(
                f"no model runs; {chosen.cheat} at {address}", flush=True
            ),
        )
    except SuiteError as error:
        return _refuse(error.render())
    return 0


def _refuse(why: str) -> int:
    print(why, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
