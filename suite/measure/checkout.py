"""An engine's own git checkout, put on one commit after another, and afterwards on what it was on before.

Python loads an engine that was installed with ``pip install -e`` from where its sources lie: whichever commit is checked
out there is what runs. The checkout is the user's; it is changed only where nothing in it could be lost.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO
from urllib.parse import unquote, urlsplit

from suite.base.bilingual import Sentence
from suite.base.errors import SetupError, UsageError
from suite.measure.signals import shielded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suite.measure.signals import Stop

_TIMEOUT_S: Final = 300
_NOTE: Final = "suite-checkout"
"""In git's own directory."""
_HEADS: Final = "refs/heads/"
_LONGEST: Final = 1 << 16
_SOURCES_SCRIPT: Final = """
import importlib.metadata as m, json
print(json.dumps({
    d.metadata["Name"]: json.loads(text)
    for d in m.distributions() if (text := d.read_text("direct_url.json"))
}))
"""
"""Run by an environment's own interpreter: where each package was installed from that no index gave (PEP 610)."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """A git checkout.

    Attributes:
        root: its top directory.
    """

    root: Path

    @classmethod
    def at(cls, directory: Path) -> Checkout:
        """The checkout that a directory lies in.

        Raises:
            UsageError: ``checkout-missing``.
        """
        top, complaint = _asked(directory, "rev-parse", "--show-toplevel")
        if top is None:
            message = Sentence(
                f"{directory} lies in no git checkout that git opens",
                f"{directory} 不在 git 能打开的检出之中",
            )
            raise UsageError("checkout-missing", message, hint=complaint)
        return cls(Path(top))

    def commit(self, name: str) -> str:
        """The commit that a name stands for.

        Raises:
            UsageError: ``commit-unknown``.
        """
        words = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        answer = _git(self.root, *words)
        if not answer:
            raise UsageError(
                "commit-unknown",
                Sentence(f"{self.root} has no commit {name!r}", f"{self.root} 没有提交 {name!r}"),
            )
        return answer

    def state(self) -> str:
        """The commit that is checked out, with ``+dirty`` where a file that git knows was changed."""
        head = _git(self.root, "rev-parse", "HEAD") or "unknown"
        return f"{head}+dirty" if self._changed() else head

    def switch(self, commit: str) -> None:
        """Check a commit out, inside of `restored`.

        Raises:
            SetupError: ``checkout-failed``: git does not do it, or a submodule stays on another commit.
        """
        with self._note().open("a") as note:
            print(commit, file=note)
        self._check_out("--detach", commit)
        if self._changed():
            message = Sentence(
                f"with {commit[:12]} checked out, submodules of {self.root} are on other commits than it names",
                f"检出 {commit[:12]} 后，{self.root} 的子模块不在其所指的提交上",
            )
            hint = Sentence(
                "compare commits that name the same commits of the submodules",
                "请比较子模块提交相同的提交",
            )
            raise SetupError("checkout-failed", message, hint=hint)

    @contextlib.contextmanager
    def restored(self, stop: Stop) -> Iterator[None]:
        """Check out, at the end of the block and however it ends, what was checked out at its beginning.

        A killed process cannot: so what to restore is kept in a file of git's own directory, and the next block takes it
        from there. The file is locked meanwhile: two that put one checkout on their commits would measure each other's.

        Args:
            stop: holds signals back meanwhile.

        Raises:
            UsageError: ``checkout-dirty``: there are changes that are in no commit.
            SetupError: ``checkout-busy``: another run puts it on its commits. ``checkout-failed``: it could not be restored.
        """
        if self._changed():
            hint = Sentence("commit or stash them: git stash", "请提交，或暂存：git stash")
            message = Sentence(
                f"{self.root} has changes that are in no commit", f"{self.root} 有未提交的更改"
            )
            raise UsageError("checkout-dirty", message, hint=hint)
        with self._locked() as note:
            before = self._before(note)
            note.truncate(0)
            print(before, file=note, flush=True)
            try:
                yield
            finally:
                with stop.deferred():
                    name = before.removeprefix(_HEADS)
                    self._check_out(*((name,) if name != before else ("--detach", name)))
                    note.truncate(0)

    def _before(self, note: TextIO) -> str:
        """What is to be restored: the branch, else the commit; or what a killed process left, where nobody moved it since."""
        # Its full name: the short one of a branch that a tag is called like is no branch to `git checkout`.
        branch = _git(self.root, "symbolic-ref", "--quiet", "HEAD")
        head = self.commit("HEAD")
        note.seek(0)
        left, *since = note.read(_LONGEST).splitlines() or [""]
        return branch or (left if head in since else head)

    def _note(self) -> Path:
        """Names what is to be restored, and below it each commit that was checked out meanwhile."""
        return Path(self._must("rev-parse", "--absolute-git-dir")) / _NOTE

    @contextlib.contextmanager
    def _locked(self) -> Iterator[TextIO]:
        with self._note().open("a+") as note:
            try:
                fcntl.flock(note, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as cause:
                message = Sentence(
                    f"another run puts {self.root} on its commits",
                    f"另一次运行正在切换 {self.root} 的提交",
                )
                raise SetupError("checkout-busy", message) from cause
            yield note

    def _changed(self) -> bool:
        return _git(self.root, "status", "--porcelain", "--untracked-files=no") != ""

    def _check_out(self, *words: str) -> None:
        # A signal would end git between two files, and leave its lock.
        with shielded():
            # Without the option git overwrites files that it ignores.
            self._must("checkout", *words, "--no-overwrite-ignore", "--")

    def _must(self, *words: str) -> str:
        """What git prints.

        Raises:
            SetupError: ``checkout-failed``, with what git says.
        """
        done, complaint = _asked(self.root, *words)
        if done is None:
            command = f"git -C {self.root} {' '.join(words)}"
            message = Sentence(f"this did not go: {command}", f"此命令未成功：{command}")
            raise SetupError("checkout-failed", message, hint=complaint)
        return done


def sources(python: Path) -> dict[str, Checkout]:
    """The packages that an interpreter loads from a git checkout, by name, with that checkout."""
    try:
        answer = subprocess.run(
            [str(python), "-I", "-c", _SOURCES_SCRIPT],
            capture_output=True,
            check=True,
            timeout=_TIMEOUT_S,
            stdin=subprocess.DEVNULL,
        )
        installed = json.loads(answer.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return {}
    loaded = {}
    for name, origin in installed.items():
        if origin.get("dir_info", {}).get("editable"):
            with contextlib.suppress(UsageError):
                loaded[name] = Checkout.at(Path(unquote(urlsplit(origin["url"]).path)))
    return loaded


def require_source(python: Path, checkout: Checkout) -> None:
    """Refuse an interpreter that loads nothing from a checkout: every commit would be the same engine.

    Raises:
        UsageError: ``checkout-unused``.
    """
    if checkout not in sources(python).values():
        message = Sentence(
            f"{python} loads no package from {checkout.root}",
            f"{python} 未从 {checkout.root} 加载任何软件包",
        )
        command = f"{python} -m pip install -e {checkout.root}"
        hint = Sentence(f"install the engine from there: {command}", f"请从该处安装引擎：{command}")
        raise UsageError("checkout-unused", message, hint=hint)


def _git(directory: Path, *words: str) -> str | None:
    """What git prints; None where it does not do it."""
    return _asked(directory, *words)[0]


def _asked(directory: Path, *words: str) -> tuple[str | None, str]:
    """What git prints, None where it does not do it; and the first line of what it complains of."""
    try:
        done = subprocess.run(
            ["git", "-C", str(directory), *words],
            capture_output=True,
            text=True,
            check=False,
            timeout=_TIMEOUT_S,
            stdin=subprocess.DEVNULL,
            # Ctrl-C on the terminal reaches the suite alone: git is never cut between two files.
            start_new_session=True,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return None, str(error)
    complaint = done.stderr.strip().partition("\n")[0]
    return (done.stdout.strip() if done.returncode == 0 else None), complaint
