"""What tells the submissions of a commit from others, known again by git's own digests of their files.

A pull request with one card is held against thousands that git has had for long. What was read of them is kept in git's own
folder, which no commit reaches, under the digests of bundle and evidence: what is edited has another digest, and is read anew. What
stood at the commit is read as it stood there, so that nobody's log is forgotten by editing or removing it. The file is the
reviewer's own, as a cache is; what cannot be read, or was written by another version of the suite, is as if it were not there.
"""

from __future__ import annotations

import contextlib
import functools
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from suite.base import harness
from suite.base.safe import read_plain, replace_file
from suite.judge.attest.sign import BUNDLE_FILE
from suite.judge.submissions import changes, pack
from suite.judge.submissions.folders import REFERENCE_FILE, Submission
from suite.judge.submissions.replay import Trace, trace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.judge.submissions.changes import Changes
    from suite.judge.submissions.source import Elsewhere
    from suite.judge.submissions.workers import Pool

FILE: Final = "suite-traces"
_MOST: Final = 1 << 30
_TELLING: Final = (BUNDLE_FILE, pack.PACK_FILE, REFERENCE_FILE)
"""The files that a trace is made of."""
_ELSEWHERE: Final = ("suite/cli/", "suite/measure/", "suite/judge/site/", "images/", "vendors/")
"""Parts of the suite that do not decide what a trace is."""
_TOGETHER: Final = 16
"""Submissions for which one process of git is started."""
_Work: TypeAlias = tuple[str, dict[str, str], bool]
"""Path of a submission, git's digests of its files, and whether it lies there as it stood."""


class _Index(msgspec.Struct):
    """The whole file: what each trace was made of, and the trace."""

    suite: str = ""
    traces: dict[str, Trace] = {}


def at_commit(
    tree: Path, commit: str, changed: Changes, elsewhere: Elsewhere, pool: Pool
) -> list[Trace]:
    """A trace of each submission that stood in a tree at a commit.

    Args:
        tree: of submissions, in a git checkout.
        commit: where they stood.
        changed: since then.
        elsewhere: where evidence may be taken from that lies in no submission.
        pool: reads those that are not known yet.

    Raises:
        UsageError: ``commit-unknown``.
    """
    place = changes.git_folder(tree, commit) / FILE
    index, suite = _load(place), harness.files_sha256(_ELSEWHERE)
    known = index.traces if index.suite == suite else {}
    stood = {
        path: {name: files[name] for name in _TELLING if name in files}
        for path, files in changes.standing(tree, commit).items()
    }
    made_of = {path: " ".join(files.values()) for path, files in stood.items()}
    lacking = [
        (path, files, path not in changed.folders())
        for path, files in stood.items()
        if files and made_of[path] not in known
    ]
    look = functools.partial(_read, tree=tree, elsewhere=elsewhere)
    parts = [lacking[at : at + _TOGETHER] for at in range(0, len(lacking), _TOGETHER)]
    fresh = {made_of[item.path]: item for part in pool.map(look, parts) for item in part}
    lasting = {key: item for key, item in fresh.items() if item.sample}
    if lasting:
        # A folder that cannot be written costs time alone.
        with contextlib.suppress(OSError):
            replace_file(place, msgspec.msgpack.encode(_Index(suite, known | lasting)))
    known = known | fresh
    return [replace(known[made_of[path]], path=path) for path, files in stood.items() if files]


def _read(works: Sequence[_Work], *, tree: Path, elsewhere: Elsewhere) -> list[Trace]:
    """Read some, as git has them.

    Git may have a pointer alone where a filter stores large files elsewhere; then the checkout's own file is read, if git says
    that nobody changed it.
    """
    traces = []
    with changes.Blobs(tree) as blobs:
        for path, files, untouched in works:
            with tempfile.TemporaryDirectory(prefix="suite-trace-") as name:
                laid = Submission(Path(name), *path.split("/"))
                laid.folder.mkdir(parents=True)
                for file, digest in files.items():
                    blobs.lay(digest, laid.folder / file)
                kept = trace(laid, elsewhere)
            if untouched and not kept.sample:
                kept = trace(Submission(tree, *path.split("/")), elsewhere)
            traces.append(kept)
    return traces


def _load(path: Path) -> _Index:
    try:
        return msgspec.msgpack.decode(read_plain(path, _MOST, below=None), type=_Index)
    except (OSError, msgspec.MsgspecError, ValueError):
        return _Index()


def merged(stood: Sequence[Trace], present: Sequence[Trace]) -> tuple[Trace, ...]:
    """Both, without those that are the same in either."""
    there = set(present)
    return (*present, *(item for item in stood if item not in there))
