"""What git says was changed in a tree of submissions."""

from __future__ import annotations

import contextlib
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from suite.base.bilingual import Sentence
from suite.base.errors import UsageError

_DEEP: Final = 4
"""Parts of the path of a submission's file: vendor, round, run, name."""
_ANSWER: Final = 3
"""Words before a file that git gives: its digest, its kind, its size."""
_BLOCK: Final = 1 << 20
_ENVIRONMENT: Final = os.environ | {"GIT_TERMINAL_PROMPT": "0"}
"""A partial clone fetches what it lacks; nobody is there to be asked for a password."""


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
        """The submissions that were touched; of one that git keeps as another repository it knows the folder alone."""
        return frozenset(
            "/".join(name.split("/")[:3]) for name in self.touched if name.count("/") >= 2
        )


def fork(tree: Path, commit: str) -> str:
    """Where the checkout parted from a commit: what came to that commit's branch since then, this checkout did not remove.

    The commit itself where git knows of no such point, as in a shallow clone, or knows no such commit.
    """
    if commit.startswith("-"):
        return commit
    try:
        return _git(tree, ["merge-base", commit, "HEAD"], commit).strip()
    except UsageError:
        return commit


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


def before(tree: Path, commit: str, file: Path) -> bytes | None:
    """A file as it stood at a commit, b"" where it did not; None where it is kept in another checkout than the tree's, or in none.

    A file that git was never told of is kept in none, unless it lies in the tree.

    Raises:
        UsageError: ``commit-unknown``.
    """
    place = file.absolute()
    try:
        if git_folder(place.parent, commit) != git_folder(tree, commit):
            return None
    except UsageError:
        return None
    if not _git(place.parent, ["ls-tree", "-z", commit, "--", place.name], commit):
        known = tree.absolute() in place.parents
        return b"" if known or _git(place.parent, ["ls-files", "--", place.name], commit) else None
    return _run(place.parent, ["cat-file", "blob", f"{commit}:./{place.name}"], commit)


class Blobs:
    """Files as git has them, whatever lies in the checkout; one process of git gives them all."""

    def __init__(self, tree: Path) -> None:
        """Start it."""
        self._git = subprocess.Popen(
            ["git", "-C", str(tree), "cat-file", "--batch"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_ENVIRONMENT,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # Left in the middle of an answer, it would wait for ever for somebody to read the rest.
        self._git.kill()
        self._git.__exit__(None, None, None)

    def lay(self, digest: str, target: Path) -> None:
        """Write one; an empty file where git lacks it (a partial clone that reaches nobody)."""
        source = self._git.stdout
        assert source is not None
        assert self._git.stdin is not None
        with target.open("wb") as stream:
            with contextlib.suppress(BrokenPipeError):
                self._git.stdin.write(f"{digest}\n".encode())
                self._git.stdin.flush()
            head = source.readline().split()
            if len(head) != _ANSWER:
                return
            left = int(head[2])
            while left and (block := source.read(min(left, _BLOCK))):
                stream.write(block)
                left -= len(block)
            source.read(1)  # a line's end behind each


def git_folder(tree: Path, commit: str) -> Path:
    """Where git keeps what belongs to a checkout and is no part of any commit.

    Raises:
        UsageError: ``commit-unknown``.
    """
    words = ["rev-parse", "--path-format=absolute", "--git-common-dir"]
    return Path(_git(tree, words, commit).rstrip("\n"))


def _git(tree: Path, words: list[str], commit: str) -> str:
    return _run(tree, words, commit).decode("utf-8", "surrogateescape")


def _run(tree: Path, words: list[str], commit: str) -> bytes:
    try:
        return subprocess.run(
            ["git", "-C", str(tree), *words],
            capture_output=True,
            check=True,
            timeout=120,
            env=_ENVIRONMENT,
        ).stdout
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
