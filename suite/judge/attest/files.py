"""The files of a run directory against their manifest."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from suite.base.bilingual import Sentence, chinese, placed
from suite.base.errors import EvidenceError, Place, Problem, TrustError, unreadable
from suite.base.safe import NOT_PLAIN, read_plain
from suite.documents.codec import decode
from suite.documents.manifest import Manifest
from suite.evidence import EVIDENCE_FILES, GIT_ATTRIBUTES, MANIFEST, OCCASIONAL_FILES
from suite.evidence.manifest import ATTRIBUTES
from suite.judge.attest.sign import BUNDLE_FILE, PUBLIC_KEY_FILE, STATEMENT_FILE, TEST_RESULT_FILE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from suite.documents.manifest import ManifestFile
    from suite.evidence import Evidence, RunFiles
    from suite.judge.attest.steps import Note

PAGE_FILE = "scorecard.html"
DERIVED_FILES = (BUNDLE_FILE, PAGE_FILE, PUBLIC_KEY_FILE, STATEMENT_FILE, TEST_RESULT_FILE)
"""What may lie beside the evidence, with the run's ``.gitattributes``; anything else in a run directory is refused."""


def read_limited(path: Path, limit: int) -> bytes:
    """Read a plain file of at most `limit` bytes.

    Raises:
        TrustError: ``file-unreadable`` or ``file-too-large``.
    """
    try:
        return read_plain(path, limit, below=path.parent)
    except OSError as cause:
        if cause.errno == errno.EFBIG:
            reason = cause.strerror or str(cause)
            raise TrustError("file-too-large", reason, Place(str(path))) from cause
        raise unreadable(TrustError, path, cause) from cause


def read_manifest(run: RunFiles) -> tuple[tuple[ManifestFile, ...], str]:
    """The manifest's lines and its own SHA-256.

    Raises:
        EvidenceError: ``file-unreadable``, ``json-refused``, ``schema-violation``, ``manifest-files``.
    """
    path = run.directory / MANIFEST
    listed = decode(run.content(MANIFEST), Manifest, name=str(path)).files
    names = [item.path for item in listed]
    known = set(EVIDENCE_FILES) | set(OCCASIONAL_FILES)
    if names != sorted(set(names)) or not set(EVIDENCE_FILES) <= set(names) <= known:
        message = Sentence(
            f"must list {', '.join(sorted(EVIDENCE_FILES))}, sorted, and nothing unknown",
            f"必须按序列出 {', '.join(sorted(EVIDENCE_FILES))}，且不含未知文件",
        )
        raise EvidenceError("manifest-files", message, Place(str(path), None, "/files"))
    run.expect(listed)
    return listed, run.digest(MANIFEST).sha256


def check_files(run: RunFiles, listed: Sequence[ManifestFile]) -> int:
    """Hash every listed file again; returns the bytes hashed.

    Raises:
        EvidenceError: ``files-differ``, with a problem for each missing, changed and extra file.
    """
    problems: list[Problem] = []
    total = 0
    for item in listed:
        reason, size = _compare(run, item)
        total += size
        if reason:
            problems.append(Problem(placed(item.path, reason)))
    known = {item.path for item in listed} | {MANIFEST, *DERIVED_FILES}
    if _is_attributes(run.directory / GIT_ATTRIBUTES):
        known.add(GIT_ATTRIBUTES)
    extra = sorted(path.name for path in run.directory.iterdir() if path.name not in known)
    problems += [
        Problem(
            Sentence(f"{name}: not in the manifest", f"{name}：不在清单中"),
            hint=Sentence("nobody signed it", "没有人为其签名"),
        )
        for name in extra
    ]
    if problems:
        count = Sentence(
            "one file is" if len(problems) == 1 else f"{len(problems)} files are",
            f"{len(problems)} 个文件",
        )
        message = Sentence(f"{count} not what the manifest lists", f"{count.zh}与清单不符")
        raise EvidenceError("files-differ", message, Place(str(run.directory)), "", problems)
    return total


def _is_attributes(path: Path) -> bool:
    """Whether it is the file that every run gets: git reads it, so it must say nothing else."""
    try:
        return read_plain(path, len(ATTRIBUTES), below=path.parent) == ATTRIBUTES
    except OSError:
        return False


def _compare(run: RunFiles, item: ManifestFile) -> tuple[str, int]:
    """Why a file is not the listed one ("" when it is), and the bytes hashed."""
    try:
        here = run.digest(item.path)
    except FileNotFoundError:
        return Sentence("missing", "缺失"), 0
    except OSError as cause:
        reason = cause.strerror or str(cause)
        return (reason if reason == NOT_PLAIN else f"unreadable: {reason}"), 0
    if here.size != item.bytes:
        why = Sentence(
            f"changed: {here.size:,} bytes, the manifest lists {item.bytes:,}",
            f"已更改：{here.size:,} 字节，清单所列为 {item.bytes:,}",
        )
        return why, here.size
    if here.sha256 != item.sha256:
        why = Sentence(
            f"changed: SHA-256 {here.sha256}, the manifest lists {item.sha256}",
            f"已更改：SHA-256 为 {here.sha256}，清单所列为 {item.sha256}",
        )
        return why, here.size
    return "", here.size


def check_footer(run: Evidence, note: Note) -> None:
    """Whether the event log has its end, and holds the requests that the end counts.

    Raises:
        EvidenceError: ``footer-count``.
    """
    footer = run.footer
    if footer is None:
        note.warn(
            "footer-missing",
            Sentence(
                "the log has no footer: the run was cut, and its card must say so",
                "日志没有页脚：运行被截断，评分卡必须写明",
            ),
        )
        return
    if footer.requests != run.logged:
        counts = Sentence(
            f"{footer.requests} requests in the footer, {run.logged} in the log",
            f"页脚记录 {footer.requests} 个请求，日志中有 {run.logged} 个",
        )
        place = Place(str(run.directory / "events.jsonl"))
        raise EvidenceError(
            "footer-count",
            Sentence(
                f"the event log is incomplete: {counts}", f"事件日志不完整：{chinese(counts)}"
            ),
            place,
        )
    note.detail = Sentence(
        f"{footer.requests:,} requests, ended: {footer.ended}",
        f"{footer.requests:,} 个请求，结束方式：{footer.ended}",
    )
