"""Where the local signing key lies: in the user's configuration directory."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from suite.base import resources

if TYPE_CHECKING:
    from pathlib import Path


def default_key() -> Path:
    """The key's file, whether it is there or not."""
    base = os.environ.get("XDG_CONFIG_HOME")
    parent = resources.expanded(base) if base else resources.home() / ".config"
    return parent / "llm-inference-conformance" / "signing-key.pem"


SHOWN_KEY: Final = str(default_key())
"""The same, as the help says."""
