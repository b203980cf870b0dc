"""Where a submission lies and what lies in it: ``submissions/<vendor>/<round>/<run>/``, and nothing else.

::

    submissions/
      README.md  waivers.json  .gitattributes     all three optional
      <vendor>/<round>/<run>/
        .gitattributes                            no line end changes under way
        evidence.tar.zst                          the run's evidence and manifest; or evidence.json, see `source`
        scorecard.sigstore.json                   the signed card
        scorecard.html                            its page
        statements/*.sigstore.json                reviews, receipts, withdrawal, successor; optional
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from suite.base.bilingual import Sentence
from suite.base.errors import EvidenceError, Place, Problem, UsageError
from suite.base.safe import NOT_PLAIN, read_plain
from suite.evidence import GIT_ATTRIBUTES
from suite.evidence.manifest import ATTRIBUTES
from suite.judge.attest.envelope import MAX_BUNDLE_BYTES
from suite.judge.attest.files import PAGE_FILE
from suite.judge.attest.page import MAX_PAGE_BYTES
from suite.judge.attest.sign import BUNDLE_FILE
from suite.judge.submissions.pack import MAX_PACKED_BYTES, PACK_FILE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from suite.documents.card import Scorecard

TREE: Final = "submissions"
NO_ROUND: Final = "no-round"
"""Stands for the round of a card without a nonce."""
REFERENCE_FILE: Final = "evidence.json"
STATEMENTS: Final = "statements"
WAIVERS_FILE: Final = "waivers.json"
TREE_FILES: Final = ("README.md", WAIVERS_FILE, GIT_ATTRIBUTES)
MAX_STATEMENTS: Final = 200
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}\Z")
_STATEMENT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}\.sigstore\.json\Z")
LIMITS: Final = {
    BUNDLE_FILE: MAX_BUNDLE_BYTES,
    PAGE_FILE: MAX_PAGE_BYTES,
    GIT_ATTRIBUTES: len(ATTRIBUTES),
    PACK_FILE: MAX_PACKED_BYTES,
    REFERENCE_FILE: 64 * 1024,
}


@dataclass(frozen=True, slots=True, order=True)
class Submission:
    """One folder of a tree; `path` is its name below the tree."""

    tree: Path
    vendor: str
    round: str
    run: str

    @property
    def path(self) -> str:
        """``vendor/round/run``."""
        return f"{self.vendor}/{self.round}/{self.run}"

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return self.tree / self.vendor / self.round / self.run


def is_name(text: str) -> bool:
    """Whether a text can be the name of a folder of a tree."""
    return _NAME.match(text) is not None


def is_statement(text: str) -> bool:
    """Whether a text can be the name of a statement's file."""
    return _STATEMENT.match(text) is not None


def name_of(card: Scorecard) -> tuple[str, str, str]:
    """The names of the three folders that a card belongs into.

    Raises:
        EvidenceError: ``submission-name`` where the card's names cannot be names of folders.
    """
    nonce = card.run.nonce
    names = (card.vendor.id, nonce if isinstance(nonce, str) else NO_ROUND, card.run.id)
    for name in names:
        if not _NAME.match(name):
            message = Sentence(
                f"{name!r} cannot be the name of a folder", f"{name!r} 不能作为文件夹名称"
            )
            hint = Sentence(
                "letters, digits and . _ - alone, at most 128",
                "只能含字母、数字与 . _ -，最多 128 个",
            )
            raise EvidenceError("submission-name", message, hint=hint)
    return names


def tree_of(path: Path) -> Path:
    """The tree that a path lies in: what lies above it and is called ``submissions``, else by the place of a submission.

    A path that is no submission's folder and lies in no ``submissions`` is the tree itself.

    Raises:
        UsageError: ``tree-missing``.
    """
    whole = path.absolute()
    for place in (whole, *whole.parents):
        if place.name == TREE and place.is_dir():
            return place
    if (whole / BUNDLE_FILE).is_file():
        return whole.parents[2]
    if whole.is_dir():
        return whole
    raise UsageError(
        "tree-missing",
        Sentence(f"there is no tree of submissions at {path}", f"{path} 处没有提交的目录树"),
    )


def submissions(tree: Path) -> tuple[list[Submission], list[EvidenceError]]:
    """Every folder of the tree that a submission can lie in, sorted, and what has no place in it."""
    folders: list[Submission] = []
    stray: list[EvidenceError] = []
    for vendor in _directories(tree, "", TREE_FILES, stray):
        for round_ in _directories(tree, vendor, (), stray):
            names = _directories(tree, f"{vendor}/{round_}", (), stray)
            folders += [Submission(tree, vendor, round_, run) for run in names]
    return sorted(folders), stray


def _directories(
    tree: Path, below: str, files: Iterable[str], stray: list[EvidenceError]
) -> Iterator[str]:
    try:
        entries = sorted(os.scandir(tree / below), key=lambda entry: entry.name)
    except OSError as cause:  # taken away as the tree is read, or closed to us
        message = Sentence(f"cannot be listed: {cause.strerror}", f"无法列出：{cause.strerror}")
        stray.append(EvidenceError("file-unreadable", message, Place(str(tree / below))))
        return
    _unlike(entries, stray)
    for entry in entries:
        if entry.name == ".git" and not below:
            continue
        plain = entry.is_file(follow_symlinks=False) and entry.name in files
        if entry.is_dir(follow_symlinks=False) and _NAME.match(entry.name):
            yield entry.name
        elif not plain:
            message = Sentence(
                f"{f'{below}/{entry.name}'.lstrip('/')!r} belongs to no submission",
                f"{f'{below}/{entry.name}'.lstrip('/')!r} 不属于任何提交",
            )
            hint = Sentence(
                "a submission is a folder VENDOR/ROUND/RUN, as suite submit makes it",
                "提交是 suite submit 生成的文件夹 VENDOR/ROUND/RUN",
            )
            stray.append(EvidenceError("submission-stray", message, Place(entry.path), hint))


