"""Asks a telemetry tool once: a program on this host or in the engine's container, or the page of an exporter.

Programs run in the locale C: others print decimal commas and translated headers. What asking costs is counted, as it is taken
from the engine under measurement.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Final, Protocol

from suite.base.bilingual import Sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMAND_TIMEOUT_S: Final = 10.0
"""A device tool that takes longer hangs; `npu-smi` and `rocm-smi` take seconds on busy machines."""
LOCALE: Final = {"LC_ALL": "C"}
MOST_BYTES: Final = 4_000_000
"""Of an answer that are read; a program that prints on is ended."""
_POLL_S: Final = 0.005


@dataclass(frozen=True, slots=True)
class Answer:
    """What a tool printed.

    Attributes:
        status: its exit status, or the page's.
        cpu_s: processor seconds that it used on this host; None where they were not counted.
    """

    output: str
    errors: str
    status: int
    cpu_s: float | None


class Inside(Protocol):
    """Runs a program in the engine's container."""

    def __call__(self, command: Sequence[str]) -> tuple[int, str, str] | str:
        """Exit status, output and errors; or why it could not be run."""


def on_host(command: Sequence[str]) -> Answer | str:
    """Run a program here; its processor time is counted. A reason where it cannot be run or hangs."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        try:
            # Waited for below, with what it used.
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                env={**os.environ, **LOCALE},
                start_new_session=True,
            )
        except OSError as error:
            return str(error)
        cpu_s = _wait(process, output, errors)
        if cpu_s is None and _printed(output, errors) > MOST_BYTES:
            return Sentence(
                f"prints more than {MOST_BYTES:,} bytes", f"输出超过 {MOST_BYTES:,} 字节"
            )
        if cpu_s is None:
            return Sentence(
                f"no answer within {COMMAND_TIMEOUT_S:g} s", f"{COMMAND_TIMEOUT_S:g} 秒内没有应答"
            )
        texts = []
        for file in (output, errors):
            file.seek(0)
            texts.append(_lines(file.read(), whole=process.returncode == 0))
    return Answer(texts[0], texts[1], process.returncode, cpu_s)


def _lines(data: bytes, *, whole: bool) -> str:
    """The text of an answer; of one that broke off without its last line, which may lack digits, unless it closes a document."""
    text = data.decode(errors="replace")
    closed = text.endswith(("}", "]"))
    return text if whole or closed else text[: text.rfind("\n") + 1]


def _printed(*files: IO[bytes]) -> int:
    """Bytes in the larger file."""
    return max(os.fstat(file.fileno()).st_size for file in files)


def _wait(process: subprocess.Popen[bytes], *files: IO[bytes]) -> float | None:
    """Processor seconds of a program that ended; None where it had to be killed, with all that it started."""
    deadline = time.monotonic() + COMMAND_TIMEOUT_S
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return usage.ru_utime + usage.ru_stime
        if time.monotonic() > deadline or _printed(*files) > MOST_BYTES:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return None
        time.sleep(_POLL_S)


def page(address: str) -> Answer | str:
    """Fetch an exporter's page; a reason where there is none."""
    if not address.startswith(("http://", "https://")):
        return Sentence(f"{address!r} is no address", f"{address!r} 不是地址")
    before = time.thread_time()
    try:
        with urllib.request.urlopen(address, timeout=COMMAND_TIMEOUT_S) as answer:  # noqa: S310  # checked above
            # Read by size, a connection that ends early raises nothing.
            data = answer.read(MOST_BYTES)
            text = _lines(data, whole=not answer.length and len(data) < MOST_BYTES)
            return Answer(text, "", answer.status, time.thread_time() - before)
    except (OSError, ValueError, urllib.error.URLError) as error:
        return str(error)


def in_container(inside: Inside, command: Sequence[str]) -> Answer | str:
    """Run a program in the engine's container; what it used is not counted there."""
    done = inside(command)
    if isinstance(done, str):
        return done
    status, output, errors = done
    return Answer(_lines(output.encode(), whole=status == 0), errors, status, None)
