"""``suite data fetch|convert|verify|show|locks|formats``: the task set from its sources to a checked file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from suite.base import jsonio
from suite.base.errors import DataError, Place
from suite.cli.terminal import Terminal
from suite.declare.tasks.defects import count_defects
from suite.declare.tasks.formats.canonical import read_canonical, write_canonical
from suite.declare.tasks.formats.registry import data_formats, markdown_table
from suite.declare.tasks.read import read_tasks, recognise
from suite.declare.tasks.records import joined_sha256
from suite.declare.tasks.selection import (
    LOCKED_SIZES,
    PARTS,
    compute_locks,
    locked_sets,
    locks,
    official_split,
)
from suite.measure.fetch.files import digest_of, fetch
from suite.measure.fetch.published import ARCHIVE, CSV, SPLIT

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

    from suite.base.jsonio import JSONObject, JSONValue
    from suite.declare.tasks.records import Reading, Task

_GROUPS = {
    "official": (ARCHIVE, SPLIT),
    "archive": (ARCHIVE,),
    "split": (SPLIT,),
    "csv": (CSV,),
}
_LISTED = 20
"""How many left-out records are named; all are counted."""


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``suite data`` and its subcommands."""
    top = commands.add_parser(
        "data",
        help="fetch, convert and check the task set",
        description="Bring XSum from its sources into one checked file. The suite ships no text of it.",
        epilog="example: suite data fetch --to data && suite data convert data --to data/test.jsonl",
    )
    data = top.add_subparsers(title="subcommands", metavar="subcommand", required=True)
    _add_fetch(data)
    _add_convert(data)
    verify = data.add_parser(
        "verify",
        help="re-digest a canonical file",
        description="Recompute every digest of a canonical file; errors name the line.",
        epilog="example: suite data verify xsum-test.jsonl",
    )
    verify.add_argument("file", type=Path, help="canonical task file")
    _finish(verify, _verify)
    show = data.add_parser(
        "show",
        help="say what a file or folder holds",
        description="Read a task file of any known form and say what it is: counts, defects, locked sets.",
        epilog="example: suite data show test.csv",
    )
    show.add_argument("source", type=Path, help="file or folder")
    show.add_argument("--keep-going", action="store_true", help="leave broken records out")
    _finish(show, _show)
    lock = data.add_parser(
        "locks",
        help="recompute the locked sets from the split file",
        description="Apply the selection rule to the official test split and compare with the locks.",
        epilog="example: suite data locks XSum-TRAINING-DEV-TEST-SPLIT-90-5-5.json",
    )
    lock.add_argument("split", type=Path, help="official split file")
    _finish(lock, _locks)
    _add_formats(data)


