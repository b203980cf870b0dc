"""The files of one attempt: the script that a backend starts, and what it leaves.

Every backend starts the same script, so that an attempt ends in the same way everywhere: with its exit status in a file,
written at once. A controller that was killed learns from these files what became of its attempts. The script holds a lock
of its machine as long as any process of the attempt lives: a node that was given up and works on (a cut link, a dead
`slurmd`) cannot be measured on twice at a time.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from suite.base import jsonio
from suite.base.errors import EvidenceError, SetupError, SuiteError, unwritable
from suite.base.safe import open_plain, replace_file
from suite.documents.codec import decode
from suite.documents.event import Mark
from suite.documents.fleet import PREFLIGHT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from suite.declare.fleet import Job

RUN: Final = "run"
"""The run directory within an attempt's."""
SCRIPT, STATUS, OUTPUT, ERRORS = "command.sh", "status", "stdout", "stderr"
CLAIM: Final = "begun"
"""A directory, which the script makes before anything else, or the controller that gives it up: whoever comes first."""
CARD: Final = "scorecard.json"
"""The signed bytes of a run's card."""
BUSY: Final = 75
"""Exit status of a script that another attempt keeps from its machine, as `sysexits.h` has it for a temporary failure."""
MAX_READ_BYTES: Final = 64 << 20
_CODE = re.compile(rb"^error\[([a-z0-9-]+)\]: (.*)((?:\n  .*)*)", re.MULTILINE)
_PROBLEM = re.compile(rb"^  - (.*)$", re.MULTILINE)
_SCRIPT = """\
#!/bin/sh
# One attempt of a fleet, as its backend starts it.
mkdir {claim} || exit 0  # given up by its controller, or begun already
cd {place} || exit 1
exec 9>"${{TMPDIR:-/tmp}}/suite-fleet-$(id -u)-"{machine}.lock
if flock --timeout 2 9; then
  {command} >{output} 2>{errors} </dev/null
  ended=$?
else
  ended={busy}
fi
echo "$ended" >{part} && mv {part} {status}
"""


@dataclass(frozen=True, slots=True)
class Files:
    """Where an attempt lies."""

    directory: Path

    @property
    def run(self) -> Path:
        """Its run directory."""
        return self.directory / RUN

    @property
    def script(self) -> Path:
        """What a backend starts."""
        return self.directory / SCRIPT


@dataclass(frozen=True, slots=True)
class Ending:
    """How an attempt ended; the members of the journal's entry.

    Attributes:
        status: exit status; None where nobody learned it.
        code: of the error that ended it; "" without one.
        reason: in words.
        measured: whether a measured phase had begun.
        card_sha256: of the card's signed bytes; "" without one.
    """

    status: int | None
    code: str
    reason: str
    measured: bool = False
    card_sha256: str = ""


def files(fleet_directory: Path, job: Job, number: int) -> Files:
    """Where an attempt of a job lies, from 1."""
    name = f"{job.cell}.r{job.repeat}.a{number}"
    return Files(fleet_directory / "attempts" / job.machine / name)


def write_script(at: Files, machine: str, command: Sequence[str], place: str) -> None:
    """Make an attempt's directory and its script.

    Args:
        at: where the attempt lies.
        machine: that it is for.
        command: what it runs.
        place: where the command runs.

    Raises:
        SetupError: ``run-unwritable``.
    """
    text = _SCRIPT.format(
        place=shlex.quote(place),
        machine=machine,
        command=shlex.join(command),
        busy=BUSY,
        output=shlex.quote(str(at.directory / OUTPUT)),
        errors=shlex.quote(str(at.directory / ERRORS)),
        part=shlex.quote(str(at.directory / f"{STATUS}.part")),
        status=shlex.quote(str(at.directory / STATUS)),
        claim=shlex.quote(str(at.directory / CLAIM)),
    )
    try:
        at.directory.mkdir(parents=True, exist_ok=True)
        replace_file(at.script, text.encode())
    except OSError as cause:
        raise _unwritable(at, cause) from cause


def _unwritable(at: Files, cause: OSError) -> SetupError:
    return SetupError("run-unwritable", unwritable(at.directory, cause))


def ending(at: Files, job: Job) -> Ending | None:
    """How an attempt ended, by its files; None while it has not."""
    try:
        status = int(_content(at.directory / STATUS))
    except ValueError:
        return None
    if not 0 <= status < 256:
        return None
    if status == BUSY:
        return Ending(status, "fleet-machine-busy", "an earlier attempt still works there")
    if job.cell == PREFLIGHT:
        return _readiness(at, status)
    card = _content(at.run / CARD)
    sha256 = jsonio.sha256_hex(card) if card else ""
    code, reason = _error(at)
    if sha256:
        code, reason = "", "conformant" if status == 0 else "not conformant"
    elif not code:
        reason = f"it ended with {status} and left no card"
    return Ending(status, code, reason, measured_begun(at), sha256)


def lost(at: Files, code: str, reason: str) -> Ending:
    """How an attempt ended of which only the backend knows that it is over."""
    return Ending(None, code, reason, measured_begun(at))


def measured_begun(at: Files) -> bool:
    """Whether a measured phase had begun; so it counts where the log is there and cannot be read.

    The log is read line by line, since a lost attempt left no whole run.
    """
    path = at.run / "events.jsonl"
    if not path.exists():
        return False
    try:
        with open_plain(path, below=at.directory) as stream:
            return any(map(_begins_measuring, stream))
    except OSError:
        return True


def _begins_measuring(line: bytes) -> bool:
    if b'"phase.start"' not in line:
        return False
    try:
        return decode(line, Mark).measured is True
    except EvidenceError:
        return False  # the piece that a killed writer left, or another event with that text in it


def give_up(at: Files) -> bool:
    """Keep the script of an attempt from ever running, also where a backend begins it later; False where it ran already.

    Raises:
        SetupError: ``run-unwritable``.
    """
    try:
        (at.directory / CLAIM).mkdir(parents=True)
    except FileExistsError:
        return False
    except OSError as cause:
        raise _unwritable(at, cause) from cause
    return True


def _readiness(at: Files, status: int) -> Ending:
    """What `suite doctor --json` answered."""
    code, reason = _error(at)
    if status == 0:
        return Ending(status, "", "ready")
    try:
        answers = jsonio.loads(_content(at.directory / OUTPUT), error=EvidenceError)
    except SuiteError:
        return Ending(status, code, reason or f"the check-up ended with {status}")
    checks = answers.get("checks") if isinstance(answers, dict) else None
    failed = [
        f"{check.get('topic')}{_place(check.get('what'))}: {check.get('answer')}"
        for check in (checks if isinstance(checks, list) else ())
        if isinstance(check, dict) and check.get("outcome") == "fail"
    ]
    return Ending(status, "preflight-failed", "; ".join(failed) or "not ready")


def _place(what: object) -> str:
    """What a check of a topic was about, where the topic does not say it."""
    return f" ({what})" if isinstance(what, str) and what else ""


def _error(at: Files) -> tuple[str, str]:
    """Code and message of the last error that the command printed, with every single thing that was wrong."""
    printed = _CODE.findall(_content(at.directory / ERRORS))
    if not printed:
        return "", ""
    code, message, further = printed[-1]
    words = b"; ".join([message, *_PROBLEM.findall(further)])
    return code.decode(), words.decode("utf-8", "replace")


def _content(path: Path) -> bytes:
    """A file's bytes; none where it is not there or cannot be read."""
    try:
        return jsonio.read_bytes(path, error=EvidenceError, limit=MAX_READ_BYTES)
    except EvidenceError:
        return b""
