"""Each exported format opened by the program that it is for: some of these hold back what the other tests use, one needs Python 3.12."""

import subprocess
import sys

from environments import ROOT, environment, interpreter

TESTS = ["tests/unit/judge/report/formats", "tests/unit/judge/report/othertools"]


def main(versions: list[str]) -> int:
    """Run them with the newest of the versions that is here, and say what is skipped; pytest's status."""
    found = [program for version in reversed(versions) if (program := interpreter(version))]
    python = environment("formats", (found or [sys.executable])[0], "--editable", ".[dev,formats]")
    command = [str(python), "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", *TESTS]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
