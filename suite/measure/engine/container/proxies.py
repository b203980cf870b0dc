"""The proxies of the user's Docker configuration, which Docker's own client puts into every container and build.

An engine's container gets none: its environment is what the plan says, and it has no way out. A build needs them to
reach a package index, but not for the wheels, which are served on the loopback address.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from suite.measure.engine.container.daemon import choose_daemon, client_config, config_path

if TYPE_CHECKING:
    from collections.abc import Mapping

_VARIABLES = {
    "httpProxy": "HTTP_PROXY",
    "httpsProxy": "HTTPS_PROXY",
    "ftpProxy": "FTP_PROXY",
    "allProxy": "ALL_PROXY",
}
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def configured() -> dict[str, str]:
    """The configured proxies by the name of their variable; empty without any.

    Raises:
        SetupError: ``docker-context-wrong``, ``docker-remote``.
    """
    proxies = client_config(os.environ).get("proxies")
    rows = proxies if isinstance(proxies, dict) else {}
    row = rows.get(choose_daemon().address) or rows.get("default")
    if not isinstance(row, dict):
        return {}
    variables = {
        _VARIABLES[key]: str(value) for key, value in row.items() if key in _VARIABLES and value
    }
    return variables | ({"NO_PROXY": str(row.get("noProxy") or "")} if variables else {})


def build_arguments(proxies: Mapping[str, str]) -> dict[str, str]:
    """Arguments of a build that goes through the proxies but for this machine itself."""
    if not proxies:
        return {}
    hosts = [part.strip() for part in proxies.get("NO_PROXY", "").split(",") if part.strip()]
    without = ",".join(dict.fromkeys([*hosts, *_LOOPBACK]))
    both = {**proxies, "NO_PROXY": without}
    return both | {name.lower(): value for name, value in both.items()}


def left_out() -> str:
    """What is said of the proxies that the engine's container did not get; "" where none is configured."""
    names = sorted(configured().keys() - {"NO_PROXY"})
    return (
        f"{', '.join(names)} of {config_path(os.environ)}, not given to the container"
        if names
        else ""
    )
