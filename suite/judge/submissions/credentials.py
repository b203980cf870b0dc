"""The user's own word to a registry, as `docker login` keeps it; read by the optional package oras."""

from __future__ import annotations

import functools
from typing import Final

NONE_KEPT: Final = "it wants a user and a password, and none is kept for it: docker login HOST"
"""Of a registry, in the terms of what else a server says."""


@functools.cache
def basic(host: str) -> str:
    """User and password of a registry in base64; "" where none is kept, or the package is not installed."""
    try:
        from oras.auth.base import AuthBackend
        from oras.container import Container
    except ImportError:
        return ""
    kept = AuthBackend()
    try:
        kept.load_configs(Container(f"{host}/any"))
    except (
        OSError,
        ValueError,
        KeyError,
        AttributeError,
    ):  # a configuration that Docker would refuse, too
        return ""
    return str(getattr(kept, "_basic_auth", ""))
