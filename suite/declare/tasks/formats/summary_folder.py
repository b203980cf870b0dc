"""The official distribution unpacked: a folder of ``<id>.summary`` files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.errors import DataError, Place
from suite.base.jsonio import read_bytes
from suite.declare.tasks.formats.record import Candidate, Confidence, Format
from suite.declare.tasks.formats.summary import MEMBER_FOLDER, SUFFIX, keep_test_part, take

if TYPE_CHECKING:
    from pathlib import Path

    from suite.declare.tasks.records import Collector, Reading


def _folder(path: Path) -> Path | None:
    """The folder that holds the files: this one or its ``bbc-summary-data``."""
    folders = (path, path / MEMBER_FOLDER)
    return next((folder for folder in folders if any(folder.glob(f"*{SUFFIX}"))), None)


def _sniff(candidate: Candidate) -> Confidence:
    if not candidate.path.is_dir() or _folder(candidate.path) is None:
        return Confidence.NO
    return Confidence.CERTAIN


def _read(path: Path, collector: Collector) -> Reading:
    """Read in the order of the files' names."""
    folder = _folder(path) or path
    collector.source = str(folder)
    keep_test_part(folder, collector)
    keep_test_part(folder.parent, collector)
    files = sorted(folder.glob(f"*{SUFFIX}"))
    for number, file in enumerate(files):
        if collector.wants(file.stem):
            take(read_bytes(file, error=DataError), file.stem, Place(str(file)), collector)
        if collector.progress and number % 256 == 0:
            collector.progress(number, len(files))
    return collector.finish()


FORMAT = Format(
    name="folder of .summary files",
    name_zh=".summary 文件夹",
    description="XSum's official archive unpacked; beside its split file, the test part of it",
    description_zh="解包后的 XSum 官方归档；旁边有划分文件时只取其测试部分",
    suffixes=(),
    sniff=_sniff,
    reader=_read,
    progress_unit="files",
)
