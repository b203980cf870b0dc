"""What git says was changed in a tree of submissions."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from suite.base.bilingual import Sentence
from suite.base.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Changes:
    """Files below a tree, each by its path there.

    Attributes:
        touched: added, changed or removed.
        edited: those that stood there before and were changed or removed.
    """

    touched: frozenset[str]
    edited: frozenset[str]

    def folders(self) -> frozenset[str]:
        """The submissions that were touched."""
        return frozenset(
            "/".join(name.split("/")[:3]) for name in self.touched if name.count("/") > 2
        )


def since(tree: Path, commit: str) -> Changes:
    """What was changed in a tree since a commit, files that git does not know yet among it.

    Raises:
        UsageError: ``commit-unknown``: it is no commit, or the tree lies in no git checkout.
    """
    if commit.startswith("-"):
        raise UsageError(
            "commit-unknown", Sentence(f"{commit!r} is no commit", f"{commit!r} 不是提交")
        )
    touched, edited = set(), set()
    words = ["diff", "--name-status", "--no-renames", "-z", "--relative", commit, "--", "."]
    fields = _git(tree, words, commit).split("\0")
    for status, name in zip(fields[::2], fields[1::2], strict=False):
        touched.add(name)
        if status != "A":
            edited.add(name)
    others = _git(tree, ["ls-files", "--others", "-z"], commit).split("\0")
    return Changes(frozenset(touched | set(filter(None, others))), frozenset(edited))


def _git(tree: Path, words: list[str], commit: str) -> str:
    try:
        return subprocess.run(
            ["git", "-C", str(tree), *words], capture_output=True, check=True, timeout=120
        ).stdout.decode("utf-8", "surrogateescape")
    except (OSError, subprocess.SubprocessError) as cause:
        output = getattr(cause, "stderr", b"") or str(cause).encode()
        reason = output.decode("utf-8", "replace").strip().splitlines()
        message = Sentence(
            f"git does not say what changed since {commit!r}: {(reason or ['?'])[0][:200]}",
            f"git 没有给出自 {commit!r} 以来的更改：{(reason or ['?'])[0][:200]}",
        )
        hint = Sentence(
            "give a commit that this checkout has; in CI, fetch the whole history",
            "请给出此检出所含的提交；在 CI 中请获取完整历史",
        )
        raise UsageError("commit-unknown", message, hint=hint) from cause
