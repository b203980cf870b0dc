"""Test a subset with the oldest versions of its direct dependencies that ``pyproject.toml`` admits.

Resolved by uv for the oldest Python, with the test tools in the locked versions.
"""

import re
import sys
import tomllib

import environments


def main() -> int:
    project = tomllib.loads((environments.ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    oldest = re.sub(r"[^0-9.]", "", project["requires-python"])
    program = environments.interpreter(oldest)
    if program is None:
        print(f"Python {oldest} is not on this machine")
        return 1
    environments.CACHE.mkdir(parents=True, exist_ok=True)
    wanted = environments.CACHE / "oldest.in"
    wanted.write_text("\n".join(project["dependencies"]) + "\n", "utf-8")
    tools = environments.CACHE / "tools.in"
    tools.write_text("pytest>=8.2\npytest-xdist>=3.6\nhypothesis>=6.100\nscipy>=1.13\n", "utf-8")
    python = environments.environment(
        "oldest", program, "--resolution", "lowest-direct", "-r", str(wanted), "-r", str(tools)
    )
    listed = environments.run_uv("pip", "list", "--python", str(python), "--format", "freeze")
    print(listed.stdout)
    return environments.test(python)


if __name__ == "__main__":
    sys.exit(main())