def _add_formats(data: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = data.add_parser(
        "formats",
        help="list the data formats that can be read",
        description="What a task file or folder may be; which it is shows in its content.",
        epilog="example: suite data formats",
    )
    parser.add_argument("--markdown", action="store_true", help="as the table of docs/data.md")
    parser.add_argument("--chinese", action="store_true", help="that table in Chinese")
    _finish(parser, _formats)


def _finish(parser: argparse.ArgumentParser, handler: Callable[[argparse.Namespace], int]) -> None:
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.set_defaults(handler=handler)


def _add_fetch(data: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = data.add_parser(
        "fetch",
        help="download XSum",
        description=(
            "Download with progress; an interrupted download goes on where it stopped. A file whose "
            "SHA-256 is not the published one is refused. official: the archive (255 MB) and the split "
            "file; csv: the Hub's test.csv (27 MB), for which no digest is published."
        ),
        epilog="example: suite data fetch official --to data",
    )
    parser.add_argument(
        "what", nargs="?", choices=sorted(_GROUPS), default="official", help="default: official"
    )
    parser.add_argument(
        "--to", type=Path, default=Path("data"), metavar="DIR", help="default: %(default)s"
    )
    parser.add_argument("--from", dest="origin", metavar="URL|FILE", help="take it from here")
    parser.add_argument("--sha256", metavar="HEX", help="demand this digest")
    _finish(parser, _fetch)


def _add_convert(data: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = data.add_parser(
        "convert",
        help="write the canonical file",
        description=(
            "Read a file or folder of any data format (see `suite data formats`) and write one canonical file "
            "with a digest per record. A broken record is refused with its line, or left out and counted with "
            "--keep-going."
        ),
        epilog="example: suite data convert data --to data/xsum-test.jsonl",
    )
    parser.add_argument("source", type=Path, help="file or folder")
    parser.add_argument("--to", type=Path, required=True, metavar="FILE", help="file to write")
    parser.add_argument(
        "--split", type=Path, metavar="FILE", help="keep the ids of this split file"
    )
    parser.add_argument(
        "--part", choices=PARTS, default="test", help="which part of it; default: %(default)s"
    )
    parser.add_argument("--keep-going", action="store_true", help="leave broken records out")
    parser.add_argument("--force", action="store_true", help="overwrite the file")
    _finish(parser, _convert)


def _progress(what: str, unit: float, name: str) -> Callable[[int, int | None], None]:
    terminal = Terminal()

    def tell(done: int, total: int | None) -> None:
        of = "" if not total else f" of {total / unit:,.1f} ({100 * done / total:.0f} %)"
        terminal.live(f"{what}: {done / unit:,.1f}{of} {name}")

    return tell


def _reading(source: Path) -> Callable[[int, int | None], None]:
    if recognise(source)[0].progress_unit == "files":
        return _progress(source.name, 1, "files")
    return _progress(source.name, 1e6, "MB")


def _say(document: JSONObject, lines: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(jsonio.pretty(document).decode("utf-8"))
    else:
        print("\n".join(lines))


def _fetch(arguments: argparse.Namespace) -> int:
    sources = _GROUPS[arguments.what]
    if len(sources) > 1 and (arguments.origin or arguments.sha256):
        message = "--from and --sha256 name one file, official is two"
        raise DataError("fetch-ambiguous", message, hint="fetch archive and split one by one")
    files: list[JSONObject] = []
    lines = []
    for source in sources:
        found = fetch(
            source,
            arguments.to,
            origin=arguments.origin,
            sha256=arguments.sha256,
            progress=_progress(source.file_name, 1e6, "MB"),
        )
        checked = "as published" if found.checked else "not checked: no digest is published"
        if arguments.sha256:
            checked = "as demanded"
        files.append(
            {
                "path": str(found.path),
                "origin": found.origin,
                "bytes": found.size,
                "sha256": found.sha256,
                "checked": found.checked,
            }
        )
        was_there = "" if found.origin else ", was there already"
        lines += [
            f"{found.path}  {found.size:,} bytes{was_there}",
            f"  sha256 {found.sha256} ({checked})",
        ]
    if arguments.what != "split":
        lines.append(f"next: suite data convert {arguments.to} --to {arguments.to}/xsum-test.jsonl")
    _say({"files": list(files)}, lines, as_json=arguments.json)
    return 0


def _convert(arguments: argparse.Namespace) -> int:
    target: Path = arguments.to
    if target.exists() and not arguments.force:
        hint = "choose another name or give --force"
        raise DataError("file-exists", "the file is there already", Place(str(target)), hint)
    ids = official_split(arguments.split)[arguments.part] if arguments.split else None
    reading = read_tasks(
        arguments.source,
        ids=ids,
        keep_going=arguments.keep_going,
        progress=_reading(arguments.source),
    )
    source = Path(reading.source)
    digest = digest_of(source)[0] if source.is_file() else None
    write_canonical(target, reading, digest)
    document, lines = _report(reading)
    document["file"] = str(target)
    _say(document, [*lines, f"written     {target}"], as_json=arguments.json)
    return 0


def _show(arguments: argparse.Namespace) -> int:
    reading = read_tasks(
        arguments.source,
        keep_going=arguments.keep_going,
        progress=_reading(arguments.source),
    )
    document, lines = _report(reading)
    _say(document, lines, as_json=arguments.json)
    return 0


def _verify(arguments: argparse.Namespace) -> int:
    path: Path = arguments.file
    file = read_canonical(path, jsonio.read_bytes(path, error=DataError))
    sets = _held_names(file.tasks, has_ids=file.header.source.has_ids)
    document: JSONObject = {
        "file": str(path),
        "records": len(file.tasks),
        "ids_sha256": file.header.ids_sha256,
        "records_sha256": file.header.records_sha256,
        "locked_sets": list(sets),
    }
    lines = [
        f"{path}: every digest is right",
        f"records     {len(file.tasks):,}",
        f"ids         sha256 {file.header.ids_sha256}",
        f"records     sha256 {file.header.records_sha256}",
        f"locked sets {', '.join(sets) or 'none: a run of it is custom'}",
    ]
    _say(document, lines, as_json=arguments.json)
    return 0


def _locks(arguments: argparse.Namespace) -> int:
    split = official_split(arguments.split)
    digest = jsonio.sha256_hex(jsonio.read_bytes(arguments.split, error=DataError))
    computed = compute_locks(split["test"], digest)
    same = computed == locks()
    lines = [
        f"{name:<10} {lock['size']:>6,}  {lock['ids_sha256']}"
        for name, lock in sorted(computed["sets"].items(), key=lambda item: item[1]["size"])
    ]
    lines.append("equal to the locks of the suite" if same else "NOT the locks of the suite")
    sets: JSONObject = {
        name: {"size": lock["size"], "ids_sha256": lock["ids_sha256"]}
        for name, lock in computed["sets"].items()
    }
    document: JSONObject = {"split_sha256": digest, "sets": sets, "equal": same}
    _say(document, lines, as_json=arguments.json)
    return 0 if same else DataError.exit_status


def _formats(arguments: argparse.Namespace) -> int:
    if arguments.markdown:
        print(markdown_table(chinese=arguments.chinese), end="")
        return 0
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
    lines = [f"{record.name:<26}{record.description}" for record in data_formats()]
    _say({"formats": records}, lines, as_json=arguments.json)
    return 0


def _held_names(tasks: Sequence[Task], *, has_ids: bool) -> tuple[str, ...]:
    return (
        tuple(locked.name for locked in locked_sets(task.id for task in tasks)) if has_ids else ()
    )


def _report(reading: Reading) -> tuple[JSONObject, list[str]]:
    """What a reading holds, for programs and for people."""
    defects = count_defects(reading.tasks)
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
        "words": {"min": words[0], "median": words[len(words) // 2], "max": words[-1]},
        "defects": dict(defects),
        "notes": dict(reading.notes),
        "excluded": dict(reading.excluded),
        "problems": [str(problem) for problem in reading.problems],
    }
    names = ", ".join(LOCKED_SIZES)
    why = f"none of {names}: a run of it is custom"
    if not reading.has_ids:
        why = "none: the file has no ids, they were made from row numbers; a run of it is custom"
    lines = [
        f"source      {reading.source} ({reading.kind})",
        f"records     {len(reading.tasks):,}",
        f"locked sets {', '.join(sets) or why}",
        f"words       {words[0]:,} to {words[-1]:,}, median {words[len(words) // 2]:,}",
        f"defects     {_counts(defects)}",
    ]
    if reading.notes:
        lines.append(f"notes       {_counts(reading.notes)}")
    if reading.excluded:
        lines.append(f"left out    {_counts(reading.excluded)}")
        lines += [f"  - {problem}" for problem in reading.problems[:_LISTED]]
        if len(reading.problems) > _LISTED:
            lines.append(f"  - and {len(reading.problems) - _LISTED} more")
    return document, lines


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items()) or "none"
