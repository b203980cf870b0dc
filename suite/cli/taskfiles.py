"""What `suite data` does: bring the task set from its sources to a checked file, and say what files hold."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from suite.base import jsonio
from suite.base.bilingual import Sentence, joined
from suite.base.errors import DataError, Place
from suite.cli.output import labelled, write_json, write_table, write_text
from suite.cli.terminal import Terminal
from suite.declare.tasks import pins
from suite.declare.tasks.defects import count_defects
from suite.declare.tasks.formats import canonical
from suite.declare.tasks.formats.canonical import read_canonical, write_canonical
from suite.declare.tasks.formats.registry import data_formats
from suite.declare.tasks.read import read_tasks, recognise
from suite.declare.tasks.records import joined_sha256
from suite.declare.tasks.selection import (
    LOCKED_SIZES,
    compute_locks,
    locked_sets,
    locks,
    official_split,
)
from suite.documents.codec import plain
from suite.measure.fetch.files import digest_of, fetch
from suite.measure.fetch.published import ARCHIVE, CSV, SPLIT

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from suite.base.jsonio import JSONObject, JSONValue
    from suite.declare.tasks.records import Reading, Task
    from suite.declare.tasks.selection import Part
    from suite.documents.workload import PinnedTexts
    from suite.measure.fetch.published import Source

_SOURCES = {
    "official": (ARCHIVE, SPLIT),
    "archive": (ARCHIVE,),
    "split": (SPLIT,),
    "csv": (CSV,),
}
_RECORDS: Final = Sentence("records", "记录")
_LOCKED: Final = Sentence("locked sets", "锁定任务集")
_TEXTS: Final = Sentence("known texts", "已知文本")
_CUSTOM: Final = "以其运行即为自定义"
_LISTED = 20
"""How many left-out records are named; all are counted."""


def fetch_files(
    what: str, directory: Path, *, origin: str | None, sha256: str | None, as_json: bool
) -> None:
    """Download the files of a source, or find them there, and print what they are.

    Raises:
        DataError: ``fetch-ambiguous``, and those of `suite.measure.fetch.files.fetch`.
    """
    sources = _SOURCES[what]
    folder = Path(origin) if origin and Path(origin).is_dir() else None
    if len(sources) > 1 and ((origin and not folder) or sha256):
        message = Sentence(
            "--from and --sha256 name one file, official is two",
            "--from 与 --sha256 只指一个文件，official 有两个",
        )
        hint = Sentence(
            "fetch archive and split one by one, or give --from a folder that holds both",
            "请分别获取 archive 与 split，或以 --from 给出含有两者的文件夹",
        )
        raise DataError("fetch-ambiguous", message, hint=hint)
    files: list[JSONObject] = []
    lines: list[str] = []
    for source in sources:
        with Terminal() as terminal:
            progress = _counted(terminal, source.file_name, 1e6, "MB")
            place = str(folder / source.file_name) if folder else origin
            try:
                file = fetch(source, directory, origin=place, sha256=sha256, progress=progress)
            except DataError as cause:
                if cause.code == "download-failed" and len(sources) > 1 and not origin:
                    cause.hint = _by_hand(sources)
                raise
        checked = Sentence("as published", "与公布的一致")
        if sha256:
            checked = Sentence("as demanded", "与所要求的一致")
        elif not file.checked:
            checked = Sentence("not checked: no digest is published", "未核对：没有公布的摘要")
        files.append(
            {
                "path": str(file.path),
                "origin": file.origin,
                "bytes": file.size,
                "sha256": file.sha256,
                "checked": file.checked,
            }
        )
        size = Sentence(f"{file.path}  {file.size:,} bytes", f"{file.path}  {file.size:,} 字节")
        if not file.origin:
            size += Sentence(", was there already", "，原已存在")
        digest = f"  sha256 {file.sha256} "
        lines += [size, Sentence(f"{digest}({checked})", f"{digest}（{checked.zh}）")]
    if what != "split":
        following = f"suite data convert {directory} --to {directory}/xsum-test.jsonl"
        lines.append(Sentence(f"next: {following}", f"下一步：{following}"))
    _say({"files": list(files)}, lines, as_json=as_json)


def _by_hand(sources: Sequence[Source]) -> Sentence:
    """What to bring from a machine with a network, all of it."""
    files = "; ".join(
        f"{source.file_name}, SHA-256 {source.sha256}" if source.sha256 else source.file_name
        for source in sources
    )
    return Sentence(
        f"run it again to go on; or fetch them where there is a network and give their folder with --from DIR: {files}",
        f"可再次运行以续传；或在有网络处取得下列文件，并以 --from DIR 给出其文件夹：{files}",
    )


def convert(
    source: Path,
    target: Path,
    *,
    split: Path | None,
    part: Part,
    keep_going: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Write the canonical file of a source and print what it holds.

    Raises:
        DataError: ``file-exists``, and whatever the readers refuse.
    """
    if target.exists() and not force:
        message = Sentence("the file is there already", "该文件已存在")
        hint = Sentence("choose another name or give --force", "请换用其他名称，或给出 --force")
        raise DataError("file-exists", message, Place(str(target)), hint)
    ids = official_split(split)[part] if split else None
    reading = _read(source, ids, keep_going=keep_going)
    read_from = Path(reading.source)
    digest = digest_of(read_from)[0] if read_from.is_file() else None
    write_canonical(target, reading, digest)
    document, rows = _report(reading)
    document["file"] = str(target)
    rows.append((Sentence("written", "写入"), str(target)))
    _say(document, [labelled(rows, gap=1)], as_json=as_json)


