"""What the environment's variables say about this machine."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from suite.base import resources
from suite.base.errors import SetupError
from suite.base.framing import require_token
from suite.base.jsonio import read_bytes
from suite.measure.engine import Settings

if TYPE_CHECKING:
    from pathlib import Path

MAX_TOKEN = 4096
CACHE_VARIABLE = "SUITE_CACHE"


def settings() -> Settings:
    """The settings of this machine: the defaults, but for what ``SUITE_CACHE``, ``TORCH_INDEX`` and ``BASE_IMAGE`` say."""
    default = Settings()
    return Settings(
        cache=_cache(default.cache),
        torch_index=os.environ.get("TORCH_INDEX") or default.torch_index,
        base_image=os.environ.get("BASE_IMAGE") or default.base_image,
    )


def node_token(path: Path) -> bytes:
    """The secret in a file that a run and its agents share.

    Raises:
        SetupError: ``file-unreadable``, ``agent-token-weak``.
    """
    data = read_bytes(path, error=SetupError, limit=MAX_TOKEN)
    return require_token(data.decode("utf-8", "replace"), str(path))


def _cache(default: Path) -> Path:
    if os.environ.get(CACHE_VARIABLE):
        return resources.expanded(os.environ[CACHE_VARIABLE]).absolute()
    return default
