"""The engine's command as it is started: its own port where the plan's is not free, pre-commands before it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def listen_on(command: Sequence[str], port: int) -> list[str]:
    """Replace the values of ``--host`` and ``--port``, in both spellings, or append them: loopback and a port of it.

    Args:
        command: the plan's, which names the address inside a container.
        port: TCP port to listen on.
    """
    result: list[str] = []
    values = {"--host": "127.0.0.1", "--port": str(port)}
    replaced: set[str] = set()
    replace_next = ""
    for token in command:
        flag, equals, _ = token.partition("=")
        if replace_next:
            result.append(values[replace_next])
            replace_next = ""
        elif flag in values:
            replaced.add(flag)
            result.append(f"{flag}={values[flag]}" if equals else flag)
            replace_next = "" if equals else flag
        else:
            result.append(token)
    for flag, value in values.items():
        if flag not in replaced:
            result += [flag, value]
    return result


def with_pre_commands(pre: Sequence[Sequence[str]], command: Sequence[str]) -> list[str]:
    """One command that runs the pre-commands and then becomes the engine; stops at the first that fails."""
    if not pre:
        return list(command)
    steps = " && ".join(shlex.join(step) for step in pre)
    return ["/bin/sh", "-c", f"{steps} && exec {shlex.join(command)}"]
