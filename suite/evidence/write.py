"""A run directory as it comes into being: every document and every line is there whole or not at all.

Events are appended and flushed as they happen, so that a killed run keeps what it measured.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import TYPE_CHECKING

from suite.base import jsonio
from suite.base.bilingual import Sentence
from suite.base.errors import SetupError, UsageError, unwritable
from suite.base.safe import append_whole, replace_file
from suite.documents.codec import canonical
from suite.documents.event import Header, Request
from suite.evidence.manifest import ATTRIBUTES, BALLAST, BALLAST_BYTES, GIT_ATTRIBUTES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import Self, TypeVar

    from suite.documents.document import Document
    from suite.documents.event import Event

    _Result = TypeVar("_Result")


def require_new(directory: Path) -> None:
    """Refuse a run directory that is there already.

    Raises:
        UsageError: ``run-exists``.
    """
    if os.path.lexists(directory):
        raise _exists(directory)


def _exists(directory: Path) -> UsageError:
    hint = Sentence(
        "choose another --out, or move the old run away; runs are never overwritten",
        "请换用其他 --out，或将旧的运行移走；运行从不覆盖",
    )
    message = Sentence(f"{directory} exists already", f"{directory} 已存在")
    return UsageError("run-exists", message, hint=hint)


class Writer:
    """Appends events to a run directory as they happen; every line is whole or absent.

    A full disk raises `SetupError` ``disk-full`` at the write that met it; what was written before stays.

    Attributes:
        directory: the run directory.
        requests: events of requests so far.
        begun: whether the log has its header; without it nothing else may stand in it.
    """

    def __init__(self, directory: Path) -> None:
        """Create the directory; it must not exist.

        Raises:
            UsageError: ``run-exists``.
            SetupError: ``run-unwritable``; ``disk-full`` where not even empty files fit.
        """
        try:
            directory.mkdir(parents=True)
        except FileExistsError as cause:
            raise _exists(directory) from cause
        except OSError as cause:
            message = Sentence(
                f"cannot create {directory}: {cause.strerror}",
                f"无法创建 {directory}：{cause.strerror}",
            )
            hint = Sentence(
                "name a directory that you may write to with --out (make: OUT=)",
                "请以 --out 指定可写的目录（make：OUT=）",
            )
            raise SetupError("run-unwritable", message, hint=hint) from cause
        self._append(directory, requests=0)
        for name in ("engine.log", "telemetry.jsonl", "tasks.jsonl"):
            self._guard((directory / name).touch)
        # Where even this does not fit, the first document says so.
        with contextlib.suppress(OSError):
            (directory / GIT_ATTRIBUTES).write_bytes(ATTRIBUTES)

    @classmethod
    def resumed(cls, directory: Path, requests: int) -> Self:
        """Go on behind the last line of a run that was cut.

        Args:
            directory: of the run.
            requests: how many its log holds.

        Raises:
            SetupError: ``run-busy``, ``disk-full``.
        """
        self = cls.__new__(cls)
        self._append(directory, requests)
        return self

    def _append(self, directory: Path, requests: int) -> None:
        self.directory = directory
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._events = self._guard(lambda: os.open(directory / "events.jsonl", flags, 0o644))
        try:
            # Held until the end, and given up by the system where we are killed.
            fcntl.flock(self._events, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as cause:
            os.close(self._events)
            message = Sentence(
                f"another process is writing to {directory}", f"另有进程正在写入 {directory}"
            )
            raise SetupError("run-busy", message) from cause
        self._closed = False
        self.begun = bool(os.fstat(self._events).st_size)  # a log's first line is its header
        self._ballast = directory / BALLAST
        self.requests = requests
        with contextlib.suppress(OSError):
            self._ballast.write_bytes(bytes(BALLAST_BYTES))

    def release(self) -> None:
        """Give back the space kept for the end: footer, environment and manifest follow."""
        with contextlib.suppress(OSError):
            self._ballast.unlink(missing_ok=True)

    def document(self, name: str, value: object) -> None:
        """Write a whole document (``plan.json``, ``environment.json``), or leave the one before."""
        self._guard(lambda: replace_file(self.directory / name, jsonio.pretty(value)))

    def lines(self, name: str, documents: Sequence[Document]) -> None:
        """Append lines to a side file (``tasks.jsonl``, ``telemetry.jsonl``)."""
        data = b"".join(canonical(document) + b"\n" for document in documents)

        def append() -> None:
            descriptor = os.open(
                self.directory / name, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644
            )
            try:
                append_whole(descriptor, data)
            finally:
                os.close(descriptor)

        self._guard(append)

    def event(self, event: Event) -> None:
        """Append one event."""
        if isinstance(event, Request):
            self.requests += 1
        data = canonical(event) + b"\n"
        self._guard(lambda: append_whole(self._events, data))
        self.begun = self.begun or isinstance(event, Header)

    def _guard(self, action: Callable[[], _Result]) -> _Result:
        try:
            return action()
        except OSError as cause:
            message = unwritable(self.directory, cause)
            hint = Sentence(
                "what was measured before is kept; free some space and run again",
                "此前测得的内容均已保留；请释放空间后重新运行",
            )
            raise SetupError("disk-full", message, hint=hint) from cause

    def close(self) -> None:
        """Flush to the disk and close; safe to call twice.

        Raises:
            SetupError: ``disk-full``, when the system finds out only now.
        """
        self.release()
        if not self._closed:
            self._closed = True
            try:
                self._guard(lambda: os.fsync(self._events))
            finally:
                os.close(self._events)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close whatever happened."""
        self.close()