def _alike(entries: Iterable[os.DirEntry[str]]) -> Iterator[tuple[os.DirEntry[str], Sentence]]:
    """Names that differ in letter case alone, and what to say of each: many file systems have room for one of them."""
    groups: dict[str, list[os.DirEntry[str]]] = {}
    for entry in entries:
        groups.setdefault(entry.name.casefold(), []).append(entry)
    for group in groups.values():
        for entry in group if len(group) > 1 else ():
            others = ", ".join(item.name for item in group if item is not entry)
            yield (
                entry,
                Sentence(
                    f"{entry.name!r} differs from {others} in letter case alone",
                    f"{entry.name!r} 与 {others} 仅大小写不同",
                ),
            )


def _unlike(entries: Iterable[os.DirEntry[str]], stray: list[EvidenceError]) -> None:
    hint = Sentence(
        "not every file system can hold both: the later one takes another name",
        "并非所有文件系统都能同时容纳二者：后来者请改名",
    )
    stray += [
        EvidenceError("submission-stray", message, Place(entry.path), hint)
        for entry, message in _alike(entries)
    ]


def check_files(submission: Submission) -> str:
    """Hold a folder against what a submission holds; returns what to say of it.

    Raises:
        EvidenceError: ``submission-files``, with a problem for each file that lacks, is too much or no plain file.
    """
    problems: list[Problem] = []
    sizes: dict[str, int] = {}
    for entry in sorted(os.scandir(submission.folder), key=lambda entry: entry.name):
        if entry.name == STATEMENTS and entry.is_dir(follow_symlinks=False):
            problems += _statement_problems(submission)
        elif entry.name not in LIMITS:
            problems.append(
                Problem(
                    Sentence(
                        f"{entry.name}: belongs to no submission", f"{entry.name}：不属于任何提交"
                    )
                )
            )
        else:
            sizes[entry.name] = _size(entry, LIMITS[entry.name], problems)
    need = [BUNDLE_FILE, PAGE_FILE, GIT_ATTRIBUTES]
    problems += [
        Problem(Sentence(f"{name}: missing", f"{name}：缺失")) for name in need if name not in sizes
    ]
    if (PACK_FILE in sizes) == (REFERENCE_FILE in sizes):
        problems.append(
            Problem(
                Sentence(
                    f"it needs {PACK_FILE} or {REFERENCE_FILE}, one of them",
                    f"它需要 {PACK_FILE} 与 {REFERENCE_FILE} 之一",
                )
            )
        )
    problems += _attributes_problems(submission, sizes)
    if problems:
        message = Sentence(
            "the folder does not hold exactly what a submission holds",
            "文件夹的内容与提交应有的不完全一致",
        )
        hint = Sentence("make it again: suite submit RUN", "请重新生成：suite submit RUN")
        place = Place(str(submission.folder))
        raise EvidenceError("submission-files", message, place, hint, problems)
    count, total = len(sizes), sum(sizes.values())
    return Sentence(f"{count} files, {total:,} bytes", f"{count} 个文件，{total:,} 字节")


def _attributes_problems(submission: Submission, sizes: dict[str, int]) -> list[Problem]:
    if GIT_ATTRIBUTES not in sizes:
        return []
    try:
        path = submission.folder / GIT_ATTRIBUTES
        same = read_plain(path, len(ATTRIBUTES), below=submission.folder) == ATTRIBUTES
    except OSError:
        same = False
    return (
        []
        if same
        else [
            Problem(
                Sentence(
                    f"{GIT_ATTRIBUTES}: must say `* -text` and nothing else",
                    f"{GIT_ATTRIBUTES}：必须恰为 `* -text`",
                )
            )
        ]
    )


def _size(entry: os.DirEntry[str], limit: int, problems: list[Problem]) -> int:
    status = entry.stat(follow_symlinks=False)
    if not stat.S_ISREG(status.st_mode):
        problems.append(Problem(f"{entry.name}: {NOT_PLAIN}"))
    elif status.st_size > limit:
        size = f"{status.st_size:,} bytes; at most {limit:,} are taken"
        problems.append(Problem(f"{entry.name}: {size}"))
    return status.st_size


def _statement_problems(submission: Submission) -> list[Problem]:
    problems: list[Problem] = []
    entries = sorted(os.scandir(submission.folder / STATEMENTS), key=lambda entry: entry.name)
    if len(entries) > MAX_STATEMENTS:
        problems.append(
            Problem(
                Sentence(
                    f"{STATEMENTS}: more than {MAX_STATEMENTS} files",
                    f"{STATEMENTS}：多于 {MAX_STATEMENTS} 个文件",
                )
            )
        )
    problems += [Problem(message) for _, message in _alike(entries)]
    for entry in entries[:MAX_STATEMENTS]:
        if _STATEMENT.match(entry.name):
            _size(entry, MAX_BUNDLE_BYTES, problems)
        else:
            problems.append(
                Problem(
                    Sentence(
                        f"{STATEMENTS}/{entry.name}: no signed statement",
                        f"{STATEMENTS}/{entry.name}：不是已签名的声明文本",
                    )
                )
            )
    return problems


def statements(submission: Submission) -> list[Path]:
    """The signed statements beside a card, sorted by name; links and the like are left out."""
    directory = submission.folder / STATEMENTS
    if not directory.is_dir() or directory.is_symlink():
        return []
    return sorted(
        path
        for path in directory.iterdir()
        if _STATEMENT.match(path.name) and path.is_file() and not path.is_symlink()
    )[:MAX_STATEMENTS]
