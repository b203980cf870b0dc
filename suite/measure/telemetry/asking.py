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
from typing import TYPE_CHECKING, Final, Protocol

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


class EndlessError(OSError):
    """A program that prints without end."""


@dataclass(frozen=True, slots=True)
class Printed:
    """What a program left; its texts are whole.

    Attributes:
        cpu_s: processor seconds that it used.
    """

    output: bytes
    errors: bytes
    status: int
    cpu_s: float


def run_program(
    command: Sequence[str], timeout_s: float, *, most_bytes: int = MOST_BYTES
) -> Printed:
    """Run a program of this host to its end, in the plain locale; neither its time nor its output is without bound.

    Raises:
        TimeoutError: it was ended after `timeout_s`, with all that it had started.
        EndlessError: likewise, after more than `most_bytes`.
        OSError: it cannot be run.
    """
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        # Waited for below, with what it used.
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            env={**os.environ, **LOCALE},
            start_new_session=True,
        )
        deadline = time.monotonic() + timeout_s
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                process.returncode = os.waitstatus_to_exitcode(status)
            endless = max(os.fstat(file.fileno()).st_size for file in (output, errors)) > most_bytes
            if pid and not endless:
                break
            late = time.monotonic() > deadline
            if endless or late:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                raise EndlessError if endless else TimeoutError
            time.sleep(_POLL_S)
        texts = []
        for file in (output, errors):
            file.seek(0)
            texts.append(file.read())
    return Printed(texts[0], texts[1], process.returncode, usage.ru_utime + usage.ru_stime)


def on_host(command: Sequence[str]) -> Answer | str:
    """Run a program here; its processor time is counted. A reason where it cannot be run, hangs or never ends."""
    try:
        done = run_program(command, COMMAND_TIMEOUT_S, most_bytes=MOST_BYTES)
    except TimeoutError:
        return Sentence(
            f"no answer within {COMMAND_TIMEOUT_S:g} s", f"{COMMAND_TIMEOUT_S:g} 秒内没有应答"
        )
    except EndlessError:
        return Sentence(f"prints more than {MOST_BYTES:,} bytes", f"输出超过 {MOST_BYTES:,} 字节")
    except OSError as error:
        return str(error)
    whole = done.status == 0
    texts = [_lines(data, whole=whole) for data in (done.output, done.errors)]
    return Answer(texts[0], texts[1], done.status, done.cpu_s)


def _lines(data: bytes, *, whole: bool) -> str:
    """The text of an answer; of one that broke off without its last line, which may lack digits, unless it closes a document."""
    text = data.decode(errors="replace")
    closed = text.endswith(("}", "]"))
    return text if whole or closed else text[: text.rfind("\n") + 1]


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
