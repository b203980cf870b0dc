"""What git says was changed in a tree of submissions."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from suite.base.bilingual import Sentence
from suite.base.errors import UsageError

_DEEP: Final = 4
"""Parts of the path of a submission's file: vendor, round, run, name."""


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


def standing(tree: Path, commit: str) -> dict[str, dict[str, str]]:
    """What stood in a tree at a commit: of each submission, by its path, the files right in its folder and git's digests.

    Raises:
        UsageError: ``commit-unknown``.
    """
    files: dict[str, dict[str, str]] = {}
    for line in _git(tree, ["ls-tree", "-r", "-z", commit], commit).split("\0"):
        about, _, name = line.partition("\t")
        parts = name.split("/")
        if len(parts) == _DEEP:
            files.setdefault("/".join(parts[:3]), {})[parts[3]] = about.split(" ")[2]
    return files


def lay_blob(tree: Path, digest: str, target: Path) -> None:
    """Write a file as git has it, whatever lies in the checkout; none where git lacks it (a partial clone)."""
    with target.open("wb") as stream:
        command = ["git", "-C", str(tree), "cat-file", "blob", digest]
        subprocess.run(command, stdout=stream, stderr=subprocess.DEVNULL, check=False, timeout=120)


def git_folder(tree: Path, commit: str) -> Path:
    """Where git keeps what belongs to a checkout and is no part of any commit.

    Raises:
        UsageError: ``commit-unknown``.
    """
    words = ["rev-parse", "--path-format=absolute", "--git-common-dir"]
    return Path(_git(tree, words, commit).rstrip("\n"))


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
