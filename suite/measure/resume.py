"""Another attempt of a run that was cut: what is set aside, and what must be the same before anything is measured."""

from __future__ import annotations

import os
import shutil
import time
from typing import TYPE_CHECKING, Final

from msgspec import UNSET
from msgspec.structs import replace

from suite import evidence
from suite.base.bilingual import Sentence, chinese
from suite.base.errors import SetupError, UsageError, unwritable
from suite.documents.attempt import Attempt
from suite.documents.event import Mark
from suite.measure.engine.served import LOG_FILE

if TYPE_CHECKING:
    from pathlib import Path

    from suite.documents.plan import Plan
    from suite.measure.context import Run

LOGS: Final = "attempts.log"
CLOCK_TOLERANCE_NS: Final = 60_000_000_000
"""How far the wall clock may have been set since the first attempt; another boot differs by more."""


def repair(directory: Path) -> None:
    """Take away the half line that a killed run may have left at the end of a log.

    Raises:
        SetupError: ``run-busy``, ``run-unwritable``.
    """
    if not (directory / "events.jsonl").is_file():
        return  # what is read next says so
    # Only where nobody writes.
    evidence.Writer.resumed(directory, 0).close()
    for name in ("events.jsonl", "telemetry.jsonl", evidence.ENGINE_METRICS):
        path = directory / name
        try:
            with path.open("r+b") as stream:
                size = stream.seek(0, os.SEEK_END)
                stream.seek(max(0, size - (64 << 20)))
                tail = stream.read()
                if tail and not tail.endswith(b"\n"):
                    stream.truncate(size - len(tail) + tail.rfind(b"\n") + 1)
        except FileNotFoundError:
            continue
        except OSError as cause:
            message = unwritable(path, cause)
            raise SetupError("run-unwritable", message) from cause


def is_resumable(plan: Plan) -> bool:
    """Whether a run of a plan may go on after a cut: not of somebody else's server, and not under a challenge."""
    return plan.runtime != "endpoint" and plan.challenge is UNSET


def require_resumable(earlier: evidence.Evidence) -> None:
    """Refuse a run that is finished, and one that another clock measured.

    Raises:
        UsageError: ``resume-complete``, ``resume-unfit``.
    """
    footer, header = earlier.footer, earlier.header
    if footer is not None and footer.ended == "complete":
        message = Sentence(
            f"{earlier.directory} ran to its end: there is nothing to resume",
            f"{earlier.directory} 已运行完毕：没有可继续的内容",
        )
        raise UsageError("resume-complete", message)
    if len(earlier.attempts) >= evidence.MOST_ATTEMPTS - 1:
        message = Sentence(
            f"{earlier.directory} has had {evidence.MOST_ATTEMPTS} attempts",
            f"{earlier.directory} 已有 {evidence.MOST_ATTEMPTS} 次尝试",
        )
        raise UsageError("resume-unfit", message)
    if earlier.plan.runtime == "endpoint":
        message = Sentence(
            "a server that somebody else runs may be another one by now",
            "他人运行的服务器此时可能已是另一台",
        )
        raise UsageError("resume-unfit", message)
    if earlier.plan.challenge is not UNSET or earlier.growth:
        raise UsageError(
            "resume-unfit",
            Sentence("a run under a challenge is measured in one go", "在质询之下的运行须一次完成"),
        )
    now = time.monotonic_ns()
    began = time.time_ns() - now - header.realtime_minus_monotonic_us * 1000
    last = max((mark.t for mark in earlier.marks), default=0) if footer is None else footer.t
    if abs(began) > CLOCK_TOLERANCE_NS or now < header.clock_zero_ns + last:
        message = Sentence(
            f"{earlier.directory} was measured before this machine was started, or elsewhere",
            f"{earlier.directory} 是在本机此次启动之前或在他处测量的",
        )
        raise UsageError("resume-unfit", message)


def begin(run: Run, earlier: evidence.Evidence) -> None:
    """Keep what the cut attempt left beside its events, and mark the new one."""
    number = len(earlier.attempts) + 1
    directory = run.writer.directory
    row = Attempt(
        attempt_schema=1,
        number=number,
        environment=earlier.environment,
        container=UNSET if earlier.container is None else earlier.container,
    )
    run.writer.lines(evidence.ATTEMPTS, [row])
    with (directory / LOGS).open("ab") as logs:
        logs.write(f"==> attempt {number} <==\n".encode())
        if (directory / LOG_FILE).is_file():
            with (directory / LOG_FILE).open("rb") as log:
                shutil.copyfileobj(log, logs)
    (directory / "container.json").unlink(missing_ok=True)
    run.writer.event(Mark(t=run.now(), name=evidence.ATTEMPT))
    footer = earlier.footer
    ended = "killed" if footer is None else footer.ended
    error = footer.error if footer is not None else None
    why = f": {error.message}" if error else ""
    run.problems.append(
        Sentence(
            f"attempt {number} ended as {ended}{why}; the run was resumed",
            f"第 {number} 次尝试以 {ended} 结束{why}；运行已继续",
        )
    )


def require_devices(run: Run, earlier: evidence.Evidence) -> None:
    """Refuse another machine or other devices than the first attempt's.

    Raises:
        SetupError: ``resume-differs``.
    """
    _require(run, earlier, "host.")


def require_image(run: Run, earlier: evidence.Evidence) -> None:
    """Refuse another image or engine than the first attempt's, where that came so far.

    Raises:
        SetupError: ``resume-differs``.
    """
    _require(run, earlier, "")


def _require(run: Run, earlier: evidence.Evidence, prefix: str) -> None:
    left = earlier.attempts[0].left if earlier.attempts else None
    first = earlier.environment if left is None else left.environment
    now = replace(first, facts=run.facts, devices=tuple(run.devices) or UNSET)
    differing = evidence.differences(first, now, prefix)
    if differing:
        raise SetupError(
            "resume-differs",
            Sentence(
                f"not as in the first attempt: {differing[0]}",
                f"与第一次尝试不同：{chinese(differing[0])}",
            ),
        )
