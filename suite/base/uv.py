"""uv, looking for packages where pip is told to look.

uv knows nothing of pip's configuration. Where the machine's package index, certificates or files on disk are
set for pip and nothing is set for uv, they are handed on as uv's environment variables. Only the standard library
is needed, so that a checkout can set itself up: ``python -m suite.base.uv pip install …`` becomes that uv.
"""

from __future__ import annotations

import configparser
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_VARIABLES = {
    "index-url": ("UV_DEFAULT_INDEX", " "),
    "extra-index-url": ("UV_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "trusted-host": ("UV_INSECURE_HOST", " "),
    "timeout": ("UV_HTTP_TIMEOUT", " "),
    "cert": ("SSL_CERT_FILE", " "),
    "proxy": ("ALL_PROXY", " "),
}
"""pip's options, uv's variables for the same and what separates their values."""
_OWN = ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS")
_PLACES = ("index-url", "extra-index-url", "find-links", "no-index")


def program() -> str:
    """Path of uv: the one beside this interpreter, or the one on ``PATH``; ``uv`` when there is neither."""
    beside = Path(sys.executable).with_name("uv")
    return str(beside) if beside.exists() else shutil.which("uv") or "uv"


def environment(variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables to start uv with.

    Args:
        variables: of the calling process; None takes this one's.

    Returns:
        `variables` and what pip's configuration says, where uv is not told otherwise.
    """
    own = dict(os.environ if variables is None else variables)
    options = pip_options(own)
    if any(own.get(name) for name in _OWN) or _configured(own):
        options = {name: value for name, value in options.items() if name not in _PLACES}
    added: dict[str, str] = {}
    for option, values in options.items():
        if option in _VARIABLES and values:
            name, separator = _VARIABLES[option]
            added[name] = separator.join(values)
    if {"UV_INDEX", "UV_DEFAULT_INDEX"} & added.keys():
        # As pip does: the best version of all indexes, not of the first that has the package.
        added["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    if options.get("no-index", ["0"])[0].lower() in ("1", "true", "yes", "on"):
        added["UV_OFFLINE"] = "1"  # uv has no variable that forbids indexes alone
    return {**added, **own}


def pip_options(variables: Mapping[str, str]) -> dict[str, list[str]]:
    """What pip's configuration files and variables say, by the long option's name; later places win."""
    options: dict[str, list[str]] = {}
    for path in _pip_files(variables):
        parser = configparser.RawConfigParser(strict=False)
        try:
            parser.read(path, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError, OSError):
            continue  # pip says what is wrong with it
        for section in ("global", "install"):
            if parser.has_section(section):
                options.update(
                    {name.replace("_", "-"): text.split() for name, text in parser.items(section)}
                )
    for name, text in variables.items():
        if name.startswith("PIP_"):
            options[name.removeprefix("PIP_").lower().replace("_", "-")] = text.split()
    return options


def _pip_files(variables: Mapping[str, str]) -> Iterator[Path]:
    """The configuration files of pip, in the order in which it reads them."""
    configured = variables.get("PIP_CONFIG_FILE", "")
    if configured == os.devnull:
        return
    home = _home(variables)
    for directory in reversed((variables.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":")):
        yield Path(directory, "pip", "pip.conf")
    yield Path("/etc/pip.conf")
    yield home / ".pip" / "pip.conf"
    yield Path(variables.get("XDG_CONFIG_HOME") or home / ".config", "pip", "pip.conf")
    yield Path(sys.prefix, "pip.conf")
    if configured:
        yield Path(configured)


def _home(variables: Mapping[str, str]) -> Path:
    # pathlib's own raises where there is no home; here nothing is then found.
    return Path(variables.get("HOME") or os.path.expanduser("~"))  # noqa: PTH111 - as said


def _configured(variables: Mapping[str, str]) -> bool:
    """Whether uv has a configuration file of its own."""
    home = _home(variables)
    own = Path(variables.get("XDG_CONFIG_HOME") or home / ".config", "uv", "uv.toml")
    system = [Path(part, "uv", "uv.toml") for part in ("/etc/xdg", "/etc")]
    return bool(variables.get("UV_CONFIG_FILE")) or any(path.exists() for path in (own, *system))


if __name__ == "__main__":
    os.execvpe(program(), ["uv", *sys.argv[1:]], environment())  # noqa: S606 - no shell is wanted
