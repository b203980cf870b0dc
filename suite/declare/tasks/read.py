"""Reading a task file of any known format: what it is shows in its content, never in its name alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from suite.base.bilingual import Sentence, chinese
from suite.base.errors import DataError, Place, unreadable
from suite.base.safe import open_plain
from suite.declare.tasks.formats.record import Candidate, Confidence
from suite.declare.tasks.formats.registry import data_formats
from suite.declare.tasks.formats.summary import SPLIT_NAME

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from suite.declare.tasks.formats.record import Format
    from suite.declare.tasks.records import Progress, Reading

_HEAD_BYTES: Final = 4096
_FOREIGN: Final = (
    (b"PAR1", "a Parquet file", "export it as CSV or JSON Lines"),
    (b"PK\x03\x04", "a zip archive", "unpack it first"),
    (b"\xfd7zXZ\x00", "an xz archive", "unpack it first"),
    (b"BZh", "a bzip2 archive", "unpack it first"),
    (b"%PDF", "a PDF", "give the data file itself"),
    (b"\xff\xfe", "UTF-16 text", "save it as UTF-8"),
    (b"\xfe\xff", "UTF-16 text", "save it as UTF-8"),
    (b"version https://git-lfs", "a Git LFS pointer, not the data", "run `git lfs pull`"),
    (b"<", "a web page or XML", "the download was answered by something else: fetch it again"),
)
"""What no format claims and people give: how it begins, what it is, what to do."""


def read_tasks(
    path: Path,
    *,
    ids: Collection[str] | None = None,
    keep_going: bool = False,
    progress: Progress | None = None,
) -> Reading:
    """Read the records of a file or folder; `Reading.kind` says what it was found to be.

    Args:
        path: a file or folder of any of `data_formats`, or a folder with one data file.
        ids: keep these alone.
        keep_going: leave broken records out and count them instead of refusing the file.
        progress: told how much is done while an archive or a folder is read.

    Raises:
        DataError: as `recognise` and `Format.read`.
    """
    data_format, source = recognise(path)
    return data_format.read(source, ids=ids, keep_going=keep_going, progress=progress)


def recognise(path: Path) -> tuple[Format, Path]:
    """The format of a file or folder, and the file or folder that is of it.

    A folder may be of a format itself, or hold one canonical file, or one data file at all.

    Raises:
        DataError: ``data-missing``, ``data-unknown-form``, ``data-ambiguous``, ``data-empty``,
            ``file-unreadable``.
    """
    place = Place(str(path))
    try:
        if not path.exists():
            raise DataError(
                "data-missing",
                Sentence("there is no such file or folder", "没有这个文件或文件夹"),
                place,
            )
        if path.is_dir():
            data_format, confidence = _surest(Candidate(path, b""))
            return (data_format, path) if confidence else recognise(_only_data_file(path))
        if not path.is_file():
            raise DataError(
                "data-unknown-form",
                Sentence("neither a file nor a folder", "既不是文件，也不是文件夹"),
                place,
            )
        return _format_of_file(path, place), path
    except OSError as cause:
        raise unreadable(DataError, path, cause) from cause


def _surest(candidate: Candidate) -> tuple[Format, Confidence]:
    confidences = [(record, record.sniff(candidate)) for record in data_formats()]
    return max(confidences, key=lambda pair: pair[1])


def _candidate(path: Path) -> Candidate:
    with open_plain(path, below=None) as file:
        return Candidate(path, file.read(_HEAD_BYTES))


def _format_of_file(path: Path, place: Place) -> Format:
    candidate = _candidate(path)
    if not candidate.text:
        raise DataError("data-empty", Sentence("the file is empty", "文件为空"), place)
    data_format, confidence = _surest(candidate)
    if confidence >= Confidence.LIKELY:
        return data_format
    for beginning, what, hint in _FOREIGN:
        if candidate.head.startswith(beginning) or candidate.text.startswith(beginning):
            raise DataError(
                "data-unknown-form",
                Sentence(f"this is {what}", f"这是{chinese(what)}"),
                place,
                hint,
            )
    if confidence is Confidence.NO:
        names = ", ".join(record.name for record in data_formats())
        raise DataError(
            "data-unknown-form",
            Sentence("this is no text", "这不是文本"),
            place,
            Sentence(f"known: {names}", f"已知：{names}"),
        )
    return data_format


def _only_data_file(folder: Path) -> Path:
    suffixes = tuple(sorted({end for record in data_formats() for end in record.suffixes}))
    files = [
        file
        for file in sorted(folder.iterdir())
        if file.is_file()
        and file.name.lower().endswith(suffixes)
        and not file.name.startswith(".")
        and not SPLIT_NAME.match(file.name)
    ]
    place = Place(str(folder))
    if not files:
        hint = Sentence(
            f"a folder of .summary files, or with one file named {', '.join(suffixes)}",
            f"应为含 .summary 文件的文件夹，或含一个名为 {', '.join(suffixes)} 的文件",
        )
        raise DataError(
            "data-missing",
            Sentence("the folder holds no data file", "文件夹中没有数据文件"),
            place,
            hint,
        )
    certain = [file for file in files if _surest(_candidate(file))[1] is Confidence.CERTAIN]
    if len(certain) == 1:
        return certain[0]
    if len(files) > 1:
        names = ", ".join(file.name for file in files[:8])
        raise DataError(
            "data-ambiguous",
            Sentence(f"several data files: {names}", f"有多个数据文件：{names}"),
            place,
            Sentence("name one of them", "请指定其中一个"),
        )
    return files[0]