def show(source: Path, *, keep_going: bool, as_json: bool) -> None:
    """Print what a task file or folder of any known form holds."""
    document, rows = _report(_read(source, None, keep_going=keep_going))
    _say(document, [labelled(rows, gap=1)], as_json=as_json)


def verify(path: Path, *, as_json: bool) -> None:
    """Recompute every digest of a canonical file and print them.

    Raises:
        DataError: ``tasks-wrong`` and whatever else the reader refuses.
    """
    data_format, path = recognise(path)
    if data_format is not canonical.FORMAT:
        message = Sentence(
            f"this is a {data_format.name}, which holds no digests to verify",
            f"这是{data_format.name_zh}，不含可核验的摘要",
        )
        hint = Sentence(
            f"see what it holds with `suite data show {path}`; `suite data convert` writes digests",
            f"`suite data show {path}` 显示其内容；`suite data convert` 写出摘要",
        )
        raise DataError("data-without-digests", message, Place(str(path)), hint)
    file = read_canonical(path, jsonio.read_bytes(path, error=DataError))
    texts = pins.pinned_texts(file.tasks)
    sets = _held_names(file.tasks, has_ids=file.header.source.has_ids)
    document: JSONObject = {
        "file": str(path),
        "records": len(file.tasks),
        "ids_sha256": file.header.ids_sha256,
        "records_sha256": file.header.records_sha256,
        "locked_sets": list(sets),
        "pinned": plain(texts),
    }
    rows = [
        (_RECORDS, f"{len(file.tasks):,}"),
        (Sentence("ids", "编号"), f"sha256 {file.header.ids_sha256}"),
        (_RECORDS, f"sha256 {file.header.records_sha256}"),
        (_LOCKED, ", ".join(sets) or Sentence("none: a run of it is custom", _CUSTOM)),
        (_TEXTS, _known(texts)),
    ]
    right = Sentence(f"{path}: every digest is right", f"{path}：全部摘要正确")
    _say(document, [right, labelled(rows, gap=1)], as_json=as_json)


