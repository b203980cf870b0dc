"""Where the files lie that travel with the suite, and where it writes.

In a checkout, ``vendors/``, ``images/`` and ``schemas/`` stand at the top level; in a wheel they travel inside the
package. What is written goes beside them in a checkout, and never into an installed package: runs into the
working directory, what can be made again into the cache.
"""

from __future__ import annotations

import contextlib
import functools
import os
import stat
import tempfile
from pathlib import Path
from typing import Final

PROGRAM: Final = "llm-conformance"
_PACKAGE: Final = Path(__file__).resolve().parents[1]
_PACKAGED: Final = _PACKAGE / "_data"
TOP: Final = _PACKAGE.parent
"""Where Python finds the package: its own child processes are started there."""
INSTALLED: Final = _PACKAGED.is_dir()
"""Whether this is an installed wheel, not a checkout."""


def resource(name: str = "") -> Path:
    """A file or directory that travels with the suite, by its path in the repository.

    Args:
        name: for example ``schemas`` or ``images/cpu-vllm/torch.txt``; empty for the directory that holds
            ``vendors/``, ``images/`` and ``schemas/``. What begins with ``suite/`` lies in the package.
    """
    if name.startswith("suite/"):
        return TOP / name
    return (_PACKAGED if INSTALLED else TOP) / name


def workspace() -> Path:
    """Where runs are written and vendors' image files are looked for: the checkout, or the working directory."""
    return Path.cwd() if INSTALLED else TOP


def cache() -> Path:
    """Downloads and what else can be made again: ``$XDG_CACHE_HOME/llm-conformance``, by default below ``~/.cache``."""
    base = os.environ.get("XDG_CACHE_HOME")
    parent = expanded(base).absolute() if base else home() / ".cache"
    return parent / PROGRAM


def expanded(text: str) -> Path:
    """The path with a leading ``~`` put in full; for a user without a home as it was written."""
    return Path(os.path.expanduser(text))  # noqa: PTH111 - pathlib's raises where there is no home


def home() -> Path:
    """The user's home; for a user who has none, such as a container's bare number, a private temporary directory."""
    try:
        return Path.home()
    except RuntimeError:
        return _private_directory()


def settle_home() -> None:
    """Give a user who has no home one for this process: libraries and programs that it starts look for theirs."""
    if not os.environ.get("HOME"):
        os.environ["HOME"] = str(home())


@functools.cache
def _private_directory() -> Path:
    """A directory of this user's alone, the same at the next call of the program; keys and downloads may lie there."""
    path = Path(tempfile.gettempdir()) / f"{PROGRAM}-{os.getuid()}"
    with contextlib.suppress(OSError):
        path.mkdir(mode=0o700)
    try:
        status = path.lstat()
    except OSError:
        return Path(tempfile.mkdtemp(prefix=f"{PROGRAM}-"))
    # Somebody else may have made one of that name before.
    private = stat.S_ISDIR(status.st_mode) and not status.st_mode & 0o077
    if private and status.st_uid == os.getuid():
        return path
    return Path(tempfile.mkdtemp(prefix=f"{PROGRAM}-"))


def environments() -> Path:
    """Where the engines' Python environments are made: the checkout, or the cache."""
    return cache() / "environments" if INSTALLED else TOP
