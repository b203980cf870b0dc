"""Test a subset with every Python that is here and compare the digests that `probe.py` prints.

    python tests/pythons/compare.py 3.11 3.12 3.13 3.14

Status 0 when every interpreter passes and all print the same; versions that are not on this machine are named.
"""

import subprocess
import sys

import environments


def main(versions: list[str]) -> int:
    answers: dict[str, str] = {}
    failed = []
    for version in versions:
        program = environments.interpreter(version)
        if program is None:
            print(f"Python {version}: skipped, no interpreter on this machine")
            continue
        lock = ("--require-hashes", "-r", "requirements-dev.lock")
        python = environments.environment(version, program, *lock)
        print(f"Python {version}: {program}", flush=True)
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
