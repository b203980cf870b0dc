"""What a run records beside its requests: how it began, on what, and how it ended."""

from __future__ import annotations

import contextlib
import hashlib
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from msgspec import UNSET
from msgspec.structs import replace

from suite import evidence
from suite.base import jsonio
from suite.base.bilingual import Sentence
from suite.base.errors import SetupError
from suite.declare.plan.make import plan_sha256
from suite.declare.tasks.lead import first_sentence
from suite.documents.document import given
from suite.documents.environment import Environment
from suite.documents.event import EVENT_SCHEMA, Footer, Header, RunError
from suite.documents.sentences import table
from suite.documents.taskline import TaskLine
from suite.evidence.manifest import BASIS
from suite.measure.deviceevidence import gather
from suite.measure.load.send import stamp_kinds

if TYPE_CHECKING:
    from pathlib import Path

    from suite.base.errors import CodedError
    from suite.declare.tasks.taskset import Task, TaskSet
    from suite.documents.plan import Plan
    from suite.measure.context import Run

RunEnd = Literal["complete", "interrupted", "engine-died", "engine-failed", "failed"]


def begin(run: Run) -> None:
    """Write what every run begins with, or what a full disk kept out of it the first time."""
    directory = run.writer.directory
    if not (directory / "plan.json").exists():
        run.writer.document("plan.json", run.plan)
    if run.basis is not None and not (directory / BASIS).exists():
        run.writer.document(BASIS, run.basis)
    if not run.writer.begun:
        _begin_log(run)
    if not (directory / "tasks.jsonl").stat().st_size:
        run.writer.lines("tasks.jsonl", [task_line(task) for task in run.tasks.tasks])


def _begin_log(run: Run) -> None:
    started = datetime.fromtimestamp((run.zero_ns + run.offset_ns) / 1e9, UTC)
    receive, send = stamp_kinds(run.plan, run.load)
    run.writer.event(
        Header(
            event_schema=EVENT_SCHEMA,
            run_id=run.writer.directory.name,
            plan_sha256=plan_sha256(run.plan),
            started_utc=started.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            clock="CLOCK_MONOTONIC",
            clock_zero_ns=run.zero_ns,
            receive_stamps=receive,
            send_stamps=send,
            realtime_minus_monotonic_us=run.offset_ns // 1000,
        )
    )
    run.mark("run.start", at=0)
    run.stamp("run.start")
    if run.stamps is not None:
        for line in run.stamps.missing:
            run.progress.line(line)


def task_line(task: Task) -> TaskLine:
    """A task as its line in ``tasks.jsonl``."""
    return TaskLine(
        id=task.id,
        record_sha256=task.sha256,
        document_sha256=jsonio.sha256_hex(task.document.encode()),
        document_words=len(task.document.split()),
        lead=first_sentence(task.document),
        reference=task.summary,
        origin=UNSET if task.origin is None else task.origin,
    )


def environment(run: Run) -> None:
    """Write what is known of machine and engine by now; later calls replace it."""
    # The names only: values may be secret.
    names = ", ".join(sorted(run.load.headers))
    headers = (
        Sentence(
            f"extra header fields of every request: {names}", f"每个请求附加的请求头字段：{names}"
        )
        if names
        else ""
    )
    notes = (run.plan.runtime_note, run.tasks.why_not_locked, headers, *run.problems)
    document = Environment(
        environment_schema=1,
        facts=dict(run.facts),
        task_defects=_defects(run.tasks),
        devices=tuple(run.devices) or UNSET,
        devices_serving=tuple(run.serving) or UNSET,
        device_salt=run.salt if run.devices or _withholds(run.plan) else UNSET,
        outputs=tuple(run.outputs) or UNSET,
        notes=tuple(note for note in notes if note),
    )
    document = replace(document, chinese=table(document) or UNSET)
    run.writer.document("environment.json", document)


def _defects(tasks: TaskSet) -> dict[str, int]:
    """What was found in the task file: defects of what ran, peculiarities of the file, what was left out."""
    left_out = {f"left-out-{reason}": count for reason, count in tasks.excluded.items()}
    return {**tasks.defects, **tasks.notes, **left_out}


def _withholds(plan: Plan) -> bool:
    """Whether devices are named by salted digests in the place of what they signed."""
    return any(tool.keep == "digest" for tool in given(plan.attestation, ()))


def close(run: Run, ended: RunEnd, error: CodedError | None) -> None:
    """Write how it ended, and close the log over what is there; on a full disk as much of it as fits."""
    footer = Footer(
        t=run.now(),
        ended=ended,
        requests=run.writer.requests,
        error=None if error is None else RunError(code=error.code, message=str(error)[:1000]),
        clock_steps_ns=clock_offset_ns() - run.offset_ns,
    )
    run.writer.release()
    # A run that was stopped, or met a full disk, before all of its beginning was there gets it now.
    with contextlib.suppress(SetupError):
        begin(run)
    # On a full disk the log keeps what it has: a missing footer is itself a statement, one alone would be none.
    if run.writer.begun:
        with contextlib.suppress(SetupError):
            run.writer.event(footer)
            # Whoever ends a run early does not want to wait for an authority.
            run.stamp("run.end", why="" if ended == "complete" else f"the run ended early: {ended}")
            if ended == "complete":
                gather(run, "after", _log_sha256(run.writer.directory))
    with contextlib.suppress(SetupError):
        environment(run)
    with contextlib.suppress(SetupError):
        run.writer.close()
    with contextlib.suppress(SetupError):
        evidence.write_manifest(run.writer.directory)


def _log_sha256(directory: Path) -> str:
    with (directory / "events.jsonl").open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def clock_offset_ns() -> int:
    """Real time minus monotonic time, now."""
    return time.time_ns() - time.monotonic_ns()
