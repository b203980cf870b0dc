"""What the long commands came to, kept in ``docs/trials.json``, from which ``python -m suite.cli.pages`` makes a table."""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
from pathlib import Path

from suite.base import jsonio
from suite.cli.trialspage import TRIALS


def record(command: str, key: str, **figures: int) -> None:
    """Keep the figures of a command, with day, machine and load.

    Args:
        command: target of the Makefile.
        key: what tells its runs apart, such as a seed; a later run with the same key takes the place of an earlier one.
        figures: what it came to.
    """
    known = json.loads(TRIALS.read_bytes())
    known.setdefault(command, {})[key] = {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": _machine(),
        "load": f"{os.getloadavg()[2]:.0f}",
        "figures": figures,
    }
    TRIALS.write_bytes(jsonio.pretty(known))


def _machine() -> str:
    text = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").is_file() else ""
    names = [line.partition(":")[2].strip() for line in text.splitlines() if "model name" in line]
    return f"{names[0] if names else platform.machine()}, {os.cpu_count()} cores"
