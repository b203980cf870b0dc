"""The C programs beside the benchmark, built when it runs."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SOURCES: Final = Path(__file__).parent
TIMEOUT_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Programs:
    """The built programs; None, with the reason in `why`, where one could not be built.

    Attributes:
        pace: the server.
        floor: the client without JSON.
        why: why something is missing; empty when nothing is.
    """

    pace: Path | None
    floor: Path | None
    why: str = ""


def build(folder: Path, *, sources: Path = SOURCES, compiler: str = "cc") -> Programs:
    """Build both programs into a folder; what cannot be built is None, never an error."""
    built: dict[str, Path | None] = {}
    why = ""
    for name in ("pace", "floor"):
        program = folder / name
        command = [compiler, "-O2", "-o", str(program), str(sources / f"{name}.c")]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=TIMEOUT_S
            )
        except (OSError, subprocess.TimeoutExpired) as cause:
            built[name], why = None, f"there is no C compiler here ({cause})"
            continue
        built[name] = None if done.returncode else program
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            why = f"{name}.c could not be built: {last}"
    return Programs(built["pace"], built["floor"], why)
