"""What the environment's variables say about this machine."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from suite.base import resources
from suite.measure.engine import Settings

if TYPE_CHECKING:
    from pathlib import Path

CACHE_VARIABLE = "SUITE_CACHE"
VARIABLES = {
    CACHE_VARIABLE: "directory for downloads that outlive a run",
    "TORCH_INDEX": "package index with the CPU build of torch",
    "BASE_IMAGE": "base image of the images that are built here",
}
"""Every variable that is read for `Settings`, with what it means."""


def settings() -> Settings:
    """The settings of this machine: the defaults, but for what a variable says."""
    default = Settings()
    return Settings(
        cache=_cache(default.cache),
        torch_index=os.environ.get("TORCH_INDEX") or default.torch_index,
        base_image=os.environ.get("BASE_IMAGE") or default.base_image,
    )


def _cache(default: Path) -> Path:
    if os.environ.get(CACHE_VARIABLE):
        return resources.expanded(os.environ[CACHE_VARIABLE]).absolute()
    return default
