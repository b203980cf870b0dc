"""Private keys as files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.cases.bundle_verify.cases import VENDOR_A

if TYPE_CHECKING:
    from pathlib import Path

    from suite.judge.attest.keys import PrivateKey


def written(path: Path, key: PrivateKey = VENDOR_A, mode: int = 0o600) -> Path:
    """A key at a path, with a mode."""
    path.write_bytes(key.to_pem())
    path.chmod(mode)
    return path
