"""Test a subset with every Python that is here and compare the digests that `probe.py` prints.

    python tests/pythons/compare.py 3.11 3.12 3.13 3.14

Status 0 when every interpreter passes and all print the same; versions that are not on this machine are named.
The Python that runs this has the same packages and is tested by `make test`: of it the digests alone are asked.
"""

import subprocess
import sys
from pathlib import Path

import environments

OWN = f"{sys.version_info.major}.{sys.version_info.minor}"


def main(versions: list[str]) -> int:
    answers: dict[str, str] = {}
    failed = []
    for version in versions:
        program = sys.executable if version == OWN else environments.interpreter(version)
        if program is None:
            print(f"Python {version}: skipped, no interpreter on this machine")
            continue
        print(f"Python {version}: {program}", flush=True)
        python = Path(program)
        if version != OWN:
            lock = ("--require-hashes", "-r", "requirements-dev.lock")
            python = environments.environment(version, program, *lock)
            if environments.test(python) != 0:
                failed.append(version)
        probe = [str(python), "tests/pythons/probe.py"]
        answers[version] = subprocess.run(
            probe, cwd=environments.ROOT, check=True, capture_output=True, text=True
        ).stdout
    if len(answers) < 2:
        print("nothing was compared: fewer than two interpreters")
        return 1
    first, *others = answers
    for version in others:
        if answers[version] != answers[first]:
            failed.append(version)
            lines = zip(answers[first].splitlines(), answers[version].splitlines(), strict=True)
            differing = [f"  {one} against {two}" for one, two in lines if one != two]
            print(f"Python {version} differs from {first}:", *differing, sep="\n")
    print(
        f"compared: {', '.join(answers)}; {'failed: ' + ', '.join(failed) if failed else 'all the same'}"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