def compare_locks(split: Path, *, as_json: bool) -> bool:
    """Compute the locked sets from the official split file, print them, and say whether they are the suite's."""
    parts = official_split(split)
    digest = jsonio.sha256_hex(jsonio.read_bytes(split, error=DataError))
    computed = compute_locks(parts["test"], digest)
    same = computed == locks()
    lines: list[str] = [
        f"{name:<10} {lock.size:>6,}  {lock.ids_sha256}"
        for name, lock in sorted(computed.sets.items(), key=lambda item: item[1].size)
    ]
    equal = Sentence("equal to the locks of the suite", "与套件的锁定一致")
    lines.append(equal if same else Sentence("NOT the locks of the suite", "与套件的锁定不一致"))
    sets: JSONObject = {
        name: {"size": lock.size, "ids_sha256": lock.ids_sha256}
        for name, lock in computed.sets.items()
    }
    _say({"split_sha256": digest, "sets": sets, "equal": same}, lines, as_json=as_json)
    return same


def pin_texts(
    source: Path | None, split: Path, *, published: Path | None, to: Path | None, as_json: bool
) -> None:
    """Write the pins of the texts, completed by the documents of the official archive.

    Raises:
        DataError: ``archive-wrong``, ``pins-wrong``, ``file-unwritable``, and whatever the readers refuse.
    """
    ids = official_split(split)["test"]
    if jsonio.sha256_hex(jsonio.read_bytes(split, error=DataError)) != locks().split_sha256:
        message = Sentence("not the official split file", "不是官方的划分文件")
        raise DataError("split-wrong", message, Place(str(split)))
    if published is None:
        table = dict(pins.pins())
    else:
        texts = [_lines(published / name) for name in (pins.REFERENCES, pins.OPENINGS)]
        table = pins.published_pins(ids, *texts)
    if source is not None:
        archive = source / ARCHIVE.file_name if source.is_dir() else source
        if digest_of(archive)[0] != ARCHIVE.sha256:
            message = Sentence("not the archive as it was published", "不是所公布的归档")
            hint = Sentence(
                f"its SHA-256 is {ARCHIVE.sha256}: `suite data fetch archive`",
                f"其 SHA-256 为 {ARCHIVE.sha256}：`suite data fetch archive`",
            )
            raise DataError("archive-wrong", message, Place(str(archive)), hint)
        table = pins.with_documents(table, _read(archive, ids, keep_going=True).tasks)
    target = to or pins.PINS_FILE
    try:
        target.write_text(pins.pins_text(table), "ascii")
    except OSError as error:
        why = error.strerror or error
        message = Sentence(f"cannot be written: {why}", f"无法写入：{why}")
        hint = Sentence("give --to FILE", "请给出 --to FILE")
        raise DataError("file-unwritable", message, Place(str(target)), hint) from error
    documents = sum(pin.document != pins.UNKNOWN for pin in table.values())
    lines = [
        str(target),
        Sentence(
            f"  {len(table):,} references and first sentences, {documents:,} whole documents pinned",
            f"  已固定 {len(table):,} 条参考与首句、{documents:,} 篇完整文章",
        ),
    ]
    _say(
        {"file": str(target), "references": len(table), "documents": documents},
        lines,
        as_json=as_json,
    )


def _lines(path: Path) -> list[str]:
    return (
        jsonio.read_bytes(path, error=DataError).decode("utf-8", "replace").rstrip("\n").split("\n")
    )


def list_formats(*, as_json: bool) -> None:
    """Print the data formats that can be read: as a table or as JSON."""
    records: list[JSONValue] = [
        {
            "name": record.name,
            "name_zh": record.name_zh,
            "description": record.description,
            "description_zh": record.description_zh,
            "suffixes": list(record.suffixes),
        }
        for record in data_formats()
    ]
    if as_json:
        write_json({"formats": records})
    else:
        rows = [
            (
                Sentence(record.name, record.name_zh),
                Sentence(record.description, record.description_zh),
            )
            for record in data_formats()
        ]
        write_table((Sentence("format", "格式"), Sentence("what it is", "内容")), rows)


def _counted(
    terminal: Terminal, title: str, unit: float, name: str
) -> Callable[[int, int | None], None]:
    """Progress of a download or a reader, in units of so many bytes or files."""

    def report(done: int, total: int | None) -> None:
        terminal.transfer(title, done / unit, None if total is None else total / unit, name)

    return report


