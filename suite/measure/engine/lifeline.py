"""What cleans up when the suite itself is killed and can no longer do it.

A shell of its own session waits for the end of a pipe whose other end the suite holds. The kernel closes that
end however the suite dies, SIGKILL included; the shell then becomes the clean-up command. On an orderly
end the suite says so, and the shell leaves without doing anything.
"""

from __future__ import annotations

import contextlib
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_DONE = b"done\n"
_SCRIPT = 'read -r word; test "$word" = done || exec "$@"'


@contextlib.contextmanager
def lifeline(command: Sequence[str]) -> Iterator[None]:
    """Run `command` in ``/`` if the suite dies inside the block; it must be harmless when there is nothing to clean."""
    keeper = subprocess.Popen(
        ["/bin/sh", "-c", _SCRIPT, "lifeline", *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,
    )
    try:
        yield
    finally:
        # A keeper that somebody killed is no reason to fail.
        with contextlib.suppress(BrokenPipeError):
            keeper.communicate(_DONE, timeout=10)
