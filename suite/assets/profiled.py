"""Runs a program whose HTTP server is uvicorn's, and gives that server two paths that start and end torch's profiler.

``python profiled.py DIRECTORY PROGRAM ARGUMENTS…``, under the engine's own Python. Each session leaves a Chrome trace in
the directory.
"""

import asyncio
import os
import runpy
import shutil
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import wraps
from pathlib import Path

import torch
import uvicorn

PATHS = ("/start_profile", "/stop_profile")

_Application = Callable[..., Awaitable[None]]


class Profiled:
    """An ASGI application, with the two paths before its own."""

    def __init__(self, inner: _Application, directory: Path) -> None:
        self._inner, self._directory = inner, directory
        # The profiler is ended by the thread that started it.
        self._thread = ThreadPoolExecutor(1)
        self._session: torch.profiler.profile | None = None
        self._number = 0

    async def __call__(
        self,
        scope: dict[str, object],
        receive: object,
        send: Callable[[dict[str, object]], Awaitable[None]],
    ) -> None:
        """Answer, or hand on."""
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"] not in PATHS:
            await self._inner(scope, receive, send)
            return
        turn = self._start if scope["path"] == PATHS[0] else self._stop
        why = await asyncio.get_running_loop().run_in_executor(self._thread, turn)
        headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(why))]
        status = 409 if why else 200
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": why})

    def _start(self) -> bytes:
        if self._session is not None:
            return b"the profiler runs already"
        kinds = torch.profiler.supported_activities()
        # The model is computed by threads that the server started before.
        everywhere = torch._C._profiler._ExperimentalConfig(profile_all_threads=True)  # noqa: SLF001 - its only name
        self._session = torch.profiler.profile(activities=kinds, experimental_config=everywhere)
        self._session.start()
        return b""

    def _stop(self) -> bytes:
        if self._session is None:
            return b"the profiler does not run"
        session, self._session = self._session, None
        session.stop()
        self._number += 1
        session.export_chrome_trace(
            str(self._directory / f"{os.getpid()}-{self._number}.pt.trace.json.gz")
        )
        return b""


def main() -> None:
    """Become the program."""
    directory, program, *words = sys.argv[1:]
    inner = uvicorn.Config.__init__

    @wraps(inner)
    def profiled(self: uvicorn.Config, app: _Application, *given: object, **named: object) -> None:
        inner(self, Profiled(app, Path(directory)), *given, **named)

    uvicorn.Config.__init__ = profiled
    path = shutil.which(program) or program
    sys.argv = [path, *words]
    runpy.run_path(path, run_name="__main__")


if __name__ == "__main__":
    main()
