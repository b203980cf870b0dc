"""What an earlier build knew: which submissions it checked, with what result, and which pages it wrote.

The file is the builder's own, as a cache is: whoever can write it decides what the site shows. What cannot be read, or was
written by another version, is as if it were not there.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Final

import msgspec

from suite.base.bilingual import english
from suite.base.errors import UsageError, unwritable
from suite.base.safe import open_plain, pieces, read_plain, replace_file
from suite.documents.site import SiteCard
from suite.documents.text import Text
from suite.judge.submissions import folders

if TYPE_CHECKING:
    from pathlib import Path

    from suite.judge.submissions.folders import Submission

_MOST: Final = 1 << 30
_VERSION: Final = 3
_FILES: Final = 300
"""More files than a submission may have: a folder with more is not remembered."""


class Entry(msgspec.Struct, frozen=True):
    """What is known of one submission.

    Attributes:
        path: below the tree.
        stat: sizes and times of its files; while they stay, the files do. "" for what is looked at anew each time.
        files: digest of each file.
        key: everything that decided the result: files, suite, trust list, waivers, what was asked for.
        payload: digest of the signed bytes; "" without a sound bundle.
        sample: see `suite.judge.submissions.replay.Trace`.
        card: None where it is refused.
        codes: of the refusals.
        why: the first refusal in a sentence.
        until: the last day on which it holds, because of a waiver; "" for ever.
    """

    path: str
    stat: str
    files: dict[str, str]
    key: str
    payload: str
    sample: bytes
    card: SiteCard | None
    codes: list[str]
    why: Text
    until: str


class Known(msgspec.Struct):
    """The whole file: submissions by path, and what each written file of the site was made of."""

    version: int = _VERSION
    entries: dict[str, Entry] = {}
    written: dict[str, str] = {}


def load(path: Path) -> Known:
    """Read what an earlier build left; nothing where there is none."""
    try:
        known = msgspec.msgpack.decode(read_plain(path, _MOST, below=None), type=Known)
    except (OSError, msgspec.MsgspecError, ValueError):
        return Known()
    return known if known.version == _VERSION else Known()


def save(path: Path, known: Known) -> None:
    """Keep what this build knows.

    Raises:
        UsageError: ``page-unwritable``.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, msgspec.msgpack.encode(known, enc_hook=english))
    except OSError as cause:
        raise UsageError(
            "page-unwritable",
            unwritable(path, cause),
        ) from cause


def stat_of(submission: Submission) -> str:
    """Names, sizes and times of a submission's files, as git looks at them; "" where there are too many."""
    lines = []
    for place in (submission.folder, submission.folder / folders.STATEMENTS):
        try:
            entries = sorted(os.scandir(place), key=lambda entry: entry.name)
        except (FileNotFoundError, NotADirectoryError):
            continue
        if len(entries) > _FILES:
            return ""
        for entry in entries:
            status = entry.stat(follow_symlinks=False)
            numbers = (
                status.st_mode,
                status.st_ino,
                status.st_size,
                status.st_mtime_ns,
                status.st_ctime_ns,
            )
            lines.append(f"{place.name}/{entry.name} {numbers}")
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def files_of(submission: Submission) -> dict[str, str]:
    """Digest of each file of a submission that holds exactly what it should.

    Raises:
        EvidenceError: ``submission-files``.
        OSError: a file cannot be read.
    """
    folders.check_files(submission)
    names = sorted(
        entry.name for entry in os.scandir(submission.folder) if entry.name != folders.STATEMENTS
    )
    paths = [*(submission.folder / name for name in names), *folders.statements(submission)]
    digests = {}
    for path in paths:
        digest = hashlib.sha256()
        with open_plain(path, below=submission.folder) as stream:
            for block in pieces(stream, _MOST):
                digest.update(block)
        digests[str(path.relative_to(submission.folder))] = digest.hexdigest()
    return digests