def _read(source: Path, ids: Collection[str] | None, *, keep_going: bool) -> Reading:
    folder = recognise(source)[0].progress_unit == "files"
    unit, name = (1.0, "files") if folder else (1e6, "MB")
    with Terminal() as terminal:
        progress = _counted(terminal, source.name, unit, name)
        return read_tasks(source, ids=ids, keep_going=keep_going, progress=progress)


def _say(document: JSONObject, lines: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        write_json(document)
    else:
        write_text(joined(lines, "\n", "\n"))


def _held_names(tasks: Sequence[Task], *, has_ids: bool) -> tuple[str, ...]:
    return tuple(lock.name for lock in locked_sets(task.id for task in tasks)) if has_ids else ()


def _known(texts: PinnedTexts) -> Sentence:
    return Sentence(
        f"{texts.references:,} references, {texts.openings:,} first sentences, "
        f"{texts.documents:,} of {texts.known_documents:,} pinned documents",
        f"{texts.references:,} 条参考，{texts.openings:,} 个首句，"
        f"{texts.known_documents:,} 篇已固定文章中的 {texts.documents:,} 篇",
    )


def _report(reading: Reading) -> tuple[JSONObject, list[tuple[str, str]]]:
    """What a reading holds, for programs and for people."""
    defects = count_defects(reading.tasks)
    texts = pins.pinned_texts(reading.tasks)
    sets = _held_names(reading.tasks, has_ids=reading.has_ids)
    words = sorted(len(task.document.split()) for task in reading.tasks)
    ids = sorted(task.id for task in reading.tasks)
    document: JSONObject = {
        "source": reading.source,
        "kind": reading.kind,
        "columns": dict(reading.columns),
        "records": len(reading.tasks),
        "has_ids": reading.has_ids,
        "ids_sha256": joined_sha256(ids),
        "locked_sets": list(sets),
        "pinned": plain(texts),
        "words": {"min": words[0], "median": words[len(words) // 2], "max": words[-1]},
        "defects": dict(defects),
        "notes": dict(reading.notes),
        "excluded": dict(reading.excluded),
        "problems": [str(problem) for problem in reading.problems],
    }
    names = ", ".join(LOCKED_SIZES)
    why = Sentence(f"none of {names}: a run of it is custom", f"不属于 {names}：{_CUSTOM}")
    if not reading.has_ids:
        why = Sentence(
            "none: the file has no ids, they were made from row numbers; a run of it is custom",
            f"无：文件没有编号，编号由行号生成；{_CUSTOM}",
        )
    span = f"{words[0]:,}", f"{words[-1]:,}", f"{words[len(words) // 2]:,}"
    rows: list[tuple[str, str]] = [
        (Sentence("source", "来源"), f"{reading.source} ({reading.kind})"),
        (_RECORDS, f"{len(reading.tasks):,}"),
        (_LOCKED, ", ".join(sets) or why),
        (_TEXTS, _known(texts)),
        (
            Sentence("words", "词数"),
            Sentence("{} to {}, median {}".format(*span), "{} 至 {}，中位数 {}".format(*span)),
        ),
        (Sentence("defects", "缺陷"), _counts(defects)),
    ]
    if reading.notes:
        rows.append((Sentence("notes", "备注"), _counts(reading.notes)))
    if reading.excluded:
        rows.append((Sentence("left out", "略去"), _counts(reading.excluded)))
        rows += [("", problem.sentence()) for problem in reading.problems[:_LISTED]]
        more = len(reading.problems) - _LISTED
        if more > 0:
            rows.append(("", Sentence(f"and {more} more", f"另有 {more} 条")))
    return document, rows


def _counts(counts: dict[str, int]) -> Sentence:
    if not counts:
        return Sentence("none", "无")
    return joined((f"{name} {count:,}" for name, count in counts.items()), ", ", "，")
