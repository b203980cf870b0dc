"""Is everything there that the plan needs? Asked before any image is pulled or anything is started."""

from __future__ import annotations

import glob
import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.base.errors import Problem, SetupError
from suite.base.versions import at_least, numbers
from suite.measure.engine.container.api import CONNECT_TIMEOUT_S, connect

if TYPE_CHECKING:
    from suite.documents.engine import PreflightCheck, VersionRule
    from suite.documents.plan import Plan

COMMAND_TIMEOUT_S = 30
"""A device tool that does not answer in this time hangs; `npu-smi` and `rocm-smi` take up to ten seconds."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one preflight check found."""

    check: PreflightCheck
    ok: bool
    found: str


def run_preflight(plan: Plan) -> list[Answer]:
    """Ask every check of the plan; never raises."""
    return [_ask(check) for check in plan.engine.preflight]


def require_preflight(plan: Plan) -> list[Answer]:
    """Ask every check and refuse to go on when one fails.

    Raises:
        SetupError: ``preflight-failed``, one problem per missing thing.
    """
    answers = run_preflight(plan)
    missing = [answer for answer in answers if not answer.ok]
    if missing:
        vendor = plan.vendor.name
        problems = [
            Problem(f"{answer.check.what}: {answer.found}", hint=answer.check.hint)
            for answer in missing
        ]
        count = f"{len(missing)} of {len(answers)}"
        raise SetupError(
            "preflight-failed",
            f"this machine is not ready for {vendor}: {count} checks failed",
            hint="nothing was pulled or started; `suite plan` prints what would run",
            problems=problems,
        )
    return answers


def require_runtime(plan: Plan) -> None:
    """Refuse to go on when the plan wants a container and no Docker engine answers.

    Raises:
        SetupError: ``docker-unreachable``.
    """
    if plan.runtime == "container":
        with connect(CONNECT_TIMEOUT_S):
            pass


def _ask(check: PreflightCheck) -> Answer:
    if check.kind == "path":
        pattern = check.argument[0]
        paths = sorted(glob.glob(pattern))  # noqa: PTH207 - an absolute pattern such as /dev/nvidia[0-9]*
        return Answer(check, bool(paths), ", ".join(paths[:8]) or f"{pattern} does not exist")
    try:
        done = subprocess.run(
            check.argument,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=COMMAND_TIMEOUT_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except FileNotFoundError:
        return Answer(check, ok=False, found=f"{check.argument[0]} is not installed")
    except OSError as cause:
        return Answer(check, ok=False, found=f"{check.argument[0]}: {cause.strerror}")
    except subprocess.TimeoutExpired:
        answer = f"{check.argument[0]} did not answer in {COMMAND_TIMEOUT_S} s"
        return Answer(check, ok=False, found=answer)
    output = (done.stdout + done.stderr).strip()
    answer = output.splitlines()[0] if output else f"no output, exit status {done.returncode}"
    matches = None if check.expect is None else re.search(check.expect, output)
    if matches is not None:
        # The line that answers the question says more than the first one, which is often a date.
        start = output.rfind("\n", 0, matches.start()) + 1
        answer = output[start:].splitlines()[0].strip()
    ok = done.returncode == 0 and (check.expect is None or matches is not None)
    if ok and check.compare is not UNSET:
        return _compared(check, check.compare, output)
    return Answer(check, ok, answer[:160])


def _compared(check: PreflightCheck, rule: VersionRule, output: str) -> Answer:
    """Hold every version in an output against the rule: each device has one of its own."""
    read = sorted({match[1] for match in re.finditer(rule.read, output)})
    if not read:
        return Answer(check, ok=False, found="its output names no version")
    old = [
        version for version in read if not numbers(version) or not at_least(version, rule.at_least)
    ]
    if old:
        wanted = f"at least {rule.at_least} is needed"
        return Answer(check, ok=False, found=f"version {', '.join(old)[:80]}; {wanted}")
    return Answer(check, ok=True, found=f"version {', '.join(read)[:120]}")
